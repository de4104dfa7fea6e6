/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../fuzz/hostile.h"
#include "asn1/cert_search.h"
#include "asn1/x509.h"
#include "build.h"

#include "../with_arena.h" /* the last: its arena has the name of many parameters */

static struct bytes time_of(const char *text) {
    return PRIM(DER_UTC_TIME, bytes_text(text));
}

static struct bytes extension(enum oid oid, struct bytes value) {
    return SEQ(build_oid(arena, oid), PRIM(DER_OCTET_STRING, value));
}

static struct bytes key_info(void) {
    return SEQ(build_algorithm(arena), PRIM(DER_BIT_STRING, B("\x00key")));
}

/* A certificate from the parts that tests change. */
static struct bytes with(struct bytes version, struct bytes serial, struct bytes validity, struct bytes extensions) {
    return SEQ(SEQ(version, PRIM(DER_INTEGER, serial), build_algorithm(arena), build_name(arena, "i"), validity, build_name(arena, "s"),
                   key_info(), extensions.n != 0 ? tlv(arena, DER_CONTEXT_3_CONS, SEQ(extensions), END) : bytes_none()),
               build_algorithm(arena), PRIM(DER_BIT_STRING, B("\x00sig")));
}

static struct bytes usual_validity(void) {
    return SEQ(time_of("200101000000Z"), time_of("300101000000Z"));
}

#define V3 B("\xa0\x03\x02\x01\x02")

static void all_fields(void **state) {
    (void)state;
    struct bytes ekus = join(arena, build_oid(arena, OID_EKU_CODE_SIGNING), build_dotted(arena, "1.3.6.1.4.1.311.97.1.0"),
                             build_dotted(arena, "1.3.6.1.4.1.311.97.990309390.766961637"), END);
    struct bytes extensions =
        join(arena, extension(OID_EXT_SKI, PRIM(DER_OCTET_STRING, B("ski"))), extension(OID_EXT_AKI, SEQ(PRIM(DER_CONTEXT_0, B("aki")))),
             extension(OID_EXT_BASIC_CONSTRAINTS, SEQ(B("\x01\x01\xff\x02\x01\x00"))), extension(OID_EXT_EKU, SEQ(ekus)), END);
    struct bytes der = with(V3, B("\x00\xab\xcd"), usual_validity(), extensions);
    struct cert cert;
    assert_true(cert_parse(join(arena, der, B("behind"), END), 77, arena, &cert, NULL));
    assert_true(bytes_equal(cert.der, der));
    assert_int_equal(cert.at, 77);
    assert_true(bytes_equal(cert.serial, B("\xab\xcd")));
    assert_true(bytes_equal(cert.issuer, build_name(arena, "i")));
    assert_true(bytes_equal(cert.subject, build_name(arena, "s")));
    assert_true(bytes_equal(cert.spki, key_info()));
    assert_true(bytes_is(cert.key, "key"));
    assert_true(bytes_is(cert.signature, "sig"));
    assert_true(bytes_equal(cert.algorithm, build_algorithm(arena)));
    assert_true(bytes_is(cert.ski, "ski"));
    assert_true(bytes_is(cert.aki, "aki"));
    assert_int_equal(cert.not_before, 1577836800);
    assert_int_equal(cert.not_after, 1893456000);
    assert_true(cert.is_ca);
    assert_true(cert.has_eku);
    assert_false(cert.odd_serial || cert.not_minimal || cert.broken);
    assert_true(cert_has_eku(&cert, oid_of(OID_EKU_CODE_SIGNING)));
    assert_false(cert_has_eku(&cert, oid_of(OID_EKU_TIME_STAMPING)));
    assert_string_equal(oid_dotted(cert_subscriber(&cert), arena), "1.3.6.1.4.1.311.97.990309390.766961637");
    assert_true(cert_search_sensible(&cert));
    struct bytes minimal;
    assert_true(cert_minimal(&cert, arena, &minimal, NULL));
    assert_ptr_equal(minimal.p, cert.der.p);
}

