/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClamAV: revoked certificates (.crb) and hashes of files (.hsb), by "Signatures based on a hash" and "Trusted and revoked
 * certificates" of its manual.
 *   .crb  Name;Trusted;Subject;Serial;Pubkey;Exponent;CodeSign;TimeSign;CertSign;NotBefore;Comment
 *         Subject is SHA-1 of the content of the subject's Name element, Serial SHA-1 of the content of the serial's INTEGER, Pubkey
 *         the modulus of an RSA key. All three come from the certificate itself: hashes of it don't suffice. ClamAV blocks a program
 *         that carries it without asking whether the signature covers the file: a hit is "listed" at least in certban's words.
 *   .hsb  HashString:FileSize:MalwareName[:MinFL]; a size of * needs functionality level 73
 */
#include "asn1/der.h"
#include "list/export_inside.h"
#include "list/policy_report.h"
#include "list/policy_write.h"
#include "list/query.h"

/* ClamAV reads lines into 8192 octets. */
enum { LINE_MAX_SIZE = 8000 };

/* What a .crb row needs of a certificate; bytes lie in it. */
struct facts {
    struct bytes subject, serial, modulus;
};

/* TBSCertificate ::= SEQUENCE { [0] version OPTIONAL, serialNumber INTEGER, … } (RFC 5280 4.1); the serial as it is encoded. */
static bool read_serial(const struct cert *cert, struct bytes *out) {
    struct der_cursor c = der_cursor_make(cert->tbs, 0), tbs;
    struct der element;
    if (!der_enter(&c, DER_SEQUENCE, &tbs, NULL)) {
        return false;
    }
    (void)der_optional(&tbs, DER_CONTEXT_0_CONS, &element);
    if (!der_expect(&tbs, DER_INTEGER, &element, NULL)) {
        return false;
    }
    *out = element.content;
    return true;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 A.1.1); ClamAV takes 65537 for granted. */
static bool read_modulus(const struct cert *cert, struct bytes *out) {
    static const uint8_t rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}, f4[] = {1, 0, 1};
    struct der_cursor c = der_cursor_make(cert->spki, 0), spki, algorithm, key;
    struct der oid, n, exponent;
    if (!der_enter(&c, DER_SEQUENCE, &spki, NULL) || !der_enter(&spki, DER_SEQUENCE, &algorithm, NULL) ||
        !der_expect(&algorithm, DER_OID, &oid, NULL) || !bytes_equal(oid.content, bytes_make(rsa, sizeof rsa))) {
        return false;
    }
    c = der_cursor_make(cert->key, 0);
    if (!der_enter(&c, DER_SEQUENCE, &key, NULL) || !der_expect(&key, DER_INTEGER, &n, NULL) ||
        !der_expect(&key, DER_INTEGER, &exponent, NULL)) {
        return false;
    }
    *out = der_serial(n.content);
    return bytes_equal(der_serial(exponent.content), bytes_make(f4, sizeof f4));
}

static const char *sha1_hex(struct export *e, struct bytes b) {
    uint8_t hash[HASH_SIZE_MAX];
    export_digest(e, HASH_SHA1, b, hash);
    return export_hex(e, bytes_make(hash, hash_size(HASH_SHA1)), false);
}

/* The reason as a comment, which ends with the line and the field. */
static const char *comment(struct export *e) {
    enum { COMMENT_MAX = 200 };
    const char *reason = e->rule->reason != NULL ? e->rule->reason : "";
    struct text out = {0};
    for (size_t i = 0; i < COMMENT_MAX && reason[i] != '\0'; i++) {
        char c = reason[i];
        text_add_char(&out, c == ';' || c == '#' ? ',' : c < ' ' || c > '~' ? '?' : c);
    }
    const char *words = export_printf(e, "%s", text_c(&out));
    text_free(&out);
    return words;
}

/*
 * What the mark has beside: none of certban's identities is one of ClamAV's, so that the certificate itself stands there ("der" where the
 * rule holds it, else "lent"), and by what the rule names it. The first serial's issuer is that of the mark's place.
 */
