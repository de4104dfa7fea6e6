/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed scripts: PowerShell (and its XML and MOF), JScript, VBScript and Windows Script files. script.h says what a block is;
 * in whatever case its marks are written, they are found. Every block of a file is read, as nobody says which one Windows takes.
 * A file is taken for one of these by its last bytes, so that text need not be read whole; behind more text than that, a block is
 * found where the file has the name of a script, as Windows goes by it too, or where all text is to be read.
 *
 * Refused: a block that does not end. Lines that look like a whole one and hold no signature are a document about signed scripts.
 */
#include "format/script.h"

#include <strings.h>

#include "asn1/carve.h"
#include "asn1/cms.h"
#include "base/base64.h"
#include "format/appended.h"
#include "format/format.h"

enum {
    END_READ = 2 << 20,  /* of text larger than LIMIT_SCRIPT_SIZE, which is read whole */
    SIGNATURE_MIN = 128, /* octets: what is shorter has no certificate, nor room for one */
    TEXT_LIKE = 512,     /* so much of a file's beginning shows whether it is text */
};

/* clang-format off */
static const struct script_style styles[] = {
    {"# sig # begin signature block", "# sig # end signature block", "#", "", false, false, false},
    {"<!-- sig # begin signature block", "<!-- sig # end signature block", "<!--", "-->", false, true, false},
    {"/* sig # begin signature block", "/* sig # end signature block", "/*", "*/", false, false, false},
    {"// sig // begin signature block", "// sig // end signature block", "// sig //", "", true, true, false},
    {"'' sig '' begin signature block", "'' sig '' end signature block", "'' sig ''", "", true, true, false},
    {"<signature>", "</signature>", "** sig **", "", true, false, true},
};
/* clang-format on */
enum { STYLES = sizeof styles / sizeof *styles };

