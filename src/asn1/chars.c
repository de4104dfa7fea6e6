/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: UTF8String, BMPString (UTF-16 big endian in practice, with surrogates), UniversalString (UTF-32 big endian), and the
 * one-octet types. T61String is read as Latin-1: that is what was put into it, whatever T.61 says.
 */
#include "asn1/chars.h"

#include "base/reader.h"
#include "base/text.h"

struct chars chars_make(uint8_t tag, struct bytes content) {
    return (struct chars){.left = content, .tag = tag};
}

static bool is_surrogate(uint32_t c, uint32_t first) {
    return c >= first && c < first + 0x400;
}

/* Takes n octets, most significant first; an end in the middle takes all that is left. */
static bool units(struct chars *chars, size_t n, uint32_t *c) {
    struct reader r = reader_make(chars->left, 0);
    uint32_t v = n == 2 ? reader_u16be(&r) : reader_u32be(&r);
    chars->left = r.left;
    *c = v;
    return reader_ok(&r);
}

bool chars_next(struct chars *chars, uint32_t *c) {
    if (chars->left.n == 0) {
        return false;
    }
    size_t n = 1;
    uint32_t v = chars->left.p[0], low;
    switch (chars->tag) {
    case DER_UTF8:
        v = utf8_next(chars->left, &n);
        chars->left = bytes_cut(chars->left, n, chars->left.n);
        break;
    case DER_BMP:
        if (!units(chars, 2, &v)) {
            v = CHARS_BAD;
        } else if (is_surrogate(v, 0xd800)) {
            struct chars ahead = *chars;
            if (units(&ahead, 2, &low) && is_surrogate(low, 0xdc00)) {
                *chars = ahead;
                v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        break;
    case DER_UNIVERSAL:
        if (!units(chars, 4, &v)) {
            v = CHARS_BAD;
        }
        break;
    default:
        chars->left = bytes_cut(chars->left, 1, chars->left.n);
        break;
    }
    *c = v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff) ? CHARS_BAD : v;
    return true;
}

bool chars_is_string(uint8_t tag) {
    /* NumericString 12, PrintableString 13, T61String 14, VideotexString 15, IA5String 16, GraphicString 19, VisibleString 1a,
     * GeneralString 1b, UniversalString 1c, BMPString 1e (X.680 8.6) */
    return tag == DER_UTF8 || (tag >= 0x12 && tag <= 0x16) || (tag >= 0x19 && tag <= 0x1c) || tag == DER_BMP;
}

uint32_t chars_fold(uint32_t c) {
    if (c < 0x80) {
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3ab) || (c >= 0x410 && c <= 0x42f) || (c >= 0xff21 && c <= 0xff3a)) {
        return c + 0x20;
    }
    if (c >= 0x400 && c <= 0x40f) {
        return c + 0x50;
    }
    if (c >= 0x531 && c <= 0x556) {
        return c + 0x30;
    }
    /* Pairs with the capital at the even number; then those with it at the odd one. */
    if ((c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) || (c >= 0x14a && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
        (c >= 0x48a && c <= 0x4bf) || (c >= 0x4d0 && c <= 0x52f) || (c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff)) {
        return c | 1;
    }
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) {
        return c + c % 2;
    }
    return c == 0x3c2 ? 0x3c3 : c;
}

bool chars_space(uint32_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

size_t chars_put(uint32_t c, char *out) {
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        c = CHARS_BAD;
    }
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[n] | c);
    return n;
}

const char *chars_text(uint8_t tag, struct bytes content, struct arena *arena) {
    char one[4];
    size_t n = 0, kept = 0;
    uint32_t c;
    for (struct chars chars = chars_make(tag, content); chars_next(&chars, &c);) {
        n += chars_put(c == 0 ? CHARS_BAD : c, one);
        kept = c == 0 ? kept : n;
    }
    char *text = arena_alloc(arena, kept + 1);
    if (text == NULL) {
        return NULL;
    }
    size_t at = 0;
    for (struct chars chars = chars_make(tag, content); at < kept && chars_next(&chars, &c);) {
        at += chars_put(c == 0 ? CHARS_BAD : c, text + at);
    }
    return text;
}
