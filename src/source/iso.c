/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: ECMA-119 8 (volume descriptors), 9 (records of folders); "Joliet Specification" (Microsoft, 1995); IEEE P1281 (SUSP) and P1282
 * (Rock Ridge); zisofs as Documentation/filesystems/isofs of Linux has it.
 *
 * Every tree of folders is read first, then the files, in the order in which they lie: where the image is packed itself, going back is
 * dear.
 */
#include "source/iso.h"

#include <stdlib.h>

#include "base/reader.h"
#include "source/stream.h"
#include "source/wide_name.h"

enum {
    RECORD_MAX = 255,
    IS_FOLDER = 2,
    GOES_ON = 0x80, /* the next record has more of the same file */
};

struct walk {
    struct source *image;
    struct arena *arena;
    struct budget *budget;
    struct iso_tree trees[ISO_TREES_MAX], *tree;
    size_t n_trees, n_folders, n_files;
    struct iso_item *folders, *files; /* to be read; the newest first */
    struct iso_met met;
    bool packed, odd; /* odd: a folder has records that make no sense */
};

/* ---- what was met ---- */

/* Keeps that a folder begins there, however long it is; *is_new says whether none was known to. */
static bool mark(struct walk *w, uint64_t at, bool *is_new, struct error *err) {
    struct iso_item *place = arena_alloc(w->arena, sizeof *place);
    if (place == NULL) {
        return arena_full(w->arena, err);
    }
    *place = (struct iso_item){.at = at, .block = UINT32_MAX};
    return iso_meet(&w->met, w->arena, place, is_new, err);
}

/* ---- names ---- */

/* Without the version (";1") and the dot in front of it where there is no ending. */
static const char *plain_name(struct walk *w, struct bytes name) {
    if (w->tree->joliet) {
        struct reader r = reader_make(name, 0);
        char *text = wide_name(&r, (uint16_t)(name.n / 2), w->arena);
        char *end = text != NULL ? strrchr(text, ';') : NULL;
        if (end != NULL) {
            *end = '\0';
        }
        return text;
    }
    size_t n = bytes_find(name, bytes_text(";"), 0);
    n = n > 1 && name.p[n - 1] == '.' ? n - 1 : n;
    return arena_printf(w->arena, "%.*s", (int)n, (const char *)name.p);
}

static const char *path_of(struct walk *w, const char *folder, struct bytes name, const struct iso_rock *rock) {
    const char *own = rock->n != 0 ? arena_printf(w->arena, "%.*s", (int)rock->n, rock->name) : plain_name(w, name);
    return own == NULL || *folder == '\0' ? own : arena_printf(w->arena, "%s/%s", folder, own);
}

/* ---- folders ---- */

static bool folder_add(struct walk *w, struct iso_item *item, struct error *err) {
    bool is_new;
    if (w->n_folders == limit_most(w->budget->limits, LIMIT_DISC_FOLDERS)) {
        return limit_reached(w->budget->limits, LIMIT_DISC_FOLDERS, err);
    }
    if (item->depth > limit_most(w->budget->limits, LIMIT_DISC_DEPTH)) {
        return limit_reached(w->budget->limits, LIMIT_DISC_DEPTH, err);
    }
    if (!iso_meet(&w->met, w->arena, item, &is_new, err)) {
        return false;
    }
    if (is_new) {
        item->next = w->folders;
        w->folders = item;
        w->n_folders++;
    }
    return !is_new || mark(w, item->at, &is_new, err);
}

static struct iso_item *item_new(struct walk *w, const struct iso_record *record, const char *path, unsigned depth) {
    struct iso_item *item = arena_alloc(w->arena, sizeof *item);
    if (item != NULL) {
        *item = (struct iso_item){.at = ((uint64_t)record->block + record->attributes) * w->tree->block,
                                  .n = record->size,
                                  .block = (record->flags & IS_FOLDER) != 0 ? w->tree->block : 0,
                                  .path = path,
                                  .depth = depth,
                                  .interleaved = record->unit != 0 || record->gap != 0};
    }
    return item;
}

