/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClamAV's trusted and revoked certificates, .crb (https://docs.clamav.net/manual/Signatures/AuthenticodeRules.html): one a line,
 *   Name;Trusted;Subject;Serial;Pubkey;Exponent;CodeSign;TimeSign;CertSign;NotBefore;Comment[;minFL[;maxFL]]
 * Subject and Serial are SHA-1 hashes of parts of the certificate; Pubkey is the modulus of an RSA key, of which the hash of the whole
 * SubjectPublicKeyInfo is made: it is what the rule names. Refused are trusted ones (1 in Trusted), and moduli that are none.
 */
#include "asn1/der.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "list/importer.h"
#include "list/policy_value.h"

enum field { NAME, TRUSTED, SUBJECT, SERIAL, PUBKEY, EXPONENT, CODE_SIGN, TIME_SIGN, CERT_SIGN, NOT_BEFORE, COMMENT, FIELDS_MAX = 13 };
enum { MODULUS_MIN = 64, MODULUS_MAX = 2048, EXPONENT_MAX = 8, PROBE_SIZE = 64 << 10 };

struct line {
    struct bytes fields[FIELDS_MAX];
    size_t n;
};

/* An INTEGER of unsigned octets. */
static bool wrap_number(struct bytes octets, struct arena *arena, struct bytes *out, struct error *err) {
    uint8_t *padded = arena_alloc(arena, octets.n + 1);
    if (padded == NULL) {
        return arena_full(arena, err);
    }
    memcpy(padded + 1, octets.p, octets.n);
    size_t from = octets.n != 0 && octets.p[0] >= 0x80 ? 0 : 1;
    return der_wrap(DER_INTEGER, bytes_make(padded + from, octets.n + 1 - from), arena, out, err);
}

static bool join(struct bytes a, struct bytes b, struct arena *arena, struct bytes *out, struct error *err) {
    uint8_t *both = arena_alloc(arena, a.n + b.n);
    if (both == NULL) {
        return arena_full(arena, err);
    }
    memcpy(both, a.p, a.n);
    memcpy(both + a.n, b.p, b.n);
    *out = bytes_make(both, a.n + b.n);
    return true;
}

/* SubjectPublicKeyInfo of an RSA key (RFC 8017 A.1.1, RFC 5280 4.1): SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING }. */
static bool make_spki(struct bytes modulus, struct bytes exponent, struct arena *arena, struct bytes *out, struct error *err) {
    static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    static const uint8_t no_unused_bits = 0;
    struct bytes n, e, numbers, key, bits, all;
    return wrap_number(modulus, arena, &n, err) && wrap_number(exponent, arena, &e, err) && join(n, e, arena, &numbers, err) &&
           der_wrap(DER_SEQUENCE, numbers, arena, &key, err) && join(bytes_make(&no_unused_bits, 1), key, arena, &bits, err) &&
           der_wrap(DER_BIT_STRING, bits, arena, &bits, err) && join(bytes_make(algorithm, sizeof algorithm), bits, arena, &all, err) &&
           der_wrap(DER_SEQUENCE, all, arena, out, err);
}

/* Octets of a number in hex without leading zeros; empty when it is none. */
static struct bytes read_number(struct bytes hex, uint8_t *out, size_t room) {
    size_t n, digits, zeros = 0;
    if (!value_hex(import_value(hex), out, room, &n, &digits)) {
        return bytes_none();
    }
    while (zeros < n && out[zeros] == 0) {
        zeros++;
    }
    return bytes_make(out + zeros, n - zeros);
}

