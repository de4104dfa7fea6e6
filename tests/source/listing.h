/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of containers: the seeds of the fuzz targets taken apart, a line a member. */
#ifndef CERTBAN_TESTS_LISTING_H
#define CERTBAN_TESTS_LISTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "../fuzz/hostile.h"
#include "base/text.h"
#include "source/container.h"

static uint8_t sample[256 << 10];

static inline struct bytes load(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/tests/fuzz/seeds/%s", TEST_SOURCE_ROOT, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(sample, 1, sizeof sample, file);
    fclose(file);
    assert_in_range(n, 1, sizeof sample - 1);
    return bytes_make(sample, n);
}

/* Keeps a line a member: path, size, a sum of all octets, or its problem. */
struct listing {
    struct visitor visitor;
    struct text text;
    bool silent;
};

static inline uint32_t sum(uint32_t before, struct bytes b) {
    for (size_t i = 0; i < b.n; i++) {
        before = before * 31 + b.p[i];
    }
    return before;
}

static inline bool visit(struct visitor *visitor, const struct member *member, struct error *err) {
    struct listing *listing = (struct listing *)visitor;
    uint8_t buffer[4096];
    uint32_t value = 0;
    (void)err;
    assert_non_null(member->path);
    if (member->source == NULL) {
        assert_non_null(member->problem);
        assert_int_not_equal(member->problem->kind, ERR_NONE);
        text_addf(&listing->text, "%s: %s\n", member->path, member->problem->text);
        return true;
    }
    /* The end first, as formats do; then all of it, from the beginning on. */
    uint64_t size = member->source->size, n = size < sizeof buffer ? size : sizeof buffer;
    struct error why = {0};
    bool ok = source_into(member->source, buffer, (size_t)n, size - n, &why);
    for (uint64_t at = 0; ok && at < size; at += n) {
        n = size - at < sizeof buffer ? size - at : sizeof buffer;
        ok = source_into(member->source, buffer, (size_t)n, at, &why);
        value = ok ? sum(value, bytes_make(buffer, (size_t)n)) : 0;
    }
    if (!ok) {
        assert_int_not_equal(why.kind, ERR_NONE);
        text_addf(&listing->text, "%s: %s\n", member->path, why.text);
    } else if (!listing->silent) {
        text_addf(&listing->text, "%s %llu %08x\n", member->path, (unsigned long long)size, value);
    }
    return true;
}

static inline bool walk(const struct container *container, struct bytes b, struct arena *arena, struct listing *listing,
                        struct error *err) {
    struct memory_source memory;
    struct budget budget = {.depth_left = 8, .members_left = 1000, .bytes_left = 64 << 20, .search = true};
    struct anomalies anomalies = {0};
    listing->visitor.visit = visit;
    memory_source_init(&memory, "sample", b);
    struct probe probe = {.head = bytes_cut(b, 0, PROBE_HEAD),
                          .tail = bytes_cut(b, b.n > PROBE_TAIL ? b.n - PROBE_TAIL : 0, PROBE_TAIL),
                          .size = b.n,
                          .thorough = true};
    bool mine = container->probe(&probe);
    return !mine || container->walk(&memory.source, arena, &budget, &listing->visitor, &anomalies, err);
}

/* A seed taken apart: the lines, which the caller frees. */
static inline struct listing list(const struct container *container, const char *name) {
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct listing listing = {0};
    struct error err = {0};
    struct bytes b = load(name);
    if (!walk(container, b, &arena, &listing, &err)) {
        text_addf(&listing.text, "!%s\n", err.text);
    }
    arena_free(&arena);
    return listing;
}

static inline void has(const struct listing *listing, const char *line) {
    if (strstr(text_c(&listing->text), line) == NULL) {
        fail_msg("no \"%s\" in\n%s", line, text_c(&listing->text));
    }
}

static inline void attempt(struct bytes variant, struct arena *arena, void *context) {
    struct listing listing = {.silent = true};
    struct error err = {0};
    if (!walk(context, variant, arena, &listing, &err)) {
        assert_int_not_equal(err.kind, ERR_NONE);
    }
    text_free(&listing.text);
}

#endif
