/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include "base/text.h"

void hex_encode(struct bytes b, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < b.n; i++) {
        *out++ = digits[b.p[i] >> 4];
        *out++ = digits[b.p[i] & 15];
    }
    *out = '\0';
}

static int digit(uint32_t c) {
    if (c - '0' < 10) {
        return (int)(c - '0');
    }
    c = (c | 0x20) - 'a';
    return c < 6 ? (int)c + 10 : -1;
}

bool hex_decode(struct bytes s, uint8_t *out, size_t room, size_t *n) {
    if (s.n % 2 != 0 || s.n / 2 > room) {
        return false;
    }
    for (size_t i = 0; i < s.n; i += 2) {
        int high = digit(s.p[i]), low = digit(s.p[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    *n = s.n / 2;
    return true;
}

/* Characters that lists put between or around the digits and that mean nothing. */
static bool is_filler(uint32_t c) {
    return c == ':' || c == ' ' || c == '\t' || c == '-' || c == '"' || c == '\'' || c == '\r' || c == '\n' || c == 0xa0 || c == 0xfeff ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e);
}

/* Counts the digits of s, or writes them when out is given. SIZE_MAX when something else stands in it. */
static size_t each_digit(struct bytes s, uint8_t *out, size_t odd) {
    size_t count = odd;
    bool prefixed = false;
    while (s.n != 0) {
        size_t n;
        uint32_t c = utf8_next(s, &n);
        int d = c == UINT32_MAX ? -1 : digit(c);
        if ((c | 0x20) == 'x' && count == odd + 1 && !prefixed) {
            prefixed = true; /* the 0 of 0x was counted as a digit: leading zeros do no harm only if they are dropped */
            count = odd;
        } else if (d >= 0) {
            if (out != NULL) {
                out[count / 2] = (uint8_t)(count % 2 == 0 ? d << 4 : out[count / 2] | d);
            }
            count++;
        } else if (c == UINT32_MAX || !is_filler(c)) {
            return SIZE_MAX;
        }
        s = bytes_cut(s, n, s.n);
    }
    return count;
}

bool hex_normalise(struct bytes s, uint8_t *out, size_t room, size_t *n) {
    if (s.n != 0 && hex_decode(s, out, room, n)) {
        return true; /* nothing but digits, as most lists have it */
    }
    size_t digits = each_digit(s, NULL, 0);
    if (digits == SIZE_MAX || digits == 0 || (digits + 1) / 2 > room) {
        return false;
    }
    size_t odd = digits % 2;
    if (odd != 0) {
        out[0] = 0;
    }
    each_digit(s, out, odd);
    *n = (digits + odd) / 2;
    return true;
}
