/* SPDX-License-Identifier: Apache-2.0 */
#include "model/limits.h"

#include <stddef.h>
#include <stdio.h>

const struct limit_row limit_table[LIMIT_COUNT] = {
#define ROW(X, id, option, kind, argument, usual, greatest, ...) [LIMIT_##id] = {option, usual, greatest},
    LIMITS(ROW, 0)
#undef ROW
};

static const char *const sentences[LIMIT_COUNT] = {
    [LIMIT_DEPTH] = "archives more than %s deep in one another",
    [LIMIT_MEMBERS] = "more than %s members",
    [LIMIT_PLACES] = "more than %s places that may be the beginning of a file",
    [LIMIT_UNPACKED] = "unpacks to more than %s",
    [LIMIT_RUN] = "this run has unpacked more than %s",
    [LIMIT_RATIO] = "unpacks to more than %s times its size",
    [LIMIT_TIME] = "takes longer than %s seconds",
    [LIMIT_CPU] = "takes more than %s seconds of processor time",
    [LIMIT_MEMORY] = "needs more than %s of memory",
};

uint64_t limit_most(const struct limits *limits, enum limit which) {
    return limits != NULL && limits->most[which] != 0 ? limits->most[which] : limit_table[which].usual;
}

uint64_t limit_seconds(const struct limits *limits, uint64_t size) {
    bool asked = limits != NULL && limits->most[LIMIT_TIME] != 0;
    return limit_most(limits, LIMIT_TIME) + (asked ? 0 : size / LIMIT_TIME_RATE);
}

uint64_t limit_cpu_seconds(const struct limits *limits, uint64_t size) {
    return limit_most(limits, LIMIT_CPU) + size / LIMIT_TIME_RATE;
}

struct arena limit_arena(const struct limits *limits) {
    struct arena arena = arena_make((size_t)limit_most(limits, LIMIT_MEMORY));
    arena.option = limit_table[LIMIT_MEMORY].option;
    return arena;
}

/* A number of bytes by the largest unit that leaves no rest. */
static void say_bytes(char *to, size_t room, uint64_t n) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; unit + 1 < sizeof units / sizeof *units && n != 0 && n % 1024 == 0; unit++) {
        n /= 1024;
    }
    snprintf(to, room, "%llu %s", (unsigned long long)n, units[unit]);
}

bool(limit_reached)(const struct limits *limits, enum limit which, struct error *err) {
    char most[40], sentence[96];
    if (which == LIMIT_UNPACKED || which == LIMIT_RUN || which == LIMIT_MEMORY) {
        say_bytes(most, sizeof most, limit_most(limits, which));
    } else {
        snprintf(most, sizeof most, "%llu", (unsigned long long)limit_most(limits, which));
    }
    snprintf(sentence, sizeof sentence, sentences[which], most);
    return error_set(err, ERR_LIMIT, "%s (--%s raises it)", sentence, limit_table[which].option);
}
