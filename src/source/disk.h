/* SPDX-License-Identifier: Apache-2.0 */
/* The volumes of a disk: by a GUID partition table, Apple's partition map, a master boot record, or the disk as one volume, perhaps behind
 * one sector of anything. */
#ifndef CERTBAN_SOURCE_DISK_H
#define CERTBAN_SOURCE_DISK_H

#include "base/source.h"

enum { DISK_VOLUMES_MAX = 128 };

enum disk_kind {
    DISK_UNKNOWN,
    DISK_HFSPLUS,
    DISK_HFS,  /* the one before, without an HFS+ volume inside */
    DISK_APFS, /* a container of volumes */
    DISK_FAT,  /* FAT12, FAT16, FAT32 */
    DISK_NTFS,
    DISK_EXFAT,
    DISK_EXT, /* ext2, ext3, ext4 */
};

struct disk_volume {
    uint64_t at, n; /* in the disk */
    enum disk_kind kind;
};

/* disk_probe says whether a file begins like a disk with a partition table or volume that is looked into here. */
bool disk_probe(struct bytes head);

/* disk_volumes lists the volumes, at most DISK_VOLUMES_MAX. Partitions that lead nowhere are left out. */
CERTBAN_MUST_USE bool disk_volumes(struct source *disk, struct disk_volume *out, size_t *n, struct error *err);

#endif
