/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: UEFI specification 5.3 (GUID partition table), Inside Macintosh: Devices, chapter 3 (partition map), Apple's Technical
 * Note TN1150 (HFS Plus), Apple File System Reference (superblock), Microsoft's of FAT and exFAT, ext4_fs.h of Linux.
 */
#include "source/disk.h"

#include "base/reader.h"

enum { SECTOR = 512, ENTRIES_MAX = 256, VOLUME_HEADER_AT = 1024 };

struct list {
    struct source *disk;
    struct disk_volume *out;
    size_t n, most;
    bool more; /* than most */
};

/* What stands at an offset of the disk, clipped to the room and the disk's end. */
static bool look(struct source *disk, uint64_t at, uint8_t *buffer, size_t room, struct bytes *out, struct error *err) {
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

/* The boot sector of Microsoft's file systems (fatgen103; "exFAT file system specification" 3.1): the name at 3 or, of FAT, where its own
 * fields end. */
static enum disk_kind boot_kind(struct bytes boot) {
    static const struct {
        size_t at;
        const char *name;
        enum disk_kind kind;
    } names[] = {{3, "EXFAT   ", DISK_EXFAT}, {3, "NTFS    ", DISK_NTFS}, {54, "FAT", DISK_FAT}, {82, "FAT32   ", DISK_FAT}};
    bool is = bytes_is(bytes_cut(boot, 510, 2), "\x55\xaa");
    for (size_t i = 0; is && i < sizeof names / sizeof *names; i++) {
        if (bytes_starts(bytes_cut(boot, names[i].at, SECTOR), bytes_text(names[i].name))) {
            return names[i].kind;
        }
    }
    return DISK_UNKNOWN;
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

/* What begins at an offset of the disk, which lies in it. */
static bool volume_look(struct source *disk, uint64_t at, uint64_t n, struct disk_volume *v, struct error *err) {
    uint8_t buffer[VOLUME_HEADER_AT + SECTOR];
    struct bytes b;
    *v = (struct disk_volume){.at = at, .n = n < disk->size - at ? n : disk->size - at};
    if (!look(disk, at, buffer, sizeof buffer, &b, err)) {
        return false;
    }
    struct bytes header = bytes_cut(b, VOLUME_HEADER_AT, SECTOR);
    if (bytes_starts(header, bytes_text("H+")) || bytes_starts(header, bytes_text("HX"))) {
        v->kind = DISK_HFSPLUS;
    } else if (bytes_starts(header, bytes_text("BD"))) {
        wrapper_read(header, v);
    } else if (bytes_is(bytes_cut(b, 32, 4), "NXSB")) {
        v->kind = DISK_APFS;
    } else if (is_ext(header)) {
        v->kind = DISK_EXT;
    } else {
        v->kind = boot_kind(bytes_cut(b, 0, SECTOR));
    }
    return true;
}

static void push(struct list *list, const struct disk_volume *v) {
    if (list->n == list->most) {
        list->more = true;
    } else {
        list->out[list->n++] = *v;
    }
}

static bool volume_add(struct list *list, uint64_t at, uint64_t n, struct error *err) {
    struct disk_volume v;
    if (at >= list->disk->size) {
        return true;
    }
    if (!volume_look(list->disk, at, n, &v, err)) {
        return false;
    }
    push(list, &v);
    return true;
}

/* Header at sector 1, little-endian: "EFI PART", at 72 the sector of the entries 8, their number 4, their size 4. An entry: type 16,
 * id 16, first sector 8, last sector 8. */
static bool gpt_read(struct list *list, struct bytes header, struct error *err) {
    struct reader r = reader_make(header, SECTOR);
    reader_skip(&r, 72);
    uint64_t sector = reader_u64le(&r);
    uint32_t n = reader_u32le(&r), size = reader_u32le(&r);
    if (!reader_ok(&r) || size < 128 || size > 4096 || sector > list->disk->size / SECTOR) {
        return error_set(err, ERR_MALFORMED, "a partition table that makes no sense");
    }
    for (uint32_t i = 0; i < n && i < ENTRIES_MAX; i++) {
        uint8_t buffer[48];
        struct bytes b;
        if (!look(list->disk, sector * SECTOR + (uint64_t)i * size, buffer, sizeof buffer, &b, err)) {
            return false;
        }
        struct reader e = reader_make(b, 0);
        uint64_t type = reader_u64le(&e);
        type |= reader_u64le(&e);
        reader_skip(&e, 16);
        uint64_t first = reader_u64le(&e), last = reader_u64le(&e);
        if (!reader_ok(&e) || type == 0 || first > list->disk->size / SECTOR || last < first || last > UINT64_MAX / SECTOR - 1) {
            continue;
        }
        if (!volume_add(list, first * SECTOR, (last - first + 1) * SECTOR, err)) {
            return false;
        }
    }
    return true;
}

/* Block 0: "ER", size of a block 2. Each entry a block from block 1 on: "PM", number of entries at 4, first block at 8, blocks. */
static bool map_read(struct list *list, uint32_t block, struct error *err) {
    uint32_t n = 1;
    for (uint32_t i = 1; i <= n && i <= ENTRIES_MAX; i++) {
        uint8_t buffer[64];
        struct bytes b;
        if (!look(list->disk, (uint64_t)i * block, buffer, sizeof buffer, &b, err)) {
            return false;
        }
        struct reader r = reader_make(b, 0);
        struct bytes magic = reader_bytes(&r, 2);
        reader_skip(&r, 2);
        uint32_t count = reader_u32be(&r);
        uint64_t first = reader_u32be(&r), blocks = reader_u32be(&r);
        if (!reader_ok(&r) || !bytes_is(magic, "PM")) {
            return true;
        }
        n = i == 1 ? count : n;
        /* The map lists itself, which begins like no volume. */
        if (first != 0 && !volume_add(list, first * block, blocks * block, err)) {
            return false;
        }
    }
    return true;
}

/* Whether the header of a volume of HFS+ that begins at an offset stands there. */
static bool has_header(struct bytes head, size_t at) {
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

/* Whether what no table calls a volume begins as one: two letters are not enough. An HFS+ volume inside of one of HFS has four. */
static bool begins_volume(struct bytes head, enum disk_kind kind) {
    bool inside = bytes_is(bytes_cut(head, VOLUME_HEADER_AT, 2), "BD");
    switch (kind) {
    case DISK_UNKNOWN:
        return false;
    case DISK_HFS:
        return has_directory_block(head);
    case DISK_HFSPLUS:
        return inside || has_header(head, 0);
    default:
        return true;
    }
}

/* Adds a place only where a volume begins that is known. */
static bool volume_try(struct list *list, uint64_t at, uint64_t n, struct error *err) {
    uint8_t buffer[VOLUME_HEADER_AT + SECTOR];
    struct bytes head;
    struct disk_volume v;
    if (at >= list->disk->size) {
        return true;
    }
    if (!volume_look(list->disk, at, n, &v, err) || !look(list->disk, at, buffer, sizeof buffer, &head, err)) {
        return false;
    }
    if (begins_volume(head, v.kind)) {
        push(list, &v);
    }
    return true;
}

/* Four entries at 446, little-endian: type at 4, first sector at 8 4, sectors 4. */
static bool mbr_read(struct list *list, struct bytes first, struct error *err) {
    struct reader r = reader_make(first, 0);
    reader_skip(&r, 446);
    for (unsigned i = 0; i < 4; i++) {
        reader_skip(&r, 4);
        uint8_t type = reader_u8(&r);
        reader_skip(&r, 3);
        uint64_t sector = reader_u32le(&r), sectors = reader_u32le(&r);
        if (reader_ok(&r) && type != 0 && !volume_try(list, sector * SECTOR, sectors * SECTOR, err)) {
            return false;
        }
    }
    return true;
}

static uint32_t map_block(struct bytes first) {
    struct reader r = reader_make(first, 0);
    reader_skip(&r, 2);
    uint32_t block = reader_u16be(&r);
    return block == 1024 || block == 2048 || block == 4096 ? block : SECTOR;
}

/* Whether a master boot record stands there: what is a partition is active or is not, and begins behind the record. Code that boots
 * from a volume has letters in that place. */
static bool has_table(struct bytes head) {
    struct reader r = reader_make(bytes_cut(head, 446, 66), 0);
    unsigned n = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t active = reader_u8(&r);
        reader_skip(&r, 3);
        uint8_t type = reader_u8(&r);
        reader_skip(&r, 3);
        uint32_t sector = reader_u32le(&r), sectors = reader_u32le(&r);
        if ((active & 0x7f) != 0 || (type != 0 && (sector == 0 || sectors == 0))) {
            return false;
        }
        n += type != 0;
    }
    return bytes_is(reader_bytes(&r, 2), "\x55\xaa") && n != 0;
}

bool disk_probe(struct bytes head) {
    struct bytes second = bytes_cut(head, SECTOR, head.n), volume = bytes_cut(head, VOLUME_HEADER_AT, 4);
    return bytes_starts(second, bytes_text("EFI PART")) ||
           (bytes_starts(head, bytes_text("ER")) && bytes_starts(second, bytes_text("PM"))) || has_header(head, 0) ||
           has_header(head, SECTOR) ||
           (bytes_starts(volume, bytes_text("BD")) && bytes_is(bytes_cut(head, VOLUME_HEADER_AT + 124, 2), "H+")) ||
           bytes_is(bytes_cut(head, 32, 4), "NXSB") || boot_kind(head) != DISK_UNKNOWN || has_table(head) ||
           is_ext(bytes_cut(head, VOLUME_HEADER_AT, SECTOR));
}

bool disk_volumes(struct source *disk, const struct limits *limits, struct disk_volume *out, size_t *n, bool *more, struct error *err) {
    struct list list = {.disk = disk, .out = out, .most = (size_t)limit_most(limits, LIMIT_VOLUMES)};
    uint8_t buffer[SECTOR + VOLUME_HEADER_AT + 4];
    struct bytes b;
    if (!look(disk, 0, buffer, sizeof buffer, &b, err)) {
        return false;
    }
    struct bytes second = bytes_cut(b, SECTOR, SECTOR);
    bool ok = true;
    if (bytes_starts(second, bytes_text("EFI PART"))) {
        ok = gpt_read(&list, second, err);
    }
    if (ok && bytes_starts(b, bytes_text("ER"))) {
        ok = map_read(&list, map_block(b), err);
    }
    if (ok && list.n == 0 && bytes_is(bytes_cut(b, 510, 2), "\x55\xaa")) {
        ok = mbr_read(&list, b, err);
    }
    uint64_t begin = list.n == 0 && has_header(b, SECTOR) ? SECTOR : 0; /* one sector in front is what is left of a master boot record */
    ok = ok && volume_try(&list, begin, disk->size, err);               /* a volume without a table may look as if it had one */
    *n = list.n;
    *more = list.more;
    return ok;
}
