/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpio archives as the payloads of packages have them: the portable format (POSIX.1-1988 10.1.2, "070707") and SVR4's ("070701" and
 * "070702"), plain or packed as pbzx; and the oldest, of binary numbers in either order (cpio(5), "Old Binary Format").
 *
 * Walks a cpio archive from its beginning to its end, once. Members that are not too large are held in memory while they are looked
 * at, since a program is read here and there; larger ones are unpacked from the archive's beginning again where that is asked for.
 * Whatever has content is shown but for folders: of a type that is none, or of a device, unpackers make a file. What stands behind the
 * end, as the archives of an initial file system for Linux stand one behind the other, packed or not, is a member, too.
 * Refused: numbers that are none, names without an end, an archive that stops before "TRAILER!!!".
 */
#include "source/stream.h"

#include <stdlib.h>

#include "base/reader.h"
#include "source/archive.h"
#include "source/pbzx.h"

/* "070707": mode at 18, name size at 59, file size at 65; octal. "070701": mode at 14, file size at 54, name size at 94; hex, name
 * and data each followed by NULs up to a multiple of 4. Binary: u16 070707, mode at 6, name size at 20, file size at 22, two u16 of which
 * the upper comes first; name and data each followed by a NUL up to a multiple of 2. */
enum { LITTLE = 256, BIG = 257 }; /* in place of a base */
static const struct layout {
    const char *magic;
    unsigned header, digits, base, align;
    struct {
        unsigned at, n;
    } mode, name, size;
} layouts[] = {
    {"070707", 76, 6, 8, 1, {18, 6}, {59, 6}, {65, 11}},   {"070701", 110, 8, 16, 4, {14, 8}, {94, 8}, {54, 8}},
    {"070702", 110, 8, 16, 4, {14, 8}, {94, 8}, {54, 8}},  {"\xc7\x71", 26, 2, LITTLE, 2, {6, 2}, {20, 2}, {22, 4}},
    {"\x71\xc7", 26, 2, BIG, 2, {6, 2}, {20, 2}, {22, 4}},
};
enum { MAGIC = 6, HEADER_MAX = 110, IS_FILE = 0100000, IS_FOLDER = 0040000, TYPE_BITS = 0170000, STEP = 64 << 10 };
enum {
    CPIO_SPOOL_MAX = 64 << 20, /* a member of so many octets is held in memory while it is looked at */
    CPIO_NAME_MAX = 4096,
};

/* The archive being unpacked, and how far. */
struct tape {
    struct stream *stream;
    struct budget *budget;
    uint64_t packed; /* octets that it is unpacked from */
    uint64_t at, produced;
};

/* A member too large for memory, as a stream of its own. */
struct slice {
    struct stream stream;
    struct tape *tape;
    uint64_t begin, end; /* in the tape */
};

static const struct layout *layout_of(struct bytes head) {
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (bytes_starts(head, bytes_text(layouts[i].magic))) {
            return &layouts[i];
        }
    }
    return NULL;
}

/* ---- the tape ---- */

/* Reads some of the next n octets; *got 0 at the end. What is read for members goes to the budget where they are read. */
static bool tape_some(struct tape *t, uint8_t *buf, size_t n, size_t *got, struct error *err) {
    if (!t->stream->next(t->stream, buf, n, got, err)) {
        return false;
    }
    t->at += *got;
    t->produced += *got;
    return budget_ratio(t->budget, t->at, t->packed, err);
}

/* Reads up to n octets, fewer only at the end. */
static bool tape_read(struct tape *t, uint8_t *buf, size_t n, size_t *got, struct error *err) {
    size_t some = 1;
    *got = 0;
    while (*got < n && some != 0) {
        size_t step = n - *got < STEP ? n - *got : STEP;
        if (!tape_some(t, buf + *got, step, &some, err) || !budget_spend(t->budget, some, err)) {
            return false;
        }
        *got += some;
    }
    return true;
}

