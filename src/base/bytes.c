/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

int bytes_order(struct bytes a, struct bytes b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int r = n == 0 ? 0 : memcmp(a.p, b.p, n);
    if (r != 0) {
        return r;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

/* How often an octet stands in text and programs, roughly: a digit for each, 1 for the rarest. */
/* clang-format off */
static const char commonness[] =
    "41111111114111111111111111111111"
    "42222222222222222222222222222222"
    "22222222222222222222222222222222"
    "23333333332233333233333323222222"
    "11111111111111111111111111111111"
    "11111111111111111111111111111111"
    "11111111111111111111111111111111"
    "11111111111111111111111111111114";
/* clang-format on */

static size_t rarest(struct bytes needle) {
    size_t best = 0;
    for (size_t i = 1; i < needle.n && commonness[needle.p[best]] != '1'; i++) {
        best = commonness[needle.p[i]] < commonness[needle.p[best]] ? i : best;
    }
    return best;
}

enum { SHORT_NEEDLE = 32, FALSE_HITS = 64, HIT_DISTANCE = 64 };

/* memmem looks at each octet, memchr at many at once: so the rarest octet of a short needle is looked for. Where that one is not rare
 * at all, memmem goes on, which is linear whatever it gets. */
size_t bytes_find(struct bytes a, struct bytes needle, size_t from) {
    if (needle.n == 0 || from > a.n || a.n - from < needle.n) {
        return a.n;
    }
    size_t at = from, last = a.n - needle.n;
    if (needle.n <= SHORT_NEEDLE) {
        size_t k = rarest(needle);
        for (size_t tries = 0; tries < FALSE_HITS + (at - from) / HIT_DISTANCE; tries++) {
            const uint8_t *hit = at <= last ? memchr(a.p + at + k, needle.p[k], last - at + 1) : NULL;
            if (hit == NULL) {
                return a.n;
            }
            at = (size_t)(hit - a.p) - k;
            if (memcmp(a.p + at, needle.p, needle.n) == 0) {
                return at;
            }
            at++;
        }
    }
    const uint8_t *hit = memmem(a.p + at, a.n - at, needle.p, needle.n);
    return hit != NULL ? (size_t)(hit - a.p) : a.n;
}

bool bytes_zero(struct bytes b) {
    return b.n == 0 || (b.p[0] == 0 && memcmp(b.p, b.p + 1, b.n - 1) == 0);
}