static const char *identities(struct export *e, const struct export_thing *thing, unsigned *kinds) {
    struct text out = {0}, base64 = {0};
    const struct key *serial = NULL;
    *kinds = 0;
    for (size_t i = 0; i < thing->n; i++) {
        const struct key *key = &thing->keys[i];
        if (!key_names_certificate(key, thing->cert) || (key->kind == KEY_SERIAL && serial != NULL)) {
            continue;
        }
        serial = key->kind == KEY_SERIAL ? key : serial;
        *kinds |= 1U << key->kind;
        text_addf(&out, "%s%s%s:%s", out.n == 0 ? "&by=" : ",", key->kind == KEY_TBS ? "tbs-" : "",
                  key->kind == KEY_TBS ? hash_name(hash_by_size(key->value.n)) : key_name(key->kind), export_hex(e, key->value, false));
    }
    export_place(e, thing, serial);
    text_add_base64(&base64, thing->cert->der);
    text_addf(&out, "&%s=", e->rule->cert == thing->cert ? "der" : "lent");
    query_add(&out, bytes_make(base64.p, base64.n));
    const char *words = export_printf(e, "%s", text_c(&out));
    text_free(&out);
    text_free(&base64);
    return words;
}

static void write_cert(struct export *e, const struct export_thing *thing) {
    struct facts f;
    struct der subject;
    if (thing->cert == NULL) {
        export_unsaid(e, thing, "ClamAV names a certificate by its subject, serial and RSA key; the certificate itself is not known");
        return;
    }
    if (!read_modulus(thing->cert, &f.modulus)) {
        export_unsaid(e, thing, "its key is no RSA key with the exponent 65537, which is all that ClamAV knows");
        return;
    }
    if (!read_serial(thing->cert, &f.serial) || !der_read(thing->cert->subject, &subject, NULL)) {
        export_unsaid(e, thing, "the certificate can't be taken apart");
        return;
    }
    unsigned kinds;
    const char *said = identities(e, thing, &kinds), *words = comment(e);
    const char *line = export_printf(e, "Certban.%s.%s;0;%s;%s;%s;010001;1;1;1;0;%s", e->policy->id, e->rule->id,
                                     sha1_hex(e, subject.content), sha1_hex(e, f.serial), export_hex(e, f.modulus, false), words);
    const char *mark = export_mark(e, words, NULL, said);
    bool fits = strlen(line) + 1 + strlen(mark) <= LINE_MAX_SIZE;
    text_addf(e->out, "%s%s%s\n", line, words[0] != '\0' && fits ? " " : "", fits ? mark : "");
    export_said_by(e, thing, fits ? kinds : 0, 0, "ClamAV knows none of these, and the line has no room for the certificate");
}

static void write_crb(struct export *e) {
    struct export_thing thing;
    e->means = (struct export_means){
        .roles = ROLE_BIT(ROLE_ANY),
        .near_roles = ROLE_BITS_ALL,
        .near_words = "ClamAV looks for the certificate anywhere in a signature, whatever its role",
        .platform = "windows",
    };
    text_add(e->out, "#Name;Trusted;Subject;Serial;Pubkey;Exponent;CodeSign;TimeSign;CertSign;NotBefore;Comment\n");
    while (export_rule(e)) {
        while (export_thing(e, &thing)) {
            if (thing.is_cert) {
                write_cert(e, &thing);
            } else {
                export_unsaid(e, &thing, "no certificate, which is all that a .crb file names");
            }
        }
    }
}

static void write_hsb(struct export *e) {
    struct export_thing thing;
    e->means = (struct export_means){.roles = ROLE_BITS_ALL};
    while (export_rule(e)) {
        while (export_thing(e, &thing)) {
            if (!thing.is_file) {
                export_unsaid(e, &thing, "no hash of a file, which is all that a .hsb file names");
                continue;
            }
            for (size_t i = 0; i < thing.n; i++) {
                const struct key *key = &thing.keys[i];
                const char *hash = export_hex(e, key->value, false);
                if (key->file_size != 0) {
                    text_addf(e->out, "%s:%llu:Certban.%s.%s\n", hash, (unsigned long long)key->file_size, e->policy->id, e->rule->id);
                } else {
                    text_addf(e->out, "%s:*:Certban.%s.%s:73\n", hash, e->policy->id, e->rule->id);
                }
            }
            export_said(e);
        }
    }
}

const struct exporter exporter_clamav_crb = {"crb", "ClamAV, revoked certificates (.crb)", write_crb};
const struct exporter exporter_clamav_hsb = {"hsb", "ClamAV, hashes of files (.hsb)", write_hsb};
