/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file written as text (source/encoded_text.h), whole: one member, decoded in memory; also behind the mark of UTF-16LE, and behind a line
 * of the kind that PEM begins with. Not decoded: text past LIMIT_ENCODED_SIZE. What stands behind the end of the text is for whoever found
 * it.
 */
#include "source/encoded.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/reader.h"
#include "source/encoded_text.h"
#include "source/piece.h"
#include "source/stream.h"

enum {
    FIRST = 1024,          /* octets of text that are decoded to see whether it is worth more */
    LINE = 1024,           /* more than what stands between them */
    SHORTEST = 256,        /* what is shorter holds nothing that is signed */
    PROGRAM_MAX = 1 << 20, /* where a program's header begins at the latest */
};

/* ---- beginnings ---- */

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

/* Whether the first octets of what so much of the head decodes to are those of a file that is looked for. */
static bool hex_begins(struct bytes head, size_t look, size_t least) {
    enum { LOOK_MAX = 256 };
    static const char *const begins[] = {
        "MZ",   "PK\3\4",           "MSCF", "7z\xbc\xaf",       "\xd0\xcf\x11\xe0", "\x1f\x8b\x08", "\xfd\x37zX",
        "Rar!", "\xcf\xfa\xed\xfe", "BZh",  "\x28\xb5\x2f\xfd", "\x04\x22\x4d\x18", "!<arch>\n",    "\xed\xab\xee\xdb",
        "xar!", "\xca\xfe\xba\xbe"};
    uint8_t octets[LOOK_MAX];
    size_t used, n = head.n < look ? head.n : look;
    memcpy(octets, head.p, n);
    struct bytes b = bytes_make(octets, encoded_text_hex(octets, n, &used));
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        if (b.n >= least && bytes_starts(b, bytes_cut(bytes_text(begins[i]), 0, least))) {
            return true;
        }
    }
    return false;
}

/* Two bytes, then sixteen at least: where something begins with two of these digits, it mostly ends with them. */
static bool is_hex(struct bytes head) {
    return head.n > 1 && strchr("04537dD1fFcC2eE", head.p[0]) != NULL && isxdigit(head.p[1]) && hex_begins(head, 16, 2) &&
           hex_begins(head, 256, 16);
}

enum encoded_kind encoded_kind_of(struct bytes head) {
    /* MZ, PK, MSCF, 7z, compound files, gzip, xz, RAR, Mach-O, bzip2, zstd, LZ4, ar, rpm, xar, Mach-O of several slices */
    static const char *const rows[] = {"TVo",   "TVp",   "TVq",        "TVr",   "UEsDB", "TVNDR", "N3q8r", "0M8R4",
                                       "H4sI",  "/Td6W", "_Td6W",      "UmFyI", "z/rt/", "z_rt_", "Qlpo",  "KLUv/",
                                       "KLUv_", "BCJNG", "ITxhcmNoPg", "7avu2", "eGFyI", "yv66v"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (bytes_starts(head, bytes_text(rows[i]))) {
            return ENCODED_BASE64;
        }
    }
    return is_uu(head) ? ENCODED_UU : is_hex(head) ? ENCODED_HEX : ENCODED_NONE;
}

bool encoded_is_wide(struct bytes head) {
    return head.n > 3 && head.p[0] != 0 && head.p[1] == 0 && head.p[2] != 0 && head.p[3] == 0;
}

static enum encoded_kind kind_of_any(struct bytes head) {
    uint8_t octets[FIRST];
    if (!encoded_is_wide(head)) {
        return encoded_kind_of(head);
    }
    size_t n = head.n < FIRST ? head.n : FIRST;
    memcpy(octets, head.p, n);
    return encoded_kind_of(bytes_make(octets, encoded_text_narrow(octets, n)));
}

bool encoded_begins(struct bytes head) {
    return kind_of_any(head) != ENCODED_NONE;
}

/* ---- decoding ---- */

