/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source over something that can only be unpacked from its beginning on: a deflated member, a chunk of a solid archive.
 * The first bytes and the newest ones are kept; a read before those starts again from the beginning. Formats read a head, a
 * signature near the end, and only for a proof everything once more: so most members are unpacked partly or once. What is small is
 * kept whole once it is read past its first bytes: an archive in an archive is read back and forth.
 */
#ifndef CERTBAN_SOURCE_STREAM_H
#define CERTBAN_SOURCE_STREAM_H

#include "source/container.h"

/* What unpacks. next gives up to room bytes more (*got 0: the end); restart goes back to the beginning. seek, which may be NULL, goes to
 * the last place behind from, and not behind to, from which the stream was made able to go on (*at); false: there is none, and nothing
 * has changed. */
struct stream {
    bool (*next)(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err);
    bool (*restart)(struct stream *stream, struct error *err);
    bool (*seek)(struct stream *stream, uint64_t from, uint64_t to, uint64_t *at);
};

/* The sizes of what is kept. */
enum {
    STREAM_FIRST = 4 << 10,
    STREAM_HEAD = 64 << 10,
    STREAM_BLOCK = 256 << 10,
    STREAM_BLOCK_WIDE = 1 << 20, /* once something was read back and forth */
    STREAM_WHOLE = 16 << 20,
    STREAM_WINDOW_WHOLE = 8 << 20, /* of a window: what is below it keeps something, too */
};

struct stream_source {
    struct source source;
    struct stream *stream;
    struct budget *budget;
    uint64_t packed;   /* bytes that the unpacked ones come from, for the ratio; 0: not checked */
    uint64_t at;       /* unpacked so far */
    uint64_t produced; /* unpacked in all, over every restart */
    bool ended;
    bool reached;  /* its last byte was unpacked once */
    uint8_t *head; /* the first bytes; n_head of them are there */
    size_t n_head;
    struct arena *arena;
    uint8_t *block[2]; /* [0] the newest, [1] the one before; each holds n_block bytes from block_at on */
    uint64_t block_at[2];
    size_t n_block[2];
    size_t whole; /* the most that is kept whole */
    size_t room;  /* of a block; 0: there are none yet. All that the head does not hold, when the source is kept whole */
};

/* stream_source_init sets up a source of size bytes over a stream that stands at its beginning. Buffers come from the arena,
 * as they are needed. The stream, the budget and the arena outlive it. */
void stream_source_init(struct stream_source *s, const char *name, uint64_t size, uint64_t packed, struct stream *stream,
                        struct budget *budget, struct arena *arena);

/* A window of a source that is unpacked from its beginning on, as one of its own: what is kept of it need not be unpacked again. */
struct stream_window {
    struct stream stream; /* first: it is what the source is given */
    struct stream_source source;
    struct budget free; /* what it reads is paid for below */
    struct source *under;
    uint64_t from, done;
};

/* stream_window_init makes n bytes of under from an offset on a source, in window->source. Buffers come from the arena, as needed. */
void stream_window_init(struct stream_window *window, const char *name, struct source *under, uint64_t from, uint64_t n,
                        struct arena *arena);

/* A window of any source: of what is unpacked from its beginning on one that keeps something. */
union view {
    struct window_source plain;
    struct stream_window kept;
};

/* view_init is the view's source; it is clipped to under's size. */
struct source *view_init(union view *view, const char *name, struct source *under, uint64_t from, uint64_t n, struct arena *arena);

/* budget_start_clocks gives a file its time from now on: three quarters of the seconds that its reader has before it is ended, and as much
 * of LIMIT_CPU, so that what was found by then is still told. hashing as in struct budget. */
void budget_start_clocks(struct budget *budget, uint64_t seconds, const int64_t *hashing);

/* budget_in_time says whether the deadline has not passed; ERR_LIMIT when it has. For hashing, whose processor time is not counted. */
CERTBAN_MUST_USE bool budget_in_time(const struct budget *budget, struct error *err);

/* budget_spend takes n unpacked bytes off; ERR_LIMIT when there are not so many left or the deadline has passed. */
CERTBAN_MUST_USE bool budget_spend(struct budget *budget, uint64_t n, struct error *err);

/* budget_place counts one more place where a file may begin in another one; ERR_LIMIT past so many, or past the deadline. */
CERTBAN_MUST_USE bool budget_place(struct budget *budget, struct error *err);

/* budget_ratio says whether packed bytes may unpack to so many; ERR_LIMIT past the ratio that makes a bomb. */
CERTBAN_MUST_USE bool budget_ratio(const struct budget *budget, uint64_t unpacked, uint64_t packed, struct error *err);

#endif