static bool cut_short(const struct tape *t, struct error *err) {
    return error_set(err, ERR_MALFORMED, "the archive ends inside of a member (at unpacked byte %llu)", (unsigned long long)t->at);
}

static bool tape_skip(struct tape *t, uint64_t to, struct error *err) {
    uint8_t buffer[4096];
    while (t->at < to) {
        size_t n = to - t->at < sizeof buffer ? (size_t)(to - t->at) : sizeof buffer, got;
        if (!tape_read(t, buffer, n, &got, err)) {
            return false;
        }
        if (got < n) {
            return cut_short(t, err);
        }
    }
    return true;
}

static bool slice_next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct slice *s = (struct slice *)stream;
    uint64_t left = s->end - s->tape->at;
    return tape_some(s->tape, buf, left < room ? (size_t)left : room, got, err);
}

static bool slice_restart(struct stream *stream, struct error *err) {
    struct slice *s = (struct slice *)stream;
    s->tape->at = 0;
    return s->tape->stream->restart(s->tape->stream, err) && tape_skip(s->tape, s->begin, err);
}

/* ---- members ---- */

struct walk {
    struct tape tape;
    const struct layout *layout;
    struct visitor *visitor;
    struct arena scratch; /* of one member */
    uint8_t *spool;
    size_t spool_room;
};

struct entry {
    const char *name;
    uint64_t mode, size;
};

static uint64_t binary_number(struct bytes words, bool big) {
    struct reader r = reader_make(words, 0);
    uint64_t v = 0;
    while (r.left.n != 0 && reader_ok(&r)) {
        v = v << 16 | (big ? reader_u16be(&r) : reader_u16le(&r));
    }
    return v;
}

static bool number(struct bytes digits, unsigned base, uint64_t *out) {
    uint64_t v = 0;
    if (base == LITTLE || base == BIG) {
        *out = binary_number(digits, base == BIG);
        return true;
    }
    for (size_t i = 0; i < digits.n; i++) {
        uint8_t c = digits.p[i];
        unsigned d = c >= '0' && c <= '9' ? c - '0' + 0u : c >= 'a' && c <= 'f' ? c - 'a' + 10u : c >= 'A' && c <= 'F' ? c - 'A' + 10u : 99;
        if (d >= base) {
            return false;
        }
        v = v * base + d;
    }
    *out = v;
    return true;
}

static uint64_t aligned(const struct walk *w, uint64_t at) {
    return (at + w->layout->align - 1) / w->layout->align * w->layout->align;
}

/* Reads one header and the name behind it. head holds what was read of it already. */
static bool entry_read(struct walk *w, uint8_t *head, size_t have, struct entry *out, struct error *err) {
    const struct layout *l = w->layout;
    size_t got;
    uint64_t name_size;
    if (!tape_read(&w->tape, head + have, l->header - have, &got, err)) {
        return false;
    }
    struct bytes b = bytes_make(head, have + got);
    if (b.n < l->header) {
        return cut_short(&w->tape, err);
    }
    if (!bytes_starts(b, bytes_text(l->magic)) || !number(bytes_cut(b, l->mode.at, l->mode.n), l->base, &out->mode) ||
        !number(bytes_cut(b, l->name.at, l->name.n), l->base, &name_size) ||
        !number(bytes_cut(b, l->size.at, l->size.n), l->base, &out->size)) {
        return error_set(err, ERR_MALFORMED, "no cpio header at unpacked byte %llu", (unsigned long long)(w->tape.at - l->header));
    }
    if (name_size == 0 || name_size > CPIO_NAME_MAX) {
        return error_set(err, ERR_MALFORMED, "a name of %llu bytes in a cpio archive", (unsigned long long)name_size);
    }
    arena_reset(&w->scratch);
    uint8_t *name = arena_alloc(&w->scratch, (size_t)name_size + 1);
    if (name == NULL) {
        return arena_full(&w->scratch, err);
    }
    if (!tape_read(&w->tape, name, (size_t)name_size, &got, err)) {
        return false;
    }
    out->name = (const char *)name;
    return got == name_size || cut_short(&w->tape, err);
}

