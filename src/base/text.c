/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"

static bool make_room(struct text *t, size_t more) {
    if (t->failed || more > SIZE_MAX / 4 - t->n) {
        t->failed = true;
        return false;
    }
    size_t need = t->n + more + 1;
    if (need > t->room) {
        size_t room = need + need / 2 + 32;
        char *p = realloc(t->p, room);
        if (p == NULL) {
            t->failed = true;
            return false;
        }
        t->p = p;
        t->room = room;
    }
    return true;
}

void text_add_bytes(struct text *t, struct bytes b) {
    if (make_room(t, b.n)) {
        if (b.n != 0) {
            memcpy(t->p + t->n, b.p, b.n);
        }
        t->n += b.n;
        t->p[t->n] = '\0';
    }
}

void text_add(struct text *t, const char *s) {
    text_add_bytes(t, bytes_text(s));
}

void text_add_char(struct text *t, char c) {
    text_add_bytes(t, bytes_make(&c, 1));
}

void text_addf(struct text *t, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        t->failed = true;
    } else if (make_room(t, (size_t)n)) {
        vsnprintf(t->p + t->n, (size_t)n + 1, format, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

void text_add_hex(struct text *t, struct bytes b) {
    if (b.n <= SIZE_MAX / 8 && make_room(t, b.n * 2)) {
        hex_encode(b, t->p + t->n);
        t->n += b.n * 2;
    }
}

/* Such a code point would move the cursor, reorder the line, or be invisible. */
bool text_unsafe(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

void text_add_safe(struct text *t, struct bytes b, size_t limit) {
    size_t start = t->n;
    while (b.n != 0) {
        if (t->n - start >= limit) {
            text_add(t, "…");
            return;
        }
        size_t n;
        uint32_t c = utf8_next(b, &n);
        if (c == UINT32_MAX || (c < 0x100 && text_unsafe(c))) {
            text_addf(t, "\\x%02x", c == UINT32_MAX ? (uint32_t)b.p[0] : c);
        } else if (text_unsafe(c)) {
            text_addf(t, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
        } else {
            text_add_bytes(t, bytes_cut(b, 0, n));
        }
        b = bytes_cut(b, n, b.n);
    }
}

bool text_ok(const struct text *t) {
    return !t->failed;
}

const char *text_c(const struct text *t) {
    return t->p != NULL ? t->p : "";
}

void text_clear(struct text *t) {
    t->n = 0;
    t->failed = false;
    if (t->p != NULL) {
        t->p[0] = '\0';
    }
}

void text_free(struct text *t) {
    free(t->p);
    *t = (struct text){0};
}

uint32_t utf8_next(struct bytes b, size_t *n) {
    uint8_t first = b.p[0];
    size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t c = length == 1 ? first : (uint32_t)(first & (0xff >> (length + 1)));
    *n = 1;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || length > b.n) {
        return UINT32_MAX;
    }
    for (size_t i = 1; i < length; i++) {
        if ((b.p[i] & 0xc0) != 0x80) {
            return UINT32_MAX;
        }
        c = c << 6 | (b.p[i] & 0x3f);
    }
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return UINT32_MAX;
    }
    *n = length;
    return c;
}

bool utf8_valid(struct bytes b) {
    while (b.n != 0) {
        size_t n;
        if (utf8_next(b, &n) == UINT32_MAX) {
            return false;
        }
        b = bytes_cut(b, n, b.n);
    }
    return true;
}

void text_add_json(struct text *t, const char *json) {
    /* Outside of strings JSON is plain ASCII, so that whatever is escaped here stands in a string. */
    for (struct bytes b = bytes_text(json); b.n != 0;) {
        size_t n = 0;
        char escaped[13];
        while (n < b.n && b.p[n] < 0x7f) {
            n++;
        }
        uint32_t c = n == 0 ? utf8_next(b, &n) : 0;
        if (b.p[0] < 0x7f || !text_unsafe(c)) {
            text_add_bytes(t, bytes_cut(b, 0, n));
        } else if (c < 0x10000) {
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
            text_add(t, escaped);
        } else {
            snprintf(escaped, sizeof escaped, "\\u%04x\\u%04x", (0xd7c0 + (c >> 10)) & 0xffff, 0xdc00 + (c & 0x3ff));
            text_add(t, escaped);
        }
        b = bytes_cut(b, n, b.n);
    }
}

enum { WORD_MAX = 32 };

unsigned edit_distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    unsigned d[WORD_MAX + 1][WORD_MAX + 1];
    if (n > WORD_MAX || m > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t i = 0; i <= n; i++) {
        d[i][0] = (unsigned)i;
    }
    for (size_t j = 0; j <= m; j++) {
        d[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && d[i - 2][j - 2] + 1 < best) {
                best = d[i - 2][j - 2] + 1;
            }
            d[i][j] = best;
        }
    }
    return d[n][m];
}
