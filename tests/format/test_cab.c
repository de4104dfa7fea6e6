/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../asn1/build.h"
#include "../fuzz/hostile.h"
#include "format/format.h"

static struct arena whole, *arena = &whole;
static struct memory_source memory;

static int setup(void **state) {
    (void)state;
    whole = arena_make(ARENA_FILE_CAP);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static struct bytes u32(uint32_t value) {
    uint8_t *p = arena_alloc(arena, 4);
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> 8 * i);
    }
    return bytes_make(p, 4);
}

static struct bytes blob(void) {
    struct bytes leaf = build_cert(arena, "issuer", "leaf", B("\x12\x34"), "key");
    return build_signed_data(arena, leaf, bytes_none(), build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), bytes_none()));
}

static const char body[] = "folders, files and data";
enum { BODY = sizeof body - 1, HEAD = 60 };

/* A cabinet of one body; at 0: a header without reserve. tail is what follows the body. */
static struct bytes cabinet(uint32_t at, uint32_t size, struct bytes reserve_more, struct bytes tail) {
    size_t n = at != 0 ? 20 + reserve_more.n : 0;
    uint32_t told = (uint32_t)((at != 0 ? 40 + n : 36) + BODY);
    struct bytes header = join(arena, B("MSCF\0\0\0\0"), u32(told), B("res2\x2c\0\0\0res3\x03\x01\x01\0\x01\0"),
                               at != 0 ? B("\x04\0") : B("\0\0"), B("id\0\0"), END);
    struct bytes reserve =
        at == 0 ? bytes_none()
                : join(arena, bytes_cut(u32((uint32_t)n), 0, 2), B("\0\0\0\0\x10\0"), u32(at), u32(size), B("fill1234"), reserve_more, END);
    return join(arena, header, reserve, bytes_make(body, BODY), tail, END);
}

static struct contents read_file(struct bytes file) {
    struct contents contents = {0};
    struct error err = {0};
    memory_source_init(&memory, "file", file);
    struct probe probe = {.head = bytes_cut(file, 0, PROBE_HEAD), .tail = bytes_none(), .size = file.n};
    assert_true(format_by_name("cab")->probe(&probe));
    assert_true(format_by_name("cab")->read(&memory.source, arena, &contents, &err));
    return contents;
}

static void what_is_signed_is_claimed(void **state) {
    (void)state;
    struct bytes signature = blob();
    struct contents c = read_file(cabinet(HEAD + BODY, (uint32_t)signature.n, bytes_none(), signature));
    assert_int_equal(c.n_signatures, 1);
    assert_int_equal(c.anomalies.n, 0);
    assert_int_equal(c.unreadable.kind, ERR_NONE);
    assert_string_equal(c.signatures[0].part, "signature");
    assert_int_equal(c.signatures[0].n_claims, 1);
    struct bytes all = bytes_none(), part;
    for (size_t i = 0; i < c.signatures[0].claims[0].n_spans; i++) {
        const struct span *span = &c.signatures[0].claims[0].spans[i];
        assert_true(source_read(&memory.source, arena, span->at, span->n, &part, NULL));
        all = join(arena, all, part, END);
    }
    struct bytes expected =
        join(arena, B("MSCF"), u32(HEAD + BODY), B("res2\x2c\0\0\0res3\x03\x01\x01\0\x01\0\x04\0id\0\0\0\0"), bytes_make(body, BODY), END);
    assert_true(bytes_equal(all, expected));
}

static void signatures_elsewhere_are_found(void **state) {
    (void)state;
    struct bytes signature = blob();
    uint32_t n = (uint32_t)signature.n;
    struct contents c = read_file(cabinet(0, 0, bytes_none(), signature)); /* the header says nothing of it */
    assert_int_equal(c.n_signatures, 1);
    assert_true(anomaly_has(&c.anomalies, ANOMALY_BAD_DIRECTORY));
    c = read_file(cabinet(0x7fffffff, n, bytes_none(), signature)); /* the pointer is out of the file */
    assert_int_equal(c.n_signatures, 1);
    assert_true(c.signatures[0].carved);
    assert_true(anomaly_has(&c.anomalies, ANOMALY_BAD_DIRECTORY));
    c = read_file(cabinet(HEAD + BODY + 3, n, bytes_none(), join(arena, B("gap"), signature, END)));
    assert_int_equal(c.n_signatures, 1);
    assert_true(anomaly_has(&c.anomalies, ANOMALY_BAD_DIRECTORY));
    c = read_file(cabinet(HEAD + BODY - 2, n + 2, bytes_none(), signature)); /* it begins in the middle of nothing */
    assert_int_equal(c.n_signatures, 1);
    assert_true(anomaly_has(&c.anomalies, ANOMALY_BAD_BLOB));
    c = read_file(cabinet(HEAD + BODY + n, n, signature, signature)); /* a second one in the reserve */
    assert_int_equal(c.n_signatures, 2);
    assert_true(anomaly_has(&c.anomalies, ANOMALY_CARVED));
    assert_true(anomaly_has(&c.anomalies, ANOMALY_APPENDED_DATA));
    c = read_file(cabinet(HEAD + BODY, n, bytes_none(), bytes_none())); /* a promise that is not kept */
    assert_int_equal(c.n_signatures, 0);
    assert_int_equal(c.unreadable.kind, ERR_MALFORMED);
}

static void what_stands_behind_is_told(void **state) {
    (void)state;
    struct bytes signature = blob(), padded = join(arena, signature, B("behind the signature"), END);
    struct contents c = read_file(cabinet(HEAD + BODY, (uint32_t)padded.n, bytes_none(), padded));
    assert_true(anomaly_has(&c.anomalies, ANOMALY_APPENDED_DATA));
    assert_false(anomaly_has(&c.anomalies, ANOMALY_DATA_AFTER_CONTAINER));
    c = read_file(cabinet(HEAD + BODY, (uint32_t)signature.n, bytes_none(), padded));
    assert_false(anomaly_has(&c.anomalies, ANOMALY_APPENDED_DATA));
    assert_true(anomaly_has(&c.anomalies, ANOMALY_DATA_AFTER_CONTAINER));
    c = read_file(cabinet(HEAD + BODY, (uint32_t)signature.n, bytes_none(), join(arena, signature, B("\0\0\0\0"), END)));
    assert_int_equal(c.anomalies.n, 0);
}

static void read_any(struct bytes variant, struct arena *own, void *context) {
    struct memory_source source;
    struct contents contents = {0};
    struct error err = {0};
    (void)context;
    memory_source_init(&source, "file", variant);
    if (!format_by_name("cab")->read(&source.source, own, &contents, &err)) {
        assert_int_not_equal(err.kind, ERR_NONE);
    }
}

static void hostile_files_are_survived(void **state) {
    (void)state;
    struct bytes signature = blob();
    hostile_each(cabinet(HEAD + BODY, (uint32_t)signature.n, bytes_none(), signature), read_any, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_signed_is_claimed, setup, teardown),
        cmocka_unit_test_setup_teardown(signatures_elsewhere_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stands_behind_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_files_are_survived, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
