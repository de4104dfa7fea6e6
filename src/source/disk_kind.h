/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of volume begins at a place of a disk. */
#ifndef CERTBAN_SOURCE_DISK_KIND_H
#define CERTBAN_SOURCE_DISK_KIND_H

#include "source/disk.h"

/* As much of a volume as tells what it is, but for Btrfs and UFS. */
enum { DISK_HEAD = 1024 + 512 };

/* disk_look reads what stands at an offset of the disk, clipped to the room and the disk's end. */
CERTBAN_MUST_USE bool disk_look(struct source *disk, uint64_t at, uint8_t *buffer, size_t room, struct bytes *out, struct error *err);

/* disk_volume_look says what begins at an offset of the disk, which lies in it, n octets long or to the disk's end. */
CERTBAN_MUST_USE bool disk_volume_look(struct source *disk, uint64_t at, uint64_t n, struct disk_volume *v, struct error *err);

/* disk_begins_volume says whether what no table calls a volume begins as one of that kind: two letters are not enough. */
bool disk_begins_volume(struct bytes head, enum disk_kind kind);

/* disk_has_hfsplus says whether the header of a volume of HFS+ that begins at an offset of head stands there. */
bool disk_has_hfsplus(struct bytes head, size_t at);

/* disk_head_begins says whether a file that begins so may be a volume without a table. */
bool disk_head_begins(struct bytes head);

#endif
