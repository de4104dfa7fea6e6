/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device of a disk image: tables of chunks ("mish", in the property list under resource-fork, blkx) and the chunks themselves,
 * stored, or packed as ADC, zlib, bzip2, LZFSE or xz.
 * Refused: images without a property list (they keep the tables in a resource fork), or spread over several files.
 */
#include <stdlib.h>

#include "base/reader.h"
#include "source/deflate.h"
#include "source/lzfse.h"
#include "source/plist.h"
#include "source/udif.h"
#include "source/unpack.h"

enum {
    SECTOR = 512,
    TABLE_HEADER = 204,
    TABLE_ENTRY = 40,
    TYPE_ZERO = 0,
    TYPE_RAW = 1,
    TYPE_IGNORE = 2,
};
#define TYPE_COMMENT UINT32_C(0x7ffffffe)
#define TYPE_ADC UINT32_C(0x80000004)
#define TYPE_ZLIB UINT32_C(0x80000005)
#define TYPE_BZIP2 UINT32_C(0x80000006)
#define TYPE_LZFSE UINT32_C(0x80000007)
#define TYPE_XZ UINT32_C(0x80000008)
#define TYPE_END UINT32_C(0xffffffff)
#define DEVICE_MAX (UINT64_C(1) << 60)

/* ---- tables ---- */

struct table {
    const struct udif_trailer *trailer;
    struct udif_source *udif;
    struct arena *arena;
    size_t room;
};

static struct udif_chunk *chunk_add(struct table *t, struct error *err) {
    struct udif_source *u = t->udif;
    if (u->n_chunks == limit_most(t->arena->limits, LIMIT_CHUNKS)) {
        limit_reached(t->arena->limits, LIMIT_CHUNKS, err);
        return NULL;
    }
    if (u->n_chunks == t->room) {
        size_t room = t->room == 0 ? 64 : t->room * 2;
        struct udif_chunk *all = arena_array(t->arena, room, sizeof *all);
        if (all == NULL) {
            arena_full(t->arena, err);
            return NULL;
        }
        if (u->n_chunks != 0) {
            memcpy(all, u->chunks, u->n_chunks * sizeof *all);
        }
        u->chunks = all;
        t->room = room;
    }
    return &u->chunks[u->n_chunks++];
}

/* A table, big-endian
 *    0    4  "mish"
 *    8    8  first sector in the device
 *   24    8  added to the offset of each chunk
 *  200    4  number of chunks
 *  204   40  each: type 4, comment 4, first sector (from the table's on) 8, sectors 8, offset in the data fork 8, length 8
 */
static bool table_read(struct table *t, struct bytes b, struct error *err) {
    struct reader r = reader_make(b, 0);
    struct bytes magic = reader_bytes(&r, 4);
    reader_skip(&r, 4);
    uint64_t first = reader_u64be(&r);
    reader_skip(&r, 8);
    uint64_t shift = reader_u64be(&r);
    reader_skip(&r, 168);
    uint32_t n = reader_u32be(&r);
    if (!reader_ok(&r) || !bytes_is(magic, "mish") || n > r.left.n / TABLE_ENTRY || first > DEVICE_MAX / SECTOR) {
        return error_set(err, ERR_MALFORMED, "a table of chunks that is none, or cut short");
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t type = reader_u32be(&r);
        reader_skip(&r, 4);
        uint64_t sector = reader_u64be(&r), sectors = reader_u64be(&r), offset = reader_u64be(&r), length = reader_u64be(&r);
        if (type == TYPE_END || type == TYPE_COMMENT || sectors == 0) { /* what is behind an end is taken all the same */
            continue;
        }
        if (sector > DEVICE_MAX / SECTOR || sectors > DEVICE_MAX / SECTOR || offset > DEVICE_MAX || shift > DEVICE_MAX ||
            t->trailer->data_at > DEVICE_MAX) {
            return error_set(err, ERR_MALFORMED, "a chunk that is larger than any disk");
        }
        struct udif_chunk *chunk = chunk_add(t, err);
        if (chunk == NULL) {
            return false;
        }
        chunk->begin = (first + sector) * SECTOR;
        chunk->end = chunk->begin + sectors * SECTOR;
        chunk->at = t->trailer->data_at + shift + offset;
        chunk->packed = length;
        chunk->type = type;
    }
    return true;
}

