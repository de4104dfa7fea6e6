/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: text of a script in UTF-8, UTF-16LE and Windows-1252, for what its signature covers (script.h), and in the forms that nothing
 * signs. Refuses nothing. */
#include "format/script.h"

#include "base/text.h"

/* Windows-1252 from 0x80 to 0x9f; the five holes are mapped to the control characters there, as Windows does. */
static const uint16_t cp1252[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
    0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

/* One octet for each two of file, of which the one at high says whether it is no ASCII. */
static bool narrow(struct script *script, size_t high, struct arena *arena, struct error *err) {
    struct bytes file = script->file;
    uint8_t *units = arena_alloc(arena, file.n / 2);
    if (units == NULL) {
        return arena_full(arena, err);
    }
    for (size_t i = 0; i < file.n / 2; i++) {
        units[i] = file.p[2 * i + high] != 0 ? 0xff : file.p[2 * i + 1 - high];
    }
    script->width = 2;
    script->units = bytes_make(units, file.n / 2);
    return true;
}

bool script_open(struct script *script, struct bytes file, struct arena *arena, struct error *err) {
    static const uint8_t utf8_mark[] = {0xef, 0xbb, 0xbf}, utf16_mark[] = {0xff, 0xfe};
    *script = (struct script){.file = file, .units = file, .width = 1};
    if (bytes_starts(file, bytes_make(utf8_mark, sizeof utf8_mark))) {
        script->encoding = SCRIPT_UTF8;
        script->mark = sizeof utf8_mark;
    }
    if (!bytes_starts(file, bytes_make(utf16_mark, sizeof utf16_mark))) {
        return true;
    }
    script->encoding = SCRIPT_UTF16;
    script->mark = 1;
    return narrow(script, 1, arena, err);
}

bool script_reopen(struct script *script, size_t width, bool big_endian, struct arena *arena, struct error *err) {
    *script = (struct script){.file = script->file, .units = script->file, .width = 1, .encoding = SCRIPT_ODD};
    return width == 1 || narrow(script, big_endian ? 0 : 1, arena, err);
}

/* A buffer of UTF-16LE that is large enough: no byte of text in one of the other encodings gives more than one unit. */
struct wide {
    uint8_t *p;
    size_t n; /* bytes */
};

static void put(struct wide *w, uint32_t unit) {
    w->p[w->n++] = (uint8_t)unit;
    w->p[w->n++] = (uint8_t)(unit >> 8);
}

static void put_1252(struct wide *w, struct bytes b) {
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        put(w, c >= 0x80 && c < 0xa0 ? cp1252[c - 0x80] : c);
    }
}

static void put_utf8(struct wide *w, struct bytes b) {
    while (b.n != 0) {
        size_t n = 1;
        uint32_t c = b.p[0] < 0x80 ? b.p[0] : utf8_next(b, &n);
        if (c == UINT32_MAX) {
            put(w, 0xfffd);
        } else if (c >= 0x10000) {
            put(w, 0xd800 | (c - 0x10000) >> 10);
            put(w, 0xdc00 | ((c - 0x10000) & 0x3ff));
        } else {
            put(w, c);
        }
        b = bytes_cut(b, n, b.n);
    }
}

/* The text from one unit to another as a span: file bytes where they are UTF-16 already, else converted. */
static bool text_span(const struct script *script, bool is_1252, size_t from, size_t to, struct arena *arena, struct span *span,
                      struct error *err) {
    if (script->width == 2) {
        *span = (struct span){.at = from * 2, .n = (to - from) * 2};
        return true;
    }
    struct wide w = {.p = arena_array(arena, to - from, 2)};
    if (w.p == NULL) {
        return arena_full(arena, err);
    }
    struct bytes part = bytes_cut(script->file, from, to - from);
    if (is_1252) {
        put_1252(&w, part);
    } else {
        put_utf8(&w, part);
    }
    *span = (struct span){.literal = bytes_make(w.p, w.n)};
    return true;
}

static size_t span_units(const struct span *span) {
    return (span->literal.n != 0 ? span->literal.n : span->n) / 2;
}

bool script_claim(const struct script *script, const struct script_block *block, struct arena *arena, struct signature *s,
                  struct error *err) {
    struct claim *claim = arena_alloc(arena, sizeof *claim);
    struct span *spans = arena_array(arena, 3, sizeof *spans);
    uint8_t *position = arena_alloc(arena, 4);
    if (claim == NULL || spans == NULL || position == NULL) {
        return arena_full(arena, err);
    }
    const struct script_style *style = block->style;
    size_t mark = script->mark < block->at ? script->mark : block->at, from = style->host ? mark : 0, end = script->units.n, n_spans = 0;
    bool is_1252 = script->encoding == SCRIPT_ANSI && (style->is_1252 || !utf8_valid(script->file));
    if (!text_span(script, is_1252, from, block->at, arena, &spans[n_spans++], err)) {
        return false;
    }
    size_t before = span_units(&spans[0]);
    if (style->inside && block->end < end && !text_span(script, is_1252, block->end, end, arena, &spans[n_spans++], err)) {
        return false;
    }
    if (style->host) {
        for (size_t i = 0; i < 4; i++) {
            position[i] = (uint8_t)(before >> 8 * i);
        }
        spans[n_spans++] = (struct span){.literal = bytes_make(position, 4)};
    }
    *claim = (struct claim){.hash = s->hash,
                            .digest_size = s->claimed.n,
                            .expected = s->claimed,
                            .spans = spans,
                            .n_spans = n_spans,
                            .what = is_1252 ? "the text, taken for Windows-1252," : "the text"};
    s->claims = claim;
    s->n_claims = 1;
    return true;
}