static bool spool_room(struct walk *w, size_t n) {
    if (n > w->spool_room) {
        free(w->spool);
        w->spool = malloc(n);
        w->spool_room = w->spool != NULL ? n : 0;
    }
    return n <= w->spool_room;
}

static bool member_visit(struct walk *w, const struct entry *e, struct error *err) {
    struct member member = {.path = e->name};
    if (e->size <= CPIO_SPOOL_MAX && spool_room(w, (size_t)e->size)) {
        size_t got;
        struct memory_source memory;
        if (!tape_read(&w->tape, w->spool, (size_t)e->size, &got, err)) {
            return false;
        }
        if (got < e->size) {
            return cut_short(&w->tape, err);
        }
        memory_source_init(&memory, e->name, bytes_make(w->spool, got));
        member.source = &memory.source;
        return w->visitor->visit(w->visitor, &member, err);
    }
    struct slice slice = {
        .stream = {.next = slice_next, .restart = slice_restart}, .tape = &w->tape, .begin = w->tape.at, .end = w->tape.at + e->size};
    struct stream_source source;
    stream_source_init(&source, e->name, e->size, 0, &slice.stream, w->tape.budget, &w->scratch);
    member.source = &source.source;
    return w->visitor->visit(w->visitor, &member, err);
}

static bool walk_entries(struct walk *w, uint8_t head[HEADER_MAX], struct error *err) {
    size_t have = MAGIC;
    for (;; have = 0) {
        struct entry e;
        if (!entry_read(w, head, have, &e, err)) {
            return false;
        }
        if (strcmp(e.name, "TRAILER!!!") == 0) {
            return true;
        }
        if (!tape_skip(&w->tape, aligned(w, w->tape.at), err)) {
            return false;
        }
        uint64_t end = aligned(w, w->tape.at + e.size);
        if ((e.mode & TYPE_BITS) != IS_FOLDER && e.size != 0 && !member_visit(w, &e, err)) {
            return false;
        }
        if (!tape_skip(&w->tape, end, err)) {
            return false;
        }
    }
}

static bool walk_stream(struct stream *stream, uint64_t packed, struct budget *budget, struct visitor *visitor, struct error *err) {
    struct walk w = {
        .tape = {.stream = stream, .budget = budget, .packed = packed}, .visitor = visitor, .scratch = arena_make((size_t)2 << 20)};
    uint8_t head[HEADER_MAX];
    size_t got;
    bool ok = tape_read(&w.tape, head, MAGIC, &got, err);
    if (ok) {
        w.layout = layout_of(bytes_make(head, got));
        ok = w.layout == NULL || walk_entries(&w, head, err);
    }
    free(w.spool);
    arena_free(&w.scratch);
    return ok;
}

/* ---- what it is packed as ---- */

/* Two octets tell little: the first header must name something that there is, with a name that ends where it says. */
bool cpio_is_binary(struct bytes head) {
    enum { TYPES = 0xf000 };
    const struct layout *l = layout_of(head);
    uint64_t mode, name_size;
    if (l == NULL || l->base < LITTLE || head.n < l->header || !number(bytes_cut(head, l->mode.at, l->mode.n), l->base, &mode) ||
        !number(bytes_cut(head, l->name.at, l->name.n), l->base, &name_size)) {
        return false;
    }
    struct bytes name = bytes_cut(head, l->header, (size_t)name_size);
    uint64_t type = mode & TYPES;
    bool exists = type == IS_FILE || type == 0040000 || type == 0120000 || type == 0020000 || type == 0060000 || type == 0010000;
    return exists && name_size > 1 && name.n == name_size && bytes_find(name, bytes_make("", 1), 0) == name.n - 1;
}

enum packing { AS_IT_IS, PBZX, NOT_READABLE };

