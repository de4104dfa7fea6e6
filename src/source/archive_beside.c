/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cabinet that an MSI keeps beside itself, or another cabinet of a set. The archive is gone through from its beginning for each, which
 * counts like all unpacking; for what is not there, once. In one that is itself unpacked on the way, the file is held in memory.
 */
#include "source/archive_beside.h"

#include <ctype.h>
#include <stdlib.h>
#include <zlib.h>

static const char *path_of(struct archive_reader *r) {
    const char *path = archive_entry_pathname(r->entry);
    path = path != NULL ? path : archive_entry_pathname_utf8(r->entry);
    return path != NULL ? path : "";
}

/* ---- which names there are ---- */

/* Names that differ in case alone have one key, and few others. */
static uint32_t key_on(uint32_t key, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint8_t lower = (uint8_t)tolower((unsigned char)text[i]);
        key = (uint32_t)crc32(key, &lower, 1);
    }
    return key;
}

static bool add_key(struct archive_beside *b, const char *path, struct error *err) {
    if (b->n_keys == b->room) {
        size_t room = b->room != 0 ? 2 * b->room : 64;
        uint32_t *more = arena_array(b->list, room, sizeof *more);
        if (more == NULL) {
            return arena_full(b->list, err);
        }
        if (b->n_keys != 0) {
            memcpy(more, b->keys, b->n_keys * sizeof *more);
        }
        b->keys = more;
        b->room = room;
    }
    b->keys[b->n_keys++] = key_on(0, path, strlen(path));
    return true;
}

static bool may_be_there(const struct archive_beside *b, const char *name) {
    const char *slash = strrchr(b->path, '/');
    uint32_t key = key_on(0, b->path, slash != NULL ? (size_t)(slash - b->path) + 1 : 0);
    bool there = !b->listed;
    key = key_on(key, name, strlen(name));
    for (size_t i = 0; i < b->n_keys && !there; i++) {
        there = b->keys[i] == key;
    }
    return there;
}

/* ---- the files ---- */

/* Goes to the file of that name; *found false at the archive's end. */
static bool go_to(struct archive_beside *b, struct archive_reader *r, const char *name, bool *found, struct error *err) {
    bool end = false;
    *found = false;
    b->n_keys = b->listed ? b->n_keys : 0;
    if (!archive_reader_open(r, b->kind, b->source, b->budget, err)) {
        return false;
    }
    while (!*found && !end) {
        if (!budget_spend(b->budget, 0, err) || !archive_reader_next(r, &end, err)) {
            return false;
        }
        bool is_file = !end && archive_entry_filetype(r->entry) == AE_IFREG && archive_entry_size(r->entry) > 0;
        if (is_file && !b->listed && !add_key(b, path_of(r), err)) {
            return false;
        }
        *found = is_file && member_is_beside(b->path, path_of(r), name);
    }
    b->listed = b->listed || end;
    return true;
}

static void close_newest(struct archive_beside *b) {
    struct archive_reader *r = b->open[--b->n];
    archive_reader_close(r);
    free(r);
}

/* All of a file in memory, where the archive is itself unpacked on the way: two readers would have it unpacked again and again. */
static bool keep_whole(struct archive_beside *b, struct archive_reader *r, const char *name, struct source **out, struct error *err) {
    struct memory_source *memory = arena_alloc(b->arena, sizeof *memory);
    size_t size = (size_t)archive_entry_size(r->entry), n = 0, got = 1;
    uint8_t *p = memory != NULL ? arena_raw(b->arena, size) : NULL;
    if (p == NULL) {
        return arena_full(b->arena, err);
    }
    for (; n < size && got != 0; n += got) {
        if (!r->stream.next(&r->stream, p + n, size - n, &got, err) || !budget_spend(b->budget, got, err)) {
            return false;
        }
    }
    memory_source_init(memory, name, bytes_make(p, n));
    *out = &memory->source;
    return true;
}

static bool open_beside(struct beside *beside, const char *name, struct source **out, struct error *err) {
    struct archive_beside *b = (struct archive_beside *)beside;
    struct stream_source *s = arena_alloc(b->arena, sizeof *s);
    struct bytes copy;
    bool found;
    if (!may_be_there(b, name)) {
        return error_set(err, ERR_MALFORMED, "it is not in the archive");
    }
    if (b->n == limit_most(b->budget->limits, LIMIT_BESIDE)) {
        return limit_reached(b->budget->limits, LIMIT_BESIDE, err);
    }
    if (b->passes == limit_most(b->budget->limits, LIMIT_BESIDE_PASSES)) {
        return limit_reached(b->budget->limits, LIMIT_BESIDE_PASSES, err);
    }
    if (s == NULL || !arena_copy(b->arena, bytes_text(name), &copy, err)) {
        return arena_full(b->arena, err);
    }
    struct archive_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return error_memory(err, "to read an archive");
    }
    b->passes++;
    b->open[b->n++] = r;
    if (!go_to(b, r, name, &found, err)) {
        return false;
    }
    if (!found) {
        return error_set(err, ERR_MALFORMED, "it is not in the archive");
    }
    if (b->source->sequential) {
        bool ok = keep_whole(b, r, (const char *)copy.p, out, err);
        close_newest(b);
        return ok;
    }
    stream_source_init(s, (const char *)copy.p, (uint64_t)archive_entry_size(r->entry), 0, &r->stream, b->budget, b->arena);
    *out = &s->source;
    return true;
}

static void close_beside(struct beside *beside) {
    struct archive_beside *b = (struct archive_beside *)beside;
    while (b->n != 0) {
        close_newest(b);
    }
}

void archive_beside_init(struct archive_beside *b, struct source *source, enum archive_kind kind, struct budget *budget,
                         struct arena *arena, struct arena *list) {
    *b = (struct archive_beside){
        .beside = {open_beside, close_beside}, .source = source, .kind = kind, .budget = budget, .arena = arena, .list = list};
}
