/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/hex.h"
#include "base/reader.h"
#include "base/text.h"

static void reader_is_sticky(void **state) {
    (void)state;
    struct reader r = reader_make(bytes_make("\x01\x02\x03", 3), 100);
    assert_int_equal(reader_u16le(&r), 0x0201);
    assert_true(reader_ok(&r));
    assert_int_equal(r.at, 102);
    assert_int_equal(reader_u16be(&r), 0);
    assert_false(reader_ok(&r));
    assert_int_equal(reader_u8(&r), 0); /* the byte that was left is gone too: nothing is read half */
}

static void reader_sub_cannot_see_past_its_end(void **state) {
    (void)state;
    struct reader r = reader_make(bytes_text("abcdef"), 0);
    struct reader sub = reader_sub(&r, 2);
    assert_int_equal(reader_u8(&sub), 'a');
    assert_int_equal(reader_u16le(&sub), 0);
    assert_false(reader_ok(&sub));
    assert_true(reader_ok(&r));
    assert_int_equal(reader_u8(&r), 'c');
}

static void arena_keeps_its_cap(void **state) {
    (void)state;
    struct arena arena = arena_make(64);
    assert_non_null(arena_alloc(&arena, 48));
    assert_null(arena_alloc(&arena, 32));
    assert_null(arena_array(&arena, SIZE_MAX / 2, 4));
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 64));
    arena_free(&arena);
}

static void hex_as_lists_write_it(void **state) {
    (void)state;
    uint8_t out[8];
    size_t n;
    assert_true(hex_normalise(bytes_text("0x00:AB cd\xe2\x80\x8e"), out, sizeof out, &n));
    assert_int_equal(n, 3);
    assert_memory_equal(out, "\x00\xab\xcd", 3);
    assert_true(hex_normalise(bytes_text("abc"), out, sizeof out, &n));
    assert_memory_equal(out, "\x0a\xbc", 2);
    assert_false(hex_normalise(bytes_text("???"), out, sizeof out, &n));
    assert_false(hex_normalise(bytes_text(""), out, sizeof out, &n));
    assert_false(hex_decode(bytes_text("abc"), out, sizeof out, &n));
}

static void safe_text_moves_no_cursor(void **state) {
    (void)state;
    struct text t = {0};
    text_add_safe(&t, bytes_text("a\x1b[31m\n\xe2\x80\xae\xff\xc3\xa9"), 100);
    assert_string_equal(text_c(&t), "a\\x1b[31m\\x0a\\u202e\\xff\xc3\xa9");
    text_free(&t);
    assert_false(utf8_valid(bytes_text("\xc0\x80")));
    assert_false(utf8_valid(bytes_text("\xed\xa0\x80")));
    assert_true(utf8_valid(bytes_text("\xf0\x9f\x92\xa9")));
}

static void nearest_word(void **state) {
    (void)state;
    assert_int_equal(edit_distance("scna", "scan"), 1);
    assert_int_equal(edit_distance("", "scan"), 4);
}

static void error_gets_its_place(void **state) {
    (void)state;
    struct error err;
    assert_false(error_set(&err, ERR_MALFORMED, "entry has length %u", 7));
    assert_false(error_within(&err, "certificate table"));
    assert_string_equal(err.text, "certificate table: entry has length 7");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_is_sticky),          cmocka_unit_test(reader_sub_cannot_see_past_its_end),
        cmocka_unit_test(arena_keeps_its_cap),       cmocka_unit_test(hex_as_lists_write_it),
        cmocka_unit_test(safe_text_moves_no_cursor), cmocka_unit_test(nearest_word),
        cmocka_unit_test(error_gets_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
