/* SPDX-License-Identifier: Apache-2.0 */
#include "list/yara.h"

#include "base/hex.h"

static bool is_letter(uint8_t c) {
    uint8_t lower = c | 0x20;
    return (lower >= 'a' && lower <= 'z') || c == '_' || c == '$' || c == '#' || c == '@';
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static uint8_t at(struct bytes b, size_t i) {
    return i < b.n ? b.p[i] : '\0';
}

/* A dot that goes on with a name: not the two of a range. */
static bool is_dot(struct bytes b, size_t i) {
    return at(b, i) == '.' && is_letter(at(b, i + 1)) && (i == 0 || at(b, i - 1) != '.');
}

static void skip(struct yara *yara, size_t n) {
    for (size_t i = 0; i < n && i < yara->left.n; i++) {
        yara->line += yara->left.p[i] == '\n';
    }
    yara->left = bytes_cut(yara->left, n, yara->left.n);
}

/* White space and comments. */
static void skip_idle(struct yara *yara) {
    for (;;) {
        struct bytes b = yara->left;
        size_t n = 0;
        bool comment = at(b, 0) == '/' && (at(b, 1) == '/' || at(b, 1) == '*');
        while (n < b.n && (b.p[n] <= ' ' || b.p[n] == 0xef || b.p[n] == 0xbb || b.p[n] == 0xbf)) {
            n++; /* a byte order mark is idle, too */
        }
        if (comment) {
            n = at(b, 1) == '/' ? bytes_find(b, bytes_text("\n"), 0) : bytes_find(b, bytes_text("*/"), 2) + 2;
        }
        if (comment && yara->comments != NULL) {
            yara->comments->heard(yara->comments, bytes_cut(b, 0, n), yara->line);
        }
        if (n == 0) {
            return;
        }
        skip(yara, n);
    }
}

/* The size of what ends at an unescaped byte like its first one, both counted; of the line when it does not end there. */
static size_t quoted_size(struct bytes b, bool *ends) {
    size_t i = 1;
    for (; i < b.n && b.p[i] != '\n'; i++) {
        if (b.p[i] == '\\' && at(b, i + 1) != '\n') {
            i++;
        } else if (b.p[i] == b.p[0]) {
            *ends = true;
            return i + 1;
        }
    }
    *ends = false;
    return i < b.n ? i : b.n;
}

static size_t name_size(struct bytes b) {
    size_t n = 1;
    while (n < b.n && (is_letter(b.p[n]) || is_digit(b.p[n]) || is_dot(b, n))) {
        n++;
    }
    return n;
}

static size_t sign_size(struct bytes b) {
    static const char *const pairs[] = {"==", "<=", ">=", "!=", ".."};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (bytes_starts(b, bytes_text(pairs[i]))) {
            return 2;
        }
    }
    return 1;
}

void yara_next(struct yara *yara) {
    struct yara_token *token = &yara->token;
    bool regex_may_follow = token->kind != YARA_END && (bytes_is(token->text, "=") || bytes_is(token->text, "matches"));
    skip_idle(yara);
    struct bytes b = yara->left;
    uint8_t c = at(b, 0);
    size_t n;
    bool ends;
    *token = (struct yara_token){YARA_END, bytes_none(), yara->line};
    if (b.n == 0) {
        return;
    }
    if (c == '"' || (c == '/' && regex_may_follow)) {
        n = quoted_size(b, &ends);
        token->kind = !ends ? YARA_SIGN : c == '"' ? YARA_STRING : YARA_REGEX;
        token->text = ends ? bytes_cut(b, 1, n - 2) : bytes_cut(b, 0, 1);
    } else {
        bool digit = is_digit(c);
        token->kind = digit ? YARA_NUMBER : is_letter(c) || is_dot(b, 0) ? YARA_NAME : YARA_SIGN;
        n = token->kind == YARA_SIGN ? sign_size(b) : digit ? 1 : name_size(b);
        while (digit && (is_digit(at(b, n)) || is_letter(at(b, n)))) {
            n++;
        }
        token->text = bytes_cut(b, 0, n);
    }
    skip(yara, n);
}

struct yara yara_make(struct bytes content, struct yara_comments *comments) {
    struct yara yara = {.left = content, .line = 1, .comments = comments, .token = {.text = bytes_none()}};
    yara_next(&yara);
    return yara;
}

bool yara_is(const struct yara *yara, const char *text) {
    return (yara->token.kind == YARA_NAME || yara->token.kind == YARA_SIGN) && bytes_is(yara->token.text, text);
}

bool yara_take(struct yara *yara, const char *text) {
    bool is = yara_is(yara, text);
    if (is) {
        yara_next(yara);
    }
    return is;
}

void yara_add_string(struct text *out, struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        uint8_t octet;
        size_t n;
        if (c != '\\' || i + 1 == text.n) {
            text_add_char(out, (char)c);
            continue;
        }
        c = text.p[++i];
        if (c == 'x' && i + 2 < text.n && hex_decode(bytes_cut(text, i + 1, 2), &octet, 1, &n)) {
            text_add_char(out, (char)octet);
            i += 2;
        } else {
            text_add_char(out, c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : (char)c);
        }
    }
}
