/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalog of an HFS Plus volume (TN1150 "Catalog File", "Attributes File", "Hard Links"): once for the folders, whose names make
 * the paths, once for the files. Hard links are passed over: what they lead to is a file in a folder of its own.
 */
#include <stdlib.h>

#include "base/text.h"
#include "source/hfs.h"
#include "source/stream.h"
#include "source/wide_name.h"

enum {
    TYPE_FOLDER = 1,
    TYPE_FILE = 2,
    ROOT_FOLDER = 2,
    CATALOG_FILE = 4,
    ATTRIBUTES_FILE = 8,
    COMPRESSED = 0x20, /* of the owner flags */
    MODE_TYPE = 0170000,
    MODE_LINK = 0120000,
    NAME_MAX_UNITS = 255,
    ATTRIBUTE_INLINE = 0x10,
    RESOURCE_FORK = 0xff,
    ATTRIBUTE_MAX = 1 << 16,
};

struct folder {
    uint32_t id, parent;
    const char *name;
};

/* Where the attribute com.apple.decmpfs of a file stands in the attributes file. */
struct attribute_at {
    uint32_t file, n;
    uint64_t at;
};

struct walk {
    struct hfs hfs;
    struct budget *budget;
    struct visitor *visitor;
    struct arena *arena;
    struct arena scratch; /* of one file */
    struct folder *folders;
    size_t n_folders, room_folders;
    struct attribute_at *attributes;
    size_t n_attributes, room_attributes;
    struct hfs_source attributes_file;
};

static bool grow(struct walk *w, void **all, size_t n, size_t *room, size_t each, struct error *err) {
    if (n < *room) {
        return true;
    }
    size_t wanted = *room == 0 ? 64 : *room * 2;
    void *more = arena_array(w->arena, wanted, each);
    if (more == NULL) {
        return arena_full(w->arena, err);
    }
    if (n != 0) {
        memcpy(more, *all, n * each);
    }
    *all = more;
    *room = wanted;
    return true;
}

/* A catalog record, big-endian: key length 2, parent 4, units of the name 2, the name; then, at an even place, the type 2. */
struct entry {
    uint32_t parent;
    uint16_t units, type;
    struct reader name, data; /* data behind the type */
};

static bool entry_read(struct bytes b, uint64_t at, struct entry *out, struct error *err) {
    struct reader r = reader_make(b, at);
    uint16_t length = reader_u16be(&r);
    struct reader key = reader_sub(&r, length);
    reader_skip(&r, length % 2);
    out->type = reader_u16be(&r);
    out->data = r;
    out->parent = reader_u32be(&key);
    out->units = reader_u16be(&key);
    out->name = reader_sub(&key, (size_t)out->units * 2);
    if (!reader_ok(&r) || !reader_ok(&out->name) || out->units > NAME_MAX_UNITS) {
        return error_set(err, ERR_MALFORMED, "a catalog record that is none");
    }
    return true;
}

struct catalog_records {
    struct hfs_records records;
    struct walk *walk;
};

/* Folder: flags 2, items 4, id 4 … */
static bool folder_record(struct hfs_records *records, struct bytes b, uint64_t at, struct error *err) {
    struct walk *w = ((struct catalog_records *)records)->walk;
    struct entry e;
    if (!entry_read(b, at, &e, err)) {
        return false;
    }
    if (e.type != TYPE_FOLDER) {
        return true;
    }
    if (w->n_folders == limit_most(w->budget->limits, LIMIT_HFS_FOLDERS)) {
        return limit_reached(w->budget->limits, LIMIT_HFS_FOLDERS, err);
    }
    void *all = w->folders;
    if (!grow(w, &all, w->n_folders, &w->room_folders, sizeof *w->folders, err)) {
        return false;
    }
    w->folders = all;
    reader_skip(&e.data, 6);
    struct folder f = {.id = reader_u32be(&e.data), .parent = e.parent, .name = wide_name(&e.name, e.units, w->arena)};
    if (!reader_ok(&e.data)) {
        return error_set(err, ERR_MALFORMED, "a folder of the catalog that is cut short");
    }
    if (f.name == NULL) {
        return arena_full(w->arena, err);
    }
    w->folders[w->n_folders++] = f;
    return true;
}

static int folder_order(const void *x, const void *y) {
    const struct folder *a = x, *b = y;
    return (a->id > b->id) - (a->id < b->id);
}

static const struct folder *folder_find(const struct walk *w, uint32_t id) {
    struct folder wanted = {.id = id};
    return w->n_folders != 0 ? bsearch(&wanted, w->folders, w->n_folders, sizeof *w->folders, folder_order) : NULL;
}

