/* SPDX-License-Identifier: Apache-2.0 */
#include "list/wide.h"

#include "asn1/chars.h"

/* An XML declaration is no longer. */
enum { DECLARATION_MAX = 200 };

static bool is_little(struct bytes content) {
    return content.n >= 2 && content.p[0] == 0xff && content.p[1] == 0xfe;
}

bool wide_is(struct bytes content) {
    return is_little(content) || (content.n >= 2 && content.p[0] == 0xfe && content.p[1] == 0xff);
}

/* <?xml version="1.0" encoding="utf-16"?>: the words from "encoding" to the second quote go. */
static void blank_encoding(struct text *text, size_t from) {
    struct bytes head = bytes_cut(bytes_make(text->p, text->n), from, DECLARATION_MAX);
    size_t end = bytes_find(head, bytes_text("?>"), 0), at = bytes_find(head, bytes_text("encoding"), 0), quotes = 0;
    if (!bytes_starts(head, bytes_text("<?xml")) || end == head.n || at >= end) {
        return;
    }
    for (size_t i = at; i < end && quotes < 2; i++) {
        quotes += head.p[i] == '"' || head.p[i] == '\'';
        text->p[from + i] = ' ';
    }
}

bool wide_narrow(struct bytes content, struct text *out, struct error *err) {
    size_t from = out->n, swap = is_little(content);
    struct bytes left = bytes_cut(content, 2, content.n);
    while (left.n != 0) {
        /* A pair of halves, or one character. */
        uint8_t units[4] = {0xff, 0xfd, 0, 0};
        size_t n = left.n < 4 ? left.n & 2 : 4;
        for (size_t i = 0; i < n; i++) {
            units[i ^ swap] = left.p[i];
        }
        bool pair = n == 4 && (units[0] & 0xfc) == 0xd8 && (units[2] & 0xfc) == 0xdc;
        struct chars chars = chars_make(DER_BMP, bytes_make(units, pair ? 4 : 2));
        uint32_t c = CHARS_BAD;
        char utf8[4];
        (void)chars_next(&chars, &c);
        text_add_bytes(out, bytes_make(utf8, chars_put(c, utf8)));
        left = bytes_cut(left, pair ? 4 : 2, left.n);
    }
    if (!text_ok(out)) {
        return error_set(err, ERR_LIMIT, "no memory for a list in UTF-16");
    }
    blank_encoding(out, from);
    return true;
}
