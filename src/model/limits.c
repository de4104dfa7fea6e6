/* SPDX-License-Identifier: Apache-2.0 */
#include "model/limits.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER, SIZE }; /* the kinds of the table */

/* What is past those with an option of their own: theirs is the help of that option. */
static const char *const past[] = {
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

const struct limit_row limit_table[LIMIT_COUNT] = {
#define ROW(X, id, name, kind, argument, usual, greatest, words, help)                                                                     \
    [LIMIT_##id] = {name, "max-" name, (kind) == SIZE, 1, usual, greatest, NULL, help},
    OWN_LIMITS(ROW, 0)
#undef ROW
#define ROW(id, name, kind, least, usual, greatest, past, what)                                                                            \
    [LIMIT_##id] = {name, NULL, (kind) == SIZE, least, usual, greatest, past, what},
        NAMED_LIMITS(ROW)
#undef ROW
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
    arena.limit = LIMIT_MEMORY + 1;
    arena.limits = limits;
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
    const struct limit_row *row = &limit_table[which];
    uint64_t n = limit_most(limits, which);
    char most[LIMIT_TEXT_SIZE], sentence[128];
    if (row->bytes) {
        say_bytes(most, sizeof most, n);
    } else {
        snprintf(most, sizeof most, "%llu", (unsigned long long)n);
    }
    snprintf(sentence, sizeof sentence, row->past != NULL ? row->past : past[which], most);
    if (row->option != NULL) {
        error_set(err, ERR_LIMIT, "%s (--%s raises it)", sentence, row->option);
    } else {
        error_set(err, ERR_LIMIT, n < row->greatest ? "%s (--limit %s=N raises it)" : "%s (the limit %s, which can't be higher)", sentence,
                  row->name);
    }
    if (err != NULL) {
        err->limit = (unsigned)which + 1;
    }
    return false;
}

void limit_of_memory(struct error *err) {
    if (err->kind != ERR_LIMIT || err->sys != ENOMEM || err->limit != 0) {
        return;
    }
    size_t n = strlen(err->text);
    snprintf(err->text + n, sizeof err->text - n, " (--limit %s=N raises it)", limit_table[LIMIT_READER_MEMORY].name);
    err->limit = LIMIT_READER_MEMORY + 1;
}

const char *limit_name(const struct error *err) {
    return err->limit != 0 && err->limit <= LIMIT_COUNT ? limit_table[err->limit - 1].name : NULL;
}

enum limit limit_find(struct bytes name) {
    enum limit which = 0;
    while (which < LIMIT_COUNT && !bytes_is(name, limit_table[which].name)) {
        which++;
    }
    return which;
}

void limit_text(char out[LIMIT_TEXT_SIZE], enum limit which, uint64_t n) {
    static const char units[] = "\0KMGT";
    size_t unit = 0;
    for (; limit_table[which].bytes && unit + 2 < sizeof units && n != 0 && n % 1024 == 0; unit++) {
        n /= 1024;
    }
    snprintf(out, LIMIT_TEXT_SIZE, "%llu%.1s", (unsigned long long)n, units + unit);
}
