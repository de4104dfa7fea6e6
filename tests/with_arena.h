/* SPDX-License-Identifier: Apache-2.0 */
/* For tests whose things all live in one arena, made anew for each test. */
#ifndef CERTBAN_TESTS_WITH_ARENA_H
#define CERTBAN_TESTS_WITH_ARENA_H

#include "base/arena.h"

static struct arena *arena;

static int setup(void **state) {
    static struct arena a;
    (void)state;
    a = arena_make(ARENA_FILE_CAP);
    arena = &a;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

#endif
