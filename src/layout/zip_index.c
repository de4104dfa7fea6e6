/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/zip_index.h"

#include <stdlib.h>

#include "base/reader.h"
#include "model/limits.h"

enum {
    ENTRY = 0x02014b50,
    LOCAL = 0x04034b50,
    END64 = 0x06064b50,
    LOCATOR = 0x07064b50,
    ENTRY_SIZE = 46,
    LOCAL_SIZE = 30,
    END_SIZE = 22,
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    COMMENT_MAX = 0xffff,
    PARTS_FIRST = 64,
    PIECE = 256 << 10, /* more than the longest entry */
};

/* What the end records say of the directory. */
struct told {
    uint64_t entries, size, at;
    uint64_t end; /* where the directory ends: the first of the end records */
};

/* The last record that reaches the file's end with its comment, else the last one. */
static bool find_end(struct source *source, struct arena *arena, struct zip_index *index, struct error *err) {
    struct bytes b;
    uint64_t n = source->size < END_SIZE + COMMENT_MAX ? source->size : END_SIZE + COMMENT_MAX, from = source->size - n;
    if (!source_read(source, arena, from, n, &b, err)) {
        return false;
    }
    for (size_t i = b.n >= END_SIZE ? b.n - END_SIZE + 1 : 0; i-- > 0;) {
        if (bytes_starts(bytes_cut(b, i, 4), bytes_text("PK\5\6"))) {
            struct reader r = reader_make(bytes_cut(b, i, b.n), from + i);
            reader_skip(&r, 20);
            size_t size = END_SIZE + (size_t)reader_u16le(&r);
            index->end_at = from + i;
            index->end = bytes_cut(b, i, size);
            return true;
        }
    }
    return error_set(err, ERR_MALFORMED, "no end of a central directory");
}