static void odd_ones_are_read(void **state) {
    (void)state;
    struct cert cert;
    /* version 1 has no version and no extensions */
    assert_true(cert_parse(with(bytes_none(), B("\x05"), usual_validity(), bytes_none()), 0, arena, &cert, NULL));
    assert_false(cert.has_eku || cert.is_ca);
    assert_int_equal(cert_subscriber(&cert).n, 0);
    assert_true(cert_search_sensible(&cert));
    /* version 200 */
    assert_true(cert_parse(with(B("\xa0\x03\x02\x01\x7f"), B("\x05"), usual_validity(), bytes_none()), 0, arena, &cert, NULL));
    assert_false(cert_search_sensible(&cert));
    /* times that are none */
    assert_true(cert_parse(with(V3, B("\x05"), SEQ(time_of("never"), time_of("300101000000Z")), bytes_none()), 0, arena, &cert, NULL));
    assert_int_equal(cert.not_before, 0);
    assert_int_equal(cert.not_after, 1893456000);
    assert_false(cert_search_sensible(&cert));
    /* a broken extension hides no other */
    struct bytes extensions = join(arena, B("\x30\x03\x01\x01\xff"), extension(OID_EXT_EKU, B("\x04\x01x")),
                                   extension(OID_EXT_SKI, PRIM(DER_OCTET_STRING, B("ski"))), END);
    assert_true(cert_parse(with(V3, B("\x05"), usual_validity(), extensions), 0, arena, &cert, NULL));
    assert_true(bytes_is(cert.ski, "ski"));
    assert_false(cert.has_eku);
}

static void serials(void **state) {
    (void)state;
    static const struct {
        struct bytes content, serial;
        bool odd;
    } rows[] = {
        {{(const uint8_t *)"\x05", 1}, {(const uint8_t *)"\x05", 1}, false},
        {{(const uint8_t *)"\x00\x85", 2}, {(const uint8_t *)"\x85", 1}, false},
        {{(const uint8_t *)"\x85", 1}, {(const uint8_t *)"\x85", 1}, true},
        {{(const uint8_t *)"\x00\x05", 2}, {(const uint8_t *)"\x05", 1}, true},
        {{(const uint8_t *)"\x00\x00\x85", 3}, {(const uint8_t *)"\x85", 1}, true},
        {{(const uint8_t *)"\x00", 1}, {(const uint8_t *)"\x00", 1}, true},
        {{(const uint8_t *)"", 0}, {(const uint8_t *)"\x00", 1}, true},
        {{(const uint8_t *)"\x00\x81"
                           "1234567890123456789",
          21},
         {(const uint8_t *)"\x81"
                           "1234567890123456789",
          20},
         false},
        {{(const uint8_t *)"\x11"
                           "12345678901234567890",
          21},
         {(const uint8_t *)"\x11"
                           "12345678901234567890",
          21},
         true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cert cert;
        assert_true(cert_parse(with(V3, rows[i].content, usual_validity(), bytes_none()), 0, arena, &cert, NULL));
        assert_true(bytes_equal(cert.serial, rows[i].serial));
        assert_int_equal(cert.odd_serial, rows[i].odd);
    }
}

/* Every way to spell one certificate gives one minimal spelling. */
static void spellings(void **state) {
    (void)state;
    struct bytes tbs = build_tbs(arena, "i", "s", B("\x05"), "key"), algorithm = build_algorithm(arena), signature = B("\x03\x04\x00sig");
    struct bytes der = SEQ(tbs, algorithm, signature), content = join(arena, tbs, algorithm, signature, END);
    uint8_t length[] = {0x30, 0x84, 0, 0, (uint8_t)(content.n >> 8), (uint8_t)content.n};
    struct bytes rest = bytes_cut(algorithm, 2, algorithm.n);
    const struct bytes rows[] = {
        join(arena, bytes_make(length, sizeof length), content, END),
        join(arena, B("\x30\x80"), content, B("\0\0"), END),
        SEQ(content, B("\x05\x00")),
        SEQ(tbs, join(arena, B("\x30\x81\x0d"), rest, END), signature),
        SEQ(tbs, join(arena, B("\x30\x80"), rest, B("\0\0"), END), signature),
        SEQ(tbs, algorithm, B("\x03\x81\x04\x00sig")),
        SEQ(tbs, algorithm, B("\x03\x04\x03sig")),
        SEQ(tbs, algorithm, B("\x23\x80\x03\x04\x00sig\0\0")),
        SEQ(tbs, algorithm, B("\x23\x80\x03\x02\x00s\x23\x07\x03\x02\x00i\x03\x01\x00\x03\x02\x00g\0\0")),
    };
    struct cert cert;
    struct bytes minimal;
    assert_true(cert_parse(der, 0, arena, &cert, NULL));
    assert_false(cert.not_minimal);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(cert_parse(rows[i], 0, arena, &cert, NULL));
        assert_true(cert.not_minimal);
        assert_true(bytes_equal(cert.der, rows[i]));
        assert_true(bytes_equal(cert.tbs, tbs));
        assert_true(cert_minimal(&cert, arena, &minimal, NULL));
        assert_true(bytes_equal(minimal, der));
    }
}

