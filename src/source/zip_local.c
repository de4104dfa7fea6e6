/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local headers (APPNOTE 4.3.7): read beside the central directory, since unpackers that stream know nothing else, and searched
 * where no directory points, since an archive without its end has nothing else.
 */
#include <stdlib.h>

#include "base/reader.h"
#include "source/zip.h"

enum {
    PIECE = 64 << 10,
    DESCRIPTOR_SIZE = 12,
    EXTRA_KEPT = 1024, /* of an extra field whose 64-bit sizes are wanted */
    VERSION_MAX = 90,
    METHOD_MAX = 99,
};

/* What a local header says, and how long name and extra field are. */
struct local {
    struct zip_reading reading;
    size_t name_n, extra_n;
    unsigned version;
};

/*
 * Local header, offsets from its signature: 4 u16 version needed, 6 u16 flags, 8 u16 method, 18 u32 packed size, 22 u32 size, 26 u16
 * length of the name, 28 of the extra field; name, extra field, data.
 */
static bool read_local(struct zip *zip, uint64_t at, struct local *local, bool *yes, struct error *err) {
    uint8_t octets[ZIP_LOCAL_SIZE];
    *yes = false;
    if (at > zip->source->size || zip->source->size - at < sizeof octets) {
        return true;
    }
    if (!source_into(zip->source, octets, sizeof octets, at, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(octets, sizeof octets), at);
    *yes = reader_u32le(&r) == ZIP_LOCAL;
    *local = (struct local){.version = reader_u16le(&r) & 0xff};
    local->reading.flags = reader_u16le(&r);
    local->reading.method = reader_u16le(&r);
    reader_skip(&r, 8);
    local->reading.packed = reader_u32le(&r);
    local->reading.size = reader_u32le(&r);
    local->name_n = reader_u16le(&r);
    local->extra_n = reader_u16le(&r);
    *yes = *yes && at + ZIP_LOCAL_SIZE + local->name_n + local->extra_n <= zip->source->size;
    if (*yes && (local->reading.packed == UINT32_MAX || local->reading.size == UINT32_MAX)) {
        uint8_t extra[EXTRA_KEPT];
        size_t n = local->extra_n < sizeof extra ? local->extra_n : sizeof extra;
        if (!source_into(zip->source, extra, n, at + ZIP_LOCAL_SIZE + local->name_n, err)) {
            return false;
        }
        zip_zip64(bytes_make(extra, n), &local->reading, NULL, NULL);
    }
    local->reading.sized = (local->reading.flags & ZIP_SIZES_BEHIND) == 0 || local->reading.packed != 0;
    return true;
}

/* The name as zip_name would show it, for comparison. */
static bool same_name(struct zip *zip, const struct zip_member *member, const struct local *local, bool *same, struct error *err) {
    uint8_t octets[ZIP_NAME_KEPT];
    size_t n = local->name_n < sizeof octets ? local->name_n : sizeof octets;
    if (!source_into(zip->source, octets, n, member->at + ZIP_LOCAL_SIZE, err)) {
        return false;
    }
    struct bytes name = bytes_make(octets, n);
    *same = bytes_is(bytes_cut(name, 0, bytes_find(name, bytes_make("", 1), 0)), member->name);
    return true;
}

static bool read_one(struct zip *zip, struct zip_member *member, struct error *err) {
    struct local local;
    bool yes, same;
    if (!read_local(zip, member->at, &local, &yes, err)) {
        return false;
    }
    uint64_t shift = zip->directories[member->directory].shift;
    if (!yes && shift != 0) { /* bytes were put before the archive, and this offset knows of them already */
        if (!read_local(zip, member->at - shift, &local, &yes, err)) {
            return false;
        }
        member->at -= yes ? shift : 0;
    }
    member->end = member->at;
    if (!yes) {
        return true;
    }
    member->local = local.reading;
    member->data_at = member->at + ZIP_LOCAL_SIZE + local.name_n + local.extra_n;
    uint64_t packed = member->central.packed, left = zip->source->size - member->data_at;
    packed = local.reading.sized && local.reading.packed < packed ? local.reading.packed : packed;
    member->end = member->data_at + (packed < left ? packed : left);
    if (!same_name(zip, member, &local, &same, err)) {
        return false;
    }
    if (!same) {
        zip_tally_add(&zip->names, member->at, member->name);
    }
    return true;
}

static int by_place(const void *a, const void *b) {
    const struct zip_member *x = a, *y = b;
    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    return x->directory != y->directory ? (x->directory < y->directory ? -1 : 1) : strcmp(x->name, y->name);
}

/* The same member named by two directories is looked at once. */
static bool same_member(const struct zip_member *a, const struct zip_member *b) {
    return a->at == b->at && a->directory != b->directory && a->central.packed == b->central.packed && a->central.size == b->central.size &&
           a->central.method == b->central.method && a->central.flags == b->central.flags && strcmp(a->name, b->name) == 0;
}

bool zip_locals(struct zip *zip, size_t first, struct error *err) {
    if (zip->n == 0) {
        return true;
    }
    /* In the order of the file: sources that unpack can't go back cheaply. */
    qsort(zip->members + first, zip->n - first, sizeof *zip->members, by_place);
    for (size_t i = first; i < zip->n; i++) {
        if (!read_one(zip, &zip->members[i], err)) {
            return false;
        }
    }
    qsort(zip->members, zip->n, sizeof *zip->members, by_place);
    size_t kept = 1;
    for (size_t i = 1; i < zip->n; i++) {
        if (!same_member(&zip->members[kept - 1], &zip->members[i])) {
            zip->members[kept++] = zip->members[i];
        }
    }
    zip->n = kept;
    return true;
}

/* ---- what no directory names ---- */

/* The next place in [at, to) where that signature stands and room bytes are left; *found is to when there is none. */
static bool find_magic(struct zip *zip, const char *magic, size_t room, uint64_t at, uint64_t to, uint64_t *found, struct error *err) {
    uint8_t piece[PIECE];
    *found = to;
    while (to - at >= room) {
        size_t n = to - at < sizeof piece ? (size_t)(to - at) : sizeof piece;
        if (zip->searched > limit_most(zip->budget->limits, LIMIT_ZIP_UNCLAIMED)) {
            limit_reached(zip->budget->limits, LIMIT_ZIP_UNCLAIMED, &zip->limit);
            return true;
        }
        zip->searched += n;
        if (!source_into(zip->source, piece, n, at, err)) {
            return false;
        }
        size_t i = bytes_find(bytes_make(piece, n), bytes_text(magic), 0);
        if (i != n) {
            *found = at + i;
            return true;
        }
        at += n == to - at ? n : n - 3;
    }
    return true;
}

static bool add_hidden(struct zip *zip, uint64_t at, const struct local *local, uint64_t to, struct error *err) {
    uint8_t octets[ZIP_NAME_KEPT];
    size_t n = local->name_n < sizeof octets ? local->name_n : sizeof octets;
    if (!source_into(zip->source, octets, n, at + ZIP_LOCAL_SIZE, err)) {
        return false;
    }
    const char *name = zip_name(zip, bytes_make(octets, n), at);
    struct zip_member *member = name != NULL ? zip_add(zip) : NULL;
    if (member == NULL) {
        return true;
    }
    *member = (struct zip_member){.at = at, .central = local->reading, .local = local->reading, .name = name, .hidden = true};
    member->data_at = at + ZIP_LOCAL_SIZE + local->name_n + local->extra_n;
    bool fits = local->reading.sized && local->reading.packed <= to - member->data_at;
    member->end = fits ? member->data_at + local->reading.packed : to;
    if (!local->reading.sized && local->reading.method == 0) { /* the descriptor behind the data is all that ends it */
        return find_magic(zip, "PK\7\10", DESCRIPTOR_SIZE, member->data_at, to, &member->end, err);
    }
    return true;
}

bool zip_search(struct zip *zip, uint64_t from, uint64_t to, struct error *err) {
    uint64_t at = from;
    size_t before = SIZE_MAX; /* the member found last, when nobody says where it ends */
    while (at < to && to - at >= ZIP_LOCAL_SIZE && zip->limit.kind == ERR_NONE) {
        struct local local;
        bool yes;
        if (!find_magic(zip, "PK\3\4", ZIP_LOCAL_SIZE, at, to, &at, err)) {
            return false;
        }
        if (at == to) {
            break;
        }
        if (!read_local(zip, at, &local, &yes, err)) {
            return false;
        }
        if (!yes || local.version > VERSION_MAX || local.reading.method > METHOD_MAX || local.name_n == 0 ||
            to - at < ZIP_LOCAL_SIZE + local.name_n + local.extra_n) {
            at += 4;
            continue;
        }
        size_t n = zip->n;
        if (!add_hidden(zip, at, &local, to, err)) {
            return false;
        }
        if (before != SIZE_MAX && zip->members[before].end > at) {
            zip->members[before].end = at;
        }
        bool open = zip->n != n && (zip->members[n].end == to || !local.reading.sized);
        before = open && !local.reading.sized ? n : SIZE_MAX;
        at = open || zip->n == n ? at + ZIP_LOCAL_SIZE + local.name_n + local.extra_n : zip->members[n].end;
    }
    return true;
}

/* The two stretches of a directory: its entries, and its end record. */
static void stretch(const struct zip *zip, unsigned i, uint64_t *at, uint64_t *end) {
    const struct zip_directory *d = &zip->directories[i / 2];
    *at = i % 2 == 0 ? d->at : d->end_at;
    *end = i % 2 == 0 ? d->end : d->end_at + d->end_size;
}

/* Where the next thing begins behind at that a directory or a member of the first n takes; *at moves behind those it stands in. */
static uint64_t next_taken(const struct zip *zip, uint64_t *at, uint64_t to, size_t n, size_t *i) {
    bool moved = true;
    uint64_t next = to, from, end;
    while (moved) {
        moved = false;
        for (; *i < n && zip->members[*i].at <= *at; (*i)++) {
            *at = zip->members[*i].end > *at ? zip->members[*i].end : *at;
        }
        for (unsigned d = 0; d < 2 * zip->n_directories; d++) {
            stretch(zip, d, &from, &end);
            if (*at >= from && *at < end) {
                *at = end;
                moved = true;
            }
        }
    }
    for (unsigned d = 0; d < 2 * zip->n_directories; d++) {
        stretch(zip, d, &from, &end);
        next = from > *at && from < next ? from : next;
    }
    return *i < n && zip->members[*i].at < next ? zip->members[*i].at : next;
}

bool zip_hidden(struct zip *zip, uint64_t from, uint64_t to, struct error *err) {
    size_t n = zip->n, i = 0;
    for (uint64_t at = from; at < to;) {
        uint64_t next = next_taken(zip, &at, to, n, &i);
        if (at < next && !zip_search(zip, at, next, err)) {
            return false;
        }
        at = next > at ? next : at;
    }
    return true;
}
