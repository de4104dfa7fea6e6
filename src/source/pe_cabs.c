/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cabinets that a Windows program has behind its sections, one behind the other, as the bundles of WiX (Burn) and other installers do.
 * Each is a member, with the signature it may have of its own.
 *
 * Not looked for: cabinets among the program's resources.
 */
#include "layout/cab.h"
#include "source/container.h"
#include "source/pe_overlay.h"

enum {
    FIRST_SEARCH = 1 << 20, /* so many bytes of what is behind the sections, or behind the certificate table */
    NEXT_SEARCH = 64 << 10, /* and behind each cabinet */
    CABS_MAX = 64,
};

struct walk {
    struct source *source;
    struct visitor *visitor;
    struct arena scratch; /* one cabinet's */
};

static bool probe(struct bytes head, struct bytes tail, uint64_t size) {
    (void)tail;
    (void)size;
    return bytes_starts(head, bytes_text("MZ"));
}

/* Whether a cabinet begins at an offset: *n gets its size, with a signature behind it; 0 when none does. */
static bool measure(struct walk *w, uint64_t at, uint64_t end, uint64_t *n, struct error *err) {
    struct window_source window;
    struct cab_header header;
    struct error why = {0};
    *n = 0;
    window_source_init(&window, "cabinet", w->source, at, end - at);
    if (!cab_header_read(&header, &window.source, &w->scratch, &why)) {
        return why.kind == ERR_MALFORMED || error_set(err, why.kind, "cabinets behind a program: %s", why.text);
    }
    if (header.size > end - at || header.files_at < header.behind || header.files_at >= header.size || header.n_folders == 0 ||
        header.version != CAB_VERSION) {
        return true;
    }
    uint64_t signature_end = header.signature_at + header.signature_size;
    *n = header.has_pointer && header.signature_at >= header.size && signature_end <= end - at ? signature_end : header.size;
    return true;
}

/* The next cabinet in [at, at + most); *found is its offset, UINT64_MAX when there is none. */
static bool find(struct walk *w, uint64_t at, uint64_t most, uint64_t end, uint64_t *found, uint64_t *n, struct error *err) {
    struct bytes b, magic = bytes_make("MSCF\0\0\0\0", 8);
    *found = UINT64_MAX;
    if (!source_read_some(w->source, &w->scratch, at, end - at < most ? end - at : most, &b, err)) {
        return false;
    }
    for (size_t pos = bytes_find(b, magic, 0); pos < b.n; pos = bytes_find(b, magic, pos + 1)) {
        if (!measure(w, at + pos, end, n, err)) {
            return false;
        }
        if (*n != 0) {
            *found = at + pos;
            return true;
        }
    }
    return true;
}

static bool walk_range(struct walk *w, uint64_t at, uint64_t end, struct error *err) {
    uint64_t found, n, most = FIRST_SEARCH;
    for (unsigned i = 0; at < end && i < CABS_MAX; i++, most = NEXT_SEARCH) {
        arena_reset(&w->scratch);
        if (!find(w, at, most, end, &found, &n, err)) {
            return false;
        }
        if (found == UINT64_MAX) {
            return true;
        }
        struct window_source window;
        const char *name = arena_printf(&w->scratch, "cabinet@%llu", (unsigned long long)found);
        if (name == NULL) {
            return arena_full(&w->scratch, err);
        }
        window_source_init(&window, name, w->source, found, n);
        const struct member member = {.path = name, .source = &window.source};
        if (!w->visitor->visit(w->visitor, &member, err)) {
            return false;
        }
        at = found + n;
    }
    return at >= end || error_set(err, ERR_LIMIT, "more than %d cabinets behind a program", CABS_MAX);
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct walk w = {.source = source, .visitor = visitor, .scratch = arena_make(ARENA_FILE_CAP)};
    struct pe_overlay overlay;
    (void)arena;
    (void)budget;
    (void)anomalies;
    bool ok = pe_overlay_find(source, &overlay, err) && walk_range(&w, overlay.at, overlay.end, err) &&
              walk_range(&w, overlay.after, source->size, err);
    arena_free(&w.scratch);
    return ok;
}

const struct container container_pe_cabs = {.name = "cabinets", .probe = probe, .walk = walk};
