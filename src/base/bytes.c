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

size_t bytes_find(struct bytes a, struct bytes needle, size_t from) {
    if (needle.n == 0 || from > a.n) {
        return a.n;
    }
    const uint8_t *hit = memmem(a.p + from, a.n - from, needle.p, needle.n);
    return hit != NULL ? (size_t)(hit - a.p) : a.n;
}

bool bytes_zero(struct bytes b) {
    return b.n == 0 || (b.p[0] == 0 && memcmp(b.p, b.p + 1, b.n - 1) == 0);
}
