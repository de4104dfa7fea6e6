/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands whole in a Windows program: cabinets, packages, archives and other programs, each a member with the signature it may have
 * of its own. Self-extracting programs and setups keep them behind their sections, behind the certificate table, as resources (Squirrel:
 * a ZIP archive of the type DATA; many others: RCDATA), at the beginning of a section, and where the section .wixburn says (WiX Burn).
 * What PyInstaller appends has a table of its own (source/carchive.c).
 *
 * ZIP archives behind the sections are source/zip.c's: it looks for them from their end.
 */
#include "base/reader.h"
#include "source/archive.h"
#include "source/carchive.h"
#include "source/container.h"
#include "source/pe_overlay.h"
#include "source/piece.h"
#include "source/stream.h"

enum {
    /* So many bytes of what is behind the sections, or behind the certificate table, and behind each piece. Nothing points there, and where
     * all is to be searched it is LIMIT_CARVE_WINDOW. */
    FIRST_SEARCH = 1 << 20,
    NEXT_SEARCH = 64 << 10,
    PIECES_MAX = LIMIT_PIECES_GREATEST, /* of one program, its resources aside */
    ADVANCED_TAIL = 512,
    RESOURCE_MIN = 64, /* a smaller one holds nothing that is signed */
};

struct walk {
    struct source *source;
    struct budget *budget;
    struct visitor *visitor;
    struct arena *arena;  /* the program's */
    struct arena scratch; /* one piece's */
    struct pe pe;
    struct pe_overlay overlay;
    struct extent {
        uint64_t at, n;
    } seen[PIECES_MAX]; /* the pieces that were shown; n: what of them is their own */
    unsigned n_seen;
};

static bool probe(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("MZ"));
}

static bool visit(struct walk *w, const char *name, uint64_t at, uint64_t n, struct error *err) {
    return visit_window(w->visitor, w->source, at, n, name, &w->scratch, err);
}

/* The shown piece that an offset is in, or that begins at or next behind it; NULL when there is none. */
static const struct extent *seen_from(const struct walk *w, uint64_t at) {
    const struct extent *next = NULL;
    for (unsigned i = 0; i < w->n_seen; i++) {
        const struct extent *e = &w->seen[i];
        if (e->at + e->n > at && (next == NULL || e->at < next->at)) {
            next = e;
        }
    }
    return next;
}

static bool is_seen(const struct walk *w, uint64_t at) {
    const struct extent *e = seen_from(w, at);
    return e != NULL && e->at <= at;
}

/* Shows the piece at an offset, n bytes of it. Where one knows its own size, there are only its members in it. */
static bool visit_piece(struct walk *w, const struct piece *piece, uint64_t at, uint64_t n, struct error *err) {
    if (w->n_seen == limit_most(w->budget->limits, LIMIT_PIECES)) {
        return limit_reached(w->budget->limits, LIMIT_PIECES, err);
    }
    w->seen[w->n_seen++] = (struct extent){at, piece->own};
    return visit(w, arena_printf(&w->scratch, "%s@%llu", piece->kind, (unsigned long long)at), at, n, err);
}

/* ---- WiX Burn ---- */

/*
 * The section .wixburn (burn/engine/section.cpp): 0 u32 0x00f14300, 4 u32 version, 8 bundle's GUID, 24 u32 stub's size, 28 u32 checksum,
 * 32 u32 offset and 36 u32 size of the signature that the engine had first, 40 u32 format, 44 u32 count, 48 u32 size of each container.
 * The first one (the user interface) stands behind the stub, the others behind that signature; without it, behind the certificate table.
 */
