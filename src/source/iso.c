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
    SECTOR = 2048,
    DESCRIPTORS_AT = 16,
    DESCRIPTORS_MAX = 64,
    TREES_MAX = 8,
    DEPTH_MAX = 64,
    IS_FOLDER = 2,
    GOES_ON = 0x80, /* the next record has more of the same file */
};

/* One piece of a file, or a folder. */
struct item {
    uint64_t at, n;
    uint32_t block; /* in which a folder counts; 0: a file */
    const char *path;
    struct item *more; /* of the same file, which goes on there */
    struct item *next; /* in a list */
    unsigned depth;
    bool interleaved;
};

struct tree {
    uint64_t at, n; /* the folder at its root */
    uint32_t block;
    bool joliet, rock_ridge;
    uint8_t skip; /* octets in front of each record's system use (SUSP 5.3, "SP") */
};

struct walk {
    struct source *image;
    struct arena *arena;
    struct budget *budget;
    struct tree trees[TREES_MAX], *tree;
    size_t n_trees, n_folders, n_files;
    struct item *folders, *files; /* to be read; the newest first */
    struct item **seen;           /* by place and length: an open hash table */
    size_t room, n_seen;
    bool packed;
};

/* ---- what was met ---- */

static bool same_place(const struct item *a, const struct item *b) {
    while (a != NULL && b != NULL && a->at == b->at && a->n == b->n && a->block == b->block) {
        a = a->more;
        b = b->more;
    }
    return a == NULL && b == NULL;
}