/* The first most octets of the source, decoded. The caller frees d->p. */
static bool decode(struct source *source, uint64_t most, struct decoding *d, struct error *err) {
    size_t n = source->size < most ? (size_t)source->size : (size_t)most;
    *d = (struct decoding){.p = malloc(n != 0 ? n : 1)};
    if (d->p == NULL) {
        return error_memory(err, "to decode text");
    }
    if (!source_into(source, d->p, n, 0, err)) {
        return false;
    }
    encoded_text_decode(d, n);
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
    uint64_t most = limit_most(limits, LIMIT_ENCODED_SIZE);
    bool ok = decode(source, FIRST, &d, err);
    if (ok && d.text >= SHORTEST && is_file(bytes_make(d.p, d.n))) {
        free(d.p);
        ok = decode(source, most + 1, &d, err) && makes_sense(&d, limits, &yes, err);
        bool cut = source->size > most && d.text + LINE > most; /* perhaps between the digits of two lines */
        *n = !yes ? 0 : cut ? most + 1 : d.text;
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

/* How far what may stand before base64 goes: a byte order mark, blanks, the line that certutil or uuencode -m puts there whatever they
 * encode. */
static size_t preface(struct bytes head) {
    size_t at = blanks(head, bytes_starts(head, bytes_text("\xef\xbb\xbf")) ? 3 : 0);
    struct bytes rest = bytes_cut(head, at, head.n);
    if (bytes_starts(rest, bytes_text("-----BEGIN ")) || bytes_starts(rest, bytes_text("begin-base64 "))) {
        at = blanks(head, bytes_find(head, bytes_text("\n"), at));
    }
    return at;
}

/* Where text begins in a file, whose mark of UTF-16LE, as PowerShell writes it, is none of it. */
static size_t text_at(struct bytes head) {
    uint8_t octets[FIRST];
    if (!bytes_starts(head, bytes_text("\xff\xfe"))) {
        return preface(head);
    }
    head = bytes_cut(head, 2, FIRST);
    memcpy(octets, head.p, head.n);
    return 2 + 2 * preface(bytes_make(octets, encoded_text_narrow(octets, head.n)));
}

static bool probe(const struct probe *probe) {
    size_t at = text_at(bytes_cut(probe->head, 0, FIRST));
    return (at == 0 || !probe->thorough) && encoded_begins(bytes_cut(probe->head, at, FIRST)); /* else source/carrier.c finds it */
}

/* What uuencode wrote says so: whatever comes out is shown. Of more text than is decoded the beginning is a member all the same. */
static bool visit(struct source *source, bool uu, struct budget *budget, struct visitor *visitor, struct error *err) {
    struct decoding d;
    struct memory_source memory;
    uint64_t n;
    if (!encoded_size(source, budget->limits, &n, err)) {
        return false;
    }
    n = n == 0 && uu ? source->size : n;
    if (n == 0) {
        return true;
    }
    uint64_t most = limit_most(budget->limits, LIMIT_ENCODED_SIZE);
    bool ok = decode(source, n < most ? n : most, &d, err) && budget_spend(budget, d.n, err);
    memory_source_init(&memory, "decoded", bytes_make(d.p, d.n));
    const struct member member = {.path = "decoded", .source = &memory.source};
    ok = ok && visitor->visit(visitor, &member, err);
    free(d.p);
    return ok && (n <= most || limit_reached(budget->limits, LIMIT_ENCODED_SIZE, err));
}

/* What has something before it becomes a member as source/carrier.c would make it one. */
static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct bytes head;
    (void)anomalies;
    if (!source_read_some(source, arena, 0, FIRST, &head, err)) {
        return false;
    }
    static const char *const names[] = {
        [ENCODED_NONE] = "text", [ENCODED_BASE64] = "base64", [ENCODED_HEX] = "hex", [ENCODED_UU] = "uuencoded"};
    size_t at = text_at(head);
    enum encoded_kind kind = kind_of_any(bytes_cut(head, at, FIRST));
    if (at == 0) {
        return visit(source, kind == ENCODED_UU, budget, visitor, err);
    }
    const char *path = arena_printf(arena, "%s@%zu", names[kind], at);
    return visit_window(visitor, source, at, source->size - at, path, arena, err);
}

const struct container container_encoded = {
    .name = "encoded", .first = FIRST_OCTETS("TUN0H/z_b4537dD1fFcCQKIBey2E-\xef\xff \t\r\n"), .probe = probe, .walk = walk};
