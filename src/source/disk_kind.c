/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: Apple's Technical Note TN1150 (HFS Plus), Inside Macintosh: Files (HFS), Apple File System Reference (superblock), Microsoft's
 * of FAT, ext4_fs.h of Linux, and for kinds that are only named libblkid's tables.
 */
#include "source/disk_kind.h"

#include "base/reader.h"

enum { SECTOR = 512, VOLUME_HEADER_AT = 1024 };

bool disk_look(struct source *disk, uint64_t at, uint8_t *buffer, size_t room, struct bytes *out, struct error *err) {
    uint64_t left = at < disk->size ? disk->size - at : 0;
    size_t n = left < room ? (size_t)left : room;
    *out = bytes_make(buffer, n);
    return source_into(disk, buffer, n, n != 0 ? at : 0, err);
}

/* TN1150 "HFS Wrapper": drSigWord "BD", drAlBlkSiz at 20, drAlBlSt at 28, drEmbedSigWord "H+" at 124, its first block and count. */
static void wrapper_read(struct bytes header, struct disk_volume *v) {
    struct reader r = reader_make(header, 0);
    reader_skip(&r, 20);
    uint64_t block = reader_u32be(&r);
    reader_skip(&r, 4);
    uint64_t first = reader_u16be(&r);
    reader_skip(&r, 94);
    struct bytes signature = reader_bytes(&r, 2);
    uint64_t start = reader_u16be(&r), count = reader_u16be(&r);
    uint64_t at = first * SECTOR + start * block;
    v->kind = DISK_HFS;
    if (reader_ok(&r) && bytes_is(signature, "H+") && at < v->n) {
        v->kind = DISK_HFSPLUS;
        v->at += at;
        v->n = count * block < v->n - at ? count * block : v->n - at;
    }
}

static bool is_power_of_two(unsigned n) {
    return n != 0 && (n & (n - 1)) == 0;
}

/* What systems ask of a volume of FAT (fatgen103; fs/fat/inode.c of Linux), which is not its name: 0 a jump, 11 u16 octets of a sector,
 * 13 u8 sectors of a cluster, 14 u16 reserved sectors, 16 u8 number of tables, 17 u16 entries of the root, 19 u16 sectors, 21 u8 medium,
 * 22 u16 sectors of a table, 32 u32 sectors, 36 u32 sectors of a table. */
static bool is_fat(struct bytes boot) {
    struct reader r = reader_make(boot, 0);
    uint8_t jump = reader_u8(&r);
    reader_skip(&r, 10);
    uint16_t sector = reader_u16le(&r);
    uint8_t cluster = reader_u8(&r);
    uint16_t reserved = reader_u16le(&r);
    uint8_t tables = reader_u8(&r);
    reader_skip(&r, 2);
    uint32_t sectors = reader_u16le(&r);
    uint8_t medium = reader_u8(&r);
    uint32_t table = reader_u16le(&r);
    reader_skip(&r, 8);
    sectors |= reader_u32le(&r);
    table |= reader_u32le(&r);
    return reader_ok(&r) && (jump == 0xeb || jump == 0xe9) && is_power_of_two(sector) && sector >= 512 && sector <= 4096 &&
           is_power_of_two(cluster) && reserved != 0 && tables != 0 && tables <= 4 && (medium == 0xf0 || medium >= 0xf8) && sectors != 0 &&
           table != 0;
}

/* The boot sector of Microsoft's file systems: the name at 3 or, of FAT, where its own fields end. */
static enum disk_kind boot_kind(struct bytes boot) {
    bool is = bytes_is(bytes_cut(boot, 510, 2), "\x55\xaa");
    if (is && bytes_starts(bytes_cut(boot, 3, SECTOR), bytes_text("NTFS    "))) {
        return DISK_NTFS;
    }
    bool named =
        bytes_starts(bytes_cut(boot, 54, SECTOR), bytes_text("FAT")) || bytes_starts(bytes_cut(boot, 82, SECTOR), bytes_text("FAT32   "));
    return is && (named || is_fat(boot)) ? DISK_FAT : DISK_UNKNOWN;
}

