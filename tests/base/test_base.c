/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/fs.h"
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

/* Against memmem, in bytes where the needle's octets are rare, common, and nothing else; from every start. */
static void finding(void **state) {
    (void)state;
    static const char *const alphabets[] = {"k", "ko", "koly", "abc koly\4", "abcdefghijlmnopqrs"};
    static const struct bytes needles[] = {{(const uint8_t *)"koly\0\0\0\4", 8}, {(const uint8_t *)"k", 1},
                                           {(const uint8_t *)"kkkkko", 6},       {(const uint8_t *)"koly", 4},
                                           {(const uint8_t *)"ok ko", 5},        {(const uint8_t *)"", 0}};
    uint8_t hay[700];
    uint32_t seed = 1;
    for (size_t a = 0; a < sizeof alphabets / sizeof *alphabets; a++) {
        for (size_t i = 0; i < sizeof hay; i++) {
            seed = seed * 1103515245 + 12345;
            hay[i] = (uint8_t)alphabets[a][(seed >> 16) % strlen(alphabets[a])];
        }
        memcpy(hay + 600, "koly\0\0\0\4", 8);
        for (size_t n = 0; n < sizeof needles / sizeof *needles; n++) {
            for (size_t from = 0; from <= sizeof hay; from++) {
                const uint8_t *hit = needles[n].n != 0 ? memmem(hay + from, sizeof hay - from, needles[n].p, needles[n].n) : NULL;
                size_t expected = hit != NULL ? (size_t)(hit - hay) : sizeof hay;
                assert_int_equal(bytes_find(bytes_make(hay, sizeof hay), needles[n], from), expected);
            }
        }
    }
}

static void holes_are_no_extent(void **state) {
    (void)state;
    const struct fs_identity small = {.size = 1 << 20, .allocated = 0}, whole = {.size = UINT64_C(5) << 30, .allocated = UINT64_C(6) << 30},
                             holes = {.size = UINT64_C(3) << 40, .allocated = 4096},
                             packed = {.size = UINT64_C(9) << 30, .allocated = UINT64_C(2) << 30};
    assert_int_equal(fs_extent(&small), 1 << 20);
    assert_int_equal(fs_extent(&whole), UINT64_C(5) << 30);
    assert_int_equal(fs_extent(&holes), FS_EXTENT_MIN);
    assert_int_equal(fs_extent(&packed), UINT64_C(2) << 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_are_no_extent),       cmocka_unit_test(finding),
        cmocka_unit_test(reader_is_sticky),          cmocka_unit_test(reader_sub_cannot_see_past_its_end),
        cmocka_unit_test(arena_keeps_its_cap),       cmocka_unit_test(hex_as_lists_write_it),
        cmocka_unit_test(safe_text_moves_no_cursor), cmocka_unit_test(nearest_word),
        cmocka_unit_test(error_gets_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
