/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../fuzz/hostile.h"
#include "build_cfb.h"

static struct arena arena;
static uint8_t large[10000];

static int setup(void **state) {
    (void)state;
    arena = arena_make(ARENA_FILE_CAP);
    for (size_t i = 0; i < sizeof large; i++) {
        large[i] = (uint8_t)(i * 7 + i / 251);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct built_cfb sample(unsigned shift, bool backwards) {
    const struct item items[] = {
        {"large", 0, CFB_STREAM, bytes_make(large, sizeof large)},
        {"small", 0, CFB_STREAM, bytes_text("small stream")},
        {"empty", 0, CFB_STREAM, bytes_none()},
        {"folder", 0, CFB_STORAGE, bytes_none()},
        {"inner", 4, CFB_STREAM, bytes_make(large, 300)},
    };
    return build_cfb(&arena, shift, backwards, items, sizeof items / sizeof items[0]);
}

static struct memory_source memory;

static bool open_file(struct bytes file, struct cfb *cfb, struct error *err) {
    memory_source_init(&memory, "file", file);
    return cfb_open(cfb, &memory.source, &arena, err);
}

static struct bytes content(struct cfb *cfb, uint32_t id) {
    struct cfb_stream stream;
    struct bytes b;
    struct error err = {0};
    if (!cfb_stream_open(cfb, &cfb->entries[id], "stream", &stream, &err) ||
        !source_read(&stream.source, &arena, 0, stream.source.size, &b, &err)) {
        fail_msg("%s", err.text);
    }
    return b;
}

static void streams_are_read_in_both_versions(void **state) {
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct cfb cfb;
        struct error err = {0};
        assert_true(open_file(sample(i % 2 != 0 ? 12 : 9, i >= 2).file, &cfb, &err));
        assert_null(cfb.odd);
        assert_int_equal(cfb.cut.kind, ERR_NONE);
        assert_int_equal(cfb.end, memory.source.size);
        assert_true(bytes_equal(content(&cfb, 1), bytes_make(large, sizeof large)));
        assert_true(bytes_is(content(&cfb, 2), "small stream"));
        assert_int_equal(content(&cfb, 3).n, 0);
        assert_true(bytes_equal(content(&cfb, 5), bytes_make(large, 300)));
        assert_string_equal(cfb_path_text(&cfb, &cfb.entries[5], &arena), "folder/inner");
        assert_int_equal(cfb.entries[5].parent, 4);
        assert_int_equal(cfb.entries[5].depth, 2);
        struct cfb_stream stream;
        uint8_t some[700];
        assert_true(cfb_stream_open(&cfb, &cfb.entries[1], "stream", &stream, &err));
        assert_true(source_into(&stream.source, some, sizeof some, 4000, &err));
        assert_memory_equal(some, large + 4000, sizeof some);
        assert_int_equal(stream.n, i < 2 ? 1 : (sizeof large + (1u << cfb.shift) - 1) >> cfb.shift);
    }
}

static void names_are_decoded_as_the_installer_writes_them(void **state) {
    (void)state;
    static const uint8_t table[] = {0x40, 0x48, 0x3f, 0x3b, 0xf2, 0x43, 0x38, 0x44, 0xb1, 0x45}; /* "!_Columns" */
    static const uint8_t odd[] = {5, 0, 'a', 0, 0x00, 0xd8, 0x3d, 0xd8, 0x00, 0xde, 0xe9, 0x00};
    struct cfb_entry e = {.name = bytes_make(table, sizeof table)};
    assert_string_equal(cfb_name_text(&e, &arena), "!_Columns");
    e.name = bytes_make(odd, sizeof odd);
    assert_string_equal(cfb_name_text(&e, &arena), "\5a\xef\xbf\xbd\xf0\x9f\x98\x80\xc3\xa9");
    e.name = bytes_make("\5\0A\0b\0", 6);
    assert_true(cfb_name_is(&e, "\5Ab"));
    assert_false(cfb_name_is(&e, "\5ab"));
    assert_true(cfb_name_is_like(&e, "\5aB"));
    assert_false(cfb_name_is_like(&e, "\5Abc"));
}

static struct bytes changed(struct bytes file, size_t at, uint32_t value) {
    struct bytes copy;
    assert_true(arena_copy(&arena, file, &copy, NULL));
    build_u32((uint8_t *)copy.p + at, value);
    return copy;
}

static void loops_end(void **state) {
    (void)state;
    struct built_cfb b = sample(9, false);
    struct cfb cfb;
    struct cfb_stream stream;
    struct error err = {0};
    uint32_t directory = (uint32_t)(b.directory / 512 - 1);
    assert_true(open_file(changed(b.file, b.fat + 4 * (size_t)directory, directory), &cfb, &err)); /* its chain is itself */
    assert_int_equal(cfb.cut.kind, ERR_MALFORMED);
    assert_int_equal(cfb.n, 4);
    assert_true(open_file(changed(b.file, b.fat + 4 * 3, 2), &cfb, &err)); /* inside of the large stream */
    assert_false(cfb_stream_open(&cfb, &cfb.entries[1], "s", &stream, &err));
    assert_int_equal(err.kind, ERR_MALFORMED);
    assert_true(open_file(changed(b.file, b.directory + 2 * 128 + 68, 1), &cfb, &err)); /* a tree that meets itself */
    assert_non_null(cfb.odd);
    assert_true(cfb.entries[5].reached);
}

static void damage_is_told(void **state) {
    (void)state;
    struct built_cfb b = sample(9, false);
    struct cfb cfb;
    struct cfb_stream stream;
    struct error err = {0};
    assert_false(open_file(changed(b.file, 30, 31), &cfb, &err)); /* sector shift */
    assert_int_equal(err.kind, ERR_MALFORMED);
    assert_false(open_file(changed(b.file, 48, 0x7fffffff), &cfb, &err)); /* the directory elsewhere */
    assert_int_equal(err.kind, ERR_MALFORMED);
    assert_true(open_file(changed(b.file, 44, 2), &cfb, &err) && cfb.odd == NULL); /* more FAT than the file needs */
    assert_true(open_file(changed(b.file, 44, 0), &cfb, &err) && cfb.odd != NULL);
    assert_true(open_file(changed(b.file, b.directory + 128 + 120, 0x7fffffff), &cfb, &err));
    assert_false(cfb_stream_open(&cfb, &cfb.entries[1], "s", &stream, &err));
    assert_true(open_file(changed(b.file, b.directory + 128 + 120, sizeof large + 600), &cfb, &err));
    assert_false(cfb_stream_open(&cfb, &cfb.entries[1], "s", &stream, &err));                 /* longer than its chain */
    assert_true(open_file(changed(b.file, b.directory + 128 + 124, 0xdeadbeef), &cfb, &err)); /* rubbish above the size */
    assert_true(bytes_equal(content(&cfb, 1), bytes_make(large, sizeof large)));
    assert_true(open_file(changed(b.file, b.directory + 4 * 128 + 76, 77), &cfb, &err)); /* a child that does not exist */
    assert_non_null(cfb.odd);
    assert_false(cfb.entries[5].reached);
    assert_string_equal(cfb_path_text(&cfb, &cfb.entries[5], &arena), "inner");
}

static void read_everything(struct bytes variant, struct arena *own, void *context) {
    struct memory_source source;
    struct cfb cfb;
    struct error err = {0};
    (void)context;
    memory_source_init(&source, "file", variant);
    if (!cfb_open(&cfb, &source.source, own, &err)) {
        assert_int_not_equal(err.kind, ERR_NONE);
        return;
    }
    for (uint32_t i = 0; i < cfb.n; i++) {
        struct cfb_stream stream;
        struct bytes b;
        (void)cfb_path_text(&cfb, &cfb.entries[i], own);
        if (cfb_stream_open(&cfb, &cfb.entries[i], "s", &stream, &err)) {
            assert_true(stream.source.size <= variant.n);
            (void)!source_read(&stream.source, own, 0, stream.source.size, &b, &err);
        }
    }
}

static void hostile_files_are_survived(void **state) {
    (void)state;
    const struct item items[] = {{"a", 0, CFB_STORAGE, bytes_none()}, {"b", 1, CFB_STREAM, bytes_text("small")}};
    hostile_each(build_cfb(&arena, 9, false, items, 2).file, read_everything, NULL);
    hostile_cuts(sample(9, true).file, 1, read_everything, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(streams_are_read_in_both_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_decoded_as_the_installer_writes_them, setup, teardown),
        cmocka_unit_test_setup_teardown(loops_end, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_files_are_survived, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
