/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of looking inside one file: one table, from which the options come, too. Past a limit, what was being looked at is
 * unreadable (ERR_LIMIT) with the option that raises it, and so is every file around it.
 */
#ifndef CERTBAN_MODEL_LIMITS_H
#define CERTBAN_MODEL_LIMITS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

/* What belongs to a ratio: a member that unpacks to less is no bomb, however small it was. */
#define LIMIT_RATIO_FROM (UINT64_C(64) << 20)

/* A file may take a second more than the usual time for so many of its bytes: hashing it whole is bounded by its size alone. */
enum { LIMIT_TIME_RATE = 8 << 20 };

/* F(X, enumerator, option, its kind, its argument, usual, greatest, the usual in words, help); F may use X or not. */
#define LIMITS(F, X)                                                                                                                       \
    F(X, DEPTH, "max-depth", NUMBER, "N", 8, 64, "8", "look into archives up to N deep in one another")                                    \
    F(X, MEMBERS, "max-members", NUMBER, "N", 100000, 1000000, "100000", "members of one file, at all depths together")                    \
    F(X, PLACES, "max-places", NUMBER, "N", 20000, 100000000, "20000", "places of one file that may be the beginning of one in it")        \
    F(X, UNPACKED, "max-unpacked", SIZE, "SIZE", UINT64_C(4) << 30, UINT64_C(1) << 50, "4G", "bytes that one file may unpack to, as 500M") \
    F(X, RUN, "max-unpacked-run", SIZE, "SIZE", UINT64_C(64) << 30, UINT64_C(1) << 50, "64G",                                              \
      "bytes that all files of a run may unpack to")                                                                                       \
    F(X, RATIO, "max-ratio", NUMBER, "N", 200, 1000000, "200", "times its size that a member may unpack to, past 64 MiB")                  \
    F(X, TIME, "max-time", NUMBER, "SECONDS", 120, 86400, "120, and one more for each 8 MiB", "how long one file may take")                \
    F(X, CPU, "max-cpu", NUMBER, "SECONDS", 30, 86400, "30", "processor time for one file, its members counted, its hashing not")          \
    F(X, MEMORY, "max-memory", SIZE, "SIZE", ARENA_FILE_CAP, UINT64_C(256) << 20, "64M",                                                   \
      "what is kept of one file while it is examined: tables, names, signatures")

enum limit {
#define ENUMERATOR(X, id, ...) LIMIT_##id,
    LIMITS(ENUMERATOR, 0)
#undef ENUMERATOR
        LIMIT_COUNT
};

struct limit_row {
    const char *option;
    uint64_t usual, greatest; /* 1 is the least */
};
extern const struct limit_row limit_table[LIMIT_COUNT];

/* What the user asked for; 0: the usual. */
struct limits {
    uint64_t most[LIMIT_COUNT];
};

/* limit_most is the limit that holds; limits may be NULL: the usual ones. */
uint64_t limit_most(const struct limits *limits, enum limit which);

/* limit_seconds is how long a file of that size may take. */
uint64_t limit_seconds(const struct limits *limits, uint64_t size);

/* limit_cpu_seconds is the processor time that a reader may use for a file of that size, hashing it included: past it, the reader is
 * ended. Reading alone is to give up before, at LIMIT_CPU. */
uint64_t limit_cpu_seconds(const struct limits *limits, uint64_t size);

/* limit_arena is an empty arena of LIMIT_MEMORY bytes: for the tables of one container, or one member of it. */
struct arena limit_arena(const struct limits *limits);

/* limit_reached raises ERR_LIMIT in the usual words: "return limit_reached(limits, LIMIT_DEPTH, err)". */
bool limit_reached(const struct limits *limits, enum limit which, struct error *err);
#define limit_reached(...) error_false((limit_reached)(__VA_ARGS__)) /* as in base/error.h */

#endif
