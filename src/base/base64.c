/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <string.h>

int base64_digit(uint8_t c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t base64_decode_on(uint8_t *p, size_t n) {
    uint32_t bits = 0;
    unsigned have = 0;
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        int v = base64_digit(p[i]);
        if (p[i] == '=') { /* the end, or where something else was put behind: it begins anew */
            bits = 0;
            have = 0;
        }
        if (v < 0) {
            continue;
        }
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            p[out++] = (uint8_t)(bits >> have);
        }
    }
    return out;
}

size_t base64_decode(uint8_t *p, size_t n) {
    const uint8_t *end = n != 0 ? memchr(p, '=', n) : NULL;
    return base64_decode_on(p, end != NULL ? (size_t)(end - p) : n);
}