static struct item **slot_of(struct item **table, size_t room, const struct item *item) {
    size_t i = (size_t)((item->at * 31 + item->n + item->block) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (room - 1);
    while (table[i] != NULL && !same_place(table[i], item)) {
        i = (i + 1) & (room - 1);
    }
    return &table[i];
}

static bool table_grow(struct walk *w, struct error *err) {
    size_t room = w->room != 0 ? 2 * w->room : 256;
    struct item **table = arena_array(w->arena, room, sizeof(struct item *));
    if (table == NULL) {
        return arena_full(w->arena, err);
    }
    for (size_t i = 0; i < w->room; i++) {
        if (w->seen[i] != NULL) {
            *slot_of(table, room, w->seen[i]) = w->seen[i];
        }
    }
    w->seen = table;
    w->room = room;
    return true;
}

/* *is_new says whether nothing of that place and length was met before. */
static bool meet(struct walk *w, struct item *item, bool *is_new, struct error *err) {
    if (w->n_seen >= w->room / 2 && !table_grow(w, err)) {
        return false;
    }
    struct item **slot = slot_of(w->seen, w->room, item);
    *is_new = *slot == NULL;
    if (*is_new) {
        *slot = item;
        w->n_seen++;
    }
    return true;
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

static bool folder_add(struct walk *w, struct item *item, struct error *err) {
    bool is_new;
    if (w->n_folders == ISO_FOLDERS_MAX || item->depth > DEPTH_MAX) {
        return error_set(err, ERR_LIMIT, "more folders in an image of a disc than are read");
    }
    if (!meet(w, item, &is_new, err)) {
        return false;
    }
    if (is_new) {
        item->next = w->folders;
        w->folders = item;
        w->n_folders++;
    }
    return true;
}

static struct item *item_new(struct walk *w, const struct iso_record *record, const char *path, unsigned depth) {
    struct item *item = arena_alloc(w->arena, sizeof *item);
    if (item != NULL) {
        *item = (struct item){.at = ((uint64_t)record->block + record->attributes) * w->tree->block,
                              .n = record->size,
                              .block = (record->flags & IS_FOLDER) != 0 ? w->tree->block : 0,
                              .path = path,
                              .depth = depth,
                              .interleaved = record->unit != 0 || record->gap != 0};
    }
    return item;
}

static bool file_add(struct walk *w, struct item *item, struct error *err) {
    bool is_new;
    if ((item->n == 0 && item->more == NULL) || item->path == NULL) {
        return true;
    }
    if (!meet(w, item, &is_new, err)) {
        return false;
    }
    if (is_new) {
        item->next = w->files;
        w->files = item;
        w->n_files++;
    }
    return true;
}

/* The first two records of a folder are itself and the one above, whose names are one octet, 0 and 1. */
static bool is_self(const struct iso_record *record) {
    return record->name.n == 0 || (record->name.n == 1 && record->name.p[0] <= 1);
}

static bool folder_read(struct walk *w, const struct item *folder, struct error *err) {
    struct bytes b;
    struct iso_record record;
    struct iso_rock rock = {.n = 0};
    struct item *file = NULL, *last = NULL; /* one that goes on */
    size_t at = 0;
    if (folder->n > ISO_FOLDER_MAX) {
        return error_set(err, ERR_LIMIT, "a folder of %llu bytes in an image of a disc", (unsigned long long)folder->n);
    }
    if (!budget_spend(w->budget, folder->n, err) || !source_read(w->image, w->arena, folder->at, folder->n, &b, err)) {
        return false;
    }
    while (iso_record_next(b, &at, &record)) {
        if (is_self(&record)) {
            continue;
        }
        if (w->tree->rock_ridge &&
            !iso_rock_read(w->image, w->budget, w->tree->block, bytes_cut(record.use, w->tree->skip, record.use.n), &rock, err)) {
            return false;
        }
        w->packed = w->packed || rock.packed;
        const char *path = last == NULL ? path_of(w, folder->path, record.name, &rock) : "";
        struct item *item = path != NULL ? item_new(w, &record, path, folder->depth + 1) : NULL;
        if (item == NULL) {
            return arena_full(w->arena, err);
        }
        if ((record.flags & IS_FOLDER) != 0) {
            if (!folder_add(w, item, err)) {
                return false;
            }
            continue;
        }
        if (last != NULL) {
            last->more = item;
        } else {
            file = item;
        }
        last = (record.flags & GOES_ON) != 0 ? item : NULL;
        if (last == NULL && !file_add(w, file, err)) {
            return false;
        }
    }
    return last == NULL || file_add(w, file, err);
}

/* ---- trees ---- */

/* SUSP 5.3: the record of the root itself begins with "SP", length 7, version 1, BE EF, u8 octets to be skipped elsewhere. */
static bool tree_look(struct walk *w, struct tree *t, struct error *err) {
    uint8_t buffer[SECTOR];
    size_t at = 0, n = t->n < sizeof buffer ? (size_t)t->n : sizeof buffer;
    struct iso_record self;
    if (t->at >= w->image->size || n > w->image->size - t->at) {
        return error_set(err, ERR_MALFORMED, "the folders of an image of a disc pass its end");
    }
    if (!source_into(w->image, buffer, n, t->at, err)) {
        return false;
    }
    if (!t->joliet && iso_record_next(bytes_make(buffer, n), &at, &self)) {
        struct bytes magic = bytes_make("SP\7\1\xbe\xef", 6);
        bool xa = bytes_starts(bytes_cut(self.use, 14, self.use.n), magic); /* behind what CD-ROM XA has there */
        t->rock_ridge = xa || bytes_starts(self.use, magic);
        t->skip = t->rock_ridge ? bytes_cut(self.use, xa ? 20 : 6, 1).p[0] : 0;
    }
    return true;
}

/* 0 u8 type (1 primary, 2 supplementary, 255 the last one), "CD001", 88 escape sequences (Joliet: "%/@", "%/C", "%/E"), 128 u16 size of a
 * block, 156 the record of the root. */
static bool descriptors_read(struct walk *w, struct error *err) {
    uint8_t b[SECTOR];
    for (unsigned i = 0; i < DESCRIPTORS_MAX && w->n_trees < TREES_MAX; i++) {
        uint64_t at = (uint64_t)(DESCRIPTORS_AT + i) * SECTOR;
        if (at + sizeof b > w->image->size) {
            break;
        }
        if (!source_into(w->image, b, sizeof b, at, err)) {
            return false;
        }
        struct bytes d = bytes_make(b, sizeof b), escape = bytes_cut(d, 88, 3);
        if (!bytes_is(bytes_cut(d, 1, 5), "CD001") || b[0] == 255) {
            break;
        }
        struct iso_record root;
        struct reader r = reader_make(bytes_cut(d, 128, 2), 128);
        size_t read = 0;
        if ((b[0] != 1 && b[0] != 2) || !iso_record_next(bytes_cut(d, 156, 34), &read, &root)) {
            continue;
        }
        uint32_t block = reader_u16le(&r);
        struct tree *t = &w->trees[w->n_trees++];
        *t = (struct tree){.block = block == 512 || block == 1024 ? block : SECTOR, .n = root.size};
        t->at = ((uint64_t)root.block + root.attributes) * t->block;
        t->joliet = b[0] == 2 && (bytes_is(escape, "%/@") || bytes_is(escape, "%/C") || bytes_is(escape, "%/E"));
        if (!tree_look(w, t, err)) {
            return false;
        }
    }
    return w->n_trees != 0 || error_set(err, ERR_MALFORMED, "an image of a disc without a volume descriptor");
}

/* ---- files ---- */

/* A file in several pieces. */
struct pieces {
    struct source source;
    struct source *image;
    const struct item *first;
};

static bool pieces_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct pieces *p = (struct pieces *)source;
    uint8_t *to = buf;
    for (const struct item *i = p->first; i != NULL && n != 0; i = i->more) {
        if (at >= i->n) {
            at -= i->n;
            continue;
        }
        size_t some = i->n - at < n ? (size_t)(i->n - at) : n;
        if (!source_into(p->image, to, some, i->at + at, err)) {
            return false;
        }
        to += some;
        n -= some;
        at = 0;
    }
    return true;
}

static bool file_visit(struct walk *w, const struct item *file, struct visitor *visitor, struct error *err) {
    struct pieces pieces = {
        .source = {.name = file->path, .pread = pieces_pread, .sequential = w->image->sequential}, .image = w->image, .first = file};
    struct member member = {.path = file->path, .source = &pieces.source};
    struct error why = {0};
    for (const struct item *i = file; i != NULL; i = i->more) {
        pieces.source.size += i->n;
        if (i->at > w->image->size || i->n > w->image->size - i->at) {
            error_set(&why, ERR_MALFORMED, "%llu bytes at 0x%llx pass the end of the image", (unsigned long long)i->n,
                      (unsigned long long)i->at);
        } else if (i->interleaved) {
            error_set(&why, ERR_UNSUPPORTED, "an interleaved file");
        }
    }
    if (why.kind != ERR_NONE) {
        member.source = NULL;
        member.problem = &why;
    }
    return visitor->visit(visitor, &member, err);
}

static int by_place(const void *a, const void *b) {
    const struct item *x = *(const struct item *const *)a, *y = *(const struct item *const *)b;
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : x->n < y->n ? -1 : x->n > y->n;
}

static bool files_visit(struct walk *w, struct visitor *visitor, struct error *err) {
    struct item **files = arena_array(w->arena, w->n_files, sizeof(struct item *));
    size_t n = 0;
    if (files == NULL) {
        return arena_full(w->arena, err);
    }
    for (struct item *i = w->files; i != NULL; i = i->next) {
        files[n++] = i;
    }
    qsort(files, n, sizeof(struct item *), by_place);
    for (size_t i = 0; i < n; i++) {
        if (!file_visit(w, files[i], visitor, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the image ---- */

static bool tree_read(struct walk *w, struct error *err) {
    struct item *root = arena_alloc(w->arena, sizeof *root);
    if (root == NULL) {
        return arena_full(w->arena, err);
    }
    *root = (struct item){.at = w->tree->at, .n = w->tree->n, .block = w->tree->block, .path = ""};
    bool ok = folder_add(w, root, err);
    while (ok && w->folders != NULL) {
        struct item *folder = w->folders;
        w->folders = folder->next;
        ok = folder_read(w, folder, err);
    }
    w->folders = NULL;
    return ok;
}

/* Whose names are to be told first. */
static unsigned rank_of(const struct tree *t) {
    return t->rock_ridge ? 0 : t->joliet ? 1 : 2;
}

bool iso_walk(struct source *image, struct arena *arena, struct budget *budget, struct visitor *visitor, bool *packed, struct error *err) {
    struct walk w = {.image = image, .arena = arena, .budget = budget};
    struct error first = {0}, why = {0};
    *packed = false;
    if (!descriptors_read(&w, err)) {
        return false;
    }
    for (unsigned rank = 0; rank < 3; rank++) {
        for (size_t i = 0; i < w.n_trees; i++) {
            w.tree = &w.trees[i];
            if (rank_of(w.tree) == rank && !tree_read(&w, &why) && first.kind == ERR_NONE) {
                first = why; /* what is wrong with one does not hide what is in the others */
            }
        }
    }
    *packed = w.packed;
    if (!files_visit(&w, visitor, err)) {
        return false;
    }
    return first.kind == ERR_NONE || error_set(err, first.kind, "%s", first.text);
}
