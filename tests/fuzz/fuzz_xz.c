/* SPDX-License-Identifier: Apache-2.0 */
/* A .xz file read by its index gives what the library gives that reads it from its beginning on, whatever is read first; or it is told as
 * damaged. The first two bytes say where reading begins. */
#include <lzma.h>
#include <stdlib.h>

#include "source/xz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 20, MEMORY = 64 << 20 };

static uint8_t whole[ROOM], piece[64 << 10];

static void must(bool holds) {
    if (!holds) {
        __builtin_trap();
    }
}

/* How much the library unpacks from the beginning on; SIZE_MAX when it calls the file damaged, or there is more than ROOM. */
static size_t from_the_beginning(struct bytes packed) {
    lzma_stream z = LZMA_STREAM_INIT;
    must(lzma_stream_decoder(&z, MEMORY, LZMA_CONCATENATED) == LZMA_OK);
    z.next_in = packed.p;
    z.avail_in = packed.n;
    z.next_out = whole;
    z.avail_out = ROOM;
    bool sound = lzma_code(&z, LZMA_FINISH) == LZMA_STREAM_END;
    lzma_end(&z);
    return sound ? ROOM - z.avail_out : SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct budget budget = {.bytes_left = 4 * ROOM};
    struct memory_source memory;
    struct xz_file *xz = malloc(sizeof *xz);
    if (size < 2 || xz == NULL) {
        free(xz);
        return 0;
    }
    struct bytes packed = bytes_make(data + 2, size - 2);
    memory_source_init(&memory, "input.xz", packed);
    if (xz_file_open(xz, &memory.source, &budget)) {
        struct source *source = &xz->source.source;
        size_t known = from_the_beginning(packed);
        must(known == SIZE_MAX || source->size == known);
        uint64_t begin = source->size != 0 ? (data[0] | (uint64_t)data[1] << 8) % source->size : 0;
        for (unsigned i = 0; i < 2; i++) { /* from there on, then all of it */
            struct error err;
            bool ok = true;
            for (uint64_t at = i == 0 ? begin : 0; ok && at < source->size && at < ROOM; at += sizeof piece) {
                size_t n = source->size - at < sizeof piece ? (size_t)(source->size - at) : sizeof piece;
                ok = source_into(source, piece, n, at, &err);
                must(!ok || known == SIZE_MAX || memcmp(piece, whole + at, n) == 0);
            }
            must(ok || known == SIZE_MAX || err.kind == ERR_LIMIT);
        }
        xz_file_close(xz);
    }
    free(xz);
    return 0;
}