static bool file_add(struct walk *w, struct iso_item *item, struct error *err) {
    bool is_new;
    if ((item->n == 0 && item->more == NULL) || item->path == NULL) {
        return true;
    }
    if (!iso_meet(&w->met, w->arena, item, &is_new, err)) {
        return false;
    }
    if (is_new) {
        item->next = w->files;
        w->files = item;
        w->n_files++;
    }
    return true;
}

/* A file in the making: its records follow one another. */
struct open_file {
    struct iso_item *first, *last; /* NULL: none */
    struct bytes name;
};

/* The first two records of a folder are itself and the one above, whose names are one octet, 0 and 1. */
static bool is_self(const struct iso_record *record) {
    return record->name.n == 1 && record->name.p[0] <= 1;
}

/* Whether a folder begins there: by its own record. */
static bool begins_folder(struct source *image, uint64_t at, struct error *err) {
    uint8_t b[64];
    struct iso_record record = {.odd = false};
    size_t read = 0;
    return at < image->size && sizeof b <= image->size - at && source_into(image, b, sizeof b, at, err) &&
           iso_record_next(bytes_make(b, sizeof b), &read, &record) && is_self(&record) && record.name.p[0] == 0;
}

/* What is said to begin behind extended attributes, for a reader that knows of none: 7z and libarchive begin with them. */
static bool add_without_attributes(struct walk *w, const struct iso_record *record, const struct iso_item *item, struct error *err) {
    struct iso_record plain = *record;
    struct error no;
    plain.attributes = 0;
    struct iso_item *other = item_new(w, &plain, item->path, item->depth);
    if (other == NULL) {
        return arena_full(w->arena, err);
    }
    return other->block == 0 ? file_add(w, other, err) : !begins_folder(w->image, other->at, &no) || folder_add(w, other, err);
}

/* Adds one record of a file, which goes on in the next one or does not. */
static bool piece_add(struct walk *w, const struct iso_record *record, struct iso_item *item, struct open_file *open, struct error *err) {
    bool goes_on = (record->flags & GOES_ON) != 0;
    if (open->last == NULL) {
        *open = (struct open_file){.first = item, .name = record->name};
    } else {
        open->last->more = item;
        struct iso_item *own = bytes_equal(record->name, open->name) ? NULL : item_new(w, record, item->path, item->depth);
        if (own != NULL && !file_add(w, own, err)) { /* 7z takes what has another name for another file */
            return false;
        }
    }
    open->last = goes_on ? item : NULL;
    return goes_on || file_add(w, open->first, err);
}

/* A folder that stands elsewhere (P1282 4.1.5.1): its own first record says how large it is. */
static bool child_add(struct walk *w, uint32_t block, const char *path, unsigned depth, struct error *err) {
    uint8_t buffer[RECORD_MAX];
    uint64_t at = (uint64_t)block * w->tree->block;
    size_t read = 0;
    struct iso_record self = {.odd = false};
    if (at > w->image->size || w->image->size - at < sizeof buffer) {
        w->odd = true;
        return true;
    }
    if (!source_into(w->image, buffer, sizeof buffer, at, err)) {
        return false;
    }
    if (!iso_record_next(bytes_make(buffer, sizeof buffer), &read, &self)) {
        w->odd = true;
        return true;
    }
    self.flags |= IS_FOLDER;
    struct iso_item *item = item_new(w, &self, path, depth);
    return item != NULL ? folder_add(w, item, err) : arena_full(w->arena, err);
}

