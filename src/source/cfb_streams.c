/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The streams of a Windows Installer package, patch or transform ([MS-CFB]): cabinets, the programs of the tables Binary and Icon,
 * transforms inside of patches. Names are decoded as the installer encodes them ("Binary.helper"). Cabinets that the package keeps beside
 * itself are its members, too.
 *
 * Left out: the database's own tables and property sets, unless their bytes begin like a file's; other compound files (documents,
 * mail), whose streams are no files.
 */
#include "layout/cfb.h"
#include "layout/msi_tables.h"
#include "source/container.h"

struct walk {
    struct beside beside; /* it comes first: the other streams of the same storage, for a cabinet of a set */
    struct cfb cfb;
    const struct cfb_entry *in_hand;
    struct visitor *visitor;
    struct arena scratch; /* one stream's */
};

static bool probe(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_make("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8));
}

/* The database's table streams are marked with U+4840. */
static bool is_table(const struct cfb_entry *e) {
    return bytes_starts(e->name, bytes_make("\x40\x48", 2));
}

/* Packages, transforms and patches have the CLSIDs 000C1084, 000C1082 and 000C1086-0000-0000-C000-000000000046. */
static bool is_installer(const struct cfb *cfb) {
    struct bytes clsid = cfb->entries[0].clsid;
    struct bytes rest = bytes_make("\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 15);
    bool is =
        clsid.n == 16 && (clsid.p[0] == 0x82 || clsid.p[0] == 0x84 || clsid.p[0] == 0x86) && bytes_equal(bytes_cut(clsid, 1, 15), rest);
    for (uint32_t i = 1; i < cfb->n && !is; i++) {
        is = is_table(&cfb->entries[i]);
    }
    return is;
}

/* How files begin that carry signatures or hold such files. */
static bool looks_like_file(struct bytes head) {
    static const struct {
        const char *magic;
        size_t n;
    } magics[] = {{"MZ", 2}, {"MSCF", 4}, {"PK\3\4", 4}, {"\xd0\xcf\x11\xe0", 4}, {"7z\xbc\xaf", 4}};
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (bytes_starts(head, bytes_make(magics[i].magic, magics[i].n))) {
            return true;
        }
    }
    return false;
}

/* Whether a stream is data by its name and place; one that is not is looked at only for its bytes. */
static bool is_data(const struct cfb_entry *e) {
    return e->reached && !is_table(e) && !bytes_starts(e->name, bytes_make("\5\0", 2));
}

static bool open_beside(struct beside *beside, const char *name, struct source **out, struct error *err) {
    struct walk *w = (struct walk *)beside;
    struct cfb_stream *stream = arena_alloc(&w->scratch, sizeof *stream);
    if (stream == NULL) {
        return arena_full(&w->scratch, err);
    }
    for (uint32_t i = 1; i < w->cfb.n; i++) {
        const struct cfb_entry *e = &w->cfb.entries[i];
        const char *text = e->type == CFB_STREAM && e->reached && e->parent == w->in_hand->parent ? cfb_name_text(e, &w->scratch) : "";
        if (text != NULL && strcasecmp(text, name) == 0 && text[0] != '\0') {
            *out = &stream->source;
            return cfb_stream_open(&w->cfb, e, name, stream, err);
        }
    }
    return error_set(err, ERR_MALFORMED, "it is not in the package");
}

static bool visit_stream(struct walk *w, const struct cfb_entry *e, struct error *err) {
    struct cfb_stream stream;
    struct bytes head;
    struct error why = {0};
    arena_reset(&w->scratch);
    const char *path = cfb_path_text(&w->cfb, e, &w->scratch);
    if (path == NULL) {
        return arena_full(&w->scratch, err);
    }
    bool open = cfb_stream_open(&w->cfb, e, path, &stream, &why) && source_read_some(&stream.source, &w->scratch, 0, 8, &head, &why);
    if (!is_data(e) && !(open && looks_like_file(head))) {
        return true;
    }
    w->in_hand = e;
    const struct member member = {.path = path, .source = open ? &stream.source : NULL, .problem = &why, .beside = &w->beside};
    return w->visitor->visit(w->visitor, &member, err);
}

/* A cabinet that stands beside the package: what is installed from there is as much of the package as what is in it. */
static bool visit_outside(struct walk *w, const char *name, struct beside *around, struct error *err) {
    struct error why = {0}, no = {0};
    struct source *source = NULL;
    struct bytes head;
    arena_reset(&w->scratch);
    if (around == NULL || !around->open(around, name, &source, &no)) {
        source = NULL;
        error_set(&why, ERR_UNSUPPORTED, "external cabinet %.200s not here", name);
    } else if (!source_read_some(source, &w->scratch, 0, 4, &head, &why) || !bytes_is(head, "MSCF")) { /* such as the package itself */
        source = NULL;
        error_set(&why, ERR_MALFORMED, "external cabinet %.200s is no cabinet", name);
    }
    const struct member member = {.path = name, .source = source, .problem = &why, .beside = around};
    bool ok = w->visitor->visit(w->visitor, &member, err);
    if (around != NULL && around->close != NULL) {
        around->close(around);
    }
    return ok;
}

static bool walk_outside(struct walk *w, struct arena *arena, struct beside *around, struct error *err) {
    struct msi_outside outside;
    w->cfb.arena = arena;
    bool ok = msi_outside_read(&w->cfb, &outside, err);
    for (size_t i = 0; ok && i < outside.n; i++) {
        ok = visit_outside(w, outside.names[i], around, err);
    }
    return ok;
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct walk w = {.beside = {.open = open_beside}, .visitor = visitor, .scratch = limit_arena(budget->limits)};
    bool ok = true;
    (void)anomalies;
    if (!cfb_open(&w.cfb, source, arena, err)) {
        return false;
    }
    if (!is_installer(&w.cfb)) {
        return true;
    }
    w.cfb.arena = &w.scratch;
    for (uint32_t i = 1; i < w.cfb.n && ok; i++) {
        const struct cfb_entry *e = &w.cfb.entries[i];
        ok = e->type != CFB_STREAM || e->size == 0 || visit_stream(&w, e, err);
    }
    ok = ok && walk_outside(&w, arena, budget->beside, err);
    arena_free(&w.scratch);
    return ok && (w.cfb.cut.kind == ERR_NONE || error_again(err, &w.cfb.cut));
}

const struct container container_cfb = {.name = "cfb", .first = FIRST_OCTETS("\xd0"), .probe = probe, .walk = walk};
