/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that HFS Plus keeps compressed (xnu bsd/kern/decmpfs.c and bsd/sys/decmpfs.h; the layouts of the resource fork are those of
 * the kernel extension AppleFSCompressionTypeZlib, as 7-Zip's HfsHandler.cpp reads them). The attribute says how, and has the
 * data itself where there is little of it; else the resource fork has it in blocks of 64 KiB.
 */
#include <stdlib.h>

#include "source/deflate.h"
#include "source/hfs.h"
#include "source/lzfse.h"
#include "source/unpack.h"

enum {
    HEADER = 16,
    BLOCK = 65536,
    PACKED_MAX = 2 * BLOCK, /* octets that a block is packed as: what does not shrink is stored */
};

enum codec { PLAIN, PLAIN_MARKED, ZLIB, LZVN, LZFSE };
enum place { INLINE, ZLIB_FORK, OFFSETS_FORK };

static const struct method {
    uint32_t type;
    enum codec codec;
    enum place place;
} methods[] = {
    {1, PLAIN, INLINE},        {3, ZLIB, INLINE},         {4, ZLIB, ZLIB_FORK},          {7, LZVN, INLINE},
    {8, LZVN, OFFSETS_FORK},   {9, PLAIN_MARKED, INLINE}, {10, PLAIN_MARKED, ZLIB_FORK}, {11, LZFSE, INLINE},
    {12, LZFSE, OFFSETS_FORK},
};

/* Whether a block is stored, behind a first octet that says so. */
static bool is_stored(enum codec codec, uint8_t first) {
    switch (codec) {
    case ZLIB:
        return (first & 15) == 15;
    case LZVN:
        return first == 0x06;
    case LZFSE:
        return first != 'b';
    default:
        return codec == PLAIN_MARKED;
    }
}

static bool zlib_decode(struct bytes in, const char *name, uint8_t *out, size_t room, size_t *got, struct error *err) {
    struct memory_source memory;
    struct unpacker *u = malloc(sizeof *u);
    if (u == NULL) {
        return error_set(err, ERR_LIMIT, "out of memory for unpacking");
    }
    memory_source_init(&memory, name, in);
    unpack_init(u, UNPACK_ZLIB, &memory.source, NULL);
    bool ok = true;
    size_t some = 1;
    for (*got = 0; ok && *got < room && some != 0; *got += some) {
        some = 0;
        ok = u->stream.next(&u->stream, out + *got, room - *got, &some, err);
    }
    unpack_end(u);
    free(u);
    return ok;
}

static bool block_decode(struct decmpfs_source *d, struct bytes in, uint8_t *out, size_t n, struct error *err) {
    enum codec codec = (enum codec)d->codec;
    size_t got = 0;
    bool ok = true;
    if (codec == PLAIN || (in.n != 0 && is_stored(codec, in.p[0]))) {
        struct bytes rest = codec == PLAIN ? in : bytes_cut(in, 1, in.n);
        got = rest.n < n ? rest.n : n;
        memcpy(out, rest.p, got);
    } else if (codec == ZLIB && deflate_zlib_whole(in.p, in.n, out, n)) {
        got = n;
    } else if (codec == ZLIB) {
        ok = zlib_decode(in, d->source.name, out, n, &got, err);
    } else if (codec == LZVN) {
        ok = lzvn_decode(in, out, n, &got, err);
    } else {
        ok = lzfse_decode(in, out, n, &got, err);
    }
    return ok && (got == n || error_set(err, ERR_MALFORMED, "a block that unpacks to %zu bytes instead of %zu", got, n));
}

/* Unpacks a block, unless it is the one at hand. */
static bool block_get(struct decmpfs_source *d, size_t i, struct error *err) {
    if (d->held == i) {
        return true;
    }
    uint64_t left = d->source.size - i * d->block_size;
    size_t n = (size_t)(left < d->block_size ? left : d->block_size);
    struct decmpfs_block *b = &d->blocks[i];
    d->held = SIZE_MAX;
    if (b->n > d->input_room) {
        free(d->input);
        d->input = malloc((size_t)b->n);
        d->input_room = d->input != NULL ? (size_t)b->n : 0;
    }
    if (d->block == NULL) {
        d->block = malloc((size_t)(d->source.size < d->block_size ? d->source.size : d->block_size));
    }
    if (d->input_room < b->n || d->block == NULL) {
        return error_set(err, ERR_LIMIT, "out of memory for a block");
    }
    if (!budget_spend(d->budget, n, err) || !source_into(d->packed, d->input, (size_t)b->n, b->at, err) ||
        !block_decode(d, bytes_make(d->input, (size_t)b->n), d->block, n, err)) {
        return false;
    }
    d->held = i;
    return true;
}

static bool decmpfs_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct decmpfs_source *d = (struct decmpfs_source *)source;
    uint8_t *to = buf;
    while (n != 0) {
        uint64_t in = at % d->block_size, left = d->block_size - in;
        size_t take = left < n ? (size_t)left : n;
        if (!block_get(d, (size_t)(at / d->block_size), err)) {
            return false;
        }
        memcpy(to, d->block + in, take);
        to += take;
        at += take;
        n -= take;
    }
    return true;
}