static int chunk_order(const void *x, const void *y) {
    const struct udif_chunk *a = x, *b = y;
    return a->begin != b->begin ? (a->begin < b->begin ? -1 : 1) : (a->at > b->at) - (a->at < b->at);
}

/* Sorts the chunks; of those that share sectors the first one counts. */
static void chunks_order(struct udif_source *u, struct arena *arena, struct anomalies *anomalies) {
    size_t n = 0;
    uint64_t end = 0;
    bool told = false;
    if (u->n_chunks != 0) {
        qsort(u->chunks, u->n_chunks, sizeof *u->chunks, chunk_order);
    }
    for (size_t i = 0; i < u->n_chunks; i++) {
        if (u->chunks[i].begin < end) {
            if (!told) {
                anomaly_note(anomalies, arena, ANOMALY_BAD_DIRECTORY, u->chunks[i].at, u->chunks[i].packed,
                             "chunks of the disk image that stand for the same sectors");
            }
            told = true;
            continue;
        }
        end = u->chunks[i].end;
        u->chunks[n++] = u->chunks[i];
    }
    u->n_chunks = n;
    u->source.size = end;
}

static bool device_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err);

bool udif_open(struct source *file, const struct udif_trailer *trailer, struct budget *budget, struct arena *arena,
               struct anomalies *anomalies, struct udif_source *out, struct error *err) {
    struct bytes xml;
    const struct plist *plist;
    struct table t = {.trailer = trailer, .udif = out, .arena = arena};
    *out = (struct udif_source){.source = {.name = file->name, .pread = device_pread}, .file = file, .budget = budget};
    if (trailer->segments > 1) {
        return error_set(err, ERR_UNSUPPORTED, "a disk image of %u files, of which this is one", trailer->segments);
    }
    if (trailer->xml_size == 0) {
        return error_set(err, ERR_UNSUPPORTED, "a disk image without a property list");
    }
    if (trailer->xml_size > limit_most(arena->limits, LIMIT_PLIST_SIZE)) {
        return limit_reached(arena->limits, LIMIT_PLIST_SIZE, err);
    }
    if (!source_read(file, arena, trailer->xml_at, trailer->xml_size, &xml, err) || !plist_parse(xml, arena, &plist, err)) {
        return false;
    }
    const struct plist *tables = plist_get(plist_get(plist, "resource-fork"), "blkx");
    for (const struct plist *p = tables != NULL && tables->type == PLIST_ARRAY ? tables->first : NULL; p != NULL; p = p->next) {
        const struct plist *data = plist_get(p, "Data");
        if (data == NULL || data->type != PLIST_DATA) {
            return error_set(err, ERR_MALFORMED, "a table of chunks that is no data");
        }
        if (!table_read(&t, data->bytes, err)) {
            return false;
        }
    }
    chunks_order(out, arena, anomalies);
    return out->n_chunks != 0 || error_set(err, ERR_MALFORMED, "a disk image without chunks");
}

/* ---- chunks ---- */

/*
 * ADC: 1LLLLLLL and L+1 literals; 01LLLLLL D16: a match of L+4 at D+1; 00LLLLDD D8: a match of L+3 at D+1.
 */
static bool adc_run(struct bytes b, struct lz_out *out) {
    struct reader r = reader_make(b, 0);
    while (r.left.n != 0 && out->n < out->room) {
        uint8_t op = reader_u8(&r);
        bool ok;
        if ((op & 0x80) != 0) {
            struct bytes literals = reader_bytes(&r, (op & 0x7fu) + 1);
            ok = lz_literals(out, literals);
        } else if ((op & 0x40) != 0) {
            size_t distance = (size_t)reader_u16be(&r) + 1;
            ok = reader_ok(&r) && lz_match(out, distance, (op & 0x3fu) + 4);
        } else {
            size_t distance = ((size_t)(op & 3) << 8 | reader_u8(&r)) + 1;
            ok = reader_ok(&r) && lz_match(out, distance, (op >> 2 & 15u) + 3);
        }
        if (!ok || !reader_ok(&r)) {
            return false;
        }
    }
    return true;
}