static bool record_add(struct walk *w, const struct iso_item *folder, const struct iso_record *record, struct open_file *open,
                       struct error *err) {
    struct iso_rock rock = {.n = 0};
    if (w->tree->rock_ridge &&
        !iso_rock_read(w->image, w->budget, w->tree->block, bytes_cut(record->use, w->tree->skip, record->use.n), &rock, err)) {
        return false;
    }
    w->packed = w->packed || rock.packed;
    w->odd = w->odd || rock.odd;
    const char *path = path_of(w, folder->path, record->name, &rock);
    struct iso_item *item = path != NULL ? item_new(w, record, path, folder->depth + 1) : NULL;
    if (item == NULL) {
        return arena_full(w->arena, err);
    }
    if (rock.child_at != 0 && !child_add(w, rock.child_at, path, folder->depth + 1, err)) {
        return false;
    }
    if (record->attributes != 0 && !add_without_attributes(w, record, item, err)) {
        return false;
    }
    return item->block != 0 ? folder_add(w, item, err) : piece_add(w, record, item, open, err);
}

static bool folder_read(struct walk *w, const struct iso_item *folder, struct error *err) {
    struct bytes b;
    struct iso_record record = {.odd = false};
    struct open_file open = {0};
    size_t at = 0;
    if (folder->n > limit_most(w->budget->limits, LIMIT_DISC_FOLDER_SIZE)) {
        return limit_reached(w->budget->limits, LIMIT_DISC_FOLDER_SIZE, err);
    }
    if (!budget_spend(w->budget, folder->n, err) || !source_read(w->image, w->arena, folder->at, folder->n, &b, err)) {
        return false;
    }
    while (iso_record_next(b, &at, &record)) {
        if (!is_self(&record) && !record_add(w, folder, &record, &open, err)) {
            return false;
        }
    }
    w->odd = w->odd || record.odd;
    return open.last == NULL || file_add(w, open.first, err);
}

/* ---- files ---- */

static int by_place(const void *a, const void *b) {
    const struct iso_item *x = *(const struct iso_item *const *)a, *y = *(const struct iso_item *const *)b;
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : x->n < y->n ? -1 : x->n > y->n;
}

static uint64_t end_of(const struct iso_item *file) {
    uint64_t end = 0;
    for (const struct iso_item *i = file; i != NULL; i = i->more) {
        end = i->at + i->n > end ? i->at + i->n : end;
    }
    return end;
}