static const struct {
    struct bytes magic;
    enum packing packing;
    const char *name;
} packings[] = {
    {{(const uint8_t *)"07070", 5}, AS_IT_IS, NULL},
    {{(const uint8_t *)"pbzx", 4}, PBZX, NULL},
    {{(const uint8_t *)"AA01", 4}, NOT_READABLE, "an Apple Archive"},
    {{(const uint8_t *)"YAA1", 4}, NOT_READABLE, "an Apple Archive"},
    {{(const uint8_t *)"pbze", 4}, NOT_READABLE, "packed as LZFSE (pbze)"},
    {{(const uint8_t *)"pbzz", 4}, NOT_READABLE, "packed as zlib (pbzz)"},
};
enum { N_PACKINGS = sizeof packings / sizeof *packings };

static size_t packing_of(struct bytes head) {
    size_t i = 0;
    while (i < N_PACKINGS && !bytes_starts(head, packings[i].magic)) {
        i++;
    }
    return i == N_PACKINGS && cpio_is_binary(head) ? 0 : i;
}

/* A source as a stream, for an archive that is not packed. */
struct plain {
    struct stream stream;
    struct source *source;
    uint64_t at;
};

static bool plain_next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct plain *p = (struct plain *)stream;
    uint64_t left = p->source->size - p->at;
    *got = left < room ? (size_t)left : room;
    bool ok = source_into(p->source, buf, *got, p->at, err);
    p->at += *got;
    return ok;
}

static bool plain_restart(struct stream *stream, struct error *err) {
    (void)err;
    ((struct plain *)stream)->at = 0;
    return true;
}

static bool walk_pbzx(struct source *source, struct budget *budget, struct visitor *visitor, struct error *err) {
    struct pbzx *pbzx = malloc(sizeof *pbzx);
    if (pbzx == NULL) {
        return error_set(err, ERR_LIMIT, "out of memory for unpacking");
    }
    pbzx_init(pbzx, source);
    bool ok = walk_stream(&pbzx->stream, source->size, budget, visitor, err);
    pbzx_end(pbzx);
    free(pbzx);
    return ok;
}

/* NULs fill the last block of an archive. */
static bool visit_behind(struct source *source, uint64_t at, struct arena *arena, struct budget *budget, struct visitor *visitor,
                         struct error *err) {
    uint8_t block[4096];
    while (at < source->size) {
        size_t n = source->size - at < sizeof block ? (size_t)(source->size - at) : sizeof block, zeros = 0;
        if (!budget_spend(budget, 0, err) || !source_into(source, block, n, at, err)) {
            return false;
        }
        while (zeros < n && block[zeros] == 0) {
            zeros++;
        }
        at += zeros;
        if (zeros < n) {
            const char *path = arena_printf(arena, "behind@%llu", (unsigned long long)at);
            return visit_window(visitor, source, at, source->size - at, path, arena, err);
        }
    }
    return true;
}

/* gzip and bzip2, which hold anything, have their own container (archive.c). */
static bool probe(const struct probe *probe) {
    return packing_of(probe->head) < N_PACKINGS;
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    uint8_t head[PROBE_HEAD];
    size_t n = source->size < sizeof head ? (size_t)source->size : sizeof head;
    (void)anomalies;
    if (!source_into(source, head, n, 0, err)) {
        return false;
    }
    size_t i = packing_of(bytes_make(head, n));
    if (i == N_PACKINGS) {
        return true;
    }
    if (packings[i].packing == NOT_READABLE) {
        return error_set(err, ERR_UNSUPPORTED, "%s", packings[i].name);
    }
    if (packings[i].packing == PBZX) {
        return walk_pbzx(source, budget, visitor, err);
    }
    struct plain plain = {.stream = {.next = plain_next, .restart = plain_restart}, .source = source};
    return walk_stream(&plain.stream, source->size, budget, visitor, err) && visit_behind(source, plain.at, arena, budget, visitor, err);
}

const struct container container_cpio = {.name = "cpio", .probe = probe, .walk = walk};
