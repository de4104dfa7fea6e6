/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../fuzz/hostile.h"
#include "asn1/catalog.h"
#include "build.h"

#include "../with_arena.h" /* the last: its arena has the name of many parameters */

#define SHA1 "0123456789abcdefghij"
#define SHA256 "0123456789abcdef0123456789abcdef"
static const char catalog[] = "1.3.6.1.4.1.311.12.1.1", roots[] = "1.3.6.1.4.1.311.10.3.9";

static struct bytes list(const char *usage, struct bytes members) {
    return SEQ(SEQ(build_dotted(arena, usage)), PRIM(DER_OCTET_STRING, B("identifier")), PRIM(DER_UTC_TIME, B("200101000000Z")),
               SEQ(build_dotted(arena, "1.3.6.1.4.1.311.12.1.3"), B("\x05\0")), PRIM(DER_SEQUENCE, members));
}

static struct bytes attribute(const char *type, struct bytes value) {
    return SEQ(build_dotted(arena, type), PRIM(DER_SET, value));
}

/* SpcIndirectDataContent of a program. */
static struct bytes indirect(struct bytes digest) {
    return attribute("1.3.6.1.4.1.311.2.1.4",
                     SEQ(SEQ(build_oid(arena, OID_SPC_PE_IMAGE_DATA)), SEQ(build_digest_algorithm(arena), PRIM(DER_OCTET_STRING, digest))));
}

static struct bytes member(struct bytes identifier, struct bytes attributes) {
    return SEQ(PRIM(DER_OCTET_STRING, identifier), PRIM(DER_SET, attributes));
}

/* The only member of a catalog. */
static struct catalog_member one(struct bytes element) {
    struct der_cursor members;
    struct catalog_member m;
    bool is_catalog;
    assert_true(catalog_open(list(catalog, element), &members, &is_catalog, NULL));
    assert_true(is_catalog);
    assert_true(catalog_next(&members, &m, NULL));
    struct catalog_member none;
    assert_false(catalog_next(&members, &none, NULL));
    assert_false(members.failed);
    return m;
}

static void is_digest(const struct catalog_digest *digest, struct bytes value) {
    assert_true(bytes_equal(bytes_make(digest->value, digest->n), value));
}

static void spellings(void **state) {
    (void)state;
    struct catalog_member m = one(member(B(SHA256), bytes_none()));
    assert_int_equal(m.n, 1);
    assert_false(m.image);
    is_digest(&m.digests[0], B(SHA256));

    m = one(member(B("0\0A\0"
                     "0\0b\0"),
                   bytes_none())); /* hexadecimal text, but of no digest */
    assert_int_equal(m.n, 0);

    uint8_t text[82] = {0};
    for (size_t i = 0; i < 20; i++) {
        text[4 * i] = (uint8_t) "0123456789ABCDEF"[SHA1[i] >> 4];
        text[4 * i + 2] = (uint8_t) "0123456789abcdef"[SHA1[i] & 15];
    }
    for (size_t n = 80; n <= 82; n += 2) { /* without its NUL and with it */
        m = one(member(bytes_make(text, n), bytes_none()));
        assert_int_equal(m.n, 1);
        is_digest(&m.digests[0], B(SHA1));
    }
    text[81] = 1;
    assert_int_equal(one(member(bytes_make(text, 82), bytes_none())).n, 0);
}

static void attributes(void **state) {
    (void)state;
    struct catalog_member m =
        one(member(B("a name"), join(arena, attribute("1.3.6.1.4.1.311.12.2.2", SEQ(B("\x02\x01\x00"))), indirect(B(SHA256)), END)));
    assert_int_equal(m.n, 1);
    assert_true(m.image);
    is_digest(&m.digests[0], B(SHA256));
    assert_int_equal(one(member(B(SHA256), indirect(B(SHA256)))).n, 1); /* the same one twice */
    assert_int_equal(one(member(B(SHA1), indirect(B(SHA256)))).n, 2);
}

static void damaged_members_hide_no_others(void **state) {
    (void)state;
    struct bytes members = join(arena, B("\x05\x00\x30\x00"), SEQ(PRIM(DER_OCTET_STRING, B(SHA1)), B("\x31\x02\xff\xff")),
                                member(B(SHA256), bytes_none()), END);
    assert_true(catalog_lists(list(catalog, members), B(SHA1)));
    assert_true(catalog_lists(list(catalog, members), B(SHA256)));
    assert_false(catalog_lists(list(catalog, members), B("0123456789abcdefghiJ")));
}

static void other_lists(void **state) {
    (void)state;
    struct der_cursor members;
    bool is_catalog = true;
    struct bytes b = list(roots, member(B(SHA256), bytes_none()));
    assert_true(catalog_open(b, &members, &is_catalog, NULL));
    assert_false(is_catalog);
    assert_int_equal(members.left.n, 0);
    assert_false(catalog_lists(b, B(SHA256)));
    assert_false(catalog_open(B("\x30\x02\x05\x00"), &members, &is_catalog, NULL));
}

static void any(struct bytes b, struct arena *memory, void *context) {
    (void)memory;
    (void)context;
    struct der_cursor members;
    struct catalog_member m;
    bool is_catalog;
    if (catalog_open(b, &members, &is_catalog, NULL)) {
        while (catalog_next(&members, &m, NULL)) {
            assert_true(m.n <= CATALOG_DIGESTS_MAX);
        }
    }
}

static void hostile(void **state) {
    (void)state;
    struct bytes members = join(arena, member(B(SHA256), indirect(B(SHA1))), member(B("0\0A\0"), bytes_none()), END);
    hostile_each(list(catalog, members), any, NULL);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {T(spellings), T(attributes), T(damaged_members_hide_no_others), T(other_lists), T(hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
