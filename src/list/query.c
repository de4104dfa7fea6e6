/* SPDX-License-Identifier: Apache-2.0 */
#include "list/query.h"

#include "base/hex.h"

void query_add(struct text *out, struct bytes words) {
    for (size_t i = 0; i < words.n; i++) {
        char c = (char)words.p[i];
        bool plain =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("-_.~/:", c) != NULL);
        if (plain || c == ' ') {
            text_add_char(out, plain ? c : '+');
        } else {
            text_addf(out, "%%%02X", words.p[i]);
        }
    }
}

bool query_words(struct bytes text, struct arena *arena, struct bytes *out) {
    uint8_t *words = arena_alloc(arena, text.n + 1);
    size_t n = 0, one;
    if (words == NULL) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        bool escape = text.p[i] == '%' && i + 2 < text.n && hex_decode(bytes_cut(text, i + 1, 2), &words[n], 1, &one);
        if (!escape) {
            words[n] = text.p[i] == '+' ? ' ' : text.p[i];
        }
        i += escape ? 2 : 0;
        n++;
    }
    *out = bytes_make(words, n);
    return true;
}

struct bytes query_take(struct bytes *text, char separator) {
    size_t n = bytes_find(*text, bytes_make(&separator, 1), 0);
    struct bytes piece = bytes_cut(*text, 0, n);
    *text = bytes_cut(*text, n + 1, text->n);
    return piece;
}
