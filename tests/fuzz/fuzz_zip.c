/* SPDX-License-Identifier: Apache-2.0 */
/* The walk of a ZIP archive keeps to its budget, names each member, and fails with a reason. */
#include "source/container.h"

extern const struct container container_zip;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMBERS = 64, BYTES = 4 << 20 };

struct check_visitor {
    struct visitor visitor;
    unsigned n;
};

/* Reads as examinations do: the head, the tail, the head again. */
static bool visit(struct visitor *visitor, const struct member *member, struct error *err) {
    struct check_visitor *check = (struct check_visitor *)visitor;
    struct arena arena = arena_make((size_t)1 << 20);
    struct bytes b;
    if (member->path == NULL || (member->source == NULL && (member->problem == NULL || member->problem->kind == ERR_NONE))) {
        __builtin_trap();
    }
    if (member->source != NULL) {
        uint64_t n = member->source->size;
        (void)(source_read_some(member->source, &arena, 0, 4096, &b, err) &&
               source_read_some(member->source, &arena, n > 1024 ? n - 1024 : 0, 1024, &b, err) &&
               source_read_some(member->source, &arena, 0, 70000, &b, err));
    }
    arena_free(&arena);
    check->n++;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = arena_make((size_t)16 << 20);
    struct budget budget = {.depth_left = 8, .members_left = MEMBERS, .bytes_left = BYTES};
    struct check_visitor check = {.visitor = {visit}};
    struct anomalies anomalies = {0};
    struct memory_source memory;
    struct error err = {0};
    struct bytes b = bytes_make(data, size);
    memory_source_init(&memory, "input", b);
    struct probe probe = {
        .head = bytes_cut(b, 0, PROBE_HEAD), .tail = bytes_cut(b, size > PROBE_TAIL ? size - PROBE_TAIL : 0, PROBE_TAIL), .size = size};
    if (container_zip.probe(&probe)) {
        if (!container_zip.walk(&memory.source, &arena, &budget, &check.visitor, &anomalies, &err) && err.kind == ERR_NONE) {
            __builtin_trap();
        }
        if (check.n > 4 * MEMBERS) { /* a member has at most four readings */
            __builtin_trap();
        }
    }
    arena_free(&arena);
    return 0;
}
