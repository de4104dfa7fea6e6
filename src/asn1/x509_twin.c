/* SPDX-License-Identifier: Apache-2.0 */
/* A signature (r, s) of ECDSA verifies as (r, n - s), too, with n the order of the curve: one certificate, two thumbprints. */
#include "asn1/x509.h"

/* Orders of the curves that authorities sign on (SEC 2, RFC 5639 3), as large as their numbers. */
#define ORDER(hex)                                                                                                                         \
    { (const uint8_t *)(hex), sizeof(hex) - 1 }
static const struct bytes orders[] = {
    ORDER(
        "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"),
    ORDER("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xc7\x63\x4d\x81\xf4\x37\x2d\xdf"
          "\x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\xec\xec\x19\x6a\xcc\xc5\x29\x73"),
    ORDER("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
          "\xff\xfa\x51\x86\x87\x83\xbf\x2f\x96\x6b\x7f\xcc\x01\x48\xf7\x09\xa5\xd0\x3b\xb5\xc9\xb8\x89\x9c\x47\xae\xbb\x6f\xb7\x1e\x91\x38"
          "\x64\x09"),
    ORDER(
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xba\xae\xdc\xe6\xaf\x48\xa0\x3b\xbf\xd2\x5e\x8c\xd0\x36\x41\x41"),
};
enum { ORDERS = sizeof orders / sizeof *orders, NUMBER_MAX = 80 };

/* Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER } (RFC 3279 2.2.3), the numbers without zeros in front */
static bool read_pair(const struct cert *cert, struct bytes *r, struct bytes *s) {
    static const uint8_t ecdsa_with[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04}; /* 1.2.840.10045.4: SHA-1, and 3.* the others */
    struct der_cursor c = der_cursor_make(cert->algorithm, 0), in;
    struct der e;
    if (!der_enter(&c, DER_SEQUENCE, &in, NULL) || !der_expect(&in, DER_OID, &e, NULL) ||
        !bytes_starts(e.content, bytes_make(ecdsa_with, sizeof ecdsa_with))) {
        return false;
    }
    c = der_cursor_make(cert->signature, 0);
    if (!der_enter(&c, DER_SEQUENCE, &in, NULL) || !der_expect(&in, DER_INTEGER, &e, NULL)) {
        return false;
    }
    *r = der_serial(e.content);
    if (!der_expect(&in, DER_INTEGER, &e, NULL)) {
        return false;
    }
    *s = der_serial(e.content);
    return r->n <= NUMBER_MAX && s->n <= NUMBER_MAX;
}

/* order - s; false when s is no number below the order, or so far below it that its curve is another one. */
static bool subtract(struct bytes order, struct bytes s, uint8_t *out) {
    enum { SHORTER_MAX = 4 };
    int borrow = 0;
    if (s.n > order.n || order.n - s.n > SHORTER_MAX) {
        return false;
    }
    for (size_t i = 0; i < order.n; i++) {
        int digit = order.p[order.n - 1 - i] - (i < s.n ? s.p[s.n - 1 - i] : 0) - borrow;
        borrow = digit < 0;
        out[order.n - 1 - i] = (uint8_t)(digit + (borrow != 0 ? 256 : 0));
    }
    return borrow == 0;
}

/* A non-negative INTEGER. */
static bool write_number(struct bytes number, struct arena *arena, struct bytes *out, struct error *err) {
    uint8_t octets[NUMBER_MAX + 1] = {0};
    struct bytes value = der_serial(number);
    size_t zero = value.p[0] >= 0x80;
    memcpy(octets + zero, value.p, value.n);
    return der_wrap(DER_INTEGER, bytes_make(octets, value.n + zero), arena, out, err);
}

bool cert_ecdsa_twin(const struct cert *cert, size_t way, struct arena *arena, bool *done, struct bytes *out, struct error *err) {
    struct bytes r, s, one, two, pair;
    uint8_t other[NUMBER_MAX], both[2 * (NUMBER_MAX + 4)];
    *out = bytes_none();
    *done = way > ORDERS || cert->broken || !read_pair(cert, &r, &s);
    if (*done) {
        return true;
    }
    if (way != 0) {
        struct bytes order = orders[way - 1];
        if (!subtract(order, s, other)) {
            return true;
        }
        s = bytes_make(other, order.n);
    }
    if (!write_number(r, arena, &one, err) || !write_number(s, arena, &two, err)) {
        return false;
    }
    memcpy(both, one.p, one.n);
    memcpy(both + one.n, two.p, two.n);
    if (!der_wrap(DER_SEQUENCE, bytes_make(both, one.n + two.n), arena, &pair, err)) {
        return false;
    }
    struct cert twin = *cert;
    twin.signature = pair;
    twin.not_minimal = true;
    if (!cert_minimal(&twin, arena, out, err)) {
        return false;
    }
    if (bytes_equal(*out, cert->der)) {
        *out = bytes_none();
    }
    return true;
}
