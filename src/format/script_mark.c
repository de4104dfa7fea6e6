/* SPDX-License-Identifier: Apache-2.0 */
/* Searches text, whatever it is encoded in, for the marks of signature blocks (script.h). Refuses nothing. */
#include "format/script.h"

static uint8_t folded(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool script_word_at(struct bytes b, size_t at, const char *word, size_t width) {
    struct bytes rest = bytes_cut(b, at, b.n);
    size_t n = strlen(word);
    if (rest.n / width < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (folded(rest.p[i * width]) != (uint8_t)word[i] || (width == 2 && rest.p[i * width + 1] != 0)) {
            return false;
        }
    }
    return true;
}

/* Whether b has a word anywhere; rare is the one of its letters to look for, as it stands in b. */
static bool has_word(struct bytes b, const char *word, char rare, size_t width) {
    size_t before = width * (size_t)(strchr(word, folded((uint8_t)rare)) - word);
    for (size_t from = 0; from < b.n;) {
        const uint8_t *hit = memchr(b.p + from, rare, b.n - from);
        if (hit == NULL) {
            return false;
        }
        size_t at = (size_t)(hit - b.p);
        if (at >= before && script_word_at(b, at - before, word, width)) {
            return true;
        }
        from = at + 1;
    }
    return false;
}

/* Whether "lock" or "g **" stands in text of one octet a character: no branch within, so that the compiler takes many octets at once. */
static bool may_have_mark(struct bytes text) {
    uint8_t found = 0;
    for (size_t i = 3; i < text.n; i++) {
        const uint8_t *c = text.p + i;
        uint8_t lock = ((c[-3] | 32) == 'l') & ((c[-2] | 32) == 'o') & ((c[-1] | 32) == 'c') & ((c[0] | 32) == 'k');
        uint8_t stars = ((c[-3] | 32) == 'g') & (c[-2] == ' ') & (c[-1] == '*') & (c[0] == '*');
        found |= lock | stars;
    }
    return found != 0;
}

static bool has_mark_of(struct bytes text, size_t width) {
    if (width == 1 && !may_have_mark(text)) {
        return false;
    }
    return has_word(text, "signature block", 'k', width) || has_word(text, "signature block", 'K', width) ||
           has_word(text, "** sig **", '*', width);
}

bool script_has_mark(struct bytes text) {
    return has_mark_of(text, 1) || (text.n != 0 && memchr(text.p, 0, text.n) != NULL && has_mark_of(text, 2));
}

static bool has_beginning(struct bytes text, size_t width) {
    return has_word(text, "begin signature block", 'k', width) || has_word(text, "begin signature block", 'K', width) ||
           has_word(text, "** sig **", '*', width);
}

bool script_has_beginning(struct bytes text) {
    return has_beginning(text, 1) || has_beginning(text, 2);
}
