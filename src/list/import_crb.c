/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClamAV's trusted and revoked certificates, .crb (https://docs.clamav.net/manual/Signatures/AuthenticodeRules.html): one a line,
 *   Name;Trusted;Subject;Serial;Pubkey;Exponent;CodeSign;TimeSign;CertSign;NotBefore;Comment[;minFL[;maxFL]]
 * Subject and Serial are SHA-1 hashes of parts of the certificate; Pubkey is the modulus of an RSA key, of which the hash of the whole
 * SubjectPublicKeyInfo is made: it is what the rule names. Lines that certban wrote hold the certificate itself in their comment, and the
 * identities by which the rule named it, which are its own again where the certificate has that key. Refused are trusted ones (1 in
 * Trusted), and moduli that are none.
 */
#include "asn1/der.h"
#include "asn1/x509.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "list/import_mark.h"
#include "list/importer.h"
#include "list/policy_report.h"
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

/* The hash of a line's public key. Returns why there is none, or NULL. */
static const char *read_key(const struct line *line, uint8_t hash[HASH_SIZE_MAX]) {
    uint8_t modulus_octets[MODULUS_MAX], exponent_octets[EXPONENT_MAX];
    static const uint8_t usual[] = {1, 0, 1};
    struct bytes modulus = read_number(line->fields[PUBKEY], modulus_octets, sizeof modulus_octets);
    struct bytes exponent = read_number(line->fields[EXPONENT], exponent_octets, sizeof exponent_octets), spki;
    struct arena arena = arena_make((size_t)1 << 20);
    if (modulus.n < MODULUS_MIN || (modulus.p[modulus.n - 1] & 1) == 0) {
        return "its public key is no modulus of 512 to 16384 bits";
    }
    exponent = exponent.n != 0 ? exponent : bytes_make(usual, sizeof usual);
    bool ok = make_spki(modulus, exponent, &arena, &spki, NULL) && digest_bytes(HASH_SHA256, spki, hash, NULL);
    arena_free(&arena);
    return ok ? NULL : "its public key can't be hashed";
}

/* The key of a line, in each place of a signature where the line has it stand. */
static void add_places(struct import_row *row, const struct line *line, const char *hex) {
    static const struct {
        enum field field;
        enum role role;
    } places[] = {{CODE_SIGN, ROLE_SIGNER}, {CERT_SIGN, ROLE_CHAIN}, {TIME_SIGN, ROLE_TIMESTAMP}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (bytes_is(import_value(line->fields[places[i].field]), "1")) {
            row->role = places[i].role;
            import_add_hash(row, KEY_SPKI, bytes_text(hex));
        }
    }
}

/* One of the identities that a mark gives: "sha256:176e31…". */
static void add_identity(struct import_row *row, struct bytes words) {
    size_t colon = bytes_find(words, bytes_text(":"), 0);
    struct bytes kind = bytes_cut(words, 0, colon), value = bytes_cut(words, colon + 1, words.n);
    if (bytes_is(kind, "serial")) {
        import_add_serial(row, value);
    } else if (bytes_starts(kind, bytes_text("tbs-"))) {
        import_add_hash(row, KEY_TBS, value);
    } else {
        import_add_hash(row, bytes_is(kind, "sha256") ? KEY_CERT_SHA256 : bytes_is(kind, "sha1") ? KEY_CERT_SHA1 : KEY_SPKI, value);
    }
}

/* The certificate that a mark holds, where it has the line's key; NULL when it has not. */
static const struct cert *find_cert(const struct import_mark *mark, struct import *import, const struct key *key, bool *held) {
    struct arena *arena = import_arena(import);
    struct bytes der = import_mark_field(mark, import, "der"), lent = import_mark_field(mark, import, "lent"), octets;
    struct cert *cert = arena_alloc(arena, sizeof *cert);
    *held = der.n != 0;
    bool ok = cert != NULL && value_base64(*held ? der : lent, arena, &octets) && cert_parse(octets, 0, arena, cert, NULL) &&
              key_names_certificate(key, cert);
    return ok ? cert : NULL;
}

/* What certban's own line names, and by what. False when it names nothing else than the key that stands in it. */
static bool add_own(struct import_row *row, struct import_mark *mark, const struct key *key) {
    bool held = false;
    struct bytes left = import_mark_field(mark, row->import, "by");
    const struct cert *cert = left.n != 0 ? find_cert(mark, row->import, key, &held) : NULL;
    import_mark_place(mark, row);
    while (cert != NULL && left.n != 0) {
        size_t n = bytes_find(left, bytes_text(","), 0), before = row->n_keys;
        add_identity(row, bytes_cut(left, 0, n));
        left = bytes_cut(left, n + 1, left.n);
        if (row->n_keys > before && !key_names_certificate(&row->keys[before], cert)) {
            row->n_keys = before;
        }
    }
    row->cert = cert != NULL && held && row->n_keys != 0 ? cert : NULL;
    return row->n_keys != 0;
}

/* Returns why the line must be refused, or NULL. */
static const char *read_keys(struct import_row *row, const struct line *line) {
    uint8_t hash[HASH_SIZE_MAX];
    char hex[2 * HASH_SIZE_MAX + 1];
    struct import_mark mark;
    const char *why = read_key(line, hash);
    if (why != NULL) {
        return why;
    }
    struct key key = {.kind = KEY_SPKI, .value = bytes_make(hash, hash_size(HASH_SHA256))};
    if (line->n > COMMENT && import_mark_find(line->fields[COMMENT], &mark)) {
        why = import_mark_take(&mark, row);
        if (why != NULL || add_own(row, &mark, &key)) {
            return why;
        }
    }
    hex_encode(key.value, hex);
    add_places(row, line, hex);
    return row->n_keys != 0 ? NULL : "may sign nothing: neither code nor certificates nor time";
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
    row.reason = line->n > COMMENT ? import_words(import, line->fields[COMMENT]) : NULL;
    const char *why = read_keys(&row, line);
    if (why != NULL) {
        import_row_refuse(&row, "%s", why);
    } else {
        import_row_end(&row);
    }
}

/* Takes a line off the content. */
static struct bytes take_line(struct bytes *content) {
    size_t n = bytes_find(*content, bytes_text("\n"), 0);
    struct bytes text = bytes_cut(*content, 0, n);
    *content = bytes_cut(*content, n + 1, content->n);
    return import_value(text);
}

static struct bytes without_mark(struct bytes content) {
    return bytes_cut(content, bytes_starts(content, bytes_text("\xef\xbb\xbf")) ? 3 : 0, content.n);
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
    content = without_mark(content);
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
    struct bytes left = without_mark(bytes_cut(content, 0, PROBE_SIZE));
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
