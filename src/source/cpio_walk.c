/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a cpio archive from its beginning to its end, once. Members that are not too large are held in memory while they are looked
 * at, since a program is read here and there; larger ones are unpacked from the archive's beginning again where that is asked for.
 * Whatever has content is shown: of a type that is none, or of a device, unpackers make a file, and a folder has none.
 * Refused: numbers that are none, names without an end, an archive that stops before "TRAILER!!!".
 */
#include "source/cpio.h"

#include <stdlib.h>

enum { STEP = 64 << 10, ZEROS = 512 };
enum {
    CPIO_SPOOL_MAX = 64 << 20, /* a member of so many octets is held in memory while it is looked at */
};

/* The archive being unpacked, and how far. */
struct tape {
    struct stream *stream;
    struct budget *budget;
    uint64_t packed; /* octets that it is unpacked from */
    uint64_t at;
    struct bytes ahead; /* read too far, to be read again */
    uint8_t room[ZEROS];
};

/* A member too large for memory, as a stream of its own. */
struct slice {
    struct stream stream;
    struct tape *tape;
    uint64_t begin, end; /* in the tape */
};

/* ---- the tape ---- */

/* Reads some of the next n octets; *got 0 at the end. What is read for members goes to the budget where they are read. */
static bool tape_some(struct tape *t, uint8_t *buf, size_t n, size_t *got, struct error *err) {
    if (t->ahead.n != 0) {
        *got = n < t->ahead.n ? n : t->ahead.n;
        memcpy(buf, t->ahead.p, *got);
        t->ahead = bytes_cut(t->ahead, *got, t->ahead.n);
    } else if (!t->stream->next(t->stream, buf, n, got, err)) {
        return false;
    }
    t->at += *got;
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

/* Goes past NULs, which fill the last block of an archive, and reads n octets behind them, fewer only at the end. */
static bool tape_read_behind(struct tape *t, uint8_t *buf, size_t n, size_t *got, struct error *err) {
    uint8_t block[ZEROS];
    size_t have, zeros;
    do {
        if (!tape_read(t, block, sizeof block, &have, err)) {
            return false;
        }
        for (zeros = 0; zeros < have && block[zeros] == 0; zeros++) {
        }
    } while (have != 0 && zeros == have);
    memcpy(t->room, block + zeros, have - zeros);
    t->ahead = bytes_make(t->room, have - zeros);
    t->at -= t->ahead.n;
    return tape_read(t, buf, n, got, err);
}

static bool slice_next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct slice *s = (struct slice *)stream;
    uint64_t left = s->end - s->tape->at;
    return tape_some(s->tape, buf, left < room ? (size_t)left : room, got, err);
}

static bool slice_restart(struct stream *stream, struct error *err) {
    struct slice *s = (struct slice *)stream;
    s->tape->at = 0;
    s->tape->ahead = bytes_none();
    return s->tape->stream->restart(s->tape->stream, err) && tape_skip(s->tape, s->begin, err);
}

/* ---- members ---- */

struct walk {
    struct tape tape;
    const struct cpio_layout *layout;
    uint64_t begin; /* of the archive, in the tape */
    struct visitor *visitor;
    struct arena scratch; /* of one member */
    uint8_t *spool;
    size_t spool_room;
};

struct entry {
    const char *name;
    struct cpio_header header;
};

static uint64_t aligned(const struct walk *w, uint64_t at) {
    return w->begin + cpio_aligned(w->layout, at - w->begin);
}

