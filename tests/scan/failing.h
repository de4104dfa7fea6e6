/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations that fail, by the linker's --wrap (tests/meson.build names the functions): the one behind the next `left` ones, once. */
#ifndef CERTBAN_TESTS_SCAN_FAILING_H
#define CERTBAN_TESTS_SCAN_FAILING_H

#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"

static long left = -1; /* allocations before the one that fails; -1: none fails */
static unsigned long asked;
static pid_t only; /* the process that they fail in; 0: in all */

static inline bool fails(void) {
    if (only != 0 && getpid() != only) {
        return false;
    }
    __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
    return __atomic_load_n(&left, __ATOMIC_RELAXED) >= 0 && __atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED) == 0;
}

#define WRAP(name, parameters, arguments)                                                                                                  \
    void *__real_##name parameters;                                                                                                        \
    void *__wrap_##name parameters;                                                                                                        \
    void *__wrap_##name parameters {                                                                                                       \
        return fails() ? NULL : __real_##name arguments;                                                                                   \
    }
WRAP(malloc, (size_t n), (n))
WRAP(calloc, (size_t n, size_t size), (n, size))
WRAP(realloc, (void *p, size_t n), (p, n))
WRAP(strdup, (const char *s), (s))

#define WRAP_ARENA(name, parameters, arguments)                                                                                            \
    void *__real_##name parameters;                                                                                                        \
    void *__wrap_##name parameters;                                                                                                        \
    void *__wrap_##name parameters {                                                                                                       \
        if (fails()) {                                                                                                                     \
            arena->ran_out = true;                                                                                                         \
            return NULL;                                                                                                                   \
        }                                                                                                                                  \
        return __real_##name arguments;                                                                                                    \
    }
WRAP_ARENA(arena_alloc, (struct arena * arena, size_t n), (arena, n))
WRAP_ARENA(arena_raw, (struct arena * arena, size_t n), (arena, n))
WRAP_ARENA(arena_array, (struct arena * arena, size_t n, size_t size), (arena, n, size))

/* Runs work with each of its allocations failing in turn; where there are more than most, with so many of them, evenly spread. */
static inline void each_allocation(void (*work)(void *context, bool is_short), void *context, unsigned long most) {
    left = -1;
    asked = 0;
    work(context, false);
    unsigned long all = asked, step = all / most + 1;
    for (unsigned long i = 0; i < all; i += step) {
        left = (long)i;
        work(context, true);
        left = -1;
    }
}

#endif
