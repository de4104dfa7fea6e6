/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: X.509 certificates of any version (RFC 5280 4.1; versions 1 and 2 have no extensions).
 * Refuses: what has no TBSCertificate with serial, issuer, validity, subject and key, no algorithm or no signature.
 * Accepts what is odd beside that: unknown versions and algorithms, times that can't be read (0), broken extensions (passed over),
 * elements behind the signature. Such certificates are met in signatures that systems accept.
 */
#include "asn1/x509.h"

#include "asn1/name.h"
#include "asn1/oid.h"

/* RFC 5280 4.1.2.2: conforming serial numbers have at most 20 octets. */
enum { SERIAL_OCTETS = 20 };

/* An extension's value:
 *   keyIdentifier       OCTET STRING                                            (2.5.29.14, RFC 5280 4.2.1.2)
 *   basicConstraints    SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLen INTEGER? } (2.5.29.19, 4.2.1.9)
 *   authorityKeyId      SEQUENCE { keyIdentifier [0]?, … }                      (2.5.29.35, 4.2.1.1)
 *   extKeyUsage         SEQUENCE OF OID                                         (2.5.29.37, 4.2.1.12)
 *   keyUsage            BIT STRING, of which cRLSign is asked for               (2.5.29.15, 4.2.1.3)
 *   cRLDistributionPoints, authorityInfoAccess: asn1/urls.h reads them
 */
static void read_extension(struct bytes oid, struct bytes value, struct arena *arena, struct cert *cert) {
    struct der_cursor c = der_cursor_make(value, 0), in;
    struct der e;
    if (oid_is(oid, OID_EXT_SKI) && cert->ski.n == 0) {
        struct bytes ski;
        if (der_next(&c, &e, NULL) && (e.tag & 0x1f) == DER_OCTET_STRING && der_octets(&e, arena, &ski, NULL)) {
            cert->ski = ski;
        }
    } else if (oid_is(oid, OID_EXT_BASIC_CONSTRAINTS)) {
        if (der_enter(&c, DER_SEQUENCE, &in, NULL) && der_optional(&in, DER_BOOLEAN, &e)) {
            cert->is_ca = cert->is_ca || (e.content.n == 1 && e.content.p[0] != 0);
        }
    } else if (oid_is(oid, OID_EXT_KEY_USAGE)) {
        /* BIT STRING: the octet of unused bits, then bits from the left; cRLSign is the seventh. */
        enum { CRL_SIGN = 0x02 };
        if (der_expect(&c, DER_BIT_STRING, &e, NULL)) {
            cert->signs_no_crls = e.content.n < 2 || (e.content.p[1] & CRL_SIGN) == 0;
        }
    } else if (oid_is(oid, OID_EXT_AKI) && cert->aki.n == 0) {
        if (der_enter(&c, DER_SEQUENCE, &in, NULL) && der_optional(&in, DER_CONTEXT_0, &e)) {
            cert->aki = e.content;
        }
    } else if (oid_is(oid, OID_EXT_EKU) && !cert->has_eku) {
        if (der_expect(&c, DER_SEQUENCE, &e, NULL)) {
            cert->has_eku = true;
            cert->eku = e.content;
        }
    } else if (oid_is(oid, OID_EXT_CRL_POINTS)) {
        cert->crl_points = value;
    } else if (oid_is(oid, OID_EXT_AUTHORITY_INFO)) {
        cert->authority_info = value;
    }
}

/* Extensions ::= SEQUENCE OF SEQUENCE { extnID OID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } (RFC 5280 4.1) */
static void read_extensions(struct der_cursor *tbs, const struct der *outer, struct arena *arena, struct cert *cert) {
    struct der_cursor explicit, all, one;
    struct der e, oid, value;
    struct bytes octets;
    if (!der_inside(tbs, outer, &explicit, NULL) || !der_enter(&explicit, DER_SEQUENCE, &all, NULL)) {
        return;
    }
    while (der_next(&all, &e, NULL)) {
        if (e.tag != DER_SEQUENCE || !der_inside(&all, &e, &one, NULL) || !der_expect(&one, DER_OID, &oid, NULL)) {
            continue;
        }
        der_optional(&one, DER_BOOLEAN, &value);
        if (der_next(&one, &value, NULL) && (value.tag & 0x1f) == DER_OCTET_STRING && der_octets(&value, arena, &octets, NULL)) {
            read_extension(oid.content, octets, arena, cert);
            cert->large_extension += octets.n > X509_LARGE ? octets.n : 0;
        }
    }
}

