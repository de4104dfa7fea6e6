/* SPDX-License-Identifier: Apache-2.0 */
#include "source/wide_name.h"

static size_t utf8_put(uint32_t c, uint8_t *to) {
    if (c < 0x80) {
        to[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (uint8_t)(0xc0 | c >> 6);
        to[1] = (uint8_t)(0x80 | (c & 63));
        return 2;
    }
    size_t n = c < 0x10000 ? 3 : 4;
    to[0] = (uint8_t)(n == 3 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
    for (size_t i = 1; i < n; i++) {
        to[i] = (uint8_t)(0x80 | (c >> 6 * (n - 1 - i) & 63));
    }
    return n;
}

/* A slash in it is what other systems show as colon; NULs stand in Apple's private folders. */
char *wide_name(struct reader *r, uint16_t n, struct arena *arena) {
    uint8_t *name = arena_alloc(arena, (size_t)n * 3 + 1);
    size_t at = 0;
    uint32_t high = 0;
    for (uint16_t i = 0; i < n && name != NULL; i++) {
        uint32_t c = reader_u16be(r);
        if ((c & 0xfc00) == 0xd800) {
            high = c;
            continue;
        }
        if ((c & 0xfc00) == 0xdc00 && high != 0) {
            c = 0x10000 + ((high & 0x3ff) << 10) + (c & 0x3ff);
        }
        high = 0;
        if (c != 0) {
            at += utf8_put(c == '/' ? ':' : c, name + at);
        }
    }
    return (char *)name;
}
