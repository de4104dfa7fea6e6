/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a cabinet ([MS-CAB]): stored, MSZIP and LZX. Files are visited folder by folder, in the order of their bytes, so
 * that a folder is unpacked once for all of them. What begins or ends in another cabinet of its set is read with that one, where it
 * can be had. What stands behind the cabinet, another one or a program, is looked for as cabextract does, not far.
 *
 * Quantum is left to a helper.
 */
#include <stdlib.h>

#include "source/cab_set.h"
#include "source/helped.h"
#include "source/piece.h"

/* No limit of LIMIT_…: nothing points there, and where all is to be searched it is LIMIT_CARVE_WINDOW. */
enum { BEHIND_MAX = 1 << 20 };

struct walk {
    struct budget *budget;
    struct visitor *visitor;
    struct cabinet cabinet;
    struct arena *arena;
    struct arena scratch; /* one file's */
    struct cab_folder_reader folder;
    struct cab_part parts[CAB_SET_MAX]; /* of the folder that is open */
    size_t open;                        /* the folder that is open; SIZE_MAX: none */
    bool alone;                         /* only what of it stands in this cabinet */
    struct error missing;               /* then: why the rest can't be had */
    struct error problem;               /* why it could not be opened */
    struct helped_left *left;           /* files packed by Quantum */
    size_t n_left;
};

/* A file, its folder by its number in this cabinet. */
struct placed {
    struct cab_file file;
    bool spans; /* it says that it is not all in this cabinet */
};

static bool probe(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("MSCF"));
}

/* The folder of a file: those numbers that say that it is not all in this cabinet are its first or last. */
static size_t folder_of(const struct cab_tables *tables, const struct cab_file *file) {
    bool first = file->folder == CAB_FROM_BEFORE || file->folder == CAB_FROM_BEFORE_TO_NEXT;
    size_t last = tables->n_folders != 0 ? tables->n_folders - 1 : 0;
    return first ? 0 : file->folder == CAB_TO_NEXT ? last : file->folder;
}

static int order(const void *a, const void *b) {
    const struct cab_file *x = &((const struct placed *)a)->file, *y = &((const struct placed *)b)->file;
    if (x->folder != y->folder) {
        return x->folder < y->folder ? -1 : 1;
    }
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : strcmp(x->name, y->name);
}

static bool visit_problem(struct walk *w, const struct cab_file *file, const struct error *why, struct error *err) {
    const struct member member = {.path = file->name, .problem = why};
    return w->visitor->visit(w->visitor, &member, err);
}

static bool open_whole(struct walk *w, size_t folder) {
    size_t n;
    w->open = folder;
    w->alone = false;
    w->problem = (struct error){0};
    if (folder >= w->cabinet.tables.n_folders) {
        return error_set(&w->problem, ERR_MALFORMED, "it would be in folder %zu, which the cabinet does not have", folder);
    }
    return cab_set_parts(&w->cabinet, folder, w->budget->beside, w->arena, w->parts, &n, &w->problem) &&
           cab_folder_open(&w->folder, w->parts, n, &w->problem);
}

/* Opens the folder of a file, unless it is open. NULL, or why the file can't be read. Where a file says that the folder begins or goes on
 * in a cabinet that can't be had, the others, which say nothing of it, are read from this one as others read them: it may be a lie. */
static const struct error *open_folder(struct walk *w, const struct placed *placed) {
    size_t folder = placed->file.folder;
    bool ok = w->open == folder ? w->problem.kind == ERR_NONE : open_whole(w, folder);
    if (!ok && !w->alone && !placed->spans && folder < w->cabinet.tables.n_folders) {
        w->alone = true;
        w->missing = w->problem;
        w->problem = (struct error){0};
        w->parts[0] = cab_set_alone(&w->cabinet, folder);
        ok = cab_folder_open(&w->folder, w->parts, 1, &w->problem);
    }
    return placed->spans && w->alone ? &w->missing : ok ? NULL : &w->problem;
}

/* Bytes that the folder's come from. */
static uint64_t packed_of(const struct walk *w) {
    uint64_t n = 0;
    for (size_t i = 0; i < w->folder.n_parts; i++) {
        n += w->parts[i].folder->packed;
    }
    return n;
}

static bool is_quantum(const struct walk *w, size_t folder) {
    return folder < w->cabinet.tables.n_folders && cab_folder_method(&w->cabinet.tables.folders[folder]) == CAB_QUANTUM;
}

