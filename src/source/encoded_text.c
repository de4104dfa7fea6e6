/* SPDX-License-Identifier: Apache-2.0 */
#include "source/encoded_text.h"

#include <ctype.h>

#include "base/base64.h"
#include "source/encoded.h"
#include "source/encoded_escapes.h"

enum {
    WORDS_MAX = 256,  /* in front of a line's digits, and behind them */
    DIGITS_LEAST = 16 /* of a line that has words, too */
};

/* Octets that were changed in place, and are changed again. */
struct text {
    uint8_t *p;
    size_t n;
};

static struct bytes bytes_of(const struct text *t) {
    return bytes_make(t->p, t->n);
}

size_t encoded_text_narrow(uint8_t *p, size_t n) {
    size_t out = 0;
    for (size_t i = 0; i < n && (i + 1 == n || p[i + 1] == 0); i += 2) {
        p[out++] = p[i];
    }
    return out;
}

/* ---- digits ---- */

typedef bool is_digit(uint8_t c);

static bool is_base64(uint8_t c) {
    return isalnum(c) || c == '+' || c == '/';
}

static bool is_hex(uint8_t c) {
    return isxdigit(c) != 0;
}

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t run_of(struct bytes b, size_t at, is_digit *digit) {
    size_t end = at;
    while (end < b.n && digit(b.p[end])) {
        end++;
    }
    while (end < b.n && end > at && b.p[end] == '=') {
        end++;
    }
    return end - at;
}

