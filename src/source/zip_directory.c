/* SPDX-License-Identifier: Apache-2.0 */
/*
 * End records and central directories (APPNOTE 4.3.12 to 4.3.16). Counts and sizes are not believed: entries are read as long as
 * there are any. Where the end record and its 64-bit twin, or the stated and the real place, name two directories, both are read.
 */
#include "base/reader.h"
#include "source/piece.h"
#include "source/stream.h"
#include "source/zip.h"

enum {
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    PIECE = 256 << 10, /* of a central directory: more than the longest entry (46 + 3 * 65535) */
    WINDOW = 1 << 20,  /* of a file that is searched whole */
};

void zip_tally_add(struct zip_tally *tally, uint64_t at, const char *name) {
    if (tally->n++ == 0) {
        tally->at = at;
        tally->first = name;
    }
}

struct zip_member *zip_add(struct zip *zip) {
    if (zip->n >= zip->budget->members_left) {
        limit_reached(zip->budget->limits, LIMIT_MEMBERS, &zip->limit);
        return NULL;
    }
    if (zip->n == zip->room) {
        size_t room = zip->room != 0 ? zip->room * 2 : 64;
        struct zip_member *all = arena_array(zip->arena, room, sizeof *all);
        if (all == NULL) {
            arena_full(zip->arena, &zip->limit);
            return NULL;
        }
        if (zip->n != 0) {
            memcpy(all, zip->members, zip->n * sizeof *all);
        }
        zip->members = all;
        zip->room = room;
    }
    struct zip_member *member = &zip->members[zip->n++];
    *member = (struct zip_member){0};
    return member;
}

/* Whether some unpacker would write outside of its folder, or under another name. */
static bool unsafe(struct bytes name) {
    bool drive = name.n >= 2 && name.p[1] == ':' && ((name.p[0] | 0x20) >= 'a' && (name.p[0] | 0x20) <= 'z');
    size_t part = 0;
    for (size_t i = 0; i <= name.n; i++) {
        bool end = i == name.n || name.p[i] == '/' || name.p[i] == '\\';
        if (end && i - part == 2 && name.p[part] == '.' && name.p[part + 1] == '.') {
            return true;
        }
        part = end ? i + 1 : part;
    }
    return drive || (name.n != 0 && (name.p[0] == '/' || name.p[0] == '\\')) || bytes_find(name, bytes_make("", 1), 0) != name.n;
}

const char *zip_name(struct zip *zip, struct bytes name, uint64_t at) {
    struct bytes copy, shown = bytes_cut(name, 0, ZIP_NAME_KEPT);
    if (!arena_copy(zip->arena, bytes_cut(shown, 0, bytes_find(shown, bytes_make("", 1), 0)), &copy, &zip->limit)) {
        return NULL;
    }
    if (unsafe(name)) {
        zip_tally_add(&zip->unsafe, at, (const char *)copy.p);
    }
    return (const char *)copy.p;
}

/* Extra field: u16 id, u16 size, data. Id 1: u64 size, u64 packed, u64 offset, u32 disk, each only where its 32-bit field is full. */
void zip_zip64(struct bytes extra, struct zip_reading *reading, uint64_t *offset, unsigned *disk) {
    struct reader r = reader_make(extra, 0);
    while (r.left.n >= 4) {
        uint16_t id = reader_u16le(&r);
        struct reader field = reader_sub(&r, reader_u16le(&r));
        if (!reader_ok(&r)) {
            return;
        }
        if (id != 1) {
            continue;
        }
        uint64_t size = reading->size == UINT32_MAX ? reader_u64le(&field) : reading->size;
        uint64_t packed = reading->packed == UINT32_MAX ? reader_u64le(&field) : reading->packed;
        uint64_t at = offset != NULL && *offset == UINT32_MAX ? reader_u64le(&field) : 0;
        unsigned on = disk != NULL && *disk == UINT16_MAX ? reader_u32le(&field) : 0;
        if (reader_ok(&field)) {
            reading->size = size;
            reading->packed = packed;
            if (offset != NULL && *offset == UINT32_MAX) {
                *offset = at;
            }
            if (disk != NULL && *disk == UINT16_MAX) {
                *disk = on;
            }
        }
        return;
    }
}

