/* SPDX-License-Identifier: Apache-2.0 */
/* The header of an HFS Plus volume and the content of forks: TN1150 "Volume Header", "Fork Data Structure", "Extents Overflow File". */
#include <stdlib.h>

#include "source/hfs.h"

enum { HEADER_AT = 1024, HEADER_SIZE = 512, BLOCK_MIN = 512, BLOCK_MAX = 1 << 24, EXTENTS_FILE = 3, OVERFLOW_KEY = 10 };

/* HFSPlusForkData: logicalSize 8, clumpSize 4, totalBlocks 4, then eight times startBlock 4, blockCount 4. */
struct hfs_fork hfs_fork_read(struct reader *r) {
    struct hfs_fork fork = {.size = reader_u64be(r)};
    reader_skip(r, 4);
    fork.blocks = reader_u32be(r);
    for (unsigned i = 0; i < HFS_EXTENTS; i++) {
        fork.extents[i].start = reader_u32be(r);
        fork.extents[i].count = reader_u32be(r);
    }
    return fork;
}

static int overflow_order(const void *x, const void *y) {
    const struct hfs_overflow *a = x, *b = y;
    if (a->file != b->file) {
        return a->file < b->file ? -1 : 1;
    }
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    return (a->first > b->first) - (a->first < b->first);
}

struct overflow_records {
    struct hfs_records records;
    struct hfs *hfs;
};

/* Key: length 2 (10), type 1, pad 1, file 4, first block 4; data: eight extents. */
static bool overflow_record(struct hfs_records *records, struct bytes b, uint64_t at, struct error *err) {
    struct hfs *hfs = ((struct overflow_records *)records)->hfs;
    struct hfs_overflow o;
    struct reader r = reader_make(b, at);
    uint16_t length = reader_u16be(&r);
    o.type = reader_u8(&r);
    reader_skip(&r, 1);
    o.file = reader_u32be(&r);
    o.first = reader_u32be(&r);
    for (unsigned i = 0; i < HFS_EXTENTS; i++) {
        o.extents[i].start = reader_u32be(&r);
        o.extents[i].count = reader_u32be(&r);
    }
    if (!reader_ok(&r) || length != OVERFLOW_KEY) {
        return error_set(err, ERR_MALFORMED, "a record of extents that is none");
    }
    if (hfs->n_overflow == hfs->room_overflow) {
        size_t room = hfs->room_overflow == 0 ? 16 : hfs->room_overflow * 2;
        struct hfs_overflow *all = arena_array(hfs->arena, room, sizeof *all);
        if (all == NULL) {
            return arena_full(hfs->arena, err);
        }
        if (hfs->n_overflow != 0) {
            memcpy(all, hfs->overflow, hfs->n_overflow * sizeof *all);
        }
        hfs->overflow = all;
        hfs->room_overflow = room;
    }
    hfs->overflow[hfs->n_overflow++] = o;
    return true;
}

/* The header, big-endian: signature 2, version 2; at 40 block size 4, blocks 4; at 112 five forks: allocation, extents, catalog,
 * attributes, startup. */