static bool files_visit(struct walk *w, struct visitor *visitor, uint64_t *end, struct error *err) {
    struct iso_item **files = arena_array(w->arena, w->n_files, sizeof(struct iso_item *));
    size_t n = 0;
    if (files == NULL) {
        return arena_full(w->arena, err);
    }
    for (struct iso_item *i = w->files; i != NULL; i = i->next) {
        files[n++] = i;
    }
    qsort(files, n, sizeof(struct iso_item *), by_place);
    for (size_t i = 0; i < n; i++) {
        *end = end_of(files[i]) > *end ? end_of(files[i]) : *end;
        if (!iso_file_visit(w->image, files[i], visitor, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the image ---- */

/* What is wrong with one folder does not hide what is in the others. */
static bool folders_read(struct walk *w, struct error *err) {
    bool ok = true;
    while (w->folders != NULL) {
        struct iso_item *folder = w->folders;
        struct error why;
        w->folders = folder->next;
        ok = folder_read(w, folder, ok ? err : &why) && ok;
    }
    return ok;
}

/* A table of paths; nothing where there is none that lies in the image. Systems that go through the folders don't ask for it. */
static bool table_load(struct walk *w, const struct iso_table *table, struct bytes *out, struct error *err) {
    uint64_t n = w->tree->table_n;
    *out = bytes_none();
    if (table->at == 0 || table->at >= w->image->size || n > w->image->size - table->at) {
        return true;
    }
    if (n > limit_most(w->budget->limits, LIMIT_DISC_FOLDER_SIZE)) {
        return limit_reached(w->budget->limits, LIMIT_DISC_FOLDER_SIZE, err);
    }
    return budget_spend(w->budget, n, err) && source_read(w->image, w->arena, table->at, n, out, err);
}

/* The folders that it has and no folder leads to. */
static bool table_add(struct walk *w, struct bytes table, bool big_endian, struct error *err) {
    struct bytes name;
    uint32_t block;
    for (size_t at = 0; iso_path_next(table, big_endian, &at, &name, &block);) {
        bool is_new;
        struct error no;
        uint64_t place = (uint64_t)block * w->tree->block;
        if (!mark(w, place, &is_new, err)) {
            return false;
        }
        const char *path = is_new && begins_folder(w->image, place, &no) ? plain_name(w, name) : NULL;
        if (path != NULL && !child_add(w, block, path, 1, err)) {
            return false;
        }
    }
    return true;
}

/* The tables are read first: they stand in front of the folders. */
static bool tree_read(struct walk *w, struct error *err) {
    enum { TABLES = sizeof w->tree->tables / sizeof w->tree->tables[0] };
    struct bytes tables[TABLES];
    struct error why;
    struct iso_item *root = arena_alloc(w->arena, sizeof *root);
    if (root == NULL) {
        return arena_full(w->arena, err);
    }
    *root = (struct iso_item){.at = w->tree->at, .n = w->tree->n, .block = w->tree->block, .path = ""};
    bool ok = true;
    for (size_t i = 0; i < TABLES; i++) {
        ok = table_load(w, &w->tree->tables[i], &tables[i], ok ? err : &why) && ok;
    }
    ok = folder_add(w, root, ok ? err : &why) && ok;
    ok = folders_read(w, ok ? err : &why) && ok;
    for (size_t i = 0; i < TABLES; i++) {
        ok = table_add(w, tables[i], w->tree->tables[i].big_endian, ok ? err : &why) && ok;
        ok = folders_read(w, ok ? err : &why) && ok;
    }
    return ok;
}

/* Whose names are to be told first. */
static unsigned rank_of(const struct iso_tree *t) {
    return t->rock_ridge ? 0 : t->joliet ? 1 : 2;
}

bool iso_walk(struct source *image, struct arena *arena, struct budget *budget, struct visitor *visitor, struct iso_found *found,
              struct error *err) {
    struct walk w = {.image = image, .arena = arena, .budget = budget};
    struct error first = {0}, why = {0};
    *found = (struct iso_found){0};
    if (!iso_trees_read(image, budget->limits, w.trees, &w.n_trees, &first, err)) {
        return false;
    }
    for (unsigned rank = 0; rank < 3; rank++) {
        for (size_t i = 0; i < w.n_trees; i++) {
            w.tree = &w.trees[i];
            if (rank_of(w.tree) == rank && !tree_read(&w, &why) && first.kind == ERR_NONE) {
                first = why;
            }
        }
    }
    found->packed = w.packed;
    if (!files_visit(&w, visitor, &found->end, err)) {
        return false;
    }
    if (first.kind == ERR_NONE && w.odd) {
        error_set(&first, ERR_MALFORMED, "a folder of an image of a disc has records that make no sense");
    }
    return first.kind == ERR_NONE || error_again(err, &first);
}

bool iso_systems_of(struct source *source, const struct limits *limits, struct iso_systems *found, struct error *err) {
    enum { SECTOR = 2048, TERMINATOR = 255 };
    uint8_t id[ARCHIVE_MIDDLE];
    uint64_t most = limit_most(limits, LIMIT_DISC_DESCRIPTORS);
    *found = (struct iso_systems){0};
    for (uint64_t i = 0, at = ARCHIVE_MIDDLE_AT; i <= most && at + sizeof id <= source->size; i++, at += SECTOR) {
        if (!source_into(source, id, sizeof id, at, err)) {
            return false;
        }
        struct bytes name = bytes_make(id + 1, sizeof id - 1);
        bool iso = bytes_is(name, "CD001"), udf = bytes_is(name, "NSR02") || bytes_is(name, "NSR03");
        found->more = i == most && id[0] != TERMINATOR && (iso || udf);
        found->iso = found->iso || iso;
        found->udf = found->udf || udf;
    }
    return true;
}