/* ---- entries ---- */

/* A piece of the central directory in memory. */
struct feed {
    struct zip *zip;
    uint8_t *buffer;
    uint64_t at, end; /* of what is in memory; of the directory at most */
    struct bytes piece;
};

/* n bytes from at on, or as many as there are. */
static bool feed_bytes(struct feed *feed, uint64_t at, size_t n, struct bytes *out, struct error *err) {
    if (at < feed->at || at - feed->at > feed->piece.n || feed->piece.n - (size_t)(at - feed->at) < n) {
        uint64_t left = at < feed->end ? feed->end - at : 0;
        size_t take = left < PIECE ? (size_t)left : PIECE;
        if (!source_into(feed->zip->source, feed->buffer, take, at, err)) {
            return false;
        }
        feed->at = at;
        feed->piece = bytes_make(feed->buffer, take);
    }
    *out = bytes_cut(feed->piece, (size_t)(at - feed->at), n);
    return true;
}

/*
 * Entry, offsets from its signature: 8 u16 flags, 10 u16 method, 20 u32 packed size, 24 u32 size, 28 u16 length of the name,
 * 30 of the extra field, 32 of the comment, 34 u16 disk, 42 u32 offset of the local header; name, extra field, comment.
 */
static bool read_entry(struct feed *feed, struct zip_directory *directory, bool *more, struct error *err) {
    struct bytes b;
    uint64_t at = directory->end;
    *more = false;
    if (!feed_bytes(feed, at, ZIP_CENTRAL_SIZE, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, at);
    struct zip_reading reading = {.sized = true};
    bool is_entry = reader_u32le(&r) == ZIP_CENTRAL;
    reader_skip(&r, 4);
    reading.flags = reader_u16le(&r);
    reading.method = reader_u16le(&r);
    reader_skip(&r, 8);
    reading.packed = reader_u32le(&r);
    reading.size = reader_u32le(&r);
    size_t name_n = reader_u16le(&r), extra_n = reader_u16le(&r), comment_n = reader_u16le(&r);
    unsigned disk = reader_u16le(&r);
    reader_skip(&r, 6);
    uint64_t offset = reader_u32le(&r);
    if (!reader_ok(&r) || !is_entry) {
        return true;
    }
    if (!feed_bytes(feed, at, ZIP_CENTRAL_SIZE + name_n + extra_n, &b, err)) {
        return false;
    }
    zip_zip64(bytes_cut(b, ZIP_CENTRAL_SIZE + name_n, extra_n), &reading, &offset, &disk);
    const char *name = zip_name(feed->zip, bytes_cut(b, ZIP_CENTRAL_SIZE, name_n), at);
    struct zip_member *member = name != NULL ? zip_add(feed->zip) : NULL;
    if (member == NULL) {
        return true; /* zip->limit says so */
    }
    *member = (struct zip_member){
        .at = offset + directory->shift, .central = reading, .name = name, .disk = disk, .directory = feed->zip->n_directories};
    directory->end = at + ZIP_CENTRAL_SIZE + name_n + extra_n + comment_n;
    *more = directory->end < feed->end;
    return true;
}

static bool read_entries(struct zip *zip, struct zip_directory directory, struct error *err) {
    size_t first = zip->n;
    struct feed feed = {.zip = zip, .end = directory.end_at, .piece = bytes_none()};
    feed.buffer = arena_alloc(zip->scratch, PIECE);
    if (feed.buffer == NULL) {
        return arena_full(zip->scratch, err);
    }
    directory.end = directory.at;
    for (bool more = directory.at < directory.end_at; more;) {
        if (!read_entry(&feed, &directory, &more, err)) {
            return false;
        }
    }
    if (((zip->n - first) & 0xffff) != (directory.told & 0xffff) && zip->limit.kind == ERR_NONE) {
        anomaly_note(zip->anomalies, zip->arena, ANOMALY_ODD_LAYOUT, directory.end_at, 0,
                     "the end record counts other entries than the directory has");
    }
    zip->directories[zip->n_directories++] = directory;
    return zip_locals(zip, first, err);
}

/* ---- end records ---- */

static bool magic_at(struct zip *zip, uint64_t at, uint32_t magic, bool *yes, struct error *err) {
    uint8_t octets[4];
    *yes = false;
    if (at > zip->source->size || zip->source->size - at < sizeof octets) {
        return true;
    }
    if (!source_into(zip->source, octets, sizeof octets, at, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(octets, sizeof octets), at);
    *yes = reader_u32le(&r) == magic;
    return true;
}

/* Whether something that was found already explains the bytes there. */
static bool taken(const struct zip *zip, uint64_t at) {
    for (size_t i = 0; i < zip->n; i++) {
        if (at >= zip->members[i].at && at < zip->members[i].end) {
            return true;
        }
    }
    for (unsigned i = 0; i < zip->n_directories; i++) {
        const struct zip_directory *d = &zip->directories[i];
        if ((at >= d->at && at < d->end) || at == d->end_at) {
            return true;
        }
    }
    return false;
}

static bool known(const struct zip *zip, uint64_t at) {
    for (unsigned i = 0; i < zip->n_directories; i++) {
        if (zip->directories[i].at == at) {
            return true;
        }
    }
    return false;
}

/* A directory of size bytes, said to begin at offset, that should end at behind. Adds it from where it is. */
static bool try_place(struct zip *zip, struct zip_directory directory, uint64_t offset, uint64_t size, uint64_t behind, struct error *err) {
    uint64_t real = size <= behind ? behind - size : behind;
    bool at_real, at_offset;
    if (!magic_at(zip, real, ZIP_CENTRAL, &at_real, err) || !magic_at(zip, offset, ZIP_CENTRAL, &at_offset, err)) {
        return false;
    }
    const uint64_t places[] = {real, offset};
    const bool there[] = {at_real || (size == 0 && directory.told == 0 && !directory.far), at_offset && offset != real && offset < behind};
    for (size_t i = 0; i < 2; i++) {
        if (!there[i] || known(zip, places[i])) {
            continue;
        }
        if (zip->n_directories == limit_most(zip->budget->limits, LIMIT_ZIP_DIRECTORIES)) {
            limit_reached(zip->budget->limits, LIMIT_ZIP_DIRECTORIES, &zip->limit);
            return true;
        }
        directory.at = places[i];
        directory.shift = places[i] - offset;
        if (!read_entries(zip, directory, err)) {
            return false;
        }
    }
    return true;
}

/* Locator: 8 u64 offset of the record. Record: 16 u32 disk, 32 u64 entries, 40 u64 size of the directory, 48 u64 its offset. */
static bool try_end64(struct zip *zip, struct zip_directory directory, struct error *err) {
    uint8_t octets[END64_SIZE];
    bool yes;
    if (directory.end_at < LOCATOR_SIZE + END64_SIZE) {
        return true;
    }
    uint64_t locator = directory.end_at - LOCATOR_SIZE, at = locator - END64_SIZE;
    if (!magic_at(zip, locator, ZIP_LOCATOR, &yes, err) || !yes) {
        return err->kind == ERR_NONE;
    }
    if (!magic_at(zip, at, ZIP_END64, &yes, err) || (!yes && !source_into(zip->source, octets, LOCATOR_SIZE, locator, err))) {
        return false;
    }
    if (!yes) { /* a record with an extensible part is longer: the locator says where it begins */
        struct reader r = reader_make(bytes_make(octets, LOCATOR_SIZE), locator);
        reader_skip(&r, 8);
        at = reader_u64le(&r);
        if (!magic_at(zip, at, ZIP_END64, &yes, err)) {
            return false;
        }
    }
    if (!yes || at > zip->source->size - END64_SIZE) {
        return true;
    }
    if (!source_into(zip->source, octets, END64_SIZE, at, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(octets, END64_SIZE), at);
    reader_skip(&r, 16);
    directory.disk = reader_u32le(&r);
    reader_skip(&r, 12);
    directory.told = reader_u64le(&r);
    uint64_t size = reader_u64le(&r), offset = reader_u64le(&r);
    return !reader_ok(&r) || try_place(zip, directory, offset, size, at, err);
}

/*
 * End record, offsets from its signature: 4 u16 disk, 10 u16 entries, 12 u32 size of the directory, 16 u32 its offset, 20 u16 length
 * of the comment behind it.
 */
static bool try_end(struct zip *zip, struct bytes b, uint64_t at, bool far, struct error *err) {
    struct reader r = reader_make(b, at);
    struct zip_directory directory = {.end_at = at, .far = far};
    reader_skip(&r, 4);
    directory.disk = reader_u16le(&r);
    reader_skip(&r, 4);
    directory.told = reader_u16le(&r);
    uint64_t size = reader_u32le(&r), offset = reader_u32le(&r);
    directory.end_size = ZIP_END_SIZE + (uint64_t)reader_u16le(&r);
    if (!reader_ok(&r) || taken(zip, at)) {
        return true;
    }
    uint64_t left = zip->source->size - at; /* some unpackers take a comment that is cut short */
    directory.end_size = directory.end_size < left ? directory.end_size : left;
    struct error why = {0};
    if (!try_end64(zip, directory, &why)) {
        *err = why;
        return false;
    }
    return try_place(zip, directory, offset, size, at, err);
}

/* The end records of a stretch, latest first; far from where unpackers look, one of nothing is a word in a program. */
static bool try_ends(struct zip *zip, struct bytes b, uint64_t at, bool far, struct error *err) {
    for (size_t i = b.n >= ZIP_END_SIZE ? b.n - ZIP_END_SIZE + 1 : 0; i-- > 0;) {
        struct bytes record = bytes_cut(b, i, ZIP_END_SIZE);
        if (b.p[i] != 'P' || !bytes_starts(record, bytes_text("PK\5\6"))) {
            continue;
        }
        if (!try_end(zip, record, at + i, far, err)) {
            return false;
        }
    }
    return true;
}

bool zip_directories(struct zip *zip, uint64_t from, uint64_t to, struct error *err) {
    struct bytes b;
    uint64_t start = to - from > ZIP_END_SIZE + ZIP_COMMENT_MAX ? to - (ZIP_END_SIZE + ZIP_COMMENT_MAX) : from;
    if (!source_read(zip->source, zip->scratch, start, to - start, &b, err) || !try_ends(zip, b, start, false, err)) {
        return false;
    }
    uint64_t far = PIECE_WHOLE * limit_most(zip->budget->limits, LIMIT_CARVE_WINDOW), least = to - from > far ? to - far : from;
    struct arena arena = arena_make(2 * WINDOW);
    bool ok = true;
    while (ok && zip->budget->search && start > least) { /* records that stand astride are in the window before, too */
        uint64_t end = start + ZIP_END_SIZE - 1 < to ? start + ZIP_END_SIZE - 1 : to;
        start = start - least > WINDOW ? start - WINDOW : least;
        arena_reset(&arena);
        ok = budget_spend(zip->budget, 0, err) && source_read(zip->source, &arena, start, end - start, &b, err) &&
             try_ends(zip, b, start, true, err);
    }
    arena_free(&arena);
    return ok;
}
