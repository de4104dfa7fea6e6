/* SPDX-License-Identifier: Apache-2.0 */
/* A compound file's directory and all of its streams. */
#include "layout/cfb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_stream(struct cfb *cfb, const struct cfb_entry *e) {
    struct cfb_stream stream;
    struct error err = {0};
    uint8_t some[100];
    if (!cfb_stream_open(cfb, e, "stream", &stream, &err)) {
        if (err.kind == ERR_NONE) {
            __builtin_trap();
        }
        return;
    }
    if (stream.source.size != e->size) {
        __builtin_trap();
    }
    for (uint64_t at = 0; at < e->size; at += 1000) {
        size_t n = e->size - at < sizeof some ? (size_t)(e->size - at) : sizeof some;
        if (!source_into(&stream.source, some, n, at, &err)) {
            __builtin_trap(); /* what its spans reach is in the file */
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct memory_source memory;
    struct arena arena = arena_make((size_t)16 << 20);
    struct cfb cfb;
    struct error err = {0};
    memory_source_init(&memory, "input", bytes_make(data, size));
    if (cfb_open(&cfb, &memory.source, &arena, &err)) {
        for (uint32_t i = 0; i < cfb.n; i++) {
            if (cfb.entries[i].reached && i != 0 && cfb.entries[i].parent >= cfb.n) {
                __builtin_trap();
            }
            (void)cfb_path_text(&cfb, &cfb.entries[i], &arena);
            read_stream(&cfb, &cfb.entries[i]);
        }
    } else if (err.kind == ERR_NONE) {
        __builtin_trap();
    }
    arena_free(&arena);
    return 0;
}