/* Record: 32 u64 entries, 40 u64 size of the directory, 48 u64 its offset. Locator, behind it: 8 u64 its offset. */
static bool read_end64(struct source *source, struct arena *arena, struct zip_index *index, struct told *told, struct error *err) {
    struct bytes b;
    if (index->end_at < LOCATOR_SIZE + END64_SIZE) {
        return true;
    }
    uint64_t locator_at = index->end_at - LOCATOR_SIZE;
    if (!source_read(source, arena, locator_at, LOCATOR_SIZE, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, locator_at);
    uint32_t magic = reader_u32le(&r);
    reader_skip(&r, 4);
    uint64_t at = reader_u64le(&r);
    if (magic != LOCATOR) {
        return true;
    }
    index->locator_at = locator_at;
    index->locator = b;
    if (at > locator_at || locator_at - at < END64_SIZE || locator_at - at > COMMENT_MAX) {
        at = locator_at - END64_SIZE;
    }
    if (!source_read(source, arena, at, locator_at - at, &b, err)) {
        return false;
    }
    r = reader_make(b, at);
    if (reader_u32le(&r) != END64) {
        return error_set(err, ERR_MALFORMED, "no 64-bit end record at 0x%llx", (unsigned long long)at);
    }
    reader_skip(&r, 28);
    *told = (struct told){.end = at};
    told->entries = reader_u64le(&r);
    told->size = reader_u64le(&r);
    told->at = reader_u64le(&r);
    index->end64_at = at;
    index->end64 = b;
    return true;
}

/* End record: 10 u16 entries, 12 u32 size of the directory, 16 u32 its offset. */
static struct told read_end(const struct zip_index *index) {
    struct reader r = reader_make(index->end, index->end_at);
    struct told told = {.end = index->end_at};
    reader_skip(&r, 10);
    told.entries = reader_u16le(&r);
    told.size = reader_u32le(&r);
    told.at = reader_u32le(&r);
    return told;
}

/* Extra field: u16 id, u16 size, data. Id 1: u64 size, u64 packed, u64 offset, each only where its 32-bit field is full. */
static void read_extra(struct bytes extra, struct zip_part *part) {
    struct reader r = reader_make(extra, 0);
    while (r.left.n >= 4) {
        uint16_t id = reader_u16le(&r);
        struct reader field = reader_sub(&r, reader_u16le(&r));
        if (id == 1) {
            part->size = part->size == UINT32_MAX ? reader_u64le(&field) : part->size;
            part->packed = part->packed == UINT32_MAX ? reader_u64le(&field) : part->packed;
            part->at = part->at == UINT32_MAX ? reader_u64le(&field) : part->at;
            return;
        }
    }
}

/*
 * Entry, offsets from its signature: 8 u16 flags, 10 u16 method, 20 u32 packed size, 24 u32 size, 28 u16 length of the name,
 * 30 of the extra field, 32 of the comment, 42 u32 offset of the local header; name, extra field, comment. False when b holds none.
 */
static bool read_entry(struct bytes b, uint64_t at, struct zip_part *part) {
    struct reader r = reader_make(b, at);
    bool is_entry = reader_u32le(&r) == ENTRY;
    *part = (struct zip_part){.entry_at = at};
    reader_skip(&r, 4);
    part->flags = reader_u16le(&r);
    part->method = reader_u16le(&r);
    reader_skip(&r, 8);
    part->packed = reader_u32le(&r);
    part->size = reader_u32le(&r);
    size_t name = reader_u16le(&r), extra = reader_u16le(&r), comment = reader_u16le(&r);
    reader_skip(&r, 8);
    part->at = reader_u32le(&r);
    part->name = reader_bytes(&r, name);
    read_extra(reader_bytes(&r, extra), part);
    reader_skip(&r, comment);
    part->entry_n = ENTRY_SIZE + (uint64_t)name + extra + comment;
    return is_entry && reader_ok(&r);
}

static bool keep(struct zip_index *index, struct arena *arena, const struct zip_part *part, struct error *err) {
    if (index->n_parts == limit_most(arena->limits, LIMIT_PARTS)) {
        return limit_reached(arena->limits, LIMIT_PARTS, err);
    }
    if (index->n_parts == index->room_parts) {
        size_t room = index->room_parts != 0 ? 2 * index->room_parts : PARTS_FIRST;
        struct zip_part *parts = arena_array(arena, room, sizeof *parts);
        if (parts == NULL) {
            return arena_full(arena, err);
        }
        if (index->n_parts != 0) {
            memcpy(parts, index->parts, index->n_parts * sizeof *parts);
        }
        index->parts = parts;
        index->room_parts = room;
    }
    struct zip_part *to = &index->parts[index->n_parts++];
    *to = *part;
    return arena_copy(arena, part->name, &to->name, err);
}

/* One entry of a piece of the directory; *size is 0 when the piece does not hold it whole. */
static bool take_entry(struct zip_index *index, struct arena *arena, struct bytes b, uint64_t at, bool (*wanted)(struct bytes name),
                       size_t *size, struct error *err) {
    struct zip_part part;
    *size = 0;
    if (!read_entry(b, at, &part)) {
        return true;
    }
    part.at += index->shift;
    index->entries++;
    index->last_at = part.at > index->last_at ? part.at : index->last_at;
    index->n += part.entry_n;
    *size = (size_t)part.entry_n;
    return (wanted != NULL && !wanted(part.name)) || keep(index, arena, &part, err);
}

static bool read_entries(struct source *source, struct arena *arena, const struct told *told, bool (*wanted)(struct bytes name),
                         struct zip_index *index, struct error *err) {
    uint64_t end = index->at + told->size, at = index->at;
    uint8_t *buffer = malloc(PIECE);
    bool good = buffer != NULL || error_set(err, ERR_LIMIT, "memory for a central directory");
    while (good && at < end) {
        size_t n = end - at < PIECE ? (size_t)(end - at) : PIECE, used = 0;
        good = source_into(source, buffer, n, at, err);
        for (size_t size = 1; good && size != 0; used += size) {
            good = take_entry(index, arena, bytes_make(buffer + used, n - used), at + used, wanted, &size, err);
        }
        if (good && used == 0) {
            good = error_set(err, ERR_MALFORMED, "no entry of the central directory at 0x%llx", (unsigned long long)at);
        }
        at += used;
    }
    free(buffer);
    if (good && index->entries != told->entries && told->entries != UINT16_MAX) {
        return error_set(err, ERR_MALFORMED, "the central directory has %llu entries, not %llu", (unsigned long long)index->entries,
                         (unsigned long long)told->entries);
    }
    return good;
}

/* Local header: 26 u16 length of the name, 28 of the extra field; the packed data follow these. */
static bool find_data(struct source *source, struct zip_part *part, struct error *err) {
    uint8_t octets[LOCAL_SIZE];
    if (part->at > source->size || source->size - part->at < LOCAL_SIZE) {
        return error_set(err, ERR_MALFORMED, "a local header would lie past the end, at 0x%llx", (unsigned long long)part->at);
    }
    if (!source_into(source, octets, LOCAL_SIZE, part->at, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(octets, LOCAL_SIZE), part->at);
    uint32_t magic = reader_u32le(&r);
    reader_skip(&r, 22);
    part->data_at = part->at + LOCAL_SIZE + reader_u16le(&r);
    part->data_at += reader_u16le(&r);
    if (magic != LOCAL || part->data_at > source->size || source->size - part->data_at < part->packed) {
        return error_set(err, ERR_MALFORMED, "no member at 0x%llx, where the central directory has one", (unsigned long long)part->at);
    }
    return true;
}

bool zip_index_read(struct source *source, struct arena *arena, bool (*wanted)(struct bytes name), struct zip_index *index,
                    struct error *err) {
    *index = (struct zip_index){.end64 = bytes_none(), .locator = bytes_none(), .end = bytes_none()};
    if (!find_end(source, arena, index, err)) {
        return false;
    }
    struct told told = read_end(index);
    if (!read_end64(source, arena, index, &told, err)) {
        return false;
    }
    if (told.size > told.end) {
        return error_set(err, ERR_MALFORMED, "the central directory would begin before the file");
    }
    index->at = told.end - told.size;
    index->shift = index->at - told.at;
    if (!read_entries(source, arena, &told, wanted, index, err)) {
        return false;
    }
    for (size_t i = 0; i < index->n_parts; i++) {
        if (!find_data(source, &index->parts[i], err)) {
            return false;
        }
    }
    return true;
}
