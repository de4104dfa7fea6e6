/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HFS Plus volumes, read only: Apple's Technical Note TN1150. hfs_volume.c has the volume and the forks of files, hfs_tree.c the
 * B-trees, hfsplus.c the catalog and the walk, decmpfs.c files that are kept compressed.
 */
#ifndef CERTBAN_SOURCE_HFS_H
#define CERTBAN_SOURCE_HFS_H

#include "base/reader.h"
#include "source/container.h"

enum {
    HFS_FORK_SIZE = 80,   /* of the description of a fork */
    HFS_EXTENTS = 8,      /* in it */
    HFS_DEPTH_MAX = 1024, /* of a path that is shown: what is in deeper folders is looked at all the same */
};

/* hfs_walk visits the files of a volume: data forks, and compressed files as what they unpack to. */
CERTBAN_MUST_USE bool hfs_walk(struct source *volume, struct arena *arena, struct budget *budget, struct visitor *visitor,
                               struct anomalies *anomalies, struct error *err);

struct hfs_extent {
    uint32_t start, count; /* in blocks */
};

/* A fork as the catalog or the volume's header has it: not all of its extents need be there. */
struct hfs_fork {
    uint64_t size;
    uint32_t blocks;
    struct hfs_extent extents[HFS_EXTENTS];
};

/* Eight more extents of a fork. */
struct hfs_overflow {
    uint32_t file, first; /* its id, and the block of the fork where they begin */
    uint8_t type;         /* 0 the data fork, 0xff the resource fork */
    struct hfs_extent extents[HFS_EXTENTS];
};

struct hfs {
    struct source *volume;
    struct arena *arena;
    uint32_t block_size, blocks;
    struct hfs_fork extents, catalog, attributes;
    struct hfs_overflow *overflow; /* sorted by file, type, first */
    size_t n_overflow, room_overflow;
};

/* hfs_open reads the header and the extents overflow file. */
CERTBAN_MUST_USE bool hfs_open(struct source *volume, struct arena *arena, struct hfs *hfs, struct error *err);

/* hfs_fork_read takes a fork's description from a reader. */
struct hfs_fork hfs_fork_read(struct reader *r);

/* The content of a fork as a source. */
struct hfs_source {
    struct source source;
    const struct hfs *hfs;
    struct hfs_extent *extents;
    size_t n;
    size_t last;      /* the extent that was read from last, */
    uint64_t last_at; /* and where it begins in the fork */
};

/* hfs_fork_open gathers a fork's extents. ERR_MALFORMED when they lead outside, or hold less than the fork. */
CERTBAN_MUST_USE bool hfs_fork_open(const struct hfs *hfs, const struct hfs_fork *fork, uint32_t file, uint8_t type, const char *name,
                                    struct arena *arena, struct hfs_source *out, struct error *err);

/* Gets every record of a B-tree's leaves: the bytes of key and data, and where they stand in the tree's file. */
struct hfs_records {
    bool (*record)(struct hfs_records *records, struct bytes b, uint64_t at, struct error *err);
};

/* hfs_tree_walk gives all records, leaf after leaf as they are linked. */
CERTBAN_MUST_USE bool hfs_tree_walk(struct source *tree, struct hfs_records *records, struct error *err);

/* A file that is kept compressed (decmpfs), as a source. */
struct decmpfs_source {
    struct source source;
    struct budget *budget;
    struct source *packed;
    int codec;
    uint64_t block_size; /* unpacked; the last block is shorter */
    struct decmpfs_block {
        uint64_t at, n;
    } * blocks; /* in packed */
    size_t n_blocks, held;
    uint8_t *block, *input; /* of the block held; its packed bytes */
    size_t input_room;
    struct memory_source inlined;
};

/* decmpfs_open makes a source of the attribute com.apple.decmpfs and, where it says so, the resource fork. ERR_UNSUPPORTED for
 * methods that are not known. decmpfs_close always afterwards. */
CERTBAN_MUST_USE bool decmpfs_open(struct bytes attribute, struct source *resource, const char *name, struct budget *budget,
                                   struct arena *arena, struct decmpfs_source *out, struct error *err);
void decmpfs_close(struct decmpfs_source *d);

#endif
