/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mach-O programs and libraries: thin, or several processors' slices in a fat file (xnu EXTERNAL_HEADERS/mach-o/fat.h). Each
 * slice has a signature of its own, and any of them may be what runs. Fat headers that lie lose no slice: entries that are not
 * counted are looked at, and what no entry leads to is searched for slices.
 * Java classes have the magic of fat files; they are told apart by the first entry.
 */
#include <stdlib.h>

#include "asn1/carve.h"
#include "format/macho.h"
#include "source/plist.h"

enum {
    FAT_HEADER = 8,
    FAT_ARCH = 20,
    FAT_ARCH_64 = 32,
    THIN_MIN = 28,
    GAP_MIN = 4096,           /* octets between slices that are more than alignment of one */
    GAP_STEP = 4096,          /* slices begin at pages */
    INFO_PLIST_MAX = 1 << 20, /* what is told of it is no more than words */
};

/* fat_header: magic 4, nfat_arch 4; then nfat_arch times, all big-endian (or all swapped):
 * fat_arch         fat_arch_64
 *   0   4          0   4        cputype
 *   4   4          4   4        cpusubtype
 *   8   4          8   8        offset
 *  12   4         16   8        size
 *  16   4         24   4        align (log2)
 *                 28   4        reserved
 */
struct fat_arch {
    uint32_t type, subtype;
    uint64_t at, size;
};

static struct fat_arch fat_arch_read(struct reader *r, const struct macho_shape *shape) {
    struct fat_arch a = {.type = macho_u32(r, shape->big)};
    a.subtype = macho_u32(r, shape->big);
    a.at = shape->wide ? macho_u64(r, shape->big) : macho_u32(r, shape->big);
    a.size = shape->wide ? macho_u64(r, shape->big) : macho_u32(r, shape->big);
    reader_skip(r, shape->wide ? 8 : 4);
    return a;
}

/* A Java class (JVM specification 4.1) has minor and major version where fat files have the count, then the number of constants
 * and the tag of the first, which is never 0; a fat file of known processors has a 0 there. A slice that can be run begins at a page
 * (the kernel's load_segment refuses others), which numbers in a class file hardly ever are. */
static bool is_java(const struct probe *probe, const struct macho_shape *shape) {
    struct reader r = reader_make(probe->head, 0);
    reader_skip(&r, 4);
    uint16_t minor = reader_u16be(&r);
    uint16_t major = reader_u16be(&r);
    if (!shape->big || shape->wide || major < 45 || major > 255 || (minor > 3 && minor != 0xffff)) {
        return false;
    }
    while (r.left.n >= FAT_ARCH) {
        struct reader type = r;
        if (!macho_arch_known(reader_u32be(&type))) {
            reader_skip(&r, FAT_ARCH);
            continue;
        }
        struct fat_arch a = fat_arch_read(&r, shape);
        if (a.at >= FAT_HEADER && a.at % GAP_STEP == 0 && a.at < probe->size && a.size >= THIN_MIN && a.size <= probe->size - a.at) {
            return false;
        }
    }
    return true;
}

static bool probe(const struct probe *probe) {
    struct macho_shape shape = macho_shape_of(probe->head);
    return shape.magic == MACHO_THIN || (shape.magic == MACHO_FAT && !is_java(probe, &shape));
}

/* A fat file, or one inside of another, being read. */
struct fat {
    struct source *source;
    struct arena *arena;
    struct contents *contents;
    struct macho_slice *slices;
    size_t n;
    size_t most;     /* of them */
    uint64_t probes; /* places in gaps that were looked at */
};

static void note(struct fat *fat, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    anomaly_note(&fat->contents->anomalies, fat->arena, name, at, size, detail);
}

static bool magic_at(struct fat *fat, uint64_t at, struct macho_shape *shape, struct error *err) {
    uint8_t first[4] = {0};
    uint64_t left = at < fat->source->size ? fat->source->size - at : 0;
    if (left >= sizeof first && !source_into(fat->source, first, sizeof first, at, err)) {
        return false;
    }
    *shape = macho_shape_of(bytes_make(first, sizeof first));
    return true;
}

static bool slice_add(struct fat *fat, struct macho_slice slice, struct error *err) {
    if (fat->n == fat->most) {
        contents_limited(fat->contents, fat->arena, LIMIT_SLICES);
        return true;
    }
    fat->slices[fat->n] = slice;
    return macho_slice_read(fat->source, fat->arena, fat->contents, &fat->slices[fat->n++], err);
}

static bool fat_read(struct fat *fat, uint64_t at, uint64_t size, unsigned depth, struct error *err);