/* Chunks that a library unpacks. */
static bool chunk_stream(struct udif_source *u, const struct udif_chunk *c, enum unpack_method method, uint8_t *out, size_t size,
                         size_t *got, struct error *err) {
    struct window_source window;
    struct unpacker *unpacker = malloc(sizeof *unpacker);
    if (unpacker == NULL) {
        return error_set(err, ERR_LIMIT, "out of memory for a chunk");
    }
    window_source_init(&window, u->source.name, u->file, c->at, c->packed);
    unpack_init(unpacker, method, &window.source, u->budget->limits);
    bool ok = true;
    size_t some = 1;
    for (*got = 0; ok && *got < size && some != 0; *got += some) {
        ok = unpacker->stream.next(&unpacker->stream, out + *got, size - *got, &some, err);
        some = ok ? some : 0;
    }
    unpack_end(unpacker);
    free(unpacker);
    return ok;
}

/* Chunks that are unpacked from memory. */
static bool chunk_memory(struct udif_source *u, const struct udif_chunk *c, uint8_t *out, size_t size, size_t *got, struct error *err) {
    if (c->packed > limit_most(u->budget->limits, LIMIT_CHUNK_SIZE)) {
        return limit_reached(u->budget->limits, LIMIT_CHUNK_SIZE, err);
    }
    uint8_t *packed = malloc((size_t)c->packed + 1);
    if (packed == NULL) {
        return error_set(err, ERR_LIMIT, "out of memory for a chunk");
    }
    bool ok = source_into(u->file, packed, (size_t)c->packed, c->at, err);
    struct bytes in = bytes_make(packed, (size_t)c->packed);
    if (ok && c->type == TYPE_ZLIB) {
        *got = deflate_zlib_whole(in.p, in.n, out, size) ? size : 0;
    } else if (ok && c->type == TYPE_ADC) {
        struct lz_out lz = {.p = out, .room = size};
        ok = adc_run(in, &lz) || error_set(err, ERR_MALFORMED, "ADC data that can't be unpacked");
        *got = lz.n;
    } else if (ok) {
        ok = lzfse_decode(in, out, size, got, err);
    }
    free(packed);
    return ok;
}

static bool chunk_unpack(struct udif_source *u, const struct udif_chunk *c, uint8_t *out, struct error *err) {
    size_t size = (size_t)(c->end - c->begin), got = 0;
    bool ok;
    switch (c->type) {
    case TYPE_ZLIB: /* what is odd about one is for zlib to judge */
        ok = deflate_there() && c->packed <= limit_most(u->budget->limits, LIMIT_CHUNK_SIZE) ? chunk_memory(u, c, out, size, &got, err)
                                                                                             : true;
        ok = ok && (got == size || chunk_stream(u, c, UNPACK_ZLIB, out, size, &got, err));
        break;
    case TYPE_BZIP2:
        ok = chunk_stream(u, c, UNPACK_BZIP2, out, size, &got, err);
        break;
    case TYPE_XZ:
        ok = chunk_stream(u, c, UNPACK_XZ, out, size, &got, err);
        break;
    case TYPE_ADC:
    case TYPE_LZFSE:
        ok = chunk_memory(u, c, out, size, &got, err);
        break;
    default:
        return error_set(err, ERR_UNSUPPORTED, "a chunk of type 0x%x", c->type);
    }
    return ok && (got == size || error_set(err, ERR_MALFORMED, "a chunk that unpacks to %zu bytes instead of %zu", got, size));
}

static void forget(struct udif_source *u, struct udif_kept *kept) {
    if (kept->chunk != NULL) {
        u->memory -= (size_t)(kept->chunk->end - kept->chunk->begin);
    }
    free(kept->data);
    *kept = (struct udif_kept){0};
}