/* The keys of a line: the hash of its public key, in each place of a signature where the line has it stand. */
static bool add_keys(struct import_row *row, const struct line *line) {
    static const struct {
        enum field field;
        enum role role;
    } places[] = {{CODE_SIGN, ROLE_SIGNER}, {CERT_SIGN, ROLE_CHAIN}, {TIME_SIGN, ROLE_TIMESTAMP}};
    uint8_t modulus_octets[MODULUS_MAX], exponent_octets[EXPONENT_MAX], hash[32];
    static const uint8_t usual[] = {1, 0, 1};
    struct bytes modulus = read_number(line->fields[PUBKEY], modulus_octets, sizeof modulus_octets);
    struct bytes exponent = read_number(line->fields[EXPONENT], exponent_octets, sizeof exponent_octets), spki;
    struct arena arena = arena_make((size_t)1 << 20);
    struct error err = {0};
    char hex[2 * sizeof hash + 1];
    if (modulus.n < MODULUS_MIN || (modulus.p[modulus.n - 1] & 1) == 0) {
        import_row_refuse(row, "its public key is no modulus of 512 to 16384 bits");
        return false;
    }
    exponent = exponent.n != 0 ? exponent : bytes_make(usual, sizeof usual);
    bool ok = make_spki(modulus, exponent, &arena, &spki, &err) && digest_bytes(HASH_SHA256, spki, hash, &err);
    arena_free(&arena);
    if (!ok) {
        import_row_refuse(row, "%.120s", err.text);
        return false;
    }
    hex_encode(bytes_make(hash, sizeof hash), hex);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (bytes_is(import_value(line->fields[places[i].field]), "1")) {
            row->role = places[i].role;
            import_add_hash(row, KEY_SPKI, bytes_text(hex));
        }
    }
    return true;
}

static void read_entry(const struct line *line, struct import *import, size_t number) {
    struct import_row row;
    import_row_begin(import, &row, number);
    if (line->n < COMMENT) {
        import_row_refuse(&row, "it has %zu fields; a certificate has 11 or more", line->n);
        return;
    }
    struct bytes trusted = import_value(line->fields[TRUSTED]);
    if (!bytes_is(trusted, "0")) {
        import_row_refuse(&row, bytes_is(trusted, "1") ? "is trusted: that bans nothing" : "is neither trusted nor revoked");
        return;
    }
    row.id = import_value(line->fields[NAME]);
    if (!add_keys(&row, line)) {
        return;
    }
    if (row.n_keys == 0) {
        import_row_refuse(&row, "may sign nothing: neither code nor certificates nor time");
        return;
    }
    row.reason = line->n > COMMENT ? import_words(import, line->fields[COMMENT]) : NULL;
    import_row_end(&row);
}

/* Takes a line off the content. */
static struct bytes take_line(struct bytes *content) {
    size_t n = bytes_find(*content, bytes_text("\n"), 0);
    struct bytes text = bytes_cut(*content, 0, n);
    *content = bytes_cut(*content, n + 1, content->n);
    return import_value(text);
}

static struct line split(struct bytes text) {
    struct line line = {.n = 0};
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        line.fields[i] = bytes_none();
    }
    for (bool more = true; more && line.n < FIELDS_MAX;) {
        size_t n = bytes_find(text, bytes_text(";"), 0);
        line.fields[line.n++] = bytes_cut(text, 0, n);
        more = n < text.n;
        text = bytes_cut(text, n + 1, text.n);
    }
    return line;
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    bool any = false;
    for (size_t number = 1; content.n != 0 && !import_failed(import); number++) {
        struct bytes text = take_line(&content);
        if (text.n != 0 && text.p[0] != '#') {
            struct line line = split(text);
            read_entry(&line, import, number);
            any = true;
        }
    }
    return any || error_set(err, ERR_MALFORMED, "holds no line that is no comment");
}

/* Whether the first line that is no comment has a 0 or 1 where one must be. */
static bool probe(struct bytes content) {
    struct bytes left = bytes_cut(content, 0, PROBE_SIZE);
    while (left.n != 0) {
        struct bytes text = take_line(&left);
        if (text.n != 0 && text.p[0] != '#') {
            struct line line = split(text);
            struct bytes trusted = line.fields[TRUSTED];
            return line.n > NOT_BEFORE && (bytes_is(trusted, "0") || bytes_is(trusted, "1"));
        }
    }
    return false;
}

const struct importer importer_crb = {"crb", "ClamAV's revoked certificates", probe, read};