/* What an entry, or a search, leads to. */
static bool place_read(struct fat *fat, struct macho_slice slice, unsigned depth, struct error *err) {
    struct macho_shape shape;
    if (!magic_at(fat, slice.at, &shape, err)) {
        return false;
    }
    if (slice.hidden) {
        note(fat, ANOMALY_HIDDEN_SLICE, slice.at, slice.size, NULL);
    }
    struct error why = {0};
    switch (shape.magic) {
    case MACHO_THIN:
        return slice_add(fat, slice, err);
    case MACHO_ARCHIVE:
        return true;
    case MACHO_FAT:
        note(fat, ANOMALY_ODD_LAYOUT, slice.at, slice.size, "a fat file inside of a fat file");
        if (depth < MACHO_FAT_DEPTH) {
            return fat_read(fat, slice.at, slice.size, depth + 1, err);
        }
        break;
    case MACHO_NONE:
        break;
    }
    error_set(&why, ERR_MALFORMED, "slice at offset 0x%llx is no Mach-O", (unsigned long long)slice.at);
    contents_unreadable(fat->contents, &why);
    return true;
}

static int slice_order(const void *x, const void *y) {
    const struct macho_slice *a = x, *b = y;
    return a->at < b->at ? -1 : a->at > b->at;
}

/* Looks for slices in [at, end) that no entry leads to. */
static bool gap_search(struct fat *fat, uint64_t at, uint64_t end, struct error *err) {
    uint64_t from = at;
    while (at < end && end - at >= THIN_MIN && end - from >= GAP_MIN) {
        struct macho_shape shape;
        if (fat->probes++ == limit_most(fat->arena->limits, LIMIT_GAPS)) {
            contents_limited(fat->contents, fat->arena, LIMIT_GAPS);
            return true;
        }
        if (!magic_at(fat, at, &shape, err)) {
            return false;
        }
        uint64_t next = (at / GAP_STEP + 1) * GAP_STEP;
        if (shape.magic == MACHO_THIN) {
            size_t i = fat->n;
            if (!place_read(fat, (struct macho_slice){.at = at, .size = end - at, .hidden = true}, 0, err)) {
                return false;
            }
            next = fat->n > i && fat->slices[i].end > next ? fat->slices[i].end : next;
        }
        at = next;
    }
    return true;
}

static bool gaps_search(struct fat *fat, uint64_t at, uint64_t size, struct error *err) {
    struct macho_slice known[MACHO_SLICES_MAX];
    size_t n = fat->n;
    memcpy(known, fat->slices, n * sizeof *known);
    qsort(known, n, sizeof *known, slice_order);
    uint64_t end = at + FAT_HEADER;
    for (size_t i = 0; i < n; i++) {
        if (known[i].at > end && !gap_search(fat, end, known[i].at, err)) {
            return false;
        }
        uint64_t stop = known[i].at + known[i].size;
        end = stop > end ? stop : end;
    }
    if (end >= at + size) {
        return true;
    }
    n = fat->n;
    return gap_search(fat, end, at + size, err) &&
           (fat->n != n || macho_tail_carve(fat->source, fat->arena, fat->contents, end, at + size - end, err));
}

/* Whether the place of an entry was read already; shared bytes are noted. */
static bool overlap_check(struct fat *fat, uint64_t at, uint64_t size) {
    for (size_t i = 0; i < fat->n; i++) {
        const struct macho_slice *other = &fat->slices[i];
        if (at < other->at + other->size && other->at < at + size) {
            note(fat, ANOMALY_OVERLAPPING_SLICE, at, size, NULL);
            return at == other->at;
        }
    }
    return false;
}

/* One entry. *more is false when it is none, so that what follows is none either. */
static bool entry_read(struct fat *fat, struct fat_arch a, bool counted, uint64_t entry_at, uint64_t at, uint64_t size, unsigned depth,
                       bool *more, struct error *err) {
    bool fits = a.at >= FAT_HEADER && a.at < size && a.size >= THIN_MIN && a.size <= size - a.at;
    struct macho_slice slice = {.at = at + a.at, .size = a.size, .hidden = !counted};
    struct macho_shape shape;
    if (!counted) {
        if (!fits || !magic_at(fat, slice.at, &shape, err) || shape.magic != MACHO_THIN) {
            *more = false;
            return fits ? err->kind == ERR_NONE || err->kind == ERR_MALFORMED : true;
        }
    } else if (!fits) {
        note(fat, ANOMALY_BAD_DIRECTORY, entry_at, FAT_ARCH, "an entry of the fat header leads past the end, or to nothing");
        if (a.at < FAT_HEADER || a.at >= size || size - a.at < THIN_MIN || a.size < THIN_MIN) {
            return true;
        }
        struct error why = {0};
        error_set(&why, ERR_MALFORMED, "the file ends inside of a slice");
        contents_unreadable(fat->contents, &why);
        slice.size = size - a.at;
    }
    return overlap_check(fat, slice.at, slice.size) || place_read(fat, slice, depth, err);
}

