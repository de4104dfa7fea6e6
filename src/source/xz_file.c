/* SPDX-License-Identifier: Apache-2.0 */
#include "source/xz_file.h"

enum { INDEX_MEMORY = 4 << 20, KEPT = 1 << 20 /* more is kept of its members */ };

/* ---- the index ---- */

/* Some more packed bytes for the library; false when they can't be read. */
static bool feed(struct xz_file *xz, uint64_t end, struct error *err) {
    uint64_t left = end - xz->packed_at;
    size_t n = left < sizeof xz->buffer ? (size_t)left : sizeof xz->buffer;
    if (!source_into(xz->packed, xz->buffer, n, xz->packed_at, err)) {
        return false;
    }
    xz->packed_at += n;
    xz->z.next_in = xz->buffer;
    xz->z.avail_in = n;
    return true;
}

/* The index of all streams in the file, from their ends. */
static bool read_index(struct xz_file *xz) {
    uint64_t size = xz->packed->size;
    lzma_ret code = lzma_file_info_decoder(&xz->z, &xz->index, INDEX_MEMORY, size);
    while (code == LZMA_OK) {
        if (xz->z.avail_in == 0 && !feed(xz, size, NULL)) {
            return false;
        }
        code = lzma_code(&xz->z, xz->packed_at == size ? LZMA_FINISH : LZMA_RUN);
        if (code == LZMA_SEEK_NEEDED && xz->z.seek_pos <= size) {
            xz->packed_at = xz->z.seek_pos;
            xz->z.avail_in = 0;
            code = LZMA_OK;
        }
    }
    return code == LZMA_STREAM_END;
}

/* ---- blocks ---- */

static bool malformed(const char *what, struct error *err) {
    return error_set(err, ERR_MALFORMED, "a .xz file with %s", what);
}

/* What the block in hand says of itself, which must be what the index says. */
static bool read_header(struct xz_file *xz, lzma_filter filters[LZMA_FILTERS_MAX + 1], struct error *err) {
    uint8_t header[LZMA_BLOCK_HEADER_SIZE_MAX];
    uint64_t size = xz->at.block.uncompressed_size;
    xz->block = (lzma_block){.check = xz->at.stream.flags->check, .filters = filters};
    if (!source_into(xz->packed, header, 1, xz->packed_at, err)) {
        return false;
    }
    xz->block.header_size = lzma_block_header_size_decode(header[0]);
    if (header[0] == 0 || !source_into(xz->packed, header, xz->block.header_size, xz->packed_at, err) ||
        lzma_block_header_decode(&xz->block, NULL, header) != LZMA_OK) {
        return malformed("a block whose header is none", err);
    }
    xz->packed_at += xz->block.header_size;
    bool sized = xz->block.uncompressed_size == LZMA_VLI_UNKNOWN || xz->block.uncompressed_size == size;
    bool fits = sized && lzma_block_compressed_size(&xz->block, xz->at.block.unpadded_size) == LZMA_OK;
    xz->block.uncompressed_size = size;
    if (!fits) {
        lzma_filters_free(filters, NULL);
    }
    return fits || malformed("a block that is not as its index says", err);
}

static bool begin(struct xz_file *xz, struct error *err) {
    lzma_filter filters[LZMA_FILTERS_MAX + 1];
    xz->packed_at = xz->at.block.compressed_file_offset;
    xz->z.avail_in = 0;
    if (!read_header(xz, filters, err)) {
        return false;
    }
    bool small = lzma_raw_decoder_memusage(filters) <= limit_most(xz->limits, LIMIT_LZMA_MEMORY);
    lzma_ret code = small ? lzma_block_decoder(&xz->z, &xz->block) : LZMA_MEMLIMIT_ERROR;
    lzma_filters_free(filters, NULL);
    xz->block.filters = NULL;
    xz->begun = code == LZMA_OK;
    return code == LZMA_MEMLIMIT_ERROR ? limit_reached(xz->limits, LIMIT_LZMA_MEMORY, err)
           : code == LZMA_MEM_ERROR    ? error_memory(err, "to unpack LZMA")
                                       : xz->begun || malformed("a block that can't be unpacked", err);
}

/* Goes to the next block, past those that hold nothing. */
static void turn(struct xz_file *xz) {
    xz->begun = false;
    xz->ended = lzma_index_iter_next(&xz->at, LZMA_INDEX_ITER_NONEMPTY_BLOCK);
}

static bool next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct xz_file *xz = (struct xz_file *)stream;
    *got = 0;
    while (*got == 0 && !xz->ended) {
        uint64_t end = xz->at.block.compressed_file_offset + xz->at.block.total_size;
        if ((!xz->begun && !begin(xz, err)) || (xz->z.avail_in == 0 && !feed(xz, end, err))) {
            return false;
        }
        xz->z.next_out = buf;
        xz->z.avail_out = room;
        lzma_ret code = lzma_code(&xz->z, LZMA_RUN);
        *got = room - xz->z.avail_out;
        bool whole = xz->packed_at == end && xz->z.avail_in == 0;
        if (code == LZMA_STREAM_END ? !whole : code != LZMA_OK) {
            return malformed("a damaged block", err);
        }
        if (code == LZMA_STREAM_END) {
            turn(xz);
        }
    }
    return true;
}

static bool restart(struct stream *stream, struct error *err) {
    struct xz_file *xz = (struct xz_file *)stream;
    (void)err;
    lzma_index_iter_rewind(&xz->at);
    turn(xz);
    return true;
}

static bool seek(struct stream *stream, uint64_t from, uint64_t to, uint64_t *at) {
    struct xz_file *xz = (struct xz_file *)stream;
    lzma_index_iter there = xz->at;
    if (lzma_index_iter_locate(&there, to) || there.block.uncompressed_file_offset <= from) {
        return false;
    }
    xz->at = there;
    xz->begun = xz->ended = false;
    *at = there.block.uncompressed_file_offset;
    return true;
}

bool xz_file_open(struct xz_file *xz, struct source *packed, struct budget *budget) {
    *xz = (struct xz_file){.stream = {.next = next, .restart = restart, .seek = seek}, .packed = packed, .limits = budget->limits};
    if (!read_index(xz)) {
        xz_file_close(xz);
        return false;
    }
    struct arena file = limit_arena(budget->limits);
    xz->arena = arena_like(&file, KEPT);
    lzma_index_iter_init(&xz->at, xz->index);
    turn(xz);
    stream_source_init(&xz->source, packed->name, lzma_index_uncompressed_size(xz->index), packed->size, &xz->stream, budget, &xz->arena);
    return true;
}

void xz_file_close(struct xz_file *xz) {
    lzma_end(&xz->z);
    lzma_index_end(xz->index, NULL);
    xz->index = NULL;
    arena_free(&xz->arena);
}