/* Volumes whose files can't be shown: that there are some must be said. */
static const char *unread_name(struct bytes volume) {
    static const struct {
        uint16_t at;
        const char *magic, *name;
    } kinds[] = {
        {3, "EXFAT   ", "exFAT"},           {3, "-FVE-FS-", "BitLocker"},        {0, "LUKS\xba\xbe", "LUKS"}, {0, "XFSB", "XFS"},
        {1024, "\x10\x20\xf5\xf2", "F2FS"}, {1024, "\xe2\xe1\xf5\xe0", "EROFS"}, {512, "LABELONE", "LVM"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (bytes_starts(bytes_cut(volume, kinds[i].at, SECTOR), bytes_text(kinds[i].magic))) {
            return kinds[i].name;
        }
    }
    return NULL;
}

/* Those whose superblocks are beyond the first sectors: 64 KiB from the start (Btrfs, in it at 64 the name; UFS2), or 8 KiB (UFS1); that of
 * UFS has its number at 1372, as the machine has numbers. */
static bool far_look(struct source *disk, struct disk_volume *v, struct error *err) {
    static const struct {
        uint32_t at;
        const char *magic, *name;
    } kinds[] = {
        {65536 + 64, "_BHRfS_M", "Btrfs"},      {65536 + 1372, "\x19\x01\x54\x19", "UFS"}, {65536 + 1372, "\x19\x54\x01\x19", "UFS"},
        {8192 + 1372, "\x54\x19\x01\0", "UFS"}, {8192 + 1372, "\0\x01\x19\x54", "UFS"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && v->kind == DISK_UNKNOWN; i++) {
        uint8_t buffer[8];
        struct bytes b;
        size_t n = i == 0 ? 8 : 4;
        if (!disk_look(disk, v->at + kinds[i].at, buffer, n, &b, err)) {
            return false;
        }
        if (bytes_equal(b, bytes_make(kinds[i].magic, n))) {
            v->kind = DISK_UNREAD;
            v->name = kinds[i].name;
        }
    }
    return true;
}

/* The superblock at 1024, as ext4_fs.h of Linux has it: 0 u32 inodes, 4 u32 blocks, 20 u32 first block, 24 u32 logarithm of a block's
 * kilobytes, 56 u16 EF53, 76 u32 revision. */
static bool is_ext(struct bytes superblock) {
    enum { LOG_MAX = 6 };
    struct reader r = reader_make(superblock, 0);
    uint32_t inodes = reader_u32le(&r), blocks = reader_u32le(&r);
    reader_skip(&r, 12);
    uint32_t first = reader_u32le(&r), log = reader_u32le(&r);
    reader_skip(&r, 28);
    uint16_t magic = reader_u16le(&r);
    reader_skip(&r, 18);
    uint32_t revision = reader_u32le(&r);
    return reader_ok(&r) && magic == 0xef53 && inodes != 0 && blocks != 0 && first <= 1 && log <= LOG_MAX && revision <= 1;
}

bool disk_volume_look(struct source *disk, uint64_t at, uint64_t n, struct disk_volume *v, struct error *err) {
    uint8_t buffer[DISK_HEAD];
    struct bytes b;
    *v = (struct disk_volume){.at = at, .n = n < disk->size - at ? n : disk->size - at};
    if (!disk_look(disk, at, buffer, sizeof buffer, &b, err)) {
        return false;
    }
    struct bytes header = bytes_cut(b, VOLUME_HEADER_AT, SECTOR);
    v->name = unread_name(b);
    if (bytes_starts(header, bytes_text("H+")) || bytes_starts(header, bytes_text("HX"))) {
        v->kind = DISK_HFSPLUS;
    } else if (bytes_starts(header, bytes_text("BD"))) {
        wrapper_read(header, v);
    } else if (bytes_is(bytes_cut(b, 32, 4), "NXSB")) {
        v->kind = DISK_APFS;
    } else if (is_ext(header)) {
        v->kind = DISK_EXT;
    } else if (bytes_starts(b, bytes_text("hsqs"))) {
        v->kind = DISK_SQUASHFS;
    } else {
        v->kind = v->name != NULL ? DISK_UNREAD : boot_kind(bytes_cut(b, 0, SECTOR));
    }
    return v->kind != DISK_UNKNOWN || far_look(disk, v, err);
}

bool disk_has_hfsplus(struct bytes head, size_t at) {
    struct bytes header = bytes_cut(head, at + VOLUME_HEADER_AT, 4);
    return bytes_equal(header, bytes_make("H+\0\4", 4)) || bytes_equal(header, bytes_make("HX\0\5", 4));
}

/* Whether a volume of HFS may begin there. Inside Macintosh: Files, "Master Directory Blocks": drSigWord "BD",
 * 18 u16 number of blocks, 20 u32 size of one, in whole sectors, 36 u8 length of the name, 27 at most. */
static bool has_directory_block(struct bytes head) {
    enum { NAME_MAX_HFS = 27 };
    struct reader r = reader_make(bytes_cut(head, VOLUME_HEADER_AT, SECTOR), 0);
    struct bytes magic = reader_bytes(&r, 2);
    reader_skip(&r, 16);
    uint16_t blocks = reader_u16be(&r);
    uint32_t size = reader_u32be(&r);
    reader_skip(&r, 12);
    uint8_t name = reader_u8(&r);
    return reader_ok(&r) && bytes_is(magic, "BD") && blocks != 0 && size != 0 && size % SECTOR == 0 && name != 0 && name <= NAME_MAX_HFS;
}

/* An HFS+ volume inside of one of HFS has four letters. */
bool disk_begins_volume(struct bytes head, enum disk_kind kind) {
    bool inside = bytes_is(bytes_cut(head, VOLUME_HEADER_AT, 2), "BD");
    switch (kind) {
    case DISK_UNKNOWN:
        return false;
    case DISK_HFS:
        return has_directory_block(head);
    case DISK_HFSPLUS:
        return inside || disk_has_hfsplus(head, 0);
    default:
        return true;
    }
}

bool disk_head_begins(struct bytes head) {
    struct bytes volume = bytes_cut(head, VOLUME_HEADER_AT, SECTOR);
    return disk_has_hfsplus(head, 0) || disk_has_hfsplus(head, SECTOR) ||
           (bytes_starts(volume, bytes_text("BD")) && bytes_is(bytes_cut(volume, 124, 2), "H+")) || has_directory_block(head) ||
           bytes_is(bytes_cut(head, 32, 4), "NXSB") || boot_kind(head) != DISK_UNKNOWN || unread_name(head) != NULL || is_ext(volume);
}
