/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a cabinet ([MS-CAB]): stored, MSZIP and LZX. Files are visited folder by folder, in the order of their bytes, so
 * that a folder is unpacked once for all of them.
 *
 * Not readable, and said so: files that begin or end in another cabinet of a set, Quantum.
 */
#include <stdlib.h>

#include "source/cab_folder.h"

struct walk {
    struct source *source;
    struct budget *budget;
    struct visitor *visitor;
    struct cab_header header;
    struct cab_tables tables;
    struct arena scratch; /* one file's */
    struct cab_folder_reader folder;
    size_t open;          /* the folder that is open; SIZE_MAX: none */
    struct error problem; /* why it could not be opened */
};

static bool probe(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("MSCF"));
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

/* Opens the file's folder, unless it is open. False when its files can't be read; w->problem says why. */
static bool open_folder(struct walk *w, const struct cab_file *file) {
    if (w->open == file->folder) {
        return w->problem.kind == ERR_NONE;
    }
    w->open = file->folder;
    w->problem = (struct error){0};
    if (file->folder >= CAB_FROM_BEFORE) {
        return error_set(&w->problem, ERR_UNSUPPORTED, "a part of it is in another cabinet of the set");
    }
    if (file->folder >= w->tables.n_folders) {
        return error_set(&w->problem, ERR_MALFORMED, "it would be in folder %u, which the cabinet does not have", file->folder);
    }
    return cab_folder_open(&w->folder, &w->tables.folders[file->folder], &w->problem);
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
    stream_source_init(&source, file->name, file->size, w->folder.folder->packed, &stream.stream, w->budget, &w->scratch);
    const struct member member = {.path = file->name, .source = &source.source};
    return w->visitor->visit(w->visitor, &member, err);
}

static bool walk_files(struct walk *w, struct arena *arena, struct error *err) {
    if (!cab_header_read(&w->header, w->source, arena, err) || !cab_tables_read(&w->tables, &w->header, w->source, arena, err) ||
        !cab_folder_init(&w->folder, w->header.data_reserve, w->source, w->budget, arena, err)) {
        return false;
    }
    qsort(w->tables.files, w->tables.n_files, sizeof *w->tables.files, order);
    for (size_t i = 0; i < w->tables.n_files; i++) {
        if (!visit_file(w, &w->tables.files[i], err)) {
            return false;
        }
    }
    return w->tables.cut.kind == ERR_NONE || error_set(err, w->tables.cut.kind, "%s", w->tables.cut.text);
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct walk w = {.source = source, .budget = budget, .visitor = visitor, .scratch = arena_make(ARENA_FILE_CAP), .open = SIZE_MAX};
    (void)anomalies;
    bool ok = walk_files(&w, arena, err);
    cab_folder_close(&w.folder);
    arena_free(&w.scratch);
    return ok;
}

const struct container container_cab = {.name = "cab", .probe = probe, .walk = walk};