/* A file is left to a helper, by the name that it gives it. */
static bool leave(struct walk *w, const struct cab_file *file, struct error *err) {
    char *name = arena_printf(w->arena, "%s", file->name);
    if (w->left == NULL) {
        w->left = arena_array(w->arena, w->cabinet.tables.n_files, sizeof *w->left);
    }
    if (name == NULL || w->left == NULL) {
        return arena_full(w->arena, err);
    }
    for (char *p = name; *p != '\0'; p++) {
        *p = *p == '\\' ? '/' : *p;
    }
    w->left[w->n_left++] = (struct helped_left){.name = name, .how = "compressed with Quantum"};
    return true;
}

static bool visit_file(struct walk *w, const struct placed *placed, struct error *err) {
    struct cab_file_stream stream;
    struct stream_source source;
    const struct cab_file *file = &placed->file;
    if (is_quantum(w, file->folder) && !placed->spans) {
        return leave(w, file, err);
    }
    arena_reset(&w->scratch);
    const struct error *why = open_folder(w, placed);
    if (why != NULL) {
        return visit_problem(w, file, why, err);
    }
    if (file->size == 0) {
        return true;
    }
    cab_file_stream_init(&stream, &w->folder, file);
    stream_source_init(&source, file->name, file->size, packed_of(w), &stream.stream, w->budget, &w->scratch);
    const struct member member = {.path = file->name, .source = &source.source};
    return w->visitor->visit(w->visitor, &member, err);
}

static bool walk_files(struct walk *w, struct source *source, struct error *err) {
    struct cab_tables *tables = &w->cabinet.tables;
    if (!cabinet_read(&w->cabinet, source, w->arena, err) || !cab_folder_init(&w->folder, w->budget, w->arena, err)) {
        return false;
    }
    struct placed *sorted = arena_array(w->arena, tables->n_files, sizeof *sorted);
    if (sorted == NULL) {
        return arena_full(w->arena, err);
    }
    for (size_t i = 0; i < tables->n_files; i++) {
        const struct cab_file *file = &tables->files[i];
        sorted[i] = (struct placed){.file = *file, .spans = file->folder >= CAB_FROM_BEFORE};
        sorted[i].file.folder = (uint16_t)folder_of(tables, file);
    }
    qsort(sorted, tables->n_files, sizeof *sorted, order);
    for (size_t i = 0; i < tables->n_files; i++) {
        if (!visit_file(w, &sorted[i], err)) {
            return false;
        }
    }
    if (w->n_left != 0 && !helped_visit(HELPER_CAB, source, w->budget, w->left, w->n_left, w->visitor, err)) {
        return false;
    }
    return tables->cut.kind == ERR_NONE || error_again(err, &tables->cut);
}

static bool walk_behind(struct walk *w, struct source *source, struct error *err) {
    struct piece piece;
    uint64_t at = 0;
    if (!piece_at(source, 0, source->size, &w->scratch, &piece, err)) {
        return false;
    }
    for (uint64_t n = piece.own; n != 0; n = piece.own) {
        at += n;
        uint64_t most = w->budget->search ? limit_most(w->budget->limits, LIMIT_CARVE_WINDOW) : BEHIND_MAX,
                 to = source->size - at < most ? source->size : at + most;
        if (!piece_next(source, w->budget, &w->scratch, &at, to, source->size, &piece, err)) {
            return false;
        }
        if (piece.kind != NULL) {
            const char *path = arena_printf(&w->scratch, "%s@%llu", piece.kind, (unsigned long long)at);
            if (!visit_window(w->visitor, source, at, piece.n, path, &w->scratch, err)) {
                return false;
            }
        }
    }
    return true;
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct walk *w = arena_alloc(arena, sizeof *w);
    (void)anomalies;
    if (w == NULL) {
        return arena_full(arena, err);
    }
    *w = (struct walk){.budget = budget, .visitor = visitor, .arena = arena, .scratch = limit_arena(budget->limits), .open = SIZE_MAX};
    bool ok = walk_files(w, source, err);
    cab_folder_close(&w->folder);
    ok = ok && walk_behind(w, source, err);
    arena_free(&w->scratch);
    return ok;
}

const struct container container_cab = {.name = "cab", .first = FIRST_OCTETS("M"), .probe = probe, .walk = walk};
