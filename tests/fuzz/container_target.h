/* SPDX-License-Identifier: Apache-2.0 */
/* What every container must keep to, whatever the bytes. */
#ifndef CERTBAN_TESTS_CONTAINER_TARGET_H
#define CERTBAN_TESTS_CONTAINER_TARGET_H

#include "source/container.h"

enum { CONTAINER_MEMBERS = 64, CONTAINER_BYTES = 4 << 20 };

struct container_visitor {
    struct visitor visitor;
    unsigned n;
};

/* Reads as examinations do: the head, the tail, the head again. */
static inline bool container_visit(struct visitor *visitor, const struct member *member, struct error *err) {
    struct container_visitor *v = (struct container_visitor *)visitor;
    struct arena arena = arena_make((size_t)1 << 20);
    struct error why = {0};
    struct bytes b;
    if (member->path == NULL || (member->source == NULL && (member->problem == NULL || member->problem->kind == ERR_NONE))) {
        __builtin_trap();
    }
    if (member->source != NULL) {
        uint64_t n = member->source->size;
        if (!(source_read_some(member->source, &arena, 0, 4096, &b, &why) &&
              source_read_some(member->source, &arena, n > 1024 ? n - 1024 : 0, 1024, &b, &why) &&
              source_read_some(member->source, &arena, 0, 70000, &b, &why)) &&
            why.kind == ERR_NONE) {
            __builtin_trap();
        }
    }
    arena_free(&arena);
    return ++v->n < CONTAINER_MEMBERS || error_set(err, ERR_LIMIT, "enough members");
}

/* beside: what the container's driver may open; NULL: nothing. */
static inline void container_target_beside(const struct container *container, const uint8_t *data, size_t size, struct beside *beside) {
    struct arena arena = arena_make((size_t)16 << 20);
    struct budget budget = {
        .depth_left = 8, .members_left = CONTAINER_MEMBERS, .bytes_left = CONTAINER_BYTES, .beside = beside, .search = true};
    struct container_visitor v = {.visitor = {container_visit}};
    struct anomalies anomalies = {0};
    struct memory_source memory;
    struct error err = {0};
    struct bytes b = bytes_make(data, size);
    memory_source_init(&memory, "input", b);
    struct probe probe = {.head = bytes_cut(b, 0, PROBE_HEAD),
                          .tail = bytes_cut(b, size > PROBE_TAIL ? size - PROBE_TAIL : 0, PROBE_TAIL),
                          .size = size,
                          .thorough = true};
    if (container->probe(&probe) && !container->walk(&memory.source, &arena, &budget, &v.visitor, &anomalies, &err) &&
        err.kind == ERR_NONE) {
        __builtin_trap(); /* a failure without a reason */
    }
    if (v.n > CONTAINER_MEMBERS) {
        __builtin_trap();
    }
    arena_free(&arena);
}

static inline void container_target(const struct container *container, const uint8_t *data, size_t size) {
    container_target_beside(container, data, size, NULL);
}

#endif
