/* SPDX-License-Identifier: Apache-2.0 */
#include "source/stream.h"

#include <time.h>

static int64_t clock_ns(clockid_t which) {
    struct timespec now = {0};
    clock_gettime(which, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void budget_start_clocks(struct budget *budget, uint64_t seconds, const int64_t *hashing) {
    const int64_t second = INT64_C(1000000000);
    budget->hashing = hashing;
    int64_t now = clock_ns(CLOCK_MONOTONIC), cpu = (int64_t)limit_most(budget->limits, LIMIT_CPU) * second * 3 / 4;
    budget->deadline = now + (int64_t)seconds * second * 3 / 4;
    budget->cpu_from = now + cpu;
    budget->cpu_deadline = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - (hashing != NULL ? *hashing : 0) + cpu;
}

bool budget_spend(struct budget *budget, uint64_t n, struct error *err) {
    if (n > budget->bytes_left) {
        budget->bytes_left = 0;
        return limit_reached(budget->limits, LIMIT_UNPACKED, err);
    }
    budget->bytes_left -= n;
    if (budget->run_left != NULL) {
        bool enough = n <= *budget->run_left;
        *budget->run_left -= enough ? n : *budget->run_left;
        if (!enough) {
            return limit_reached(budget->limits, LIMIT_RUN, err);
        }
    }
    int64_t now = budget->deadline != 0 ? clock_ns(CLOCK_MONOTONIC) : 0;
    if (now > budget->deadline) {
        return limit_reached(budget->limits, LIMIT_TIME, err);
    }
    if (now > budget->cpu_from && /* one thread: it has not used more than has gone by */
        clock_ns(CLOCK_PROCESS_CPUTIME_ID) - (budget->hashing != NULL ? *budget->hashing : 0) > budget->cpu_deadline) {
        return limit_reached(budget->limits, LIMIT_CPU, err);
    }
    return true;
}

bool budget_in_time(const struct budget *budget, struct error *err) {
    return budget->deadline == 0 || clock_ns(CLOCK_MONOTONIC) <= budget->deadline || limit_reached(budget->limits, LIMIT_TIME, err);
}

bool budget_place(struct budget *budget, struct error *err) {
    if (budget->places++ >= limit_most(budget->limits, LIMIT_PLACES)) {
        return limit_reached(budget->limits, LIMIT_PLACES, err);
    }
    return budget_spend(budget, 0, err);
}

bool budget_ratio(const struct budget *budget, uint64_t unpacked, uint64_t packed, struct error *err) {
    bool bomb = unpacked > LIMIT_RATIO_FROM && unpacked / limit_most(budget->limits, LIMIT_RATIO) > packed;
    return !bomb || limit_reached(budget->limits, LIMIT_RATIO, err);
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* From now on more is kept: what had to be unpacked again for a place that was not far behind is read back and forth. */
static void widen(struct stream_source *s, uint64_t back) {
    enum { BLOCKS = 2 };
    if (s->room != STREAM_BLOCK || back > BLOCKS * STREAM_BLOCK_WIDE || s->arena->cap - s->arena->used < s->arena->cap / 2) {
        return;
    }
    uint8_t *newest = arena_raw(s->arena, STREAM_BLOCK_WIDE), *before = arena_raw(s->arena, STREAM_BLOCK_WIDE);
    if (newest != NULL && before != NULL) {
        s->block[0] = newest;
        s->block[1] = before;
        s->room = STREAM_BLOCK_WIDE;
    }
}

/* Goes to where the way to a place that is not kept is shortest: on from here, from a place behind, or from the beginning. */
static bool turn_to(struct stream_source *s, uint64_t to, struct error *err) {
    uint64_t at = 0, from = to < s->at ? 0 : s->at + STREAM_BLOCK;
    bool kept_whole = s->source.size <= s->whole;
    bool jumps = s->stream->seek != NULL && !kept_whole && s->stream->seek(s->stream, from, to, &at);
    if (!jumps && to >= s->at) {
        return true;
    }
    if (!jumps && !s->stream->restart(s->stream, err)) {
        return false;
    }
    if (to < s->at) {
        widen(s, s->at - to);
    }
    s->at = at;
    s->ended = false;
    s->n_block[0] = s->n_block[1] = 0;
    s->block_at[0] = s->block_at[1] = at;
    return true;
}

/* The newest block is full: it becomes the one before. */
static void turn_block(struct stream_source *s) {
    uint8_t *old = s->block[1];
    s->block[1] = s->block[0];
    s->block_at[1] = s->block_at[0];
    s->n_block[1] = s->n_block[0];
    s->block[0] = old;
    s->n_block[0] = 0;
}

/* Blocks are made when the head is not enough. Where one has room for all the rest, nothing is ever unpacked twice. */
static bool make_blocks(struct stream_source *s, struct error *err) {
    uint64_t rest = s->source.size - s->at;
    bool whole = s->source.size <= s->whole && rest <= (s->arena->cap - s->arena->used) / 2;
    s->room = whole ? (size_t)rest : STREAM_BLOCK;
    s->block[0] = arena_alloc(s->arena, s->room);
    s->block[1] = whole ? s->block[0] : arena_alloc(s->arena, s->room);
    return (s->block[0] != NULL && s->block[1] != NULL) || arena_full(s->arena, err);
}

/* Where what is unpacked next goes: into the head, as long as that is all there is, or into the newest block. */
static bool find_room(struct stream_source *s, uint8_t **to, size_t *room, size_t **filled, struct error *err) {
    uint64_t head = least(STREAM_HEAD, s->source.size);
    if (s->at == s->n_head && s->at < head) {
        s->head = s->head != NULL ? s->head : arena_alloc(s->arena, (size_t)head);
        if (s->head == NULL) {
            return arena_full(s->arena, err);
        }
        *to = s->head + s->n_head;
        *room = (size_t)least(head - s->n_head, s->produced == 0 ? STREAM_FIRST : head); /* for most members that is all */
        *filled = &s->n_head;
        return true;
    }
    if (s->at == s->source.size) {
        return error_set(err, ERR_MALFORMED, "read past the member's end");
    }
    if (s->room == 0 && !make_blocks(s, err)) {
        return false;
    }
    if (s->n_block[0] == s->room) {
        turn_block(s);
    }
    if (s->n_block[0] == 0) { /* else it stands behind what is there */
        s->block_at[0] = s->at;
    }
    *to = s->block[0] + s->n_block[0];
    *room = (size_t)least(s->room - s->n_block[0], s->source.size - s->at);
    *filled = &s->n_block[0];
    return true;
}

/* Unpacks some more. At the end before size bytes were there, the archive has lied. */
static bool advance(struct stream_source *s, struct error *err) {
    uint8_t *to;
    size_t room, got = 0, *filled;
    if (!find_room(s, &to, &room, &filled, err) || !s->stream->next(s->stream, to, room, &got, err)) {
        return false;
    }
    if (got == 0) {
        s->ended = true;
        return error_set(err, ERR_MALFORMED, "unpacks to %llu bytes instead of %llu", (unsigned long long)s->at,
                         (unsigned long long)s->source.size);
    }
    *filled += got;
    s->at += got;
    s->produced += got;
    s->reached = s->reached || s->at == s->source.size;
    return (s->packed == 0 || budget_ratio(s->budget, s->at, s->packed, err)) && budget_spend(s->budget, got, err);
}

/* Copies what one buffer holds of [at, at + n); returns how much of the beginning it gave. */
static size_t copy_from(const uint8_t *p, uint64_t p_at, size_t p_n, uint8_t *to, size_t n, uint64_t at) {
    if (at < p_at || at >= p_at + p_n) {
        return 0;
    }
    size_t skip = (size_t)(at - p_at), have = p_n - skip;
    size_t take = n < have ? n : have;
    memcpy(to, p + skip, take);
    return take;
}

static bool stream_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct stream_source *s = (struct stream_source *)source;
    uint8_t *to = buf;
    while (n != 0) {
        size_t got = copy_from(s->head, 0, s->n_head, to, n, at);
        for (size_t i = 0; got == 0 && i < 2; i++) {
            got = copy_from(s->block[i], s->block_at[i], s->n_block[i], to, n, at);
        }
        if (got == 0 && !(turn_to(s, at, err) && advance(s, err))) {
            return false;
        }
        to += got;
        at += got;
        n -= got;
    }
    return true;
}

void stream_source_init(struct stream_source *s, const char *name, uint64_t size, uint64_t packed, struct stream *stream,
                        struct budget *budget, struct arena *arena) {
    *s = (struct stream_source){.source = {.name = name, .size = size, .pread = stream_pread, .sequential = true},
                                .stream = stream,
                                .budget = budget,
                                .packed = packed,
                                .arena = arena,
                                .whole = STREAM_WHOLE};
}

static bool window_next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct stream_window *w = (struct stream_window *)stream;
    uint64_t left = w->source.source.size - w->done;
    *got = left < room ? (size_t)left : room;
    if (!source_into(w->under, buf, *got, w->from + w->done, err)) {
        return false;
    }
    w->done += *got;
    return true;
}

static bool window_restart(struct stream *stream, struct error *err) {
    (void)err;
    ((struct stream_window *)stream)->done = 0;
    return true;
}

static bool window_seek(struct stream *stream, uint64_t from, uint64_t to, uint64_t *at) {
    struct stream_window *w = (struct stream_window *)stream;
    *at = to / STREAM_FIRST * STREAM_FIRST;
    if (*at <= from) {
        return false;
    }
    w->done = *at;
    return true;
}

void stream_window_init(struct stream_window *window, const char *name, struct source *under, uint64_t from, uint64_t n,
                        struct arena *arena) {
    *window = (struct stream_window){.stream = {.next = window_next, .restart = window_restart, .seek = window_seek},
                                     .free = {.bytes_left = UINT64_MAX},
                                     .under = under,
                                     .from = from};
    stream_source_init(&window->source, name, n, 0, &window->stream, &window->free, arena);
    window->source.whole = STREAM_WINDOW_WHOLE;
}

struct source *view_init(union view *view, const char *name, struct source *under, uint64_t from, uint64_t n, struct arena *arena) {
    if (!under->sequential) {
        window_source_init(&view->plain, name, under, from, n);
        return &view->plain.source;
    }
    uint64_t left = under->size - least(from, under->size);
    stream_window_init(&view->kept, name, under, from, least(n, left), arena);
    return &view->kept.source.source;
}
