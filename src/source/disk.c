/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: UEFI specification 5.3 (GUID partition table), Inside Macintosh: Devices, chapter 3 (partition map); master boot records and
 * extended partitions as block/partitions/msdos.c of Linux has them; labels as sys/disklabel.h of OpenBSD has them.
 *
 * Tables count in sectors of the disk, of which an image does not say how large they are: 512 and 4096 are tried.
 */
#include "source/disk.h"

#include "base/reader.h"
#include "source/disk_kind.h"

enum { SECTOR = 512 };
static const uint32_t sector_sizes[] = {SECTOR, 4096};

struct list {
    struct source *disk;
    uint32_t sector; /* in octets, as the table in hand counts */
    struct disk_volume *out;
    size_t n, most;
    const struct limits *limits;
    struct error cut; /* why there are more; kind ERR_NONE: there are none */
};

static void cut_at(struct list *list, enum limit which) {
    if (list->cut.kind == ERR_NONE) {
        limit_reached(list->limits, which, &list->cut);
    }
}

/* Whether the table has more entries than are looked at. */
static bool is_past(struct list *list, uint64_t i) {
    bool past = i == limit_most(list->limits, LIMIT_PARTITIONS);
    if (past) {
        cut_at(list, LIMIT_PARTITIONS);
    }
    return past;
}

/* Tables may name a volume twice. */
static void push(struct list *list, const struct disk_volume *v) {
    for (size_t i = 0; i < list->n; i++) {
        if (list->out[i].at == v->at && list->out[i].n == v->n && list->out[i].kind == v->kind) {
            return;
        }
    }
    if (list->n == list->most) {
        cut_at(list, LIMIT_VOLUMES);
    } else {
        list->out[list->n++] = *v;
    }
}

static bool volume_add(struct list *list, uint64_t at, uint64_t n, struct error *err) {
    struct disk_volume v;
    if (at >= list->disk->size) {
        return true;
    }
    if (!disk_volume_look(list->disk, at, n, &v, err)) {
        return false;
    }
    push(list, &v);
    return true;
}

/* Header at sector 1, and again in the last one, little-endian: "EFI PART", at 72 the sector of the entries 8, their number 4, their
 * size 4. An entry: type 16, id 16, first sector 8, last sector 8. */
static bool gpt_read(struct list *list, struct bytes header, struct error *err) {
    uint64_t all = list->disk->size / list->sector;
    struct reader r = reader_make(header, list->sector);
    reader_skip(&r, 72);
    uint64_t sector = reader_u64le(&r);
    uint32_t n = reader_u32le(&r), size = reader_u32le(&r);
    if (!reader_ok(&r) || size < 128 || size > 4096 || sector > all) {
        return error_set(err, ERR_MALFORMED, "a partition table that makes no sense");
    }
    for (uint32_t i = 0; i < n && !is_past(list, i); i++) {
        uint8_t buffer[48];
        struct bytes b;
        if (!disk_look(list->disk, sector * list->sector + (uint64_t)i * size, buffer, sizeof buffer, &b, err)) {
            return false;
        }
        struct reader e = reader_make(b, 0);
        uint64_t type = reader_u64le(&e);
        type |= reader_u64le(&e);
        reader_skip(&e, 16);
        uint64_t first = reader_u64le(&e), last = reader_u64le(&e);
        if (reader_ok(&e) && type != 0 && first >= all && list->cut.kind == ERR_NONE) {
            error_set(&list->cut, ERR_MALFORMED, "a partition that begins behind the end of the disk image");
        }
        if (!reader_ok(&e) || type == 0 || first > all || last < first || last > UINT64_MAX / list->sector - 1) {
            continue;
        }
        if (!volume_add(list, first * list->sector, (last - first + 1) * list->sector, err)) {
            return false;
        }
    }
    return true;
}

