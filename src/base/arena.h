/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that belongs to the file being examined and goes with it. Nothing is freed singly; the cap turns bombs into errors. */
#ifndef CERTBAN_BASE_ARENA_H
#define CERTBAN_BASE_ARENA_H

#include "base/bytes.h"
#include "base/error.h"

struct arena_chunk;
struct limits;

struct arena {
    struct arena_chunk *chunks;  /* newest first */
    size_t used;                 /* bytes handed out since the last reset */
    size_t cap;                  /* no more than this is handed out */
    const char *option;          /* by which a user raises the cap, for arena_full to say so; NULL: none does */
    unsigned limit;              /* the number of that limit, as in struct error */
    const struct limits *limits; /* what the file may cost (model/limits.h), for parsers to ask; NULL: the usual. They outlive it */
    bool ran_out;                /* something was asked for and not given, since the last reset, */
    bool no_memory;              /* and that because the system had none */
};

/* The cap for one examined file (64 MiB). */
#define ARENA_FILE_CAP ((size_t)64 << 20)

/* arena_make is an empty arena; nothing is allocated before the first arena_alloc. */
struct arena arena_make(size_t cap);

/* arena_like is an empty arena for the same file as another one: with a cap of its own, and the same limits. */
struct arena arena_like(const struct arena *arena, size_t cap);

/* arena_alloc is n zeroed bytes, aligned for any type; NULL when the cap or the system's memory is reached. n may be 0. */
void *arena_alloc(struct arena *arena, size_t n);

/* arena_raw is arena_alloc of bytes that mean nothing: only for what is written whole at once. */
void *arena_raw(struct arena *arena, size_t n);

/* arena_array is arena_alloc(n * size), NULL on overflow. */
void *arena_array(struct arena *arena, size_t n, size_t size);

/* arena_copy is a copy of b in the arena, followed by a NUL that is not counted. False with ERR_LIMIT when there is no room. */
CERTBAN_MUST_USE bool arena_copy(struct arena *arena, struct bytes b, struct bytes *copy, struct error *err);

/* arena_printf is a formatted C string in the arena; NULL when there is no room. */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* arena_full raises ERR_LIMIT in the usual words: "return arena_full(arena, err)". */
bool arena_full(const struct arena *arena, struct error *err);
#define arena_full(...) error_false((arena_full)(__VA_ARGS__)) /* as in base/error.h */

/* arena_reset forgets all that was handed out and keeps one chunk for the next file. */
void arena_reset(struct arena *arena);

/* arena_free gives everything back to the system; the arena may be used again. */
void arena_free(struct arena *arena);

#endif