bool hfs_open(struct source *volume, struct arena *arena, struct hfs *hfs, struct error *err) {
    struct bytes b;
    *hfs = (struct hfs){.volume = volume, .arena = arena};
    if (!source_read(volume, arena, HEADER_AT, HEADER_SIZE, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, HEADER_AT);
    reader_skip(&r, 40);
    hfs->block_size = reader_u32be(&r);
    hfs->blocks = reader_u32be(&r);
    reader_skip(&r, 64 + HFS_FORK_SIZE);
    hfs->extents = hfs_fork_read(&r);
    hfs->catalog = hfs_fork_read(&r);
    hfs->attributes = hfs_fork_read(&r);
    if (!reader_ok(&r) || hfs->block_size < BLOCK_MIN || hfs->block_size > BLOCK_MAX || (hfs->block_size & (hfs->block_size - 1)) != 0) {
        return error_set(err, ERR_MALFORMED, "an HFS+ volume with blocks of %u bytes", hfs->block_size);
    }
    struct hfs_source source;
    struct overflow_records records = {.records = {overflow_record}, .hfs = hfs};
    if (!hfs_fork_open(hfs, &hfs->extents, EXTENTS_FILE, 0, volume->name, arena, &source, err) ||
        !hfs_tree_walk(&source.source, &records.records, err)) {
        return error_within(err, "extents overflow file");
    }
    if (hfs->n_overflow != 0) {
        qsort(hfs->overflow, hfs->n_overflow, sizeof *hfs->overflow, overflow_order);
    }
    return true;
}

static bool fork_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct hfs_source *s = (struct hfs_source *)source;
    uint64_t block = s->hfs->block_size;
    uint8_t *to = buf;
    if (at < s->last_at) {
        s->last = 0;
        s->last_at = 0;
    }
    while (n != 0) {
        while (s->last < s->n && at - s->last_at >= s->extents[s->last].count * block) {
            s->last_at += s->extents[s->last].count * block;
            s->last++;
        }
        if (s->last == s->n) {
            s->last = 0;
            s->last_at = 0;
            return error_set(err, ERR_MALFORMED, "a fork that ends before its size");
        }
        uint64_t in = at - s->last_at, left = s->extents[s->last].count * block - in;
        size_t take = left < n ? (size_t)left : n;
        if (!source_into(s->hfs->volume, to, take, s->extents[s->last].start * block + in, err)) {
            return false;
        }
        to += take;
        at += take;
        n -= take;
    }
    return true;
}

/* Appends eight extents, as far as they are used; *blocks counts what they hold. */
static bool extents_add(struct hfs_source *s, const struct hfs_extent *extents, size_t room, uint64_t *blocks, struct error *err) {
    const struct hfs *hfs = s->hfs;
    for (unsigned i = 0; i < HFS_EXTENTS && extents[i].count != 0; i++) {
        if (extents[i].start > hfs->blocks || extents[i].count > hfs->blocks - extents[i].start) {
            return error_set(err, ERR_MALFORMED, "an extent outside of the volume (block %u)", extents[i].start);
        }
        if (s->n == room || s->n == limit_most(hfs->arena->limits, LIMIT_HFS_EXTENTS)) {
            return limit_reached(hfs->arena->limits, LIMIT_HFS_EXTENTS, err);
        }
        s->extents[s->n++] = extents[i];
        *blocks += extents[i].count;
    }
    return true;
}

static size_t overflow_find(const struct hfs *hfs, uint32_t file, uint8_t type) {
    size_t low = 0, high = hfs->n_overflow;
    struct hfs_overflow wanted = {.file = file, .type = type};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (overflow_order(&hfs->overflow[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool hfs_fork_open(const struct hfs *hfs, const struct hfs_fork *fork, uint32_t file, uint8_t type, const char *name, struct arena *arena,
                   struct hfs_source *out, struct error *err) {
    size_t first = overflow_find(hfs, file, type), end = first;
    while (end < hfs->n_overflow && hfs->overflow[end].file == file && hfs->overflow[end].type == type) {
        end++;
    }
    size_t room = HFS_EXTENTS * (1 + end - first);
    uint64_t blocks = 0;
    *out = (struct hfs_source){.source = {.name = name, .size = fork->size, .pread = fork_pread}, .hfs = hfs};
    out->extents = arena_array(arena, room, sizeof *out->extents);
    if (out->extents == NULL) {
        return arena_full(arena, err);
    }
    if (!extents_add(out, fork->extents, room, &blocks, err)) {
        return false;
    }
    for (size_t i = first; i < end && blocks < fork->blocks; i++) {
        if (hfs->overflow[i].first != blocks) {
            return error_set(err, ERR_MALFORMED, "a fork whose extents do not follow each other");
        }
        if (!extents_add(out, hfs->overflow[i].extents, room, &blocks, err)) {
            return false;
        }
    }
    if (fork->size > blocks * hfs->block_size) {
        return error_set(err, ERR_MALFORMED, "a fork of %llu bytes with %llu blocks", (unsigned long long)fork->size,
                         (unsigned long long)blocks);
    }
    return true;
}
