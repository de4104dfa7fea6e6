/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "../fuzz/hostile.h"
#include "asn1/der.h"
#include "asn1/oid.h"

#define B(literal) bytes_make(literal, sizeof literal - 1)

static void lengths_in_every_form(void **state) {
    (void)state;
    static const struct {
        struct bytes in;
        bool good;
        size_t whole, content;
        bool indefinite, not_minimal;
    } rows[] = {
        {{(const uint8_t *)"\x04\x02hi!", 5}, true, 4, 2, false, false},
        {{(const uint8_t *)"\x04\x81\x02hi!", 6}, true, 5, 2, false, true},
        {{(const uint8_t *)"\x04\x84\0\0\0\x02hi", 8}, true, 8, 2, false, true},
        {{(const uint8_t *)"\x04\x8a\0\0\0\0\0\0\0\0\0\x02hi", 14}, true, 14, 2, false, true},
        {{(const uint8_t *)"\x24\x80\x04\x01h\x04\x01i\0\0!", 11}, true, 10, 6, true, false},
        {{(const uint8_t *)"\x30\x80\x30\x80\x05\0\0\0\0\0", 10}, true, 10, 6, true, false},
        {{(const uint8_t *)"\x30\x80\0\0", 4}, true, 4, 0, true, false},
        {{(const uint8_t *)"\x30\x80\0\x01\0", 5}, false, 0, 0, false, false},
        {{(const uint8_t *)"\x30\x80\x05\0\0", 5}, false, 0, 0, false, false},
        {{(const uint8_t *)"\x04\x80\0\0", 4}, false, 0, 0, false, false},
        {{(const uint8_t *)"\x04\x03hi", 4}, false, 0, 0, false, false},
        {{(const uint8_t *)"\x04\x84\xff\xff\xff\xffhi", 8}, false, 0, 0, false, false},
        {{(const uint8_t *)"\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10}, false, 0, 0, false, false},
        {{(const uint8_t *)"\x1f\x81\x01\x00", 4}, false, 0, 0, false, false},
        {{(const uint8_t *)"\x04", 1}, false, 0, 0, false, false},
        {{(const uint8_t *)"", 0}, false, 0, 0, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct der e;
        struct error err = {0};
        assert_int_equal(der_read(rows[i].in, &e, &err), rows[i].good);
        if (rows[i].good) {
            assert_int_equal(e.whole.n, rows[i].whole);
            assert_int_equal(e.content.n, rows[i].content);
            assert_int_equal(e.indefinite, rows[i].indefinite);
            assert_int_equal(e.not_minimal, rows[i].not_minimal);
        } else {
            assert_int_equal(err.kind, ERR_MALFORMED);
        }
    }
}

/* What a signer signed, back from what somebody made of it. */
static void as_der_would_have_it(void **state) {
    (void)state;
    const struct {
        struct bytes in, out;
    } rows[] = {
        {B(""), B("")},
        {B("\x04\x02hi"), B("\x04\x02hi")},
        {B("\xa0\x80\x30\x80\x05\0\0\0\0\0"), B("\xa0\x04\x30\x02\x05\0")},
        {B("\x30\x84\0\0\0\x06\x04\x81\x01h\x05\0"), B("\x30\x05\x04\x01h\x05\0")},
        {B("\x31\x80\x24\x80\x04\x01h\x24\x03\x04\x01i\0\0\0\0"), B("\x31\x04\x04\x02hi")},
        {B("\x05\0\x2c\x03\x0c\x01x"), B("\x05\0\x0c\x01x")},
        {B("\x23\x80\x03\x02\0x\x03\x02\0y\0\0"), B("\x03\x03\0xy")},
        {B("\x01\x01\x01"), B("\x01\x01\xff")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = arena_make(1 << 16);
        struct bytes out;
        struct error err = {0};
        assert_true(der_canonical(rows[i].in, &arena, &out, &err));
        assert_true(bytes_equal(out, rows[i].out));
        arena_free(&arena);
    }
    uint8_t deep[4 * (DER_DEPTH_MAX + 2)] = {0};
    for (size_t i = 0; i < DER_DEPTH_MAX + 2; i++) {
        deep[2 * i] = 0x30;
        deep[2 * i + 1] = 0x80;
    }
    const struct bytes bad[] = {B("\x30\x04\x04\x09hi"), B("\x30"), B("\x30\x80\x05\0")};
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        struct arena arena = arena_make(1 << 20);
        struct bytes out = B("untouched");
        struct error err = {0};
        assert_false(der_canonical(i < sizeof bad / sizeof *bad ? bad[i] : bytes_make(deep, sizeof deep), &arena, &out, &err));
        assert_int_not_equal(err.kind, ERR_NONE);
        assert_true(bytes_is(out, "untouched"));
        arena_free(&arena);
    }
}

/* 200,000 octets of 30 80, alone and in the places where a walker could be made to look at them again and again. */
static void deep_nesting_ends_soon(void **state) {
    (void)state;
    size_t n = 1000000;
    uint8_t *deep = malloc(n);
    assert_non_null(deep);
    for (size_t i = 0; i < n; i += 2) {
        deep[i] = 0x30;
        deep[i + 1] = 0x80;
    }
    clock_t start = clock();
    struct der e;
    struct error err = {0};
    assert_false(der_read(bytes_make(deep, n), &e, &err));
    assert_int_equal(err.kind, ERR_MALFORMED);

    /* 60 levels of indefinite lengths around many small elements: every level is entered. */
    memset(deep + 120, 5, n - 120);
    for (size_t i = 120; i < n; i += 2) {
        deep[i] = DER_NULL;
        deep[i + 1] = 0;
    }
    memset(deep + n - 120, 0, 120);
    struct der_cursor c = der_cursor_make(bytes_make(deep, n), 0);
    for (int i = 0; i < 60; i++) {
        struct der_cursor in;
        assert_true(der_enter(&c, DER_SEQUENCE, &in, NULL));
        c = in;
    }
    size_t count = 0;
    while (der_next(&c, &e, NULL)) {
        count++;
    }
    assert_int_equal(count, (n - 240) / 2);
    assert_true(clock() - start < 20 * CLOCKS_PER_SEC);
    free(deep);
}

static void cursors_know_their_place(void **state) {
    (void)state;
    /* SEQUENCE { SEQUENCE (long form) { INTEGER 5 }, NULL, one octet too few } */
    struct bytes b = B("\x30\x0a\x30\x81\x03\x02\x01\x05\x05\x00\x04\x07");
    struct der_cursor c = der_cursor_make(b, 1000), in, inner;
    struct der e;
    struct error err = {0};
    assert_true(der_enter(&c, DER_SEQUENCE, &in, &err));
    assert_int_equal(in.at, 1002);
    assert_int_equal(in.depth, 1);
    assert_false(in.ber);
    assert_false(der_optional(&in, DER_INTEGER, &e));
    assert_true(der_enter(&in, DER_SEQUENCE, &inner, &err));
    assert_true(in.ber);
    assert_int_equal(inner.at, 1005);
    assert_true(der_expect(&inner, DER_INTEGER, &e, &err));
    assert_false(der_next(&inner, &e, &err));
    assert_false(inner.failed);
    assert_false(der_expect(&inner, DER_INTEGER, &e, &err));
    assert_true(inner.failed);
    assert_true(der_optional(&in, DER_NULL, &e));
    assert_int_equal(in.at, 1010);
    assert_false(der_next(&in, &e, &err));
    assert_true(in.failed);
    assert_non_null(strstr(err.text, "1010"));
    assert_false(der_optional(&in, DER_OCTET_STRING, &e));
}

static void cursors_stop_at_the_depth(void **state) {
    (void)state;
    uint8_t deep[2 * 100];
    for (size_t i = 0; i < sizeof deep; i += 2) {
        deep[i] = 0x30;
        deep[i + 1] = (uint8_t)(sizeof deep - i - 2 < 0x80 ? sizeof deep - i - 2 : 0x7f);
    }
    struct der_cursor c = der_cursor_make(bytes_make(deep + 73, sizeof deep - 73), 0), in;
    c = der_cursor_make(bytes_make(deep + 74, sizeof deep - 74), 0);
    unsigned levels = 0;
    c.depth = 10;
    while (der_enter(&c, DER_SEQUENCE, &in, NULL)) {
        c = in;
        levels++;
    }
    assert_int_equal(levels, DER_DEPTH_MAX - 10);
}

static void strings_are_joined(void **state) {
    (void)state;
    struct arena arena = arena_make(4096);
    struct der e;
    struct bytes joined;
    assert_true(der_read(B("\x24\x80\x04\x02he\x24\x05\x04\x01l\x04\x00\x24\x80\x04\x02lo\0\0\0\0"), &e, NULL));
    assert_true(der_octets(&e, &arena, &joined, NULL));
    assert_true(bytes_is(joined, "hello"));
    assert_true(der_read(B("\x24\x04\x04\x09no"), &e, NULL));
    assert_false(der_octets(&e, &arena, &joined, NULL));
    assert_true(bytes_is(joined, "hello"));
    arena_free(&arena);
}

static void headers_are_made_minimal(void **state) {
    (void)state;
    struct arena arena = arena_make(4096);
    struct der e;
    struct bytes minimal;
    assert_true(der_read(B("\x30\x80\x05\x00\0\0"), &e, NULL));
    assert_true(der_minimal(&e, &arena, &minimal, NULL));
    assert_true(bytes_equal(minimal, B("\x30\x02\x05\x00")));
    uint8_t big[300] = {0};
    assert_true(der_wrap(DER_OCTET_STRING, bytes_make(big, 200), &arena, &minimal, NULL));
    assert_memory_equal(minimal.p, "\x04\x81\xc8\x00", 4);
    assert_true(der_wrap(DER_OCTET_STRING, bytes_make(big, 300), &arena, &minimal, NULL));
    assert_memory_equal(minimal.p, "\x04\x82\x01\x2c\x00", 5);
    assert_int_equal(minimal.n, 304);
    arena_free(&arena);
}

static void ber_is_seen_at_any_level(void **state) {
    (void)state;
    assert_false(der_is_ber(B("\x30\x07\x30\x03\x02\x01\x05\x05\x00")));
    assert_true(der_is_ber(B("\x30\x08\x30\x04\x02\x81\x01\x05\x05\x00")));
    assert_true(der_is_ber(B("\x30\x04\x30\x80\x00\x00")));
    /* junk inside one element does not hide what is behind it */
    assert_true(der_is_ber(B("\x30\x09\x30\x03\xff\xff\xff\x02\x81\x01\x05")));
    assert_false(der_is_ber(B("\x30\x08\x30\x03\xff\xff\xff\x02\x01\x05")));
    assert_false(der_is_ber(B("\x04\x04\x30\x80\x00\x00")));
}

static void serials(void **state) {
    (void)state;
    assert_true(bytes_equal(der_serial(B("\x00\x00\x12")), B("\x12")));
    assert_true(bytes_equal(der_serial(B("\x00")), B("\x00")));
    assert_true(bytes_equal(der_serial(B("\x00\x00")), B("\x00")));
    assert_true(bytes_equal(der_serial(B("")), B("\x00")));
    assert_true(bytes_equal(der_serial(B("\xff\x00")), B("\xff\x00")));
}

static void times(void **state) {
    (void)state;
    static const struct {
        uint8_t tag;
        const char *text;
        bool good;
        int64_t time;
    } rows[] = {
        {DER_UTC_TIME, "230329120000Z", true, 1680091200},
        {DER_UTC_TIME, "700101000000Z", true, 0},
        {DER_UTC_TIME, "500101000000Z", true, -631152000},
        {DER_UTC_TIME, "491231235959Z", true, 2524607999},
        {DER_UTC_TIME, "2303291200Z", true, 1680091200},
        {DER_UTC_TIME, "2303291400+0200", true, 1680091200},
        {DER_UTC_TIME, "230329103000-0130", true, 1680091200},
        {DER_UTC_TIME, "230329120000", true, 1680091200},
        {DER_UTC_TIME, "230229120000Z", false, 0},
        {DER_UTC_TIME, "240229120000Z", true, 1709208000},
        {DER_UTC_TIME, "231301120000Z", false, 0},
        {DER_UTC_TIME, "230001120000Z", false, 0},
        {DER_UTC_TIME, "23032912000Z", false, 0},
        {DER_UTC_TIME, "230329120000Zx", false, 0},
        {DER_UTC_TIME, "", false, 0},
        {DER_GENERALIZED_TIME, "20230329120000.123Z", true, 1680091200},
        {DER_GENERALIZED_TIME, "20230329120000,5+0000", true, 1680091200},
        {DER_GENERALIZED_TIME, "2023032912Z", true, 1680091200},
        {DER_GENERALIZED_TIME, "99991231235959Z", true, 253402300799},
        {DER_GENERALIZED_TIME, "00000101000000Z", true, -62167219200},
        {DER_GENERALIZED_TIME, "19000229000000Z", false, 0},
        {DER_IA5, "20230329120000Z", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct der e = {.tag = rows[i].tag, .content = bytes_text(rows[i].text)};
        int64_t time = -1;
        assert_int_equal(der_time(&e, &time, NULL), rows[i].good);
        assert_int_equal(time, rows[i].good ? rows[i].time : -1);
    }
}

static void oids(void **state) {
    (void)state;
    struct arena arena = arena_make(4096);
    assert_true(bytes_equal(oid_of(OID_SIGNED_DATA), B("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")));
    assert_true(bytes_equal(oid_of(OID_SPC_INDIRECT_DATA), B("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x04")));
    assert_true(oid_is(B("\x55\x1d\x0e"), OID_EXT_SKI));
    assert_false(oid_is(B("\x55\x1d\x0e"), OID_EXT_AKI));
    assert_false(oid_is(bytes_none(), OID_EXT_SKI));
    for (int i = 0; i < OID_COUNT; i++) {
        assert_true(oid_of((enum oid)i).n > 2);
    }
    assert_string_equal(oid_dotted(oid_of(OID_AT_UID), &arena), "0.9.2342.19200300.100.1.1");
    assert_string_equal(oid_dotted(B("\x88\x37\x03"), &arena), "2.999.3");
    assert_string_equal(oid_dotted(B("\x2a\x86"), &arena), "?");
    assert_string_equal(oid_dotted(bytes_none(), &arena), "?");
    uint8_t out[8];
    size_t n;
    assert_true(oid_encode("2.999.3", out, sizeof out, &n));
    assert_int_equal(n, 3);
    assert_memory_equal(out, "\x88\x37\x03", 3);
    static const char *const bad[] = {
        "", "1", "1.", "3.1", "1.40", "1.2.", "1.2.x", "1.2 ", "1.2.99999999999999999999", "1.2.3.4.5.6.7.8.9.10"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(oid_encode(bad[i], out, sizeof out, &n));
    }
    assert_int_equal(oid_hash(B("\x2b\x0e\x03\x02\x1a")), HASH_SHA1);
    assert_int_equal(oid_hash(B("\x60\x86\x48\x01\x65\x03\x04\x02\x01")), HASH_SHA256);
    assert_int_equal(oid_hash(B("\x2a\x86\x48\xce\x3d\x04\x03\x03")), HASH_SHA384);
    assert_int_equal(oid_hash(oid_of(OID_DATA)), HASH_NONE);
    arena_free(&arena);
}

/* Every way to walk what is given. */
static void walk(struct bytes b, struct arena *arena, void *context) {
    (void)context;
    struct der_cursor c = der_cursor_make(b, 0), in;
    struct der e;
    struct bytes octets;
    int64_t time;
    der_is_ber(b);
    while (der_next(&c, &e, NULL)) {
        if (!der_octets(&e, arena, &octets, NULL) || !der_minimal(&e, arena, &octets, NULL) || !der_time(&e, &time, NULL)) {
            oid_hash(e.content);
        }
        oid_dotted(e.content, arena);
        if (der_inside(&c, &e, &in, NULL)) {
            walk(in.left, arena, context);
        }
    }
}

static void hostile(void **state) {
    (void)state;
    hostile_each(B("\x30\x80\x24\x80\x04\x02he\x24\x05\x04\x01l\x04\x00\x24\x80\x04\x02lo\0\0\0\0\x17\x0d"
                   "230329120000Z\x30\x81\x05\x06\x03\x55\x1d\x0e\0\0"),
                 walk, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_in_every_form),
        cmocka_unit_test(as_der_would_have_it),
        cmocka_unit_test(deep_nesting_ends_soon),
        cmocka_unit_test(cursors_know_their_place),
        cmocka_unit_test(cursors_stop_at_the_depth),
        cmocka_unit_test(strings_are_joined),
        cmocka_unit_test(headers_are_made_minimal),
        cmocka_unit_test(ber_is_seen_at_any_level),
        cmocka_unit_test(serials),
        cmocka_unit_test(times),
        cmocka_unit_test(oids),
        cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