static bool fat_read(struct fat *fat, uint64_t at, uint64_t size, unsigned depth, struct error *err) {
    struct bytes head;
    uint64_t n = FAT_HEADER + (fat->most + 1) * FAT_ARCH_64; /* one more than is read, to be told */
    if (!source_read_some(fat->source, fat->arena, at, size < n ? size : n, &head, err)) {
        return false;
    }
    struct macho_shape shape = macho_shape_of(head);
    struct reader r = reader_make(head, at);
    reader_skip(&r, 4);
    uint32_t count = macho_u32(&r, shape.big);
    size_t each = shape.wide ? FAT_ARCH_64 : FAT_ARCH;
    uint64_t first = size;
    if (!shape.big) {
        note(fat, ANOMALY_ODD_LAYOUT, at, 4, "a fat header in the wrong byte order");
    }
    if (count == 0 || count > fat->most) {
        note(fat, ANOMALY_ODD_LAYOUT, at + 4, 4, arena_printf(fat->arena, "the fat header counts %u slices", count));
    }
    bool more = true;
    for (size_t i = 0; i <= fat->most && more && r.left.n >= each && r.at + each <= at + first; i++) {
        uint64_t entry_at = r.at;
        struct fat_arch a = fat_arch_read(&r, &shape);
        if (!entry_read(fat, a, i < count && count <= fat->most, entry_at, at, size, depth, &more, err)) {
            return false;
        }
        first = a.at >= FAT_HEADER && a.at < first ? a.at : first;
    }
    if (r.left.n < each && r.at == at + FAT_HEADER) {
        struct error why = {0};
        error_set(&why, ERR_MALFORMED, "the file ends inside of the fat header");
        contents_unreadable(fat->contents, &why);
    }
    return true;
}

static bool read_all(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct macho_slice slices[MACHO_SLICES_MAX];
    struct fat fat = {
        .source = source, .arena = arena, .contents = contents, .slices = slices, .most = (size_t)limit_most(arena->limits, LIMIT_SLICES)};
    struct macho_shape shape;
    if (!magic_at(&fat, 0, &shape, err)) {
        return false;
    }
    if (shape.magic == MACHO_FAT) {
        if (!fat_read(&fat, 0, source->size, 0, err) || !gaps_search(&fat, 0, source->size, err)) {
            return false;
        }
    } else if (!slice_add(&fat, (struct macho_slice){.size = source->size}, err)) {
        return false;
    }
    macho_slices_compare(slices, fat.n, contents, arena);
    return true;
}

/* Where a memory limit ends the reading, what was found until then stays: the caller keeps contents on failure, too. */
static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct error why = {0};
    if (read_all(source, arena, contents, &why)) {
        return true;
    }
    contents_unreadable(contents, &why);
    if (err != NULL) {
        *err = why;
    }
    return why.kind == ERR_LIMIT && contents->n_signatures != 0;
}

/* The first slice of a fat file, or the file itself. */
static bool first_slice(struct source *source, struct arena *arena, uint64_t *at, uint64_t *size, struct error *err) {
    struct bytes head;
    if (!source_read_some(source, arena, 0, FAT_HEADER + FAT_ARCH_64, &head, err)) {
        return false;
    }
    struct macho_shape shape = macho_shape_of(head);
    *at = 0;
    *size = source->size;
    if (shape.magic == MACHO_FAT) {
        struct reader r = reader_make(head, 0);
        reader_skip(&r, FAT_HEADER);
        struct fat_arch a = fat_arch_read(&r, &shape);
        if (a.at > source->size || a.size > source->size - a.at) {
            return error_set(err, ERR_MALFORMED, "the first slice passes the end");
        }
        *at = a.at;
        *size = a.size;
    }
    return true;
}

/* Programs without a bundle have their Info.plist in the section __TEXT,__info_plist. */
static bool version(struct source *source, struct arena *arena, struct version_info *out, struct error *err) {
    uint64_t at, size;
    struct macho_commands commands;
    struct bytes info;
    const struct plist *plist;
    if (!first_slice(source, arena, &at, &size, err) || !macho_commands_read(source, at, size, arena, NULL, &commands, err)) {
        return false;
    }
    struct macho_range range = commands.info_plist;
    if (range.size == 0 || range.size > INFO_PLIST_MAX || range.at > size || range.size > size - range.at) {
        return true;
    }
    if (!source_read(source, arena, at + range.at, range.size, &info, err) || !plist_parse(info, arena, &plist, err)) {
        return false;
    }
    plist_version(plist, out);
    return true;
}

const struct format format_macho = {
    .name = "macho",
    .long_name = "macOS program (Mach-O)",
    .first = FIRST_OCTETS("\xfe\xce\xcf\xca\xbe\xbf"),
    .acts_on_members = false,
    .probe = probe,
    .read = read,
    .version = version,
};