/* Reads one header and the name behind it. head holds what was read of it already. */
static bool entry_read(struct walk *w, uint8_t *head, size_t have, struct entry *out, struct error *err) {
    const struct cpio_layout *l = w->layout;
    size_t got;
    if (!tape_read(&w->tape, head + have, l->header - have, &got, err)) {
        return false;
    }
    struct bytes b = bytes_make(head, have + got);
    if (b.n < l->header) {
        return cut_short(&w->tape, err);
    }
    if (!cpio_header_read(l, b, &out->header)) {
        return error_set(err, ERR_MALFORMED, "no cpio header at unpacked byte %llu", (unsigned long long)(w->tape.at - l->header));
    }
    size_t n = (size_t)out->header.name_size;
    if (n == 0 || out->header.name_size > CPIO_NAME_MAX) {
        return error_set(err, ERR_MALFORMED, "a name of %llu bytes in a cpio archive", (unsigned long long)out->header.name_size);
    }
    arena_reset(&w->scratch);
    uint8_t *name = arena_alloc(&w->scratch, n + 1);
    if (name == NULL) {
        return arena_full(&w->scratch, err);
    }
    if (!tape_read(&w->tape, name, n, &got, err)) {
        return false;
    }
    out->name = (const char *)name;
    return got == n || cut_short(&w->tape, err);
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
    uint64_t size = e->header.size;
    if (size <= CPIO_SPOOL_MAX && spool_room(w, (size_t)size)) {
        size_t got;
        struct memory_source memory;
        if (!tape_read(&w->tape, w->spool, (size_t)size, &got, err)) {
            return false;
        }
        if (got < size) {
            return cut_short(&w->tape, err);
        }
        memory_source_init(&memory, e->name, bytes_make(w->spool, got));
        member.source = &memory.source;
        return w->visitor->visit(w->visitor, &member, err);
    }
    struct slice slice = {
        .stream = {.next = slice_next, .restart = slice_restart}, .tape = &w->tape, .begin = w->tape.at, .end = w->tape.at + size};
    struct stream_source source;
    stream_source_init(&source, e->name, size, 0, &slice.stream, w->tape.budget, &w->scratch);
    member.source = &source.source;
    return w->visitor->visit(w->visitor, &member, err);
}

static bool walk_entries(struct walk *w, uint8_t head[CPIO_HEADER_MAX], struct error *err) {
    size_t have = CPIO_MAGIC;
    for (;; have = 0) {
        struct entry e;
        if (!entry_read(w, head, have, &e, err)) {
            return false;
        }
        if (strcmp(e.name, CPIO_LAST) == 0) {
            return true;
        }
        if (!tape_skip(&w->tape, aligned(w, w->tape.at), err)) {
            return false;
        }
        uint64_t end = aligned(w, w->tape.at + e.header.size);
        if (e.header.size != 0 && !member_visit(w, &e, err)) {
            return false;
        }
        if (!tape_skip(&w->tape, end, err)) {
            return false;
        }
    }
}

/* What is behind the end and no further archive: its first octets, and the rest of the tape. */
static bool rest_visit(struct walk *w, const uint8_t *head, size_t have, struct error *err) {
    size_t got = 0;
    uint64_t at = w->tape.at - have;
    arena_reset(&w->scratch);
    const char *path = arena_printf(&w->scratch, "behind@%llu", (unsigned long long)at);
    size_t most = (size_t)limit_most(w->tape.budget->limits, LIMIT_MEMORY);
    if (path == NULL || !spool_room(w, most)) {
        return error_memory(err, "for what stands behind a cpio archive");
    }
    memcpy(w->spool, head, have);
    if (!tape_read(&w->tape, w->spool + have, most - have, &got, err)) {
        return false;
    }
    if (have + got == most) {
        return limit_reached(w->tape.budget->limits, LIMIT_MEMORY, err);
    }
    struct memory_source memory;
    memory_source_init(&memory, path, bytes_make(w->spool, have + got));
    const struct member member = {.path = path, .source = &memory.source};
    return w->visitor->visit(w->visitor, &member, err);
}

/* The archives that stand behind the first one. */
static bool walk_behind(struct walk *w, uint8_t head[CPIO_HEADER_MAX], struct error *err) {
    for (;;) {
        size_t got;
        if (!tape_read_behind(&w->tape, head, CPIO_MAGIC, &got, err)) {
            return false;
        }
        struct bytes b = bytes_make(head, got);
        w->layout = bytes_starts(b, bytes_text("07070")) ? cpio_layout_of(b) : NULL;
        w->begin = w->tape.at - got;
        if (w->layout == NULL) {
            return got == 0 || rest_visit(w, head, got, err);
        }
        if (!walk_entries(w, head, err)) {
            return false;
        }
    }
}

bool cpio_walk(struct stream *stream, uint64_t packed, bool behind, struct budget *budget, struct visitor *visitor, struct error *err) {
    struct walk w = {
        .tape = {.stream = stream, .budget = budget, .packed = packed}, .visitor = visitor, .scratch = limit_arena(budget->limits)};
    uint8_t head[CPIO_HEADER_MAX];
    size_t got;
    bool ok = tape_read(&w.tape, head, CPIO_MAGIC, &got, err);
    if (ok) {
        w.layout = cpio_layout_of(bytes_make(head, got));
        ok = w.layout != NULL ? walk_entries(&w, head, err) && (!behind || walk_behind(&w, head, err))
                              : got == 0 || error_set(err, ERR_UNSUPPORTED, "what is packed here is no cpio archive");
    }
    free(w.spool);
    arena_free(&w.scratch);
    return ok;
}
