/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: [MS-CFB] sections 2.2 (header), 2.3 (FAT), 2.4 (mini FAT), 2.5 (DIFAT); versions 3 and 4. Sector n stands at
 * (n + 1) << sector shift. A FAT entry is the number of the next sector of its chain, or one of the special values below.
 *
 * Refused: sectors of other sizes than 512 and 4096, mini sectors of another size than 64, a directory without a root.
 */
#include "layout/cfb.h"

#include "base/reader.h"
#include "layout/cfb_parts.h"

enum { HEADER_SIZE = 512, HEADER_DIFAT = 109, MINI_SHIFT = 6, CUTOFF = 4096 };

/* Values of a FAT entry that are no sector. */
#define SECTOR_LAST UINT32_C(0xfffffffa)
#define SECTOR_END UINT32_C(0xfffffffe)
#define SECTOR_FREE UINT32_C(0xffffffff)

static const uint8_t magic[] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};

struct header {
    uint16_t version, order, shift, mini_shift;
    uint32_t n_fat, directory, cutoff, mini, n_mini, difat, n_difat;
    struct bytes first; /* the first 109 places of the DIFAT */
};

uint32_t cfb_u32(struct bytes table, uint64_t index) {
    struct reader r = reader_make(bytes_cut(table, index < SIZE_MAX / 4 ? (size_t)index * 4 : SIZE_MAX, 4), 0);
    uint32_t value = reader_u32le(&r);
    return reader_ok(&r) ? value : SECTOR_FREE;
}

void cfb_odd(struct cfb *cfb, const char *what) {
    if (cfb->odd == NULL) {
        cfb->odd = what;
    }
}

void cfb_cut(struct cfb *cfb, const struct error *err) {
    if (cfb->cut.kind == ERR_NONE) {
        cfb->cut = *err;
    }
}

/*
 * Offsets: 0 magic, 24 u16 minor version, 26 u16 major version, 28 u16 byte order, 30 u16 sector shift, 32 u16 mini sector shift,
 * 40 u32 directory sectors, 44 u32 FAT sectors, 48 u32 first directory sector, 56 u32 mini stream cutoff, 60 u32 first mini FAT
 * sector, 64 u32 mini FAT sectors, 68 u32 first DIFAT sector, 72 u32 DIFAT sectors, 76 the first 109 FAT sectors.
 */
static bool read_header(struct cfb *cfb, struct header *h, struct error *err) {
    struct bytes b;
    if (!source_read_some(cfb->source, cfb->arena, 0, HEADER_SIZE, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    struct bytes begin = reader_bytes(&r, sizeof magic);
    reader_skip(&r, 18);
    h->version = reader_u16le(&r);
    h->order = reader_u16le(&r);
    h->shift = reader_u16le(&r);
    h->mini_shift = reader_u16le(&r);
    reader_skip(&r, 10);
    h->n_fat = reader_u32le(&r);
    h->directory = reader_u32le(&r);
    reader_skip(&r, 4);
    h->cutoff = reader_u32le(&r);
    h->mini = reader_u32le(&r);
    h->n_mini = reader_u32le(&r);
    h->difat = reader_u32le(&r);
    h->n_difat = reader_u32le(&r);
    h->first = reader_bytes(&r, (size_t)HEADER_DIFAT * 4);
    if (!reader_ok(&r) || !bytes_equal(begin, bytes_make(magic, sizeof magic))) {
        return error_set(err, ERR_MALFORMED, "no compound file header");
    }
    if ((h->shift != 9 && h->shift != 12) || h->mini_shift != MINI_SHIFT) {
        return error_set(err, ERR_MALFORMED, "compound file header: sectors of 2^%u and 2^%u bytes", h->shift, h->mini_shift);
    }
    if (h->order != 0xfffe || (h->version != 3 && h->version != 4) || h->shift != (h->version == 3 ? 9 : 12) || h->cutoff != CUTOFF) {
        cfb_odd(cfb, "version, byte order, sector size and mini stream cutoff of the header don't go together");
    }
    cfb->shift = h->shift;
    cfb->cutoff = h->cutoff;
    uint64_t size = cfb->source->size, sector = UINT64_C(1) << h->shift;
    cfb->sectors = size > sector ? (size - sector + sector - 1) >> h->shift : 0;
    return true;
}

/* Version 4 gives the header a whole sector, whose rest must be zeros. */
static bool check_padding(struct cfb *cfb, struct error *err) {
    struct bytes b;
    if (!source_read_some(cfb->source, cfb->arena, HEADER_SIZE, (UINT64_C(1) << cfb->shift) - HEADER_SIZE, &b, err)) {
        return false;
    }
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] != 0) {
            cfb_odd(cfb, "data in the header's sector behind the header");
            break;
        }
    }
    return true;
}