/* The path of a file; NULL without memory. Folders that go in a circle end it. */
static const char *path_of(struct walk *w, uint32_t parent, const char *name) {
    struct text reversed = {0};
    const struct folder *chain[HFS_DEPTH_MAX];
    size_t n = 0;
    while (n < HFS_DEPTH_MAX && parent != ROOT_FOLDER && (chain[n] = folder_find(w, parent)) != NULL) {
        parent = chain[n++]->parent;
    }
    while (n-- > 0) {
        text_add(&reversed, chain[n]->name);
        text_add_char(&reversed, '/');
    }
    text_add(&reversed, name);
    const char *path = text_ok(&reversed) ? arena_printf(&w->scratch, "%s", text_c(&reversed)) : NULL;
    text_free(&reversed);
    return path;
}

/* Attribute key: length 2, pad 2, file 4, first block 4, units of the name 2, the name; data: type 4 (0x10), reserved 8, size 4. */
static bool attribute_record(struct hfs_records *records, struct bytes b, uint64_t at, struct error *err) {
    static const char wanted[] = "com.apple.decmpfs";
    struct walk *w = ((struct catalog_records *)records)->walk;
    struct reader r = reader_make(b, at);
    uint16_t length = reader_u16be(&r);
    struct reader key = reader_sub(&r, length);
    reader_skip(&r, length % 2);
    reader_skip(&key, 2);
    struct attribute_at a = {.file = reader_u32be(&key)};
    reader_skip(&key, 4);
    uint16_t units = reader_u16be(&key);
    bool same = units == sizeof wanted - 1;
    for (size_t i = 0; same && i < units; i++) {
        same = reader_u16be(&key) == (uint8_t)wanted[i];
    }
    if (!same) {
        return true;
    }
    uint32_t type = reader_u32be(&r);
    reader_skip(&r, 8);
    a.n = reader_u32be(&r);
    a.at = r.at;
    if (!reader_ok(&r) || !reader_ok(&key) || type != ATTRIBUTE_INLINE || a.n > r.left.n || a.n > ATTRIBUTE_MAX) {
        return true; /* the file is then told to be unreadable, since it says that it is compressed */
    }
    void *all = w->attributes;
    if (!grow(w, &all, w->n_attributes, &w->room_attributes, sizeof *w->attributes, err)) {
        return false;
    }
    w->attributes = all;
    w->attributes[w->n_attributes++] = a;
    return true;
}

static int attribute_order(const void *x, const void *y) {
    const struct attribute_at *a = x, *b = y;
    return (a->file > b->file) - (a->file < b->file);
}

static bool visit(struct walk *w, const char *path, const struct hfs_fork *fork, struct source *source, const struct error *problem,
                  struct error *err) {
    const struct member member = {.path = path,
                                  .source = problem != NULL ? NULL : source,
                                  .problem = problem,
                                  .where = (uint64_t)fork->extents[0].start * w->hfs.block_size};
    return w->visitor->visit(w->visitor, &member, err);
}

static const struct attribute_at *attribute_of(const struct walk *w, uint32_t id) {
    struct attribute_at wanted = {.file = id};
    return w->n_attributes != 0 ? bsearch(&wanted, w->attributes, w->n_attributes, sizeof wanted, attribute_order) : NULL;
}

/* A file that the system shows as what it unpacks to. */
static bool compressed_visit(struct walk *w, const char *path, uint32_t id, const struct hfs_fork *resource, struct error *err) {
    const struct attribute_at *a = attribute_of(w, id);
    struct hfs_source fork;
    struct decmpfs_source d = {0};
    struct bytes attribute;
    struct error why = {0};
    bool ok = a != NULL || error_set(&why, ERR_UNSUPPORTED, "a compressed file without the attribute that says how");
    ok = ok && source_read(&w->attributes_file.source, &w->scratch, a->at, a->n, &attribute, &why) &&
         hfs_fork_open(&w->hfs, resource, id, RESOURCE_FORK, path, &w->scratch, &fork, &why) &&
         decmpfs_open(attribute, &fork.source, path, w->budget, &w->scratch, &d, &why);
    ok = visit(w, path, resource, &d.source, ok ? NULL : &why, err);
    decmpfs_close(&d);
    return ok;
}

static bool fork_visit(struct walk *w, const char *path, uint32_t id, uint8_t type, const struct hfs_fork *described, struct error *err) {
    struct hfs_source fork;
    struct error why = {0};
    bool ok = hfs_fork_open(&w->hfs, described, id, type, path, &w->scratch, &fork, &why);
    return visit(w, path, described, &fork.source, ok ? NULL : &why, err);
}

