/* SPDX-License-Identifier: Apache-2.0 */
/* The volumes of a disk: by a GUID partition table, Apple's partition map, a master boot record with its extended partitions and labels of
 * BSD, all of them
 * where there are several, or the disk as one volume, perhaps behind one sector of anything. */
#ifndef CERTBAN_SOURCE_DISK_H
#define CERTBAN_SOURCE_DISK_H

#include "base/source.h"
#include "model/limits.h"

enum { DISK_VOLUMES_MAX = LIMIT_VOLUMES_GREATEST };

enum disk_kind {
    DISK_UNKNOWN,
    DISK_HFSPLUS,
    DISK_HFS,  /* the one before, without an HFS+ volume inside */
    DISK_APFS, /* a container of volumes */
    DISK_FAT,  /* FAT12, FAT16, FAT32 */
    DISK_NTFS,
    DISK_EXT,      /* ext2, ext3, ext4 */
    DISK_SQUASHFS, /* as live systems have it */
    DISK_UNREAD,   /* of a kind that is known, but not looked into */
};

struct disk_volume {
    uint64_t at, n; /* in the disk */
    enum disk_kind kind;
    const char *name; /* of a kind that is not looked into; else NULL */
};

/* disk_probe says whether a file begins like a disk with a partition table or volume that is looked into here. */
bool disk_probe(struct bytes head);

/* disk_volumes lists the volumes, as many as LIMIT_VOLUMES lets a disk have; cut says why others are left
 * out: there are too many (LIMIT_VOLUMES, LIMIT_PARTITIONS), or one begins behind the disk's end; its kind is ERR_NONE where none are. out
 * has room for DISK_VOLUMES_MAX. */
CERTBAN_MUST_USE bool disk_volumes(struct source *disk, const struct limits *limits, struct disk_volume *out, size_t *n, struct error *cut,
                                   struct error *err);

#endif
