/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of data */
    size_t used;
    alignas(max_align_t) uint8_t data[];
};

enum { CHUNK_SIZE = 256 << 10 };

struct arena arena_make(size_t cap) {
    return (struct arena){.chunks = NULL, .used = 0, .cap = cap};
}

struct arena arena_like(const struct arena *arena, size_t cap) {
    return (struct arena){.chunks = NULL, .used = 0, .cap = cap, .limits = arena->limits};
}

static struct arena_chunk *chunk_new(size_t n) {
    size_t size = n > CHUNK_SIZE ? n : CHUNK_SIZE;
    struct arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk != NULL) {
        chunk->next = NULL;
        chunk->size = size;
        chunk->used = 0;
    }
    return chunk;
}

void *arena_raw(struct arena *arena, size_t n) {
    size_t rounded = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (rounded < n || rounded > arena->cap - arena->used) {
        arena->ran_out = true;
        return NULL;
    }
    struct arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || rounded > chunk->size - chunk->used) {
        struct arena_chunk *fresh = chunk_new(rounded);
        if (fresh == NULL) {
            arena->ran_out = arena->no_memory = true;
            return NULL;
        }
        fresh->next = chunk;
        arena->chunks = chunk = fresh;
    }
    void *p = chunk->data + chunk->used;
    chunk->used += rounded;
    arena->used += rounded;
    return p;
}

void *arena_alloc(struct arena *arena, size_t n) {
    void *p = arena_raw(arena, n);
    return p != NULL ? memset(p, 0, n) : NULL;
}

void *arena_array(struct arena *arena, size_t n, size_t size) {
    size_t all;
    return __builtin_mul_overflow(n, size, &all) ? NULL : arena_alloc(arena, all);
}

bool arena_copy(struct arena *arena, struct bytes b, struct bytes *copy, struct error *err) {
    uint8_t *p = b.n < SIZE_MAX ? arena_alloc(arena, b.n + 1) : NULL;
    if (p == NULL) {
        return arena_full(arena, err);
    }
    if (b.n != 0) {
        memcpy(p, b.p, b.n);
    }
    *copy = bytes_make(p, b.n);
    return true;
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = n < 0 ? NULL : arena_alloc(arena, (size_t)n + 1);
    if (text != NULL) {
        vsnprintf(text, (size_t)n + 1, format, again);
    }
    va_end(again);
    return text;
}

bool(arena_full)(const struct arena *arena, struct error *err) {
    const char *option = arena->option;
    if (arena->no_memory) {
        return error_memory(err, "for what is kept of a file");
    }
    error_set(err, ERR_LIMIT, "needs more than the %zu bytes of memory allowed for one file%s%s%s", arena->cap,
              option != NULL ? " (--" : "", option != NULL ? option : "", option != NULL ? " raises it)" : "");
    if (err != NULL) {
        err->limit = arena->limit;
    }
    return false;
}

static void chunks_free(struct arena_chunk *chunk) {
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void arena_reset(struct arena *arena) {
    struct arena_chunk *keep = arena->chunks;
    if (keep != NULL) {
        chunks_free(keep->next);
        keep->next = NULL;
        keep->used = 0;
        if (keep->size > CHUNK_SIZE) {
            free(keep);
            keep = NULL;
        }
    }
    arena->chunks = keep;
    arena->used = 0;
    arena->ran_out = arena->no_memory = false;
}

void arena_free(struct arena *arena) {
    chunks_free(arena->chunks);
    arena->chunks = NULL;
    arena->used = 0;
    arena->ran_out = arena->no_memory = false;
}
