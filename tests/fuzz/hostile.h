/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests of parsers: a good sample made bad in every simple way. Sanitizers see what a parser does with it. */
#ifndef CERTBAN_TESTS_HOSTILE_H
#define CERTBAN_TESTS_HOSTILE_H

#include <stdlib.h>

#include "base/arena.h"

/* What is called for each variant: it must come back, and its own asserts must hold. */
typedef void hostile_try(struct bytes variant, struct arena *arena, void *context);

/* The variant stands in a block of its own size, so that a read past its end is seen. */
static inline void hostile_one(const uint8_t *p, size_t n, size_t cap, hostile_try *attempt, void *context) {
    uint8_t *copy = malloc(n != 0 ? n : 1);
    if (copy != NULL) {
        if (n != 0) {
            memcpy(copy, p, n);
        }
        struct arena arena = arena_make(cap);
        attempt(bytes_make(copy, n), &arena, context);
        arena_free(&arena);
        free(copy);
    }
}

/* hostile_cuts gives every shorter version of the sample, step bytes apart. */
static inline void hostile_cuts(struct bytes sample, size_t step, hostile_try *attempt, void *context) {
    for (size_t n = 0; n < sample.n; n += step) {
        hostile_one(sample.p, n, ARENA_FILE_CAP, attempt, context);
    }
}

/* hostile_flips gives the sample with one bit changed, every step bits; and with one byte 0x00, 0x80 and 0xff. */
static inline void hostile_flips(struct bytes sample, size_t step, hostile_try *attempt, void *context) {
    static const uint8_t values[] = {0x00, 0x80, 0xff};
    uint8_t *changed = malloc(sample.n + 1);
    if (changed == NULL) {
        return;
    }
    memcpy(changed, sample.p, sample.n);
    for (size_t bit = 0; bit < sample.n * 8; bit += step) {
        changed[bit / 8] = (uint8_t)(changed[bit / 8] ^ 1u << bit % 8);
        hostile_one(changed, sample.n, ARENA_FILE_CAP, attempt, context);
        changed[bit / 8] = sample.p[bit / 8];
    }
    for (size_t i = 0; i < sample.n; i += (step + 7) / 8) {
        for (size_t v = 0; v < sizeof values; v++) {
            changed[i] = values[v];
            hostile_one(changed, sample.n, ARENA_FILE_CAP, attempt, context);
        }
        changed[i] = sample.p[i];
    }
    free(changed);
}

/* hostile_caps gives the sample as it is under every memory cap from 0 up to most, step bytes apart. */
static inline void hostile_caps(struct bytes sample, size_t most, size_t step, hostile_try *attempt, void *context) {
    for (size_t cap = 0; cap <= most; cap += step) {
        hostile_one(sample.p, sample.n, cap, attempt, context);
    }
}

/* hostile_each is all of them with steps fit for a sample of some kilobytes. */
static inline void hostile_each(struct bytes sample, hostile_try *attempt, void *context) {
    hostile_cuts(sample, sample.n > 4096 ? sample.n / 2048 : 1, attempt, context);
    hostile_flips(sample, sample.n > 1024 ? sample.n / 512 * 8 + 1 : 1, attempt, context);
    hostile_caps(sample, sample.n * 8 + 8192, 61, attempt, context);
}

#endif