static struct udif_kept *oldest(struct udif_source *u) {
    struct udif_kept *found = NULL;
    for (size_t i = 0; i < UDIF_KEPT_MAX; i++) {
        struct udif_kept *k = &u->kept[i];
        if (k->chunk != NULL && (found == NULL || k->used < found->used)) {
            found = k;
        }
    }
    return found;
}

static struct udif_kept *place_for(struct udif_source *u, size_t size) {
    struct udif_kept *old;
    while (u->memory + size > UDIF_MEMORY_MAX && (old = oldest(u)) != NULL) {
        forget(u, old);
    }
    for (size_t i = 0; i < UDIF_KEPT_MAX; i++) {
        if (u->kept[i].chunk == NULL) {
            return &u->kept[i];
        }
    }
    old = oldest(u);
    forget(u, old);
    return old;
}

/* The unpacked octets of a chunk; NULL with err. */
static const uint8_t *chunk_get(struct udif_source *u, const struct udif_chunk *c, struct error *err) {
    uint64_t size = c->end - c->begin;
    for (size_t i = 0; i < UDIF_KEPT_MAX; i++) {
        if (u->kept[i].chunk == c) {
            u->kept[i].used = ++u->clock;
            return u->kept[i].data;
        }
    }
    if (size > limit_most(u->budget->limits, LIMIT_CHUNK_SIZE)) {
        limit_reached(u->budget->limits, LIMIT_CHUNK_SIZE, err);
        return NULL;
    }
    if (c->at > u->file->size || c->packed > u->file->size - c->at) {
        error_set(err, ERR_MALFORMED, "a chunk that passes the end of the file");
        return NULL;
    }
    if (!budget_spend(u->budget, size, err)) {
        return NULL;
    }
    struct udif_kept *kept = place_for(u, (size_t)size);
    uint8_t *data = malloc((size_t)size);
    if (data == NULL || !chunk_unpack(u, c, data, err)) {
        if (data == NULL) {
            error_set(err, ERR_LIMIT, "out of memory for a chunk");
        }
        free(data);
        return NULL;
    }
    *kept = (struct udif_kept){.chunk = c, .data = data, .used = ++u->clock};
    u->memory += (size_t)size;
    return data;
}

/* Stored chunks may be shorter than their sectors: the rest is zero. */
static bool raw_read(struct udif_source *u, const struct udif_chunk *c, uint8_t *to, size_t n, uint64_t in_chunk, struct error *err) {
    uint64_t there = in_chunk < c->packed ? c->packed - in_chunk : 0;
    size_t take = there < n ? (size_t)there : n;
    memset(to + take, 0, n - take);
    return take == 0 || source_into(u->file, to, take, c->at + in_chunk, err);
}

/* The chunk with that octet, or the one behind it; n_chunks when there is none. */
static size_t chunk_find(const struct udif_source *u, uint64_t at) {
    size_t low = 0, high = u->n_chunks;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (u->chunks[middle].end <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool device_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct udif_source *u = (struct udif_source *)source;
    uint8_t *to = buf;
    while (n != 0) {
        size_t i = chunk_find(u, at);
        const struct udif_chunk *c = i < u->n_chunks ? &u->chunks[i] : NULL;
        bool hole = c == NULL || at < c->begin;
        uint64_t left = hole ? (c != NULL ? c->begin - at : n) : c->end - at;
        size_t take = left < n ? (size_t)left : n;
        if (hole || c->type == TYPE_ZERO || c->type == TYPE_IGNORE) {
            memset(to, 0, take);
        } else if (c->type == TYPE_RAW) {
            if (!raw_read(u, c, to, take, at - c->begin, err)) {
                return false;
            }
        } else {
            const uint8_t *data = chunk_get(u, c, err);
            if (data == NULL) {
                return false;
            }
            memcpy(to, data + (at - c->begin), take);
        }
        to += take;
        at += take;
        n -= take;
    }
    return true;
}

void udif_close(struct udif_source *u) {
    for (size_t i = 0; i < UDIF_KEPT_MAX; i++) {
        forget(u, &u->kept[i]);
    }
}