/* Whether the file's name is one under which Windows runs it, or reads it, as a script. */
static bool is_named_so(const char *name) {
    static const char *const endings[] = {".ps1", ".psm1", ".psd1", ".ps1xml", ".psc1", ".cdxml",
                                          ".mof", ".vbs",  ".vbe",  ".js",     ".jse",  ".wsf"};
    const char *dot = name != NULL ? strrchr(name, '.') : NULL;
    for (size_t i = 0; dot != NULL && dot != name && i < sizeof endings / sizeof *endings; i++) {
        if ((dot[1] | 32) == endings[i][1] && strcasecmp(dot, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* No octet of it is 0, or it has a mark of UTF-16. */
static bool is_text(struct bytes beginning) {
    bool wide =
        beginning.n >= 2 && ((beginning.p[0] == 0xff && beginning.p[1] == 0xfe) || (beginning.p[0] == 0xfe && beginning.p[1] == 0xff));
    return wide || memchr(beginning.p, 0, beginning.n) == NULL;
}

/* Whether text ends like a signed script, or has a block anywhere if its name makes it one: that one may hold any octet, as what runs it
 * goes by the name alone. Every text file of a scan comes through here. */
static bool probe(const struct probe *probe) {
    if (probe->head.n == 0) {
        return false;
    }
    bool named = is_named_so(probe->name), text = is_text(bytes_cut(probe->head, 0, TEXT_LIKE));
    if (probe->thorough && (text || named)) {
        return true;
    }
    if (named) {
        return probe->whole.n == 0 || script_has_mark(probe->whole);
    }
    size_t n = probe->head.n < PROBE_TAIL ? probe->head.n : PROBE_TAIL;
    return (text || probe->thorough) && script_has_mark(probe->tail.n != 0 ? probe->tail : bytes_cut(probe->head, probe->head.n - n, n));
}

/* A line without blanks around it, and where it begins and ends. */
struct line {
    struct bytes text;
    size_t at, end; /* end is behind its line end */
};

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes trimmed(struct bytes b) {
    while (b.n != 0 && is_blank(b.p[b.n - 1])) {
        b.n--;
    }
    while (b.n != 0 && is_blank(b.p[0])) {
        b = bytes_cut(b, 1, b.n);
    }
    return b;
}

static bool next_line(struct bytes units, size_t at, struct line *line) {
    if (at >= units.n) {
        return false;
    }
    size_t end = at;
    while (end < units.n && units.p[end] != '\n' && units.p[end] != '\r') {
        end++;
    }
    end += end < units.n ? 1 : 0;
    end += end < units.n && units.p[end - 1] == '\r' && units.p[end] == '\n' ? 1 : 0;
    *line = (struct line){.text = trimmed(bytes_cut(units, at, end - at)), .at = at, .end = end};
    return true;
}

/* Whether a line is a mark of that style, perhaps with a part of the suffix only: a file may be cut there. */
static bool line_is(const struct line *line, const char *mark, const struct script_style *style) {
    size_t n = strlen(mark), suffix = strlen(style->suffix);
    return script_word_at(line->text, 0, mark, 1) && line->text.n - n <= (suffix != 0 ? suffix + 1 : 0);
}

static const struct script_style *begins(const struct line *line) {
    for (size_t i = 0; i < STYLES; i++) {
        if (line_is(line, styles[i].begin, &styles[i])) {
            return &styles[i];
        }
    }
    return NULL;
}

/* What stands between prefix and suffix; nothing in a blank line. False when the line has no such prefix: it is none of the block's. */
static bool strip(const struct line *line, const struct script_style *style, struct bytes *base64) {
    size_t suffix = strlen(style->suffix);
    struct bytes b = line->text;
    if (b.n == 0) {
        *base64 = bytes_none();
        return true;
    }
    if (!script_word_at(b, 0, style->prefix, 1)) {
        return false;
    }
    b = bytes_cut(b, strlen(style->prefix), b.n);
    if (b.n >= suffix && script_word_at(b, b.n - suffix, style->suffix, 1)) {
        b.n -= suffix;
    }
    *base64 = trimmed(b);
    return true;
}

/* Reads the block that begins at a line. It ends where a line is not of it. */
static bool read_block(struct bytes units, const struct line *first, const struct script_style *style, struct arena *arena,
                       struct script_block *block, struct error *err) {
    struct line line = *first;
    struct bytes part;
    size_t at = first->at, n = 0;
    at -= at != 0 ? 1 : 0;
    at -= at != 0 && units.p[at] == '\n' && units.p[at - 1] == '\r' ? 1 : 0;
    *block = (struct script_block){.style = style, .at = at, .end = first->end};
    for (size_t next = first->end; next_line(units, next, &line) && !block->closed; next = line.end) {
        block->closed = line_is(&line, style->end, style);
        if (!block->closed && !strip(&line, style, &part)) {
            break;
        }
        block->end = line.end;
    }
    uint8_t *text = arena_alloc(arena, block->end - first->end);
    if (text == NULL) {
        return arena_full(arena, err);
    }
    for (size_t next = first->end; next < block->end && next_line(units, next, &line); next = line.end) {
        if (!line_is(&line, style->end, style) && strip(&line, style, &part)) {
            memcpy(text + n, part.p, part.n);
            n += part.n;
        }
    }
    block->der = bytes_make(text, base64_decode_on(text, n));
    return true;
}

static bool find_blocks(struct bytes units, struct arena *arena, struct script_block *blocks, size_t *n, struct contents *contents,
                        struct error *err) {
    struct line line;
    for (size_t next = 0; next_line(units, next, &line); next = line.end) {
        const struct script_style *style = begins(&line);
        if (style == NULL) {
            continue;
        }
        contents->other = false;
        if (*n == limit_most(arena->limits, LIMIT_SCRIPT_BLOCKS)) {
            contents_limited(contents, arena, LIMIT_SCRIPT_BLOCKS);
            return true;
        }
        if (!read_block(units, &line, style, arena, &blocks[*n], err)) {
            return false;
        }
        line.end = blocks[*n].end;
        if (!blocks[*n].closed && (!style->inside || blocks[*n].der.n != 0)) {
            struct error why;
            error_set(&why, ERR_MALFORMED, "a signature block that does not end");
            contents_unreadable(contents, &why);
        }
        *n += blocks[*n].der.n != 0; /* a tag of some other XML, or a word about blocks */
    }
    return true;
}

/* Adds what a block holds. What no signature can be made out of is searched for certificates. */
static bool add(const struct script_block *block, const char *part, uint64_t at, struct arena *arena, struct contents *contents,
                struct error *err) {
    struct error why = {0};
    size_t first = contents->n_signatures, added;
    if (part == NULL) {
        return arena_full(arena, err);
    }
    if (authenticode_add(contents, arena, part, block->der, at, &added, &why)) {
        appended_behind(contents, arena, first, block->der, at);
        return true;
    }
    carve_bytes(contents, arena, block->der, at);
    if (contents->n_signatures != first || (block->der.p[0] == 0x30 && block->der.n >= SIGNATURE_MIN)) {
        contents_unreadable(contents, &why);
    }
    return true;
}

/* What stands behind the last block, where nothing should. */
static struct bytes text_behind(const struct script *script, const struct script_block *last) {
    return last->style->inside ? bytes_none() : trimmed(bytes_cut(script->units, last->end, script->units.n));
}

/* The blocks of a file as its mark says to read it and, where there are none so, as nothing would sign it. */
static bool find_anyhow(struct script *script, struct bytes file, struct arena *arena, struct script_block *blocks, size_t *n,
                        struct contents *contents, struct error *err) {
    static const struct {
        size_t width;
        bool big_endian;
    } odd[] = {{1, false}, {2, false}, {2, true}};
    if (!script_open(script, file, arena, err) || !find_blocks(script->units, arena, blocks, n, contents, err)) {
        return false;
    }
    bool zeros = file.n != 0 && memchr(file.p, 0, file.n) != NULL;
    for (size_t i = 0; zeros && *n == 0 && i < sizeof odd / sizeof *odd; i++) {
        if (!script_reopen(script, odd[i].width, odd[i].big_endian, arena, err) ||
            !find_blocks(script->units, arena, blocks, n, contents, err)) {
            return false;
        }
    }
    return true;
}

/* whole is false when only the file's end was read, which begins at at: then nothing can be said of its digest. Nor does a digest cover the
 * script when there is text behind, which runs with what is signed. */
static bool read_text(struct bytes file, uint64_t at, bool whole, struct arena *arena, struct contents *contents, struct error *err) {
    struct script script;
    struct script_block *blocks = arena_array(arena, (size_t)limit_most(arena->limits, LIMIT_SCRIPT_BLOCKS), sizeof *blocks);
    size_t n = 0;
    if (blocks == NULL) {
        return arena_full(arena, err);
    }
    contents->other = true;
    if (!find_anyhow(&script, file, arena, blocks, &n, contents, err)) {
        return false;
    }
    struct bytes behind = n != 0 ? text_behind(&script, &blocks[n - 1]) : bytes_none();
    whole = whole && script.encoding != SCRIPT_ODD && behind.n == 0;
    for (size_t i = 0; i < n; i++) {
        size_t first = contents->n_signatures;
        const char *part = n == 1 ? "signature" : arena_printf(arena, "block%zu", i);
        if (!add(&blocks[i], part, at + blocks[i].at * script.width, arena, contents, err)) {
            return false;
        }
        for (size_t k = first; whole && blocks[i].closed && k < contents->n_signatures; k++) {
            struct signature *s = &contents->signatures[k];
            if (!s->carved && s->claimed.n != 0 && !script_claim(&script, &blocks[i], arena, s, err)) {
                return false;
            }
        }
    }
    if (contents->n_signatures != 0 && n > 1) {
        anomaly_note(&contents->anomalies, arena, ANOMALY_SEVERAL_BLOCKS, at + blocks[1].at * script.width, 0, NULL);
    }
    if (contents->n_signatures != 0 && behind.n != 0) {
        anomaly_note(&contents->anomalies, arena, ANOMALY_TEXT_AFTER_SIGNATURE, at + blocks[n - 1].end * script.width, behind.n, NULL);
    }
    return true;
}

/* Whether there is a mark in large text. Windows of END_READ that overlap by more than a mark. */
static bool has_mark_before(struct source *source, uint8_t *window, bool *found, struct error *err) {
    enum { OVERLAP = 64 };
    for (uint64_t at = 0; !*found && at + OVERLAP < source->size; at += END_READ - OVERLAP) {
        uint64_t left = source->size - at;
        size_t n = left < END_READ ? (size_t)left : END_READ;
        if (!source_into(source, window, n, at, err)) {
            return false;
        }
        *found = script_has_beginning(bytes_make(window, n));
    }
    return true;
}

/* Text larger than scripts are: its end, behind the mark of its beginning. */
static bool read_end(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    uint8_t *text = arena_alloc(arena, 2 + END_READ);
    uint64_t at = source->size - END_READ;
    if (text == NULL) {
        return arena_full(arena, err);
    }
    if (!source_into(source, text, 2, 0, err)) {
        return false;
    }
    bool wide = text[0] == 0xff && text[1] == 0xfe;
    at -= wide ? at % 2 : 0;
    if (!source_into(source, text + 2, END_READ, at, err) ||
        !read_text(bytes_make(text + (wide ? 0 : 2), END_READ + (wide ? 2 : 0)), at, false, arena, contents, err)) {
        return false;
    }
    bool found = contents->n_signatures != 0;
    if (!found && !has_mark_before(source, text, &found, err)) {
        return false;
    }
    if (found) {
        struct error why;
        limit_reached(arena->limits, LIMIT_SCRIPT_SIZE, &why);
        error_within(&why, "%s",
                     contents->n_signatures != 0 ? "its digest is not checked"
                                                 : "the mark of a signature is before its end, which alone is read");
        contents_unreadable(contents, &why);
        contents->other = false;
    }
    return true;
}

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct bytes file;
    uint64_t most = limit_most(arena->limits, LIMIT_SCRIPT_SIZE);
    if (source->size > most) {
        return read_end(source, arena, contents, err);
    }
    return source_read_some(source, arena, 0, most, &file, err) && read_text(file, 0, true, arena, contents, err);
}

const struct format format_script = {
    .name = "script",
    .long_name = "script (PowerShell, JScript, VBScript, WSF)",
    .wants_whole = true,
    .probe = probe,
    .read = read,
};