static void read_serial(struct bytes content, struct cert *cert) {
    bool negative = content.n > 0 && content.p[0] >= 0x80;
    bool zero_led = content.n > 1 && content.p[0] == 0 && content.p[1] < 0x80;
    cert->serial = der_serial(content);
    bool zero = cert->serial.n == 1 && cert->serial.p[0] == 0;
    cert->odd_serial = negative || zero_led || zero || content.n > SERIAL_OCTETS + 1 || cert->serial.n > SERIAL_OCTETS;
}

/* Validity ::= SEQUENCE { notBefore Time, notAfter Time } */
static void read_validity(struct der_cursor *c, const struct der *validity, struct cert *cert) {
    struct der_cursor in;
    struct der e;
    if (!der_inside(c, validity, &in, NULL)) {
        return;
    }
    if (der_next(&in, &e, NULL) && !der_time(&e, &cert->not_before, NULL)) {
        cert->not_before = 0;
    }
    if (der_next(&in, &e, NULL) && !der_time(&e, &cert->not_after, NULL)) {
        cert->not_after = 0;
    }
}

/* The content octets of a BIT STRING without the octet that counts unused bits; *unused gets that. */
static bool bit_string(const struct der *e, struct arena *arena, struct bytes *out, uint8_t *unused, struct error *err) {
    struct bytes octets;
    if (!der_octets(e, arena, &octets, err)) {
        return false;
    }
    if (octets.n == 0) {
        return error_set(err, ERR_MALFORMED, "a BIT STRING without content");
    }
    *unused = octets.p[0];
    *out = bytes_cut(octets, 1, octets.n);
    return true;
}

/* SubjectPublicKeyInfo ::= SEQUENCE { algorithm SEQUENCE, subjectPublicKey BIT STRING }. What is none of that leaves key empty. */
static void read_key(struct der_cursor *c, const struct der *spki, struct arena *arena, struct cert *cert) {
    struct der_cursor in;
    struct der algorithm, key;
    uint8_t unused;
    if (!der_inside(c, spki, &in, NULL) || !der_next(&in, &algorithm, NULL) || !der_next(&in, &key, NULL) ||
        (key.tag & 0x1f) != DER_BIT_STRING || !bit_string(&key, arena, &cert->key, &unused, NULL)) {
        cert->key = bytes_none();
    }
}

/* TBSCertificate ::= SEQUENCE {
 *   version [0] EXPLICIT INTEGER DEFAULT v1, serialNumber INTEGER, signature SEQUENCE, issuer Name, validity SEQUENCE,
 *   subject Name, subjectPublicKeyInfo SEQUENCE, issuerUniqueID [1]?, subjectUniqueID [2]?, extensions [3] EXPLICIT? }
 */
static bool read_tbs(struct der_cursor *c, struct arena *arena, struct cert *cert, struct error *err) {
    struct der e, validity, algorithm;
    der_optional(c, DER_CONTEXT_0_CONS, &e);
    if (!der_expect(c, DER_INTEGER, &e, err)) {
        return false;
    }
    read_serial(e.content, cert);
    if (!der_expect(c, DER_SEQUENCE, &algorithm, err) || !der_expect(c, DER_SEQUENCE, &e, err)) {
        return false;
    }
    cert->algorithm = algorithm.whole;
    cert->issuer = e.whole;
    if (!der_expect(c, DER_SEQUENCE, &validity, err)) {
        return false;
    }
    read_validity(c, &validity, cert);
    if (!der_expect(c, DER_SEQUENCE, &e, err)) {
        return false;
    }
    cert->subject = e.whole;
    if (!der_expect(c, DER_SEQUENCE, &e, err)) {
        return false;
    }
    cert->spki = e.whole;
    read_key(c, &e, arena, cert);
    while (der_next(c, &e, NULL)) {
        if (e.tag == DER_CONTEXT_3_CONS) {
            read_extensions(c, &e, arena, cert);
        }
    }
    return true;
}

static struct cert empty_cert(struct bytes der, uint64_t at) {
    struct bytes none = bytes_none();
    return (struct cert){.der = der,
                         .at = at,
                         .tbs = none,
                         .serial = none,
                         .issuer = none,
                         .subject = none,
                         .spki = none,
                         .key = none,
                         .algorithm = none,
                         .signature = none,
                         .eku = none,
                         .ski = none,
                         .aki = none,
                         .crl_points = none,
                         .authority_info = none};
}

/* Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE, signatureValue BIT STRING } */
static bool read_certificate(struct bytes der, uint64_t at, struct arena *arena, struct cert *cert, struct error *err) {
    struct der_cursor c = der_cursor_make(der, at), in, tbs;
    struct der outer, e, algorithm, signature;
    uint8_t unused = 0;
    if (!der_expect(&c, DER_SEQUENCE, &outer, err) || !der_inside(&c, &outer, &in, err)) {
        return false;
    }
    cert->der = outer.whole;
    if (!der_expect(&in, DER_SEQUENCE, &e, err) || !der_inside(&in, &e, &tbs, err)) {
        return false;
    }
    cert->tbs = e.whole;
    if (!read_tbs(&tbs, arena, cert, err) || !der_expect(&in, DER_SEQUENCE, &algorithm, err)) {
        return false;
    }
    if (!der_next(&in, &signature, err)) {
        return in.failed ? false : error_set(err, ERR_MALFORMED, "a certificate without a signature");
    }
    if ((signature.tag & 0x1f) != DER_BIT_STRING) {
        return error_set(err, ERR_MALFORMED, "a certificate whose signature is no BIT STRING");
    }
    bool other_algorithm = !bytes_equal(algorithm.whole, cert->algorithm); /* 4.1.1.2: must be the same; this one is not signed */
    if (!bit_string(&signature, arena, &cert->signature, &unused, err)) {
        return false;
    }
    cert->not_minimal = outer.indefinite || outer.not_minimal || in.left.n > 0 || unused != 0 || signature.tag != DER_BIT_STRING ||
                        der_is_ber(algorithm.whole) || signature.not_minimal || other_algorithm;
    return true;
}

bool cert_parse(struct bytes der, uint64_t at, struct arena *arena, struct cert *cert, struct error *err) {
    struct cert read = empty_cert(der, at);
    if (!read_certificate(der, at, arena, &read, err)) {
        *cert = empty_cert(der, at);
        cert->broken = true;
        return error_within(err, "certificate");
    }
    *cert = read;
    return true;
}

bool cert_has_eku(const struct cert *cert, struct bytes oid) {
    struct der_cursor c = der_cursor_make(cert->eku, 0);
    struct der e;
    while (der_next(&c, &e, NULL)) {
        if (e.tag == DER_OID && bytes_equal(e.content, oid)) {
            return true;
        }
    }
    return false;
}

/* 1.3.6.1.4.1.311.97: below it, 1 is the kind of service (…97.1.0 public trust, …97.1.3 private), everything else is a subscriber
 * (Microsoft, "Trusted Signing resources and roles": certificate profiles). */
struct bytes cert_subscriber(const struct cert *cert) {
    static const uint8_t identity_arc[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x61};
    struct der_cursor c = der_cursor_make(cert->eku, 0);
    struct der e;
    while (der_next(&c, &e, NULL)) {
        if (e.tag == DER_OID && e.content.n > sizeof identity_arc && e.content.p[sizeof identity_arc] != 1 &&
            bytes_starts(e.content, bytes_make(identity_arc, sizeof identity_arc))) {
            return e.content;
        }
    }
    return bytes_none();
}

bool cert_minimal(const struct cert *cert, struct arena *arena, struct bytes *out, struct error *err) {
    if (!cert->not_minimal) {
        *out = cert->der;
        return true;
    }
    struct der algorithm;
    struct bytes minimal, bits, signature;
    if (!der_read(cert->algorithm, &algorithm, err) || !der_minimal(&algorithm, arena, &minimal, err)) {
        return false;
    }
    uint8_t *unused = arena_alloc(arena, cert->signature.n + 1);
    if (unused == NULL) {
        return arena_full(arena, err);
    }
    memcpy(unused + 1, cert->signature.p, cert->signature.n);
    bits = bytes_make(unused, cert->signature.n + 1);
    if (!der_wrap(DER_BIT_STRING, bits, arena, &signature, err)) {
        return false;
    }
    size_t n = cert->tbs.n + minimal.n + signature.n;
    uint8_t *content = arena_alloc(arena, n);
    if (content == NULL) {
        return arena_full(arena, err);
    }
    memcpy(content, cert->tbs.p, cert->tbs.n);
    memcpy(content + cert->tbs.n, minimal.p, minimal.n);
    memcpy(content + cert->tbs.n + minimal.n, signature.p, signature.n);
    return der_wrap(DER_SEQUENCE, bytes_make(content, n), arena, out, err);
}

bool cert_named_by(const struct cert *cert, struct bytes issuer, struct bytes serial, struct bytes key_id) {
    if (cert->broken) {
        return false;
    }
    if (issuer.n != 0) {
        return bytes_equal(cert->serial, serial) && name_equal(cert->issuer, issuer);
    }
    return key_id.n != 0 && bytes_equal(cert->ski, key_id);
}