static bool walk_burn(struct walk *w, const struct pe_section *section, struct error *err) {
    enum { BURN_HEAD = 48, CONTAINERS_MAX = LIMIT_PIECES_GREATEST + 1 /* one more than is shown, to be told */ };
    struct bytes b;
    if (!source_read_some(w->source, w->arena, section->raw_at, BURN_HEAD + CONTAINERS_MAX * 4, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, section->raw_at);
    uint32_t magic = reader_u32le(&r);
    reader_skip(&r, 20);
    uint64_t stub = reader_u32le(&r);
    reader_skip(&r, 4);
    uint64_t signature_at = reader_u32le(&r), signature_n = reader_u32le(&r);
    reader_skip(&r, 4);
    uint32_t count = reader_u32le(&r);
    if (!reader_ok(&r) || magic != 0x00f14300) {
        return true; /* then the engine finds nothing either; the search may */
    }
    bool resigned = signature_at != 0 && signature_n != 0, table = w->overlay.after > w->overlay.end;
    uint64_t at = stub;
    for (uint32_t i = 0; i < count && r.left.n >= 4; i++) {
        uint64_t n = reader_u32le(&r);
        at = i != 1 ? at : resigned ? signature_at + signature_n : table ? w->overlay.after : at;
        if (at >= w->source->size) {
            return error_set(err, ERR_MALFORMED, "container %u of the setup, at %llu, is past the end of the file", i,
                             (unsigned long long)at);
        }
        struct piece piece;
        arena_reset(&w->scratch);
        if (!piece_at(w->source, at, w->source->size, &w->scratch, &piece, err)) {
            return false;
        }
        piece = piece.kind != NULL ? piece : (struct piece){.kind = "container", .own = 1};
        if (n != 0 && !visit_piece(w, &piece, at, n, err)) {
            return false;
        }
        at += n;
    }
    return true;
}

/* ---- sections ---- */

static bool walk_sections(struct walk *w, struct error *err) {
    for (size_t i = 0; i < w->pe.n_sections; i++) {
        const struct pe_section *s = &w->pe.sections[i];
        struct piece piece;
        arena_reset(&w->scratch);
        if (bytes_starts(s->name, bytes_text(".wixburn")) && !walk_burn(w, s, err)) {
            return false;
        }
        if (s->raw_size == 0 || s->raw_at == 0 || is_seen(w, s->raw_at)) {
            continue;
        }
        if (!piece_at(w->source, s->raw_at, (uint64_t)s->raw_at + s->raw_size, &w->scratch, &piece, err) ||
            (piece.kind != NULL && !visit_piece(w, &piece, s->raw_at, piece.n, err))) {
            return false;
        }
    }
    return true;
}

/* ---- resources ---- */

/* Whether a resource is a file that may carry signatures, or hold such files. */
static bool is_file(struct walk *w, const struct pe_resource *resource, bool *is, struct error *err) {
    struct bytes head;
    struct piece piece;
    *is = false;
    if (resource->n < RESOURCE_MIN) {
        return true;
    }
    if (!source_read_some(w->source, &w->scratch, resource->at, resource->n < 512 ? resource->n : 512, &head, err)) {
        return false;
    }
    enum archive_kind kind = archive_kind_of(head);
    /* The two that are known by little else than small numbers are left to files that say what they are by being files. */
    *is = bytes_starts(head, bytes_text("PK\3\4")) || bytes_starts(head, bytes_text("xar!")) ||
          (kind != ARCHIVE_KINDS && kind != ARCHIVE_LZMA && kind != ARCHIVE_COMPRESS);
    if (!*is && piece_begins(head)) {
        if (!piece_at(w->source, resource->at, resource->at + resource->n, &w->scratch, &piece, err)) {
            return false;
        }
        *is = piece.kind != NULL;
    }
    return true;
}

static bool visit_resource(struct walk *w, struct pe_resources *walk, const struct pe_resource *resource, struct error *err) {
    bool is;
    arena_reset(&w->scratch);
    if (!is_file(w, resource, &is, err) || !is) {
        return !is;
    }
    const char *type = pe_resource_name(walk, resource->type, true, &w->scratch);
    const char *name = pe_resource_name(walk, resource->name, false, &w->scratch);
    const char *path = type == NULL || name == NULL ? NULL
                       : resource->one_of_many      ? arena_printf(&w->scratch, "resource %s %s %u", type, name, resource->language)
                                                    : arena_printf(&w->scratch, "resource %s %s", type, name);
    return visit(w, path, resource->at, resource->n, err);
}

static bool walk_resources(struct walk *w, struct error *err) {
    struct pe_resources walk;
    struct pe_resource resource;
    bool end = false;
    pe_resources_begin(&walk, w->source, &w->pe, UINT32_MAX, w->budget->limits);
    while (!end) {
        if (!budget_spend(w->budget, 0, err) || !pe_resources_next(&walk, &resource, &end, err) ||
            (!end && !visit_resource(w, &walk, &resource, err))) {
            return false;
        }
    }
    return true;
}

/* ---- what no section holds ---- */

/* The beginning of a range is searched, and what is behind each piece in it. */
static bool walk_range(struct walk *w, uint64_t at, uint64_t end, struct error *err) {
    struct piece piece;
    uint64_t most = w->budget->search ? limit_most(w->budget->limits, LIMIT_CARVE_WINDOW) : FIRST_SEARCH, until = at + most;
    while (at < end) {
        const struct extent *seen = seen_from(w, at);
        if (seen != NULL && (seen->at <= at || at >= until)) {
            at = seen->at + seen->n;
            until = at + NEXT_SEARCH > until ? at + NEXT_SEARCH : until;
            continue;
        }
        uint64_t to = until < end ? until : end;
        to = seen != NULL && seen->at < to ? seen->at : to;
        if (at >= to) {
            return true;
        }
        if (!piece_next(w->source, w->budget, &w->scratch, &at, to, end, &piece, err) ||
            (piece.kind != NULL && !visit_piece(w, &piece, at, piece.n, err))) {
            return false;
        }
    }
    return true;
}

/* Advanced Installer inverts the beginnings of the package and the cabinets that it puts there, and ends their list with these letters. */
static bool tell_of_advanced(struct walk *w, struct error *err) {
    uint64_t n = w->overlay.end - w->overlay.at;
    struct bytes tail;
    struct error why;
    n = n < ADVANCED_TAIL ? n : ADVANCED_TAIL;
    if (!source_read_some(w->source, &w->scratch, w->overlay.end - n, n, &tail, err)) {
        return false;
    }
    if (bytes_find(tail, bytes_text("ADVINSTSFX"), 0) == tail.n) {
        return true;
    }
    error_set(&why, ERR_UNSUPPORTED, "needs to be unpacked: a setup of Advanced Installer is not looked into");
    const struct member member = {.path = "Advanced Installer files", .problem = &why};
    return w->visitor->visit(w->visitor, &member, err);
}

/* Its loader goes back from the file's end; where the program was signed, the archive's own end is in front of the certificate table. */
static bool walk_carchive(struct walk *w, struct error *err) {
    arena_reset(&w->scratch);
    return carchive_walk(w->source, w->overlay.at, w->overlay.end, &w->scratch, w->budget, w->visitor, err) &&
           (w->overlay.after == w->source->size ||
            carchive_walk(w->source, w->overlay.after, w->source->size, &w->scratch, w->budget, w->visitor, err));
}

static bool walk_overlay(struct walk *w, struct error *err) {
    return tell_of_advanced(w, err) && walk_range(w, w->overlay.at, w->overlay.end, err);
}

static bool walk_rest(struct walk *w, struct error *err) {
    return walk_range(w, w->overlay.after, w->source->size, err);
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    static bool (*const parts[])(struct walk * w, struct error * err) = {walk_sections, walk_resources, walk_carchive, walk_overlay,
                                                                         walk_rest};
    struct walk w = {.source = source, .budget = budget, .visitor = visitor, .arena = arena, .scratch = limit_arena(budget->limits)};
    struct error why = {0}, first = {0};
    (void)anomalies;
    bool ok = pe_overlay_find(source, arena, &w.pe, &w.overlay, &first);
    /* What is wrong in one place does not hide what is in another; past a limit there is no going on. */
    for (size_t i = 0; ok && i < sizeof parts / sizeof *parts && first.kind != ERR_LIMIT; i++) {
        first = !parts[i](&w, &why) && (first.kind == ERR_NONE || why.kind == ERR_LIMIT) ? why : first;
    }
    arena_free(&w.scratch);
    return first.kind == ERR_NONE || error_again(err, &first);
}

const struct container container_pe_pieces = {.name = "program", .probe = probe, .walk = walk};