/* Base64 for URLs has '-' and '_' for '+' and '/'; which of both it is the first of these says. A line of PEM behind it is none of it. */
static void from_url(struct text *t) {
    enum { DASHES = 5 };
    bool url = false;
    for (size_t i = 0; i < t->n; i++) {
        uint8_t c = t->p[i];
        bool other = c == '-' || c == '_';
        if (!url && (c == '+' || c == '/' || !(other || isalnum(c) || is_blank(c)))) {
            return;
        }
        if ((url && !other && !isalnum(c) && !is_blank(c)) || bytes_starts(bytes_cut(bytes_of(t), i, DASHES), bytes_text("-----"))) {
            return;
        }
        url = url || other;
        t->p[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
}

/* How far base64 goes in b: digits, white space, and '=' at the end. */
static size_t base64_run(struct bytes b) {
    size_t at = 0;
    while (at < b.n && (is_base64(b.p[at]) || is_blank(b.p[at]))) {
        at++;
    }
    while (at < b.n && b.p[at] == '=') {
        at++;
    }
    return at;
}

/* ---- words around the digits of each line ---- */

struct words {
    uint8_t octets[2 * WORDS_MAX];
    struct bytes before, behind;
};

/* The line at an offset, without its end; *next is where the next one begins. */
static struct bytes line_at(struct bytes text, size_t at, size_t *next) {
    size_t end = bytes_find(text, bytes_text("\n"), at);
    struct bytes line = bytes_cut(text, at, end - at);
    line.n -= line.n != 0 && line.p[line.n - 1] == '\r' ? 1 : 0;
    *next = end < text.n ? end + 1 : text.n;
    return line;
}

static bool is_empty(struct bytes b) {
    size_t i = 0;
    while (i < b.n && is_blank(b.p[i])) {
        i++;
    }
    return i == b.n;
}

static bool has_letters(struct bytes b) {
    size_t i = 0;
    while (i < b.n && !isalnum(b.p[i])) {
        i++;
    }
    return i < b.n;
}

/* What the second line has around the longest row of digits. False: nothing, or there is no such row. */
static bool words_find(struct bytes line, is_digit *digit, struct words *w) {
    size_t at = 0, n = 0;
    for (size_t i = 0; i < line.n;) {
        size_t run = run_of(line, i, digit);
        at = run > n ? i : at;
        n = run > n ? run : n;
        i += run != 0 ? run : 1;
    }
    struct bytes before = bytes_cut(line, 0, at), behind = bytes_cut(line, at + n, line.n);
    if (n < DIGITS_LEAST || before.n > WORDS_MAX || behind.n > WORDS_MAX || (is_empty(before) && is_empty(behind))) {
        return false;
    }
    memcpy(w->octets, before.p, before.n);
    memcpy(w->octets + WORDS_MAX, behind.p, behind.n);
    w->before = bytes_make(w->octets, before.n);
    w->behind = bytes_make(w->octets + WORDS_MAX, behind.n);
    return true;
}

/* Leaves the digits alone, where each line has the same words in front of them and behind them, the last one perhaps other signs behind
 * them. *used is where they end; false, and nothing has changed, where there are no words. */
static bool words_leave(struct text *t, is_digit *digit, size_t *used) {
    struct words w;
    struct bytes all = bytes_of(t);
    size_t at, next, out = run_of(all, 0, digit);
    (void)line_at(all, 0, &at);
    if (!words_find(line_at(all, at, &next), digit, &w)) {
        return false;
    }
    *used = out;
    for (bool more = true; more && at < t->n; at = next) {
        struct bytes line = line_at(all, at, &next);
        size_t run = bytes_starts(line, w.before) ? run_of(line, w.before.n, digit) : 0;
        struct bytes behind = bytes_cut(line, w.before.n + run, line.n);
        more = run != 0 && bytes_equal(behind, w.behind);
        if (more || (run != 0 && !has_letters(behind))) {
            memmove(t->p + out, line.p + w.before.n, run);
            out += run;
            *used = at + w.before.n + run;
        }
    }
    t->n = out;
    return true;
}

/* ---- hexadecimal digits ---- */

static uint8_t value_of(uint8_t c) {
    return (uint8_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

static bool is_pair(struct bytes b, size_t at) {
    return at + 1 < b.n && is_hex(b.p[at]) && is_hex(b.p[at + 1]);
}

/* A backslash at the end of a line, as files of the registry have it. */
static size_t goes_on(struct bytes b, size_t at) {
    return at + 1 < b.n && b.p[at] == '\\' && (b.p[at + 1] == '\r' || b.p[at + 1] == '\n') ? 2 : 0;
}

/* Past what may stand between two bytes: signs of lists and of strings that go on, a mark of the base. */
static size_t between(struct bytes b, size_t at) {
    enum { SIGNS_MAX = 64 };
    static const char *const marks[] = {"0x", "0X", "\\x", "&H", "&h"};
    size_t from = at;
    while (at < b.n && at - from < SIGNS_MAX && b.p[at] != '\0' && strchr(" \t\r\n,;:-+\"'_{}()", b.p[at]) != NULL) {
        at++;
        at += goes_on(b, at);
    }
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (bytes_starts(bytes_cut(b, at, 2), bytes_text(marks[i]))) {
            return at + 2;
        }
    }
    return at;
}

size_t encoded_text_hex(uint8_t *p, size_t n, size_t *used) {
    struct bytes b = bytes_make(p, n);
    size_t out = 0;
    *used = 0;
    for (size_t at = 0; is_pair(b, at); at = between(b, at + 2)) {
        p[out++] = (uint8_t)(value_of(b.p[at]) << 4 | value_of(b.p[at + 1]));
        *used = at + 2;
    }
    return out;
}

/* The next byte of a line of a dump, between which are blanks alone. */
static bool dump_byte(struct bytes line, size_t *at, size_t width, uint8_t *out) {
    while (*at < line.n && is_blank(line.p[*at])) {
        ++*at;
    }
    if (*at >= width || !is_pair(line, *at)) {
        return false;
    }
    *out = (uint8_t)(value_of(line.p[*at]) << 4 | value_of(line.p[*at + 1]));
    *at += 2;
    return true;
}

enum { DUMP_BYTES = 16 };

/* Where the bytes of a line begin behind the number of the first; 0: there is none. */
static size_t dump_number(struct bytes line) {
    enum { DIGITS_MIN = 4, DIGITS_MAX = 16 };
    size_t at = run_of(line, 0, is_hex);
    bool is = at >= DIGITS_MIN && at <= DIGITS_MAX;
    at += at < line.n && line.p[at] == ':' ? 1 : 0;
    return is && at < line.n && is_blank(line.p[at]) ? at : 0;
}

/* A dump on its way: of its lines, what came of them. */
struct dump {
    struct text *t;
    size_t width, out; /* octets of the first line; made so far */
    uint64_t first;    /* number of the first line */
    unsigned base;
};

static uint64_t number_of(struct bytes line, unsigned base) {
    uint64_t v = 0;
    for (size_t i = 0; i < line.n && is_hex(line.p[i]); i++) {
        v = v * base + value_of(line.p[i]);
    }
    return v;
}

/* Whether the first lines are those of one. The number of the first stands before what is looked at; those of od are octal. */
static bool dump_begin(struct dump *d, struct bytes line, struct bytes second) {
    uint8_t octet;
    for (unsigned i = 0; i < DUMP_BYTES; i++) {
        if (!dump_byte(line, &d->width, line.n, &octet)) {
            return false;
        }
    }
    d->base = number_of(second, 8) == DUMP_BYTES ? 8 : 16;
    d->first = number_of(second, d->base) - DUMP_BYTES;
    return (d->width == line.n || (d->width + 1 < line.n && is_blank(line.p[d->width]))) && dump_number(second) != 0;
}

/* A line "*" stands for lines like the last one, up to the number of the next one, which is all that the last line has. They are made where
 * the text was, which is longer than what came of it, unless they are very many. */
static bool dump_repeat(struct dump *d, struct bytes next, size_t room) {
    uint64_t to = number_of(next, d->base) - d->first;
    if (next.n == 0 || d->out < DUMP_BYTES || to < d->out || to > room) {
        return false;
    }
    while (d->out < to) {
        d->t->p[d->out] = d->t->p[d->out - DUMP_BYTES];
        d->out++;
    }
    return true;
}

/* The bytes of a line that begins so; false: it is the last one. *used is where its bytes end. */
static bool dump_line(struct dump *d, struct bytes line, size_t begin, size_t *used) {
    size_t first = begin == 0 ? 0 : dump_number(line), pos = first, n = 0;
    uint8_t octet;
    while (first < line.n && is_blank(line.p[first])) {
        first++;
    }
    while ((begin == 0 || pos != 0) && n < DUMP_BYTES && dump_byte(line, &pos, first + d->width, &octet)) {
        d->t->p[d->out++] = octet;
        *used = begin + pos;
        n++;
    }
    return n == DUMP_BYTES;
}

/* Lines of sixteen bytes, each but the first with its number in front, and mostly with characters behind. False, and nothing has changed,
 * where it is none. */
static bool dump_decode(struct text *t, size_t *made, size_t *used) {
    struct dump d = {.t = t};
    struct bytes all = bytes_of(t);
    size_t at, next;
    struct bytes line = line_at(all, 0, &at);
    if (!dump_begin(&d, line, line_at(all, at, &next))) {
        return false;
    }
    bool more = true;
    for (size_t begin = 0; more && begin < t->n; begin = next) {
        line = line_at(all, begin, &next);
        more = bytes_is(line, "*") ? dump_repeat(&d, line_at(all, next, &at), begin) : dump_line(&d, line, begin, used);
    }
    *made = d.out;
    return true;
}

/* ---- uuencode ---- */

/* A line: its number of octets, then four characters for three of them, each of six bits from ' ' (or '`', which is 0, too) on. */
static size_t uu_line(struct bytes line, uint8_t *out) {
    size_t n = line.n != 0 ? (line.p[0] - ' ') & 0x3fu : 0, made = 0;
    for (size_t at = 1; made < n && at + 4 <= line.n; at += 4) {
        uint32_t bits = 0;
        for (size_t i = 0; i < 4; i++) {
            bits = bits << 6 | ((line.p[at + i] - ' ') & 0x3fu);
        }
        for (unsigned shift = 24; shift != 0 && made < n; made++) {
            shift -= 8;
            out[made] = (uint8_t)(bits >> shift);
        }
    }
    return made;
}

/* What comes out is shorter than the text, and stands behind no octet that is still to be read. */
static size_t uu_decode(struct text *t, size_t *used) {
    struct bytes text = bytes_of(t);
    size_t at, made = 0;
    for ((void)line_at(text, 0, &at); at < text.n;) {
        struct bytes line = line_at(text, at, &at);
        if (bytes_is(line, "end")) {
            break;
        }
        made += uu_line(line, t->p + made);
    }
    *used = at;
    return made;
}

/* ---- all of them ---- */

/* In place of the digits: what they say. */
static size_t decode(struct text *t, size_t *used) {
    size_t made = 0, some;
    switch (encoded_kind_of(bytes_of(t))) {
    case ENCODED_UU:
        return uu_decode(t, used);
    case ENCODED_HEX:
        if (dump_decode(t, &made, used)) {
            return made;
        }
        return words_leave(t, is_hex, used) ? encoded_text_hex(t->p, t->n, &some) : encoded_text_hex(t->p, t->n, used);
    default: {
        bool escaped = encoded_escapes_leave(t->p, &t->n, used);
        from_url(t);
        if (!escaped && !words_leave(t, is_base64, used)) {
            *used = t->n = base64_run(bytes_of(t));
        }
        return base64_decode(t->p, t->n);
    }
    }
}

void encoded_text_decode(struct decoding *d, size_t n) {
    struct text t = {d->p, n};
    bool wide = encoded_is_wide(bytes_of(&t));
    t.n = wide ? encoded_text_narrow(t.p, n) : n;
    d->n = decode(&t, &d->text);
    d->text *= wide ? 2 : 1;
    d->text = d->text < n ? d->text : n; /* the last character may be cut in two */
}