/* Block 0: "ER", size of a block 2. Each entry a block from block 1 on: "PM", number of entries at 4, first block at 8, blocks. */
static bool map_read(struct list *list, uint32_t block, struct error *err) {
    uint32_t n = 1;
    for (uint32_t i = 1; i <= n && !is_past(list, i - 1); i++) {
        uint8_t buffer[64];
        struct bytes b;
        if (!disk_look(list->disk, (uint64_t)i * block, buffer, sizeof buffer, &b, err)) {
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

/* Adds a place only where a volume begins that is known. */
static bool volume_try(struct list *list, uint64_t at, uint64_t n, struct error *err) {
    uint8_t buffer[DISK_HEAD];
    struct bytes head;
    struct disk_volume v;
    if (at >= list->disk->size) {
        return true;
    }
    if (!disk_volume_look(list->disk, at, n, &v, err) || !disk_look(list->disk, at, buffer, sizeof buffer, &head, err)) {
        return false;
    }
    if (disk_begins_volume(head, v.kind)) {
        push(list, &v);
    }
    return true;
}

/* A partition of a master boot record, or of one that begins an extended partition. */
struct partition {
    uint8_t type;      /* 0: none */
    uint64_t first, n; /* sectors */
};

/* Four entries at 446, little-endian: type at 4, first sector at 8 4, sectors 4. False where none is. */
static bool partitions_of(struct bytes record, struct partition out[4]) {
    struct reader r = reader_make(bytes_cut(record, 446, 66), 0);
    for (unsigned i = 0; i < 4; i++) {
        reader_skip(&r, 4);
        out[i].type = reader_u8(&r);
        reader_skip(&r, 3);
        out[i].first = reader_u32le(&r);
        out[i].n = reader_u32le(&r);
    }
    return bytes_is(reader_bytes(&r, 2), "\x55\xaa");
}

static bool is_extended(const struct partition *p) {
    return p->type == 0x05 || p->type == 0x0f || p->type == 0x85;
}

static bool is_bsd(const struct partition *p) {
    return p->type == 0xa5 || p->type == 0xa6 || p->type == 0xa9; /* FreeBSD, OpenBSD, NetBSD */
}

/* A label of BSD stands in the second sector of its part of the disk, or of all of it, little-endian: 0 u32 82564557, 40 u32 octets of a
 * sector, 132 u32 82564557, 138 u16 partitions, from 148 on each u32 sectors, u32 first one, u32, u8 type, three octets. The first sector
 * is the disk's, or by some the part's. */
static bool label_read(struct list *list, uint64_t part, struct error *err) {
    enum { ROWS_AT = 148, ROW = 16, ROWS_MAX = 22 };
    static const uint32_t number = 0x82564557;
    uint8_t buffer[SECTOR];
    struct bytes b;
    if (!disk_look(list->disk, part + SECTOR, buffer, sizeof buffer, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0), more = reader_make(bytes_cut(b, 40, 4), 40), end = reader_make(bytes_cut(b, 132, 8), 132);
    uint32_t magic = reader_u32le(&r), sector = reader_u32le(&more), again = reader_u32le(&end);
    reader_skip(&end, 2);
    uint16_t n = reader_u16le(&end);
    if (magic != number || again != number || sector < SECTOR || sector > UINT16_MAX) {
        return true;
    }
    r = reader_make(bytes_cut(b, ROWS_AT, (size_t)ROW * ROWS_MAX), ROWS_AT);
    for (unsigned i = 0; i < n && i < ROWS_MAX; i++) {
        uint64_t size = reader_u32le(&r), first = reader_u32le(&r);
        reader_skip(&r, 8);
        uint64_t at = first * sector;
        if (reader_ok(&r) && size != 0 &&
            (!volume_try(list, at, size * sector, err) || (part != 0 && !volume_try(list, part + at, size * sector, err)))) {
            return false;
        }
    }
    return true;
}

/* The volumes of an extended partition: each has a record in front, from which its place counts, and which says where the next record is,
 * counted from the partition's beginning. */
static bool extended_read(struct list *list, uint64_t begin, struct error *err) {
    uint64_t at = begin;
    for (uint64_t i = 0; !is_past(list, i); i++) {
        uint8_t buffer[SECTOR];
        struct bytes b;
        struct partition parts[4];
        uint64_t next = 0;
        if (!disk_look(list->disk, at * list->sector, buffer, sizeof buffer, &b, err)) {
            return false;
        }
        if (!partitions_of(b, parts)) {
            return true;
        }
        for (unsigned k = 0; k < 4; k++) {
            const struct partition *p = &parts[k];
            if (is_extended(p)) {
                next = next == 0 ? p->first : next;
            } else if (p->type != 0 && !volume_try(list, (at + p->first) * list->sector, p->n * list->sector, err)) {
                return false;
            }
        }
        if (next == 0) {
            return true;
        }
        at = begin + next;
    }
    return true;
}

static bool mbr_read(struct list *list, struct bytes first, struct error *err) {
    struct partition parts[4];
    bool ok = true;
    if (!partitions_of(first, parts)) {
        return true;
    }
    for (unsigned i = 0; ok && i < 4; i++) {
        const struct partition *p = &parts[i];
        if (is_extended(p)) {
            ok = extended_read(list, p->first, err);
        } else if (p->type != 0) {
            ok = volume_try(list, p->first * list->sector, p->n * list->sector, err) &&
                 (!is_bsd(p) || label_read(list, p->first * list->sector, err));
        }
    }
    return ok;
}

/* *found says whether the header of a GUID partition table stands there. */
static bool gpt_try(struct list *list, uint64_t at, bool *found, struct error *err) {
    uint8_t buffer[SECTOR];
    struct bytes b;
    if (!disk_look(list->disk, at, buffer, sizeof buffer, &b, err)) {
        return false;
    }
    *found = bytes_starts(b, bytes_text("EFI PART"));
    return !*found || gpt_read(list, b, err);
}

/* Where the first GUID partition table is gone, systems take the one in the last sector. */
static bool last_gpt_read(struct list *list, struct bytes first, struct error *err) {
    enum { PROTECTIVE = 0xee };
    struct partition parts[4];
    bool guarded = false, found;
    for (unsigned i = 0; partitions_of(first, parts) && i < 4; i++) {
        guarded = guarded || parts[i].type == PROTECTIVE;
    }
    uint64_t last = list->disk->size / list->sector;
    return !guarded || last < 2 || gpt_try(list, (last - 1) * list->sector, &found, err);
}

/* Whatever the tables of a disk of sectors of one size say. */
static bool tables_read(struct list *list, struct bytes first, struct error *err) {
    bool found;
    return gpt_try(list, list->sector, &found, err) && (found || last_gpt_read(list, first, err)) && mbr_read(list, first, err);
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
    struct bytes second = bytes_cut(head, SECTOR, head.n);
    return bytes_starts(second, bytes_text("EFI PART")) || bytes_starts(second, bytes_text("WEV\x82")) ||
           (bytes_starts(head, bytes_text("ER")) && bytes_starts(second, bytes_text("PM"))) || has_table(head) || disk_head_begins(head);
}

bool disk_volumes(struct source *disk, const struct limits *limits, struct disk_volume *out, size_t *n, struct error *cut,
                  struct error *err) {
    struct list list = {.disk = disk, .limits = limits, .out = out, .most = (size_t)limit_most(limits, LIMIT_VOLUMES)};
    uint8_t buffer[SECTOR + DISK_HEAD];
    struct bytes b;
    if (!disk_look(disk, 0, buffer, sizeof buffer, &b, err)) {
        return false;
    }
    bool ok = !bytes_starts(b, bytes_text("ER")) || map_read(&list, map_block(b), err);
    for (size_t i = 0; ok && i < sizeof sector_sizes / sizeof *sector_sizes; i++) {
        list.sector = sector_sizes[i];
        ok = tables_read(&list, b, err);
    }
    ok = ok && label_read(&list, 0, err);
    uint64_t begin =
        list.n == 0 && disk_has_hfsplus(b, SECTOR) ? SECTOR : 0; /* one sector in front is what is left of a master boot record */
    ok = ok && volume_try(&list, begin, disk->size, err);        /* a volume without a table may look as if it had one */
    *n = list.n;
    *cut = list.cut;
    return ok;
}