static bool block_add(struct decmpfs_source *d, size_t i, uint64_t at, uint64_t n, struct error *err) {
    if (at > d->packed->size || n > d->packed->size - at || n > PACKED_MAX) {
        return error_set(err, ERR_MALFORMED, "block %zu of a compressed file is not in its resource fork", i);
    }
    d->blocks[i] = (struct decmpfs_block){at, n};
    return true;
}

/* Big-endian offset of the data at 0; there its length 4; then, little-endian, the number of blocks and offset and size of each,
 * the offsets from that number on. */
static bool zlib_blocks(struct decmpfs_source *d, struct error *err) {
    uint8_t buffer[8];
    if (!source_into(d->packed, buffer, 4, 0, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(buffer, 4), 0);
    uint64_t base = (uint64_t)reader_u32be(&r) + 4;
    if (!source_into(d->packed, buffer, 4, base, err)) {
        return false;
    }
    r = reader_make(bytes_make(buffer, 4), base);
    uint32_t n = reader_u32le(&r);
    if (n < d->n_blocks) {
        return error_set(err, ERR_MALFORMED, "a compressed file of %u blocks instead of %zu", n, d->n_blocks);
    }
    for (size_t i = 0; i < d->n_blocks; i++) {
        uint64_t at = base + 4 + 8 * (uint64_t)i;
        if (!source_into(d->packed, buffer, 8, at, err)) {
            return false;
        }
        r = reader_make(bytes_make(buffer, 8), at);
        uint64_t offset = reader_u32le(&r);
        uint32_t size = reader_u32le(&r);
        if (!block_add(d, i, base + offset, size, err)) {
            return false;
        }
    }
    return true;
}

/* Little-endian offsets of the blocks and, last, of their end. */
static bool offset_blocks(struct decmpfs_source *d, struct error *err) {
    uint8_t buffer[8];
    for (size_t i = 0; i < d->n_blocks; i++) {
        if (!source_into(d->packed, buffer, 8, 4 * (uint64_t)i, err)) {
            return false;
        }
        struct reader r = reader_make(bytes_make(buffer, 8), 4 * (uint64_t)i);
        uint32_t from = reader_u32le(&r), to = reader_u32le(&r);
        if (to < from || !block_add(d, i, from, to - from, err)) {
            return error_set(err, ERR_MALFORMED, "block %zu of a compressed file is not in its resource fork", i);
        }
    }
    return true;
}

/* The attribute, little-endian: "fpmc" 4, type 4, size of the file 8; then the data, where it is inline. */
bool decmpfs_open(struct bytes attribute, struct source *resource, const char *name, struct budget *budget, struct arena *arena,
                  struct decmpfs_source *out, struct error *err) {
    struct reader r = reader_make(attribute, 0);
    struct bytes magic = reader_bytes(&r, 4);
    uint32_t type = reader_u32le(&r);
    uint64_t size = reader_u64le(&r);
    const struct method *m = NULL;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        m = methods[i].type == type ? &methods[i] : m;
    }
    if (!reader_ok(&r) || !bytes_is(magic, "fpmc")) {
        return error_set(err, ERR_MALFORMED, "an attribute com.apple.decmpfs that is none");
    }
    if (m == NULL) {
        return error_set(err, ERR_UNSUPPORTED, "a compressed file of type %u", type);
    }
    bool inlined = m->place == INLINE;
    if (inlined && size > limit_most(budget->limits, LIMIT_HFS_INLINE)) {
        return limit_reached(budget->limits, LIMIT_HFS_INLINE, err);
    }
    *out = (struct decmpfs_source){.source = {.name = name, .size = size, .pread = decmpfs_pread},
                                   .budget = budget,
                                   .packed = resource,
                                   .codec = (int)m->codec,
                                   .block_size = inlined ? (size != 0 ? size : 1) : BLOCK,
                                   .held = SIZE_MAX};
    out->n_blocks = inlined ? 1 : (size_t)(size / BLOCK + (size % BLOCK != 0)); /* the arena bounds them */
    out->blocks = arena_array(arena, out->n_blocks, sizeof *out->blocks);
    if (out->blocks == NULL) {
        return arena_full(arena, err);
    }
    if (inlined) {
        memory_source_init(&out->inlined, name, r.left);
        out->packed = &out->inlined.source;
        out->blocks[0] = (struct decmpfs_block){0, r.left.n};
        return true;
    }
    return m->place == ZLIB_FORK ? zlib_blocks(out, err) : offset_blocks(out, err);
}

void decmpfs_close(struct decmpfs_source *d) {
    free(d->block);
    free(d->input);
    d->block = d->input = NULL;
}