/* Reads a sector, or what the file has of it; the rest is as if free. */
static bool read_sector(struct cfb *cfb, uint32_t sector, uint8_t *to, struct error *err) {
    uint64_t at = ((uint64_t)sector + 1) << cfb->shift;
    size_t n = (size_t)1 << cfb->shift;
    memset(to, 0xff, n);
    if (sector >= cfb->sectors) {
        cfb_odd(cfb, "the FAT is not all in the file");
        return true;
    }
    return source_into(cfb->source, to, cfb->source->size - at < n ? (size_t)(cfb->source->size - at) : n, at, err);
}

/* The FAT: as many of its sectors as the file's sectors need, in the order of the header's places and of the DIFAT's chain. */
static bool read_fat(struct cfb *cfb, const struct header *h, struct error *err) {
    uint32_t sector = h->difat, listed = 0;
    size_t size = (size_t)1 << cfb->shift, places = size / 4 - 1;
    uint64_t needed = (cfb->sectors + size / 4 - 1) / (size / 4), done = 0, rounds = needed / places + 2;
    uint8_t *fat = arena_array(cfb->arena, (size_t)needed, size), *difat = arena_alloc(cfb->arena, size);
    struct bytes list = h->first;
    if (fat == NULL || difat == NULL) {
        return arena_full(cfb->arena, err);
    }
    memset(fat, 0xff, (size_t)needed * size);
    for (;;) {
        for (size_t i = 0; i < list.n / 4 && done < needed; i++, done++) {
            uint32_t here = cfb_u32(list, i);
            listed += here <= SECTOR_LAST;
            if (here <= SECTOR_LAST && !read_sector(cfb, here, fat + done * size, err)) {
                return false;
            }
        }
        if (done == needed || sector > SECTOR_LAST || sector >= cfb->sectors || rounds-- == 0) {
            break;
        }
        if (!read_sector(cfb, sector, difat, err)) {
            return false;
        }
        list = bytes_make(difat, places * 4);
        sector = cfb_u32(bytes_make(difat, size), places);
    }
    cfb->fat = bytes_make(fat, (size_t)needed * size);
    if (listed != h->n_fat && needed >= h->n_fat) {
        cfb_odd(cfb, "the header counts other FAT sectors than it lists");
    }
    return true;
}

/* Where the part of the file ends that the FAT knows as used. */
static uint64_t used_end(const struct cfb *cfb) {
    uint64_t n = cfb->sectors < cfb->fat.n / 4 ? cfb->sectors : cfb->fat.n / 4;
    while (n > 0 && cfb_u32(cfb->fat, n - 1) == SECTOR_FREE) {
        n--;
    }
    uint64_t end = (n + 1) << cfb->shift;
    return end < cfb->source->size ? end : cfb->source->size;
}

/* ---- chains ---- */

struct cfb_chain cfb_chain_make(struct cfb *cfb, struct bytes table, uint32_t start) {
    return (struct cfb_chain){.cfb = cfb, .table = table, .here = start, .mark = CFB_NONE, .room = 1};
}

bool cfb_chain_ended(const struct cfb_chain *chain) {
    return chain->here > SECTOR_LAST;
}

/* A loop is found as R. P. Brent does: a mark is set again after 1, 2, 4, 8 … steps; a chain that comes by its mark is one. */
bool cfb_chain_next(struct cfb_chain *chain, uint32_t *sector, struct error *err) {
    if (chain->here > SECTOR_LAST || chain->here >= chain->table.n / 4) {
        return error_set(err, ERR_MALFORMED, "a chain of sectors leads to sector 0x%x, outside of the file", chain->here);
    }
    if (chain->here == chain->mark) {
        return error_set(err, ERR_MALFORMED, "a chain of sectors is a loop through sector %u", chain->here);
    }
    if (chain->cfb->steps == 0) {
        return error_set(err, ERR_LIMIT, "the streams together are much larger than the file");
    }
    chain->cfb->steps--;
    if (++chain->since == chain->room) {
        chain->mark = chain->here;
        chain->since = 0;
        chain->room *= 2;
    }
    *sector = chain->here;
    chain->here = cfb_u32(chain->table, chain->here);
    return true;
}

