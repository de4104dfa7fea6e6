/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a XAR archive as members, each out of the heap as its encoding says, and their extended attributes, as "FILE:ATTRIBUTE";
 * payloads of packages are archives that have their own containers. Not readable, and said so: encodings without a decoder, files outside
 * of the archive.
 */
#include "source/xar.h"

#include "source/packed.h"

/* The decoder of an encoding; -1: none. */
static const int decoders[] = {[XAR_STORED] = -1,        [XAR_ZLIB] = UNPACK_ZLIB, [XAR_BZIP2] = UNPACK_BZIP2,
                               [XAR_LZMA] = UNPACK_LZMA, [XAR_XZ] = UNPACK_XZ,     [XAR_UNKNOWN] = -1};

struct work {
    struct source *source;
    struct budget *budget;
    struct visitor *visitor;
    struct anomalies *anomalies;
    struct arena *arena; /* the file's */
    struct xar xar;
    struct arena scratch; /* of one member */
};

static bool probe(const struct probe *probe) {
    return xar_probe(probe->head);
}

static bool visit_problem(struct work *w, const char *path, const struct error *why, struct error *err) {
    const struct member member = {.path = path, .problem = why};
    return w->visitor->visit(w->visitor, &member, err);
}

static bool visit(struct work *w, const char *path, struct source *source, struct error *err) {
    const struct member member = {.path = path, .source = source};
    return w->visitor->visit(w->visitor, &member, err);
}

static bool readable(const struct xar_piece *piece, struct error *why) {
    if (piece->range.outside) {
        return error_set(why, ERR_MALFORMED, "passes the end of the archive");
    }
    return piece->encoding != XAR_UNKNOWN || error_set(why, ERR_UNSUPPORTED, "in an unknown encoding");
}

static bool visit_piece(struct work *w, const struct xar_piece *piece, struct error *err) {
    struct window_source window;
    struct error why;
    arena_reset(&w->scratch);
    const char *path = xar_path(&w->xar, piece->file, &w->scratch);
    if (path != NULL && piece->attribute) {
        path = arena_printf(&w->scratch, "%s:%s", path, piece->name != NULL ? piece->name : "");
    }
    if (path == NULL) {
        return arena_full(&w->scratch, err);
    }
    if (!readable(piece, &why)) {
        return visit_problem(w, path, &why, err);
    }
    window_source_init(&window, path, w->source, piece->range.at, piece->range.n);
    int decoder = decoders[piece->encoding];
    if (decoder < 0) {
        return visit(w, path, &window.source, err);
    }
    const struct packed packed = {.path = path, .source = &window.source, .method = (enum unpack_method)decoder, .size = piece->size};
    bool differs, ok = packed_visit(&packed, w->budget, &w->scratch, w->visitor, &differs, err);
    if (differs) {
        anomaly_note(w->anomalies, w->arena, ANOMALY_MEMBER_MISMATCH, piece->range.at, piece->range.n, arena_printf(w->arena, "%s", path));
    }
    return ok;
}

/* Whether there is anything in it: attributes are mostly a few octets of the Finder's, in which nothing signed has room. */
static bool has_content(const struct xar_piece *piece) {
    enum { SMALL = 64 };
    return piece->range.n != 0 && (!piece->attribute || piece->range.n >= SMALL || piece->size >= SMALL);
}

static bool walk_pieces(struct work *w, struct error *err) {
    for (size_t i = 0; i < w->xar.n_pieces; i++) {
        const struct xar_piece *piece = &w->xar.pieces[i];
        if (!budget_spend(w->budget, 0, err)) {
            return false;
        }
        if (has_content(piece) && !visit_piece(w, piece, err)) {
            return false;
        }
    }
    return w->xar.problem.kind == ERR_NONE || error_again(err, &w->xar.problem);
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct anomalies told = {0}; /* by the format, which reads the same table */
    struct work w = {.source = source,
                     .budget = budget,
                     .visitor = visitor,
                     .anomalies = anomalies,
                     .arena = arena,
                     .scratch = limit_arena(budget->limits)};
    bool ok = xar_read(source, arena, &told, &w.xar, err) && walk_pieces(&w, err);
    arena_free(&w.scratch);
    return ok;
}

const struct container container_xar = {.name = "xar", .first = FIRST_OCTETS("x"), .probe = probe, .walk = walk};
