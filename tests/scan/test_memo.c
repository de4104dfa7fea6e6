/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that a reader remembers: whole, so that one that is made to fall into another one's place is not taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "scan/memo.h"

enum { N = 600 };
static struct memo memo;

static struct bytes made(uint8_t *octets, size_t n, uint8_t fill, uint64_t end) {
    memset(octets, fill, n);
    memcpy(octets + n - sizeof end, &end, sizeof end);
    return bytes_make(octets, n);
}

static void known_by_all_octets(void **state) {
    (void)state;
    uint8_t a[N], b[N], c[N + 1];
    struct bytes one = made(a, N, 1, 7), same_end = made(b, N, 2, 7), longer = made(c, N + 1, 1, 7);
    assert_false(memo_has(&memo, one));
    memo_add(&memo, one);
    assert_true(memo_has(&memo, one));
    assert_false(memo_has(&memo, same_end));
    assert_false(memo_has(&memo, longer));
    assert_false(memo_has(&memo, bytes_cut(one, 1, N)));
    memo_add(&memo, same_end); /* the place is the same: the older one is forgotten */
    assert_true(memo_has(&memo, same_end));
    assert_false(memo_has(&memo, one));
    memset(b, 3, N / 2); /* what is kept is a copy */
    assert_false(memo_has(&memo, same_end));
}

static void many_have_places(void **state) {
    (void)state;
    uint8_t octets[N];
    size_t kept = 0;
    for (uint64_t i = 0; i < 64; i++) {
        memo_add(&memo, made(octets, N, 9, i));
    }
    for (uint64_t i = 0; i < 64; i++) {
        kept += memo_has(&memo, made(octets, N, 9, i));
    }
    assert_in_range(kept, 48, 64);
}

static void odd_sizes_are_not_kept(void **state) {
    (void)state;
    static uint8_t octets[MEMO_LONGEST + 1];
    struct bytes longest = made(octets, MEMO_LONGEST, 5, 1), too_long = made(octets, MEMO_LONGEST + 1, 5, 1);
    memo_add(&memo, longest);
    assert_true(memo_has(&memo, longest));
    memo_add(&memo, too_long);
    assert_false(memo_has(&memo, too_long));
    memo_add(&memo, bytes_make(octets, 7));
    assert_false(memo_has(&memo, bytes_make(octets, 7)));
    memo_add(&memo, bytes_none());
    assert_false(memo_has(&memo, bytes_none()));
    memo_add(NULL, longest);
    assert_false(memo_has(NULL, longest));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_by_all_octets),
        cmocka_unit_test(many_have_places),
        cmocka_unit_test(odd_sizes_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
