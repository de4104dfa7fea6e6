/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file written as text, whole: one member, decoded in memory; base64 also in UTF-16LE, and behind a line of the kind that PEM begins
 * with. Refused: more text than LIMIT_ENCODED_SIZE. What stands behind the end of the text is for whoever found it.
 */
#include "source/encoded.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/reader.h"
#include "source/piece.h"
#include "source/stream.h"

enum {
    FIRST = 1024,          /* octets of text that are decoded to see whether it is worth more */
    SHORTEST = 256,        /* what is shorter holds nothing that is signed */
    PROGRAM_MAX = 1 << 20, /* where a program's header begins at the latest */
};

/* ---- beginnings ---- */

static bool is_base64(uint8_t c) {
    return isalnum(c) || c == '+' || c == '/';
}

/* "begin 644 name": three or four octal digits. */
static bool is_uu(struct bytes head) {
    size_t digits = 0, at = 6;
    if (!bytes_starts(head, bytes_text("begin "))) {
        return false;
    }
    for (; at < head.n && head.p[at] >= '0' && head.p[at] <= '7'; at++) {
        digits++;
    }
    return (digits == 3 || digits == 4) && at < head.n && head.p[at] == ' ';
}

bool encoded_begins(struct bytes head) {
    /* MZ, PK 3 4, MSCF, 7z, D0 CF 11 E0, 1F 8B 08, FD 37 7A 58 5A, Rar!, CF FA ED FE */
    static const char *const rows[] = {"TVo", "TVp", "TVq", "TVr", "UEsDB", "TVNDR", "N3q8r", "0M8R4", "H4sI", "/Td6W", "UmFyI", "z/rt/"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (bytes_starts(head, bytes_text(rows[i]))) {
            return true;
        }
    }
    return is_uu(head);
}

/* ---- decoding ---- */

/* The text, and in its place what it decodes to. */
struct decoding {
    uint8_t *p;
    size_t text, n; /* octets of text that were used; of what came out */
};

/* How far base64 goes in b: digits, white space, and '=' at the end. */
static size_t base64_run(struct bytes b) {
    size_t at = 0;
    while (at < b.n && (is_base64(b.p[at]) || b.p[at] == '\n' || b.p[at] == '\r' || b.p[at] == ' ' || b.p[at] == '\t')) {
        at++;
    }
    while (at < b.n && b.p[at] == '=') {
        at++;
    }
    return at;
}

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
static void uu_decode(struct decoding *d, struct bytes text) {
    size_t at = bytes_find(text, bytes_text("\n"), 0) + 1;
    d->n = 0;
    while (at < text.n) {
        size_t end = bytes_find(text, bytes_text("\n"), at);
        struct bytes line = bytes_cut(text, at, end - at);
        line.n -= line.n != 0 && line.p[line.n - 1] == '\r' ? 1 : 0;
        at = end < text.n ? end + 1 : text.n;
        if (bytes_is(line, "end")) {
            break;
        }
        d->n += uu_line(line, d->p + d->n);
    }
    d->text = at;
}

/* The first most octets of the source, decoded. The caller frees d->p. */
static bool decode(struct source *source, uint64_t most, struct decoding *d, struct error *err) {
    size_t n = source->size < most ? (size_t)source->size : (size_t)most;
    *d = (struct decoding){.p = malloc(n != 0 ? n : 1)};
    if (d->p == NULL) {
        return error_set(err, ERR_LIMIT, "no memory to decode text");
    }
    if (!source_into(source, d->p, n, 0, err)) {
        return false;
    }
    struct bytes text = bytes_make(d->p, n);
    if (is_uu(text)) {
        uu_decode(d, text);
    } else {
        d->text = base64_run(text);
        d->n = base64_decode(d->p, d->text);
    }
    return true;
}

/* A local header of a ZIP archive: 8 u16 method, 26 u16 length of the name, which is there. */
static bool is_zip(struct bytes b) {
    enum { METHOD_MAX = 99, HEADER = 30 };
    struct reader r = reader_make(b, 0);
    reader_skip(&r, 8);
    uint16_t method = reader_u16le(&r);
    reader_skip(&r, 16);
    uint16_t name = reader_u16le(&r);
    return bytes_starts(b, bytes_text("PK\3\4")) && reader_ok(&r) && method <= METHOD_MAX && name != 0 && b.n > (size_t)HEADER + name;
}

/* Whether a file begins there that is looked for; of programs, too, the header must be near. */
static bool is_file(struct bytes b) {
    enum { POINTER_AT = 60 };
    struct reader r = reader_make(b, 0);
    reader_skip(&r, POINTER_AT);
    uint32_t at = reader_u32le(&r);
    return is_zip(b) || (piece_begins(b) && (!bytes_starts(b, bytes_text("MZ")) || at < PROGRAM_MAX));
}

