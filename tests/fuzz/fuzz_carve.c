/* SPDX-License-Identifier: Apache-2.0 */
/* A search through any bytes finds the same in memory and in a source. */
#include "asn1/carve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every other place. */
static bool wants(struct carve_filter *filter, struct bytes blob, const struct cert *cert, uint64_t at) {
    (void)filter;
    if ((cert == NULL) == (blob.n == 0)) {
        __builtin_trap();
    }
    return at % 2 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = arena_make((size_t)16 << 20);
    struct contents one = {0}, other = {0};
    struct memory_source memory;
    size_t added = 0;
    memory_source_init(&memory, "fuzz", bytes_make(data, size));
    carve_bytes(&one, &arena, bytes_make(data, size), 0);
    if (carve_source(&other, &arena, &memory.source, 0, size, &added, NULL) && one.unreadable.kind == ERR_NONE &&
        other.unreadable.kind == ERR_NONE && one.n_signatures != other.n_signatures) {
        __builtin_trap();
    }
    struct contents wanted = {0};
    struct carve_filter filter = {.wants = wants, .base64_only = size % 2 == 0};
    if (!carve_wanted(&wanted, &arena, &memory.source, 0, size, &filter, NULL) && size != 0 && !arena.ran_out) {
        __builtin_trap();
    }
    arena_free(&arena);
    return 0;
}