static void what_is_no_certificate(void **state) {
    (void)state;
    struct bytes tbs = build_tbs(arena, "i", "s", B("\x05"), "key");
    const struct bytes rows[] = {bytes_none(),
                                 B("\x30\x00"),
                                 SEQ(tbs),
                                 SEQ(tbs, build_algorithm(arena)),
                                 SEQ(tbs, build_algorithm(arena), B("\x04\x01x")),
                                 SEQ(tbs, build_algorithm(arena), B("\x03\x00")),
                                 SEQ(SEQ(B("\x02\x01\x05")), build_algorithm(arena), B("\x03\x02\x00x"))};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cert cert = {0};
        struct error err = {0};
        assert_false(cert_parse(rows[i], 9, arena, &cert, &err));
        assert_true(cert.broken);
        assert_int_equal(cert.at, 9);
        assert_true(bytes_equal(cert.der, rows[i]));
        assert_int_equal(cert.subject.n, 0);
        assert_int_equal(err.kind, ERR_MALFORMED);
        assert_false(cert_named_by(&cert, bytes_none(), bytes_none(), bytes_none()));
    }
}

static void named_by(void **state) {
    (void)state;
    struct cert cert;
    assert_true(cert_parse(build_cert(arena, "Issuer", "s", B("\x05\x06"), "key"), 0, arena, &cert, NULL));
    assert_true(cert_named_by(&cert, build_name(arena, "Issuer"), B("\x05\x06"), bytes_none()));
    assert_true(cert_named_by(&cert, build_name(arena, "issuer "), B("\x05\x06"), bytes_none()));
    assert_false(cert_named_by(&cert, build_name(arena, "Issuer"), B("\x05\x07"), bytes_none()));
    assert_false(cert_named_by(&cert, build_name(arena, "other"), B("\x05\x06"), bytes_none()));
    assert_true(cert_named_by(&cert, bytes_none(), bytes_none(), B("\x05\x06")));
    assert_false(cert_named_by(&cert, bytes_none(), bytes_none(), B("\x05")));
    assert_false(cert_named_by(&cert, bytes_none(), bytes_none(), bytes_none()));
}

static void any(struct bytes b, struct arena *its, void *context) {
    (void)context;
    struct cert cert;
    struct bytes minimal;
    if (cert_parse(b, 0, its, &cert, NULL)) {
        cert_has_eku(&cert, oid_of(OID_EKU_CODE_SIGNING));
        cert_subscriber(&cert);
        cert_search_sensible(&cert);
        if (!cert_minimal(&cert, its, &minimal, NULL)) {
            assert_true(cert.not_minimal);
        }
    } else {
        assert_true(cert.broken);
    }
}

static void hostile(void **state) {
    (void)state;
    struct bytes content =
        join(arena, build_tbs(arena, "i", "s", B("\x05"), "key"), build_algorithm(arena), B("\x23\x80\x03\x04\x00sig\0\0"), END);
    hostile_each(join(arena, B("\x30\x80"), content, B("\0\0"), END), any, NULL);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(all_fields), T(odd_ones_are_read), T(serials), T(spellings), T(what_is_no_certificate), T(named_by), T(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
