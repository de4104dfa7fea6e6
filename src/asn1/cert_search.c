/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/cert_search.h"

#include "base/reader.h"

/* Skips a length of one of the forms that certificates have; false for others. */
static bool skip_length(struct reader *r) {
    uint8_t first = reader_u8(r);
    if (first > 0x84) {
        return false;
    }
    if (first > 0x80) {
        reader_skip(r, first - 0x80u);
    }
    return reader_ok(r);
}

/* How every certificate begins; false for nearly everything that is none:
 *   30 80|81|82|83|84 …    Certificate
 *   30 length              TBSCertificate
 *   a0 or 02               version or serialNumber
 */
static bool begins_like_one(struct bytes b) {
    struct reader r = reader_make(b, 0);
    if (b.n < 2 || b.p[1] < 0x80 || reader_u8(&r) != DER_SEQUENCE || !skip_length(&r) || reader_u8(&r) != DER_SEQUENCE ||
        !skip_length(&r)) {
        return false;
    }
    uint8_t tag = reader_u8(&r);
    return tag == DER_CONTEXT_0_CONS || tag == DER_INTEGER;
}

/* Name ::= SEQUENCE OF SET OF SEQUENCE { type OID, value } (RFC 5280 4.1.2.4) */
static bool is_name(struct bytes name) {
    struct der_cursor c = der_cursor_make(name, 0), rdns, set, in;
    struct der e, oid, value;
    if (!der_enter(&c, DER_SEQUENCE, &rdns, NULL)) {
        return false;
    }
    while (der_next(&rdns, &e, NULL)) {
        if (e.tag != DER_SET || !der_inside(&rdns, &e, &set, NULL)) {
            return false;
        }
        while (der_next(&set, &e, NULL)) {
            if (e.tag != DER_SEQUENCE || !der_inside(&set, &e, &in, NULL) || !der_expect(&in, DER_OID, &oid, NULL) ||
                !der_next(&in, &value, NULL)) {
                return false;
            }
        }
        if (set.failed) {
            return false;
        }
    }
    return !rdns.failed;
}

/* AlgorithmIdentifier ::= SEQUENCE { algorithm OID, parameters ANY? } */
static bool is_algorithm(struct bytes algorithm) {
    struct der_cursor c = der_cursor_make(algorithm, 0), in;
    struct der oid;
    return der_enter(&c, DER_SEQUENCE, &in, NULL) && der_expect(&in, DER_OID, &oid, NULL) && oid.content.n != 0;
}

static bool is_version(struct bytes tbs) {
    struct der_cursor c = der_cursor_make(tbs, 0), in, explicit;
    struct der e;
    if (!der_enter(&c, DER_SEQUENCE, &in, NULL)) {
        return false;
    }
    if (!der_optional(&in, DER_CONTEXT_0_CONS, &e)) {
        return true;
    }
    return der_inside(&in, &e, &explicit, NULL) && der_expect(&explicit, DER_INTEGER, &e, NULL) && e.content.n == 1 && e.content.p[0] <= 2;
}

bool cert_search_sensible(const struct cert *cert) {
    return cert->key.n != 0 && cert->signature.n != 0 && cert->not_before != 0 && cert->not_after != 0 &&
           cert->issuer.n + cert->subject.n > 4 && is_version(cert->tbs) && is_algorithm(cert->algorithm) && is_name(cert->issuer) &&
           is_name(cert->subject);
}

/* What a candidate that is none costs, in tries: one, and one more for each so many octets that had to be looked at. */
enum { OCTETS_PER_TRY = 4096 };

static unsigned cost(struct bytes candidate) {
    struct der e;
    bool indefinite = candidate.p[1] == 0x80;
    size_t n = indefinite ? candidate.n : der_read(candidate, &e, NULL) ? e.whole.n : 0;
    return 1 + (unsigned)(n / OCTETS_PER_TRY);
}

bool cert_search_next(struct cert_search *search, struct arena *arena, struct cert *cert) {
    struct bytes b = search->b;
    while (search->next < b.n) {
        const uint8_t *p = memchr(b.p + search->next, DER_SEQUENCE, b.n - search->next);
        if (p == NULL) {
            search->next = b.n;
            return false;
        }
        size_t pos = (size_t)(p - b.p);
        struct bytes candidate = bytes_cut(b, pos, CERT_SEARCH_SIZE);
        search->next = pos + 1;
        if (!begins_like_one(candidate)) {
            continue;
        }
        if (search->tries >= search->most) {
            search->cut = true;
            search->next = b.n;
            return false;
        }
        struct cert found;
        if (cert_parse(candidate, search->at + pos, arena, &found, NULL) && cert_search_sensible(&found)) {
            search->next = pos + found.der.n;
            if (found.serial.n <= limit_most(arena->limits, LIMIT_SERIAL)) {
                *cert = found;
                return true;
            }
            search->long_serial = true;
            continue;
        }
        search->tries += cost(candidate);
    }
    return false;
}