/* File: flags 2, reserved 4, id 4; at 41 owner flags 1, mode 2; at 48 type and creator 8; at 88 data fork, at 168 resource fork. */
static bool file_record(struct hfs_records *records, struct bytes b, uint64_t at, struct error *err) {
    struct walk *w = ((struct catalog_records *)records)->walk;
    struct entry e;
    if (!entry_read(b, at, &e, err)) {
        return false;
    }
    if (e.type != TYPE_FILE) {
        return true;
    }
    struct reader r = e.data;
    reader_skip(&r, 6);
    uint32_t id = reader_u32be(&r);
    reader_skip(&r, 29);
    uint8_t flags = reader_u8(&r);
    uint16_t mode = reader_u16be(&r);
    reader_skip(&r, 4);
    struct bytes kind = reader_bytes(&r, 8);
    reader_skip(&r, 32);
    struct hfs_fork data = hfs_fork_read(&r), resource = hfs_fork_read(&r);
    if (!reader_ok(&r)) {
        return error_set(err, ERR_MALFORMED, "a file of the catalog that is cut short");
    }
    bool compressed = (flags & COMPRESSED) != 0, empty = data.size == 0 && resource.size == 0;
    if ((empty && !compressed) || (mode & MODE_TYPE) == MODE_LINK || bytes_is(kind, "hlnkhfs+")) {
        return true;
    }
    arena_reset(&w->scratch);
    const char *name = wide_name(&e.name, e.units, &w->scratch);
    const char *path = name != NULL ? path_of(w, e.parent, name) : NULL;
    if (path == NULL) {
        return arena_full(&w->scratch, err);
    }
    if (!budget_spend(w->budget, 0, err)) {
        return false;
    }
    /* One that says that it is compressed and has bytes of its own is what the system makes of it, and these. */
    if (compressed && (data.size == 0 || attribute_of(w, id) != NULL)) {
        return compressed_visit(w, path, id, &resource, err) && (data.size == 0 || fork_visit(w, path, id, 0, &data, err));
    }
    if (data.size != 0 && !fork_visit(w, path, id, 0, &data, err)) {
        return false;
    }
    const char *second = resource.size != 0 ? arena_printf(&w->scratch, "%s/..namedfork/rsrc", path) : "";
    return resource.size == 0 || (second != NULL ? fork_visit(w, second, id, RESOURCE_FORK, &resource, err) : arena_full(&w->scratch, err));
}

static bool attributes_read(struct walk *w, struct error *err) {
    struct catalog_records records = {.records = {attribute_record}, .walk = w};
    if (w->hfs.attributes.size == 0) {
        return true;
    }
    if (!hfs_fork_open(&w->hfs, &w->hfs.attributes, ATTRIBUTES_FILE, 0, w->hfs.volume->name, w->arena, &w->attributes_file, err) ||
        !hfs_tree_walk(&w->attributes_file.source, &records.records, err)) {
        return error_within(err, "attributes file");
    }
    if (w->n_attributes != 0) {
        qsort(w->attributes, w->n_attributes, sizeof *w->attributes, attribute_order);
    }
    return true;
}

static bool catalog_walk(struct walk *w, struct error *err) {
    struct hfs_source catalog;
    struct catalog_records folders = {.records = {folder_record}, .walk = w};
    struct catalog_records files = {.records = {file_record}, .walk = w};
    struct error late = {0};
    if (!hfs_open(w->hfs.volume, w->arena, &w->hfs, err) ||
        !hfs_fork_open(&w->hfs, &w->hfs.catalog, CATALOG_FILE, 0, w->hfs.volume->name, w->arena, &catalog, err)) {
        return false;
    }
    /* Without all folders, or the attributes, the files are still there. */
    bool ok = hfs_tree_walk(&catalog.source, &folders.records, &late);
    if (w->n_folders != 0) {
        qsort(w->folders, w->n_folders, sizeof *w->folders, folder_order);
    }
    ok = attributes_read(w, ok ? &late : NULL) && ok;
    if (!hfs_tree_walk(&catalog.source, &files.records, err)) {
        return error_within(err, "catalog");
    }
    return ok || error_again(err, &late);
}

bool hfs_walk(struct source *volume, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
              struct error *err) {
    (void)anomalies;
    struct walk w = {
        .hfs = {.volume = volume}, .budget = budget, .visitor = visitor, .arena = arena, .scratch = limit_arena(budget->limits)};
    bool ok = catalog_walk(&w, err);
    arena_free(&w.scratch);
    return ok;
}
