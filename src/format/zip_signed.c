/* SPDX-License-Identifier: Apache-2.0 */
#include "format/zip_signed.h"

#include "asn1/carve.h"
#include "asn1/cms.h"
#include "format/appended.h"
#include "source/zip.h"

bool zip_signed_probe(const struct probe *probe, const char *name) {
    return probe_zip(probe) && bytes_find(probe->tail, bytes_text(name), 0) < probe->tail.n;
}

const struct zip_part *zip_signed_part(const struct zip_index *index, const char *name) {
    for (size_t i = index->n_parts; i-- > 0;) {
        if (bytes_is(index->parts[i].name, name)) {
            return &index->parts[i];
        }
    }
    return NULL;
}

bool zip_signed_add(struct source *source, const struct zip_part *part, const char *magic, struct arena *arena, struct contents *contents,
                    struct error *err) {
    struct bytes whole, copy;
    struct error why = {0};
    size_t first = contents->n_signatures, added, skip = strlen(magic);
    if (!zip_part_read(source, part, LIMIT_PART_SIZE, arena, &whole, &why)) {
        contents_unreadable(contents, &why);
        return true;
    }
    /* Offsets mean something only where the bytes stand as they are. */
    uint64_t at = part->data_at + (part->method == 0 ? skip : 0);
    struct bytes blob = bytes_cut(whole, skip, whole.n);
    if (!bytes_starts(whole, bytes_text(magic)) || !authenticode_add(contents, arena, "signature", blob, at, &added, &why)) {
        if (why.kind == ERR_NONE) {
            error_set(&why, ERR_MALFORMED, "the signature of the package does not begin with %s", magic);
        }
        contents_unreadable(contents, &why);
        carve_bytes(contents, arena, whole, part->data_at);
        return true;
    }
    appended_behind(contents, arena, first, blob, at);
    if (!arena_copy(arena, part->name, &copy, err)) {
        return false;
    }
    contents->inner = whole;
    contents->inner_path = (const char *)copy.p;
    return true;
}

/* Writes n little-endian octets over those at p + at. A field that is full says "look into the 64-bit record" and stays. */
static void put(uint8_t *p, size_t at, unsigned n, uint64_t value) {
    bool full = true;
    for (unsigned i = 0; i < n; i++) {
        full = full && p[at + i] == 0xff;
    }
    for (unsigned i = 0; i < n && !full; i++) {
        p[at + i] = (uint8_t)(value >> 8 * i);
    }
}

bool zip_signed_directory(const struct zip_index *index, const struct zip_part *part, struct arena *arena, struct span *spans,
                          struct error *err) {
    uint8_t *p = arena_alloc(arena, index->end64.n + index->locator.n + index->end.n);
    uint64_t entries = index->entries - 1, size = index->n - part->entry_n, at = part->at - index->shift;
    if (p == NULL) {
        return arena_full(arena, err);
    }
    uint8_t *locator = p + index->end64.n, *end = locator + index->locator.n;
    if (index->end64.n != 0) {
        memcpy(p, index->end64.p, index->end64.n);
        put(p, 16, 4, 0);
        put(p, 20, 4, 0);
        put(p, 24, 8, entries);
        put(p, 32, 8, entries);
        put(p, 40, 8, size);
        put(p, 48, 8, at);
    }
    if (index->locator.n != 0) {
        memcpy(locator, index->locator.p, index->locator.n);
        put(locator, 4, 4, 0);
        put(locator, 8, 8, at + size);
    }
    memcpy(end, index->end.p, index->end.n);
    put(end, 4, 2, 0);
    put(end, 6, 2, 0);
    put(end, 8, 2, entries);
    put(end, 10, 2, entries);
    put(end, 12, 4, size);
    put(end, 16, 4, at);
    uint64_t behind = part->entry_at + part->entry_n;
    spans[0] = (struct span){.at = index->at, .n = part->entry_at - index->at};
    spans[1] = (struct span){.at = behind, .n = index->at + index->n - behind};
    spans[2] = (struct span){.literal = bytes_make(p, index->end64.n + index->locator.n + index->end.n)};
    return true;
}