/* Whether what was decoded is such a file beyond its first octets. */
static bool makes_sense(const struct decoding *d, const struct limits *limits, bool *yes, struct error *err) {
    struct memory_source memory;
    struct arena scratch = limit_arena(limits);
    struct piece piece;
    memory_source_init(&memory, "decoded", bytes_make(d->p, d->n));
    bool ok = piece_at(&memory.source, 0, d->n, &scratch, &piece, err);
    *yes = ok && (piece.kind != NULL || is_zip(memory.data));
    arena_free(&scratch);
    return ok;
}

bool encoded_size(struct source *source, const struct limits *limits, uint64_t *n, struct error *err) {
    struct decoding d;
    bool yes = false;
    *n = 0;
    bool ok = decode(source, FIRST, &d, err);
    if (ok && d.text >= SHORTEST && is_file(bytes_make(d.p, d.n))) {
        free(d.p);
        ok = decode(source, limit_most(limits, LIMIT_ENCODED_SIZE) + 1, &d, err) && makes_sense(&d, limits, &yes, err);
        *n = yes ? d.text : 0;
    }
    free(d.p);
    return ok;
}

/* ---- the container ---- */

static size_t blanks(struct bytes b, size_t at) {
    while (at < b.n && (b.p[at] == ' ' || b.p[at] == '\t' || b.p[at] == '\r' || b.p[at] == '\n')) {
        at++;
    }
    return at;
}

/* How far what may stand before base64 goes: a byte order mark, blanks, the line that certutil puts there whatever it encodes. */
static size_t preface(struct bytes head) {
    size_t at = blanks(head, bytes_starts(head, bytes_text("\xef\xbb\xbf")) ? 3 : 0);
    if (bytes_starts(bytes_cut(head, at, head.n), bytes_text("-----BEGIN "))) {
        at = blanks(head, bytes_find(head, bytes_text("\n"), at));
    }
    return at;
}

/* UTF-16LE, as PowerShell writes text to files. */
static bool is_wide(struct bytes head) {
    return bytes_starts(head, bytes_text("\xff\xfe"));
}

/* Leaves one octet of each two, and says how many there are; nothing at the first that is no ASCII. */
static size_t narrow(uint8_t *p, size_t n) {
    size_t out = 0;
    for (size_t i = 2; i + 1 < n && p[i + 1] == 0; i += 2) {
        p[out++] = p[i];
    }
    return out;
}

static bool probe(const struct probe *probe) {
    uint8_t octets[FIRST];
    struct bytes head = bytes_cut(probe->head, 0, FIRST);
    if (is_wide(head)) {
        memcpy(octets, head.p, head.n);
        head = bytes_make(octets, narrow(octets, head.n));
        return encoded_begins(bytes_cut(head, preface(head), head.n));
    }
    size_t at = preface(head);
    return (at == 0 || !probe->thorough) && encoded_begins(bytes_cut(head, at, head.n)); /* else source/carrier.c finds it */
}

static bool visit(struct source *source, struct budget *budget, struct visitor *visitor, struct error *err) {
    struct decoding d;
    struct memory_source memory;
    uint64_t n;
    if (!encoded_size(source, budget->limits, &n, err) || n == 0) {
        return n == 0;
    }
    if (n > limit_most(budget->limits, LIMIT_ENCODED_SIZE)) {
        return limit_reached(budget->limits, LIMIT_ENCODED_SIZE, err);
    }
    bool ok = decode(source, n, &d, err) && budget_spend(budget, d.n, err);
    memory_source_init(&memory, "decoded", bytes_make(d.p, d.n));
    const struct member member = {.path = "decoded", .source = &memory.source};
    ok = ok && visitor->visit(visitor, &member, err);
    free(d.p);
    return ok;
}

/* Its octets in place of its characters, up to as much as would be refused. */
static bool visit_wide(struct source *source, struct budget *budget, struct visitor *visitor, struct error *err) {
    struct memory_source narrowed;
    size_t most = 2 * (size_t)limit_most(budget->limits, LIMIT_ENCODED_SIZE) + 4, n = source->size < most ? (size_t)source->size : most;
    uint8_t *text = malloc(n);
    if (text == NULL) {
        return error_set(err, ERR_LIMIT, "no memory to decode text");
    }
    bool ok = source_into(source, text, n, 0, err);
    struct bytes all = bytes_make(text, ok ? narrow(text, n) : 0);
    memory_source_init(&narrowed, "text", bytes_cut(all, preface(all), all.n));
    ok = ok && visit(&narrowed.source, budget, visitor, err);
    free(text);
    return ok;
}

/* What has something before it becomes a member as source/carrier.c would make it one. */
static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct bytes head;
    (void)anomalies;
    if (!source_read_some(source, arena, 0, FIRST, &head, err)) {
        return false;
    }
    if (is_wide(head)) {
        return visit_wide(source, budget, visitor, err);
    }
    size_t at = preface(head);
    return at == 0 ? visit(source, budget, visitor, err)
                   : visit_window(visitor, source, at, source->size - at, arena_printf(arena, "base64@%zu", at), arena, err);
}

const struct container container_encoded = {
    .name = "encoded", .first = FIRST_OCTETS("TUN0H/zb-\xef\xff \t\r\n"), .probe = probe, .walk = walk};
