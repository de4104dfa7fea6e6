/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shell scripts that unpack what stands behind their own text, as makeself and many installers for macOS and Linux make them: the first
 * line at which a packed file, an archive or a program begins. A ZIP archive there is found by source/zip.c.
 *
 * Text alone is none of them: unless everything is to be read, the file's end must show that it is no text.
 */
#include "source/container.h"
#include "source/piece.h"

enum { SEARCH_MAX = 1 << 20, BEGINNING = 512 };

static bool is_text(struct bytes b) {
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] < '\t' || (b.p[i] > '\r' && b.p[i] < ' ' && b.p[i] != 0x1b)) {
            return false;
        }
    }
    return true;
}

static bool probe(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("#!")) && (probe->thorough || !is_text(probe->tail));
}

/* How programs and packages begin that source/piece.c has no row for. */
static bool is_other_start(struct bytes b) {
    static const char magics[][5] = {"\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", "xar!"};
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (bytes_starts(b, bytes_make(magics[i], 4))) {
            return true;
        }
    }
    return false;
}

/* Whether something begins at that line. */
static bool begins(struct source *source, struct bytes line, uint64_t at, struct arena *scratch, bool *yes, struct error *err) {
    struct piece piece = {0};
    *yes = archive_kind_of(line) != ARCHIVE_KINDS || is_other_start(line);
    if (!*yes && piece_find(bytes_cut(line, 0, 32), 0) == 0) {
        arena_reset(scratch);
        if (!piece_at(source, at, source->size, scratch, &piece, err)) {
            return false;
        }
        *yes = piece.kind != NULL;
    }
    return true;
}

static bool visit(struct source *source, uint64_t at, struct arena *arena, struct visitor *visitor, struct error *err) {
    const char *path = arena_printf(arena, "payload@%llu", (unsigned long long)at);
    struct window_source window;
    if (path == NULL) {
        return arena_full(arena, err);
    }
    window_source_init(&window, path, source, at, source->size - at);
    const struct member member = {.path = path, .source = &window.source};
    return visitor->visit(visitor, &member, err);
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct arena scratch = limit_arena(budget->limits);
    struct bytes text;
    (void)anomalies;
    bool ok = source_read_some(source, arena, 0, SEARCH_MAX, &text, err), found = false;
    size_t at = 0;
    while (ok && !found && (at = bytes_find(text, bytes_text("\n"), at) + 1) < text.n) {
        ok = begins(source, bytes_cut(text, at, BEGINNING), at, &scratch, &found, err);
    }
    arena_free(&scratch);
    return ok && (!found || visit(source, at, arena, visitor, err));
}

const struct container container_script_payload = {.name = "script", .probe = probe, .walk = walk};