/* How many sectors of a chain that is a loop come before the first that was there already. */
static uint64_t before_loop(const struct cfb *cfb, const uint32_t *sectors, uint64_t n) {
    struct arena scratch = arena_make((size_t)cfb->sectors + 64);
    uint8_t *seen = arena_array(&scratch, (size_t)cfb->sectors, 1);
    uint64_t i = 0;
    for (; seen != NULL && i < n && seen[sectors[i]] == 0; i++) {
        seen[sectors[i]] = 1;
    }
    arena_free(&scratch);
    return i;
}

/* All of a chain's sectors, up to most. What is lost of it is told through lost, not by failure. */
static bool chain_sectors(struct cfb *cfb, uint32_t start, uint64_t most, uint32_t **out, uint64_t *n, struct error *lost,
                          struct error *err) {
    struct cfb_chain chain = cfb_chain_make(cfb, cfb->fat, start), again = chain;
    uint64_t count = 0, steps = cfb->steps;
    uint32_t sector;
    while (count < most && !cfb_chain_ended(&chain) && cfb_chain_next(&chain, &sector, lost)) {
        if (sector >= cfb->sectors) {
            (void)!error_set(lost, ERR_MALFORMED, "a chain of sectors leads to sector 0x%x, behind the end of the file", sector);
            break;
        }
        count++;
    }
    if (lost->kind == ERR_NONE && count != 0 && chain.here == SECTOR_FREE) { /* as where the FAT was cut off */
        (void)!error_set(lost, ERR_MALFORMED, "a chain of sectors ends in a free sector");
    }
    cfb->steps = steps;
    *out = arena_array(cfb->arena, (size_t)count, sizeof **out);
    if (*out == NULL) {
        return arena_full(cfb->arena, err);
    }
    for (*n = 0; *n < count && cfb_chain_next(&again, &sector, err);) {
        (*out)[(*n)++] = sector;
    }
    *n = lost->kind != ERR_NONE ? before_loop(cfb, *out, *n) : *n;
    return true;
}

/* Reads a whole chain of sectors into memory: the mini FAT, the directory. */
static bool read_chain(struct cfb *cfb, uint32_t start, uint64_t most, struct bytes *out, uint32_t **sectors, struct error *lost,
                       struct error *err) {
    uint64_t n;
    size_t size = (size_t)1 << cfb->shift;
    if (!chain_sectors(cfb, start, most, sectors, &n, lost, err)) {
        return false;
    }
    uint8_t *p = arena_array(cfb->arena, (size_t)n, size);
    if (p == NULL) {
        return arena_full(cfb->arena, err);
    }
    for (uint64_t i = 0; i < n; i++) {
        if (!read_sector(cfb, (*sectors)[i], p + i * size, err)) {
            return false;
        }
    }
    *out = bytes_make(p, (size_t)n * size);
    return true;
}

/* Mini FAT, and where the mini stream, which is the root's, lies. What is lost of them is missed by the streams in them. */
static bool read_mini(struct cfb *cfb, const struct header *h, struct error *err) {
    struct error lost = {0};
    uint32_t *sectors;
    const struct cfb_entry *root = &cfb->entries[0];
    uint64_t size = root->size, n = (size >> cfb->shift) + ((size & ((UINT64_C(1) << cfb->shift) - 1)) != 0);
    return read_chain(cfb, h->mini, cfb->sectors, &cfb->mini, &sectors, &lost, err) &&
           chain_sectors(cfb, root->start, n, &cfb->mini_at, &cfb->n_mini_at, &lost, err);
}

bool cfb_open(struct cfb *cfb, struct source *source, struct arena *arena, struct error *err) {
    struct header h;
    struct bytes directory;
    struct error lost = {0};
    uint32_t *sectors;
    *cfb = (struct cfb){.source = source, .arena = arena, .fat = bytes_none(), .mini = bytes_none()};
    if (!read_header(cfb, &h, err) || !check_padding(cfb, err)) {
        return false;
    }
    cfb->steps = cfb->sectors * 64 + (1 << 20);
    uint64_t entries = limit_most(arena->limits, LIMIT_CFB_ENTRIES);
    uint64_t most = (entries * CFB_ENTRY_SIZE >> cfb->shift) + 1; /* a sector more, to be told */
    if (!read_fat(cfb, &h, err) || !read_chain(cfb, h.directory, most, &directory, &sectors, &lost, err)) {
        return error_within(err, "compound file");
    }
    if (lost.kind != ERR_NONE) {
        error_within(&lost, "directory");
        cfb_cut(cfb, &lost);
    }
    cfb->end = used_end(cfb);
    if (!cfb_directory(cfb, directory, sectors, h.version, err) || !read_mini(cfb, &h, err)) {
        return error_within(err, "compound file");
    }
    return true;
}
