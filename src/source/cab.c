/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a cabinet ([MS-CAB]): stored, MSZIP and LZX. Files are visited folder by folder, in the order of their bytes, so
 * that a folder is unpacked once for all of them. What begins or ends in another cabinet of its set is read with that one, where it
 * can be had. What stands behind the cabinet, another one or a program, is looked for as cabextract does, not far.
 *
 * Not readable, and said so: Quantum; LZX over several cabinets.
 */
#include <stdlib.h>

#include "source/cab_set.h"
#include "source/piece.h"

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
    struct error problem;               /* why it could not be opened */
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
    const struct cab_file *x = a, *y = b;
    if (x->folder != y->folder) {
        return x->folder < y->folder ? -1 : 1;
    }
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : strcmp(x->name, y->name);
}

static bool visit_problem(struct walk *w, const struct cab_file *file, const struct error *why, struct error *err) {
    const struct member member = {.path = file->name, .problem = why};
    return w->visitor->visit(w->visitor, &member, err);
}

/* Opens the folder of a file of those sorted, unless it is open. False when its files can't be read; w->problem says why. */
static bool open_folder(struct walk *w, const struct cab_file *file) {
    size_t n, folder = file->folder;
    if (w->open == folder) {
        return w->problem.kind == ERR_NONE;
    }
    w->open = folder;
    w->problem = (struct error){0};
    if (folder >= w->cabinet.tables.n_folders) {
        return error_set(&w->problem, ERR_MALFORMED, "it would be in folder %u, which the cabinet does not have", file->folder);
    }
    return cab_set_parts(&w->cabinet, folder, w->budget->beside, w->arena, w->parts, &n, &w->problem) &&
           cab_folder_open(&w->folder, w->parts, n, &w->problem);
}

/* Bytes that the folder's come from. */
static uint64_t packed_of(const struct walk *w) {
    uint64_t n = 0;
    for (size_t i = 0; i < w->folder.n_parts; i++) {
        n += w->parts[i].folder->packed;
    }
    return n;
}

static bool visit_file(struct walk *w, const struct cab_file *file, struct error *err) {
    struct cab_file_stream stream;
    struct stream_source source;
    arena_reset(&w->scratch);
    if (!open_folder(w, file)) {
        return visit_problem(w, file, &w->problem, err);
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
    struct cab_file *sorted = arena_array(w->arena, tables->n_files, sizeof *sorted);
    if (sorted == NULL) {
        return arena_full(w->arena, err);
    }
    for (size_t i = 0; i < tables->n_files; i++) {
        sorted[i] = tables->files[i];
        sorted[i].folder = (uint16_t)folder_of(tables, &sorted[i]);
    }
    qsort(sorted, tables->n_files, sizeof *sorted, order);
    for (size_t i = 0; i < tables->n_files; i++) {
        if (!visit_file(w, &sorted[i], err)) {
            return false;
        }
    }
    return tables->cut.kind == ERR_NONE || error_set(err, tables->cut.kind, "%s", tables->cut.text);
}

/* The next file at or behind at; piece.kind is NULL when there is none. */
static bool find_piece(struct walk *w, struct source *source, uint64_t *at, struct piece *piece, struct error *err) {
    struct bytes b;
    *piece = (struct piece){0};
    arena_reset(&w->scratch);
    if (*at >= source->size) {
        return true;
    }
    if (!source_read_some(source, &w->scratch, *at, BEHIND_MAX, &b, err)) {
        return false;
    }
    for (size_t i = piece_find(b, 0); i < b.n && piece->kind == NULL; i = piece_find(b, i + 1)) {
        if (!budget_spend(w->budget, 0, err) || !piece_at(source, *at + i, source->size, &w->scratch, piece, err)) {
            return false;
        }
        *at += piece->kind != NULL ? i : 0;
    }
    return true;
}

static bool walk_behind(struct walk *w, struct source *source, struct error *err) {
    struct piece piece;
    uint64_t at = 0;
    if (!piece_at(source, 0, source->size, &w->scratch, &piece, err)) {
        return false;
    }
    for (uint64_t n = piece.n; n != 0; n = piece.n) {
        at += n;
        if (!find_piece(w, source, &at, &piece, err)) {
            return false;
        }
        struct window_source window;
        const char *path = arena_printf(&w->scratch, "%s@%llu", piece.kind != NULL ? piece.kind : "", (unsigned long long)at);
        if (path == NULL) {
            return arena_full(&w->scratch, err);
        }
        window_source_init(&window, path, source, at, piece.n);
        const struct member member = {.path = path, .source = &window.source};
        if (piece.kind != NULL && !w->visitor->visit(w->visitor, &member, err)) {
            return false;
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
    *w = (struct walk){.budget = budget, .visitor = visitor, .arena = arena, .scratch = arena_make(ARENA_FILE_CAP), .open = SIZE_MAX};
    bool ok = walk_files(w, source, err);
    cab_folder_close(&w->folder);
    ok = ok && walk_behind(w, source, err);
    arena_free(&w->scratch);
    return ok;
}

const struct container container_cab = {.name = "cab", .probe = probe, .walk = walk};
