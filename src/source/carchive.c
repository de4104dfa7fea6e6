/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: PyInstaller, PyInstaller/archive/writers.py (CArchiveWriter) and bootloader/src/pyi_archive.h, since its version 2.1.
 *
 * The archive's last 88 octets, big-endian: "MEI" and five octets, u32 length of the archive, u32 where its table of contents begins in
 * it, u32 length of that, u32 version of Python, 64 octets of a library's name. An entry of the table: u32 its length, u32 where the file
 * begins in the archive, u32 its length there, u32 unpacked, u8 whether it is packed by zlib, u8 its type, its name and NULs. The
 * loader looks for them from the end on.
 */
#include "source/carchive.h"

#include "base/reader.h"
#include "source/packed.h"

enum { COOKIE = 88, COOKIE_MAGIC = 8, COOKIE_NEAR = 64 << 10, ENTRY_HEAD = 18 };

struct archive {
    struct source *program;
    struct budget *budget;
    struct visitor *visitor;
    struct arena *scratch;
    uint64_t at, end; /* in the program */
};

struct entry {
    uint32_t at, n, unpacked;
    bool packed;
    uint8_t type;
    struct bytes name;
};

/* The last cookie in b. */
static size_t cookie_in(struct bytes b) {
    struct bytes magic = bytes_make("MEI\014\013\012\013\016", 8);
    size_t found = b.n;
    for (size_t at = bytes_find(b, magic, 0); at < b.n; at = bytes_find(b, magic, at + 1)) {
        found = at;
    }
    return found;
}

static bool entry_visit(struct archive *a, const struct entry *e, struct error *err) {
    const char *path = arena_printf(a->scratch, "%.*s", (int)e->name.n, (const char *)e->name.p);
    struct window_source window;
    if (path == NULL) {
        return arena_full(a->scratch, err);
    }
    if (e->at > a->end - a->at || e->n > a->end - a->at - e->at) {
        struct error why;
        error_set(&why, ERR_MALFORMED, "%u bytes at 0x%x pass the end of the archive", e->n, e->at);
        const struct member member = {.path = path, .problem = &why};
        return a->visitor->visit(a->visitor, &member, err);
    }
    window_source_init(&window, path, a->program, a->at + e->at, e->n);
    if (!e->packed) {
        const struct member member = {.path = path, .source = &window.source};
        return a->visitor->visit(a->visitor, &member, err);
    }
    const struct packed packed = {.path = path, .source = &window.source, .method = UNPACK_ZLIB, .size = e->unpacked};
    bool differs; /* the loader unpacks all there is */
    return packed_visit(&packed, a->budget, a->scratch, a->visitor, &differs, err);
}

/* Options ('o') and what other archives hold ('d') have a name only. */
static bool has_content(const struct entry *e) {
    return e->n != 0 && e->type != 'o' && e->type != 'd';
}

static bool entries_visit(struct archive *a, struct bytes table, struct error *err) {
    struct reader r = reader_make(table, 0);
    while (r.left.n != 0) {
        struct entry e;
        uint32_t length = reader_u32be(&r);
        e.at = reader_u32be(&r);
        e.n = reader_u32be(&r);
        e.unpacked = reader_u32be(&r);
        e.packed = reader_u8(&r) != 0;
        e.type = reader_u8(&r);
        struct bytes name = reader_bytes(&r, length > ENTRY_HEAD ? length - ENTRY_HEAD : 0);
        if (!reader_ok(&r) || length <= ENTRY_HEAD) {
            return error_set(err, ERR_MALFORMED, "a table of contents of PyInstaller that makes no sense");
        }
        e.name = bytes_cut(name, 0, bytes_find(name, bytes_make("", 1), 0));
        arena_reset(a->scratch);
        if (has_content(&e) && !entry_visit(a, &e, err)) {
            return false;
        }
    }
    return true;
}

/* Where the last cookie of [from, end) stands; end: there is none. So far from the end as it is searched. */
static bool cookie_find(struct source *program, uint64_t from, uint64_t end, const struct budget *budget, struct arena *scratch,
                        uint64_t *at, struct error *err) {
    uint64_t most = budget->search ? limit_most(budget->limits, LIMIT_CARVE_WINDOW) : COOKIE_NEAR;
    uint64_t least = end - from > most ? end - most : from, to = end;
    *at = end;
    while (*at == end && to > least) {
        uint64_t begin = to - least > COOKIE_NEAR ? to - COOKIE_NEAR : least;
        struct bytes b;
        arena_reset(scratch);
        if (!source_read_some(program, scratch, begin, (to < end ? to + COOKIE_MAGIC - 1 : to) - begin, &b, err)) {
            return false;
        }
        size_t cookie = cookie_in(b);
        *at = cookie < b.n ? begin + cookie : end;
        to = begin;
    }
    return true;
}

bool carchive_walk(struct source *program, uint64_t from, uint64_t end, struct arena *scratch, struct budget *budget,
                   struct visitor *visitor, struct error *err) {
    struct bytes b, table;
    uint64_t cookie;
    if (!cookie_find(program, from, end, budget, scratch, &cookie, err)) {
        return false;
    }
    if (cookie == end) {
        return true;
    }
    if (!source_read_some(program, scratch, cookie, end - cookie < COOKIE ? end - cookie : COOKIE, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, cookie);
    reader_skip(&r, COOKIE_MAGIC);
    uint32_t length = reader_u32be(&r), table_at = reader_u32be(&r), table_n = reader_u32be(&r);
    uint64_t archive_end = cookie + COOKIE;
    if (!reader_ok(&r) || archive_end > end || length > archive_end || table_at > length || table_n > length - table_at) {
        return error_set(err, ERR_MALFORMED, "an archive of PyInstaller whose end makes no sense");
    }
    if (table_n > limit_most(budget->limits, LIMIT_CARCHIVE_SIZE)) {
        return limit_reached(budget->limits, LIMIT_CARCHIVE_SIZE, err);
    }
    struct arena own = arena_make((size_t)table_n + COOKIE);
    struct archive a = {
        .program = program, .budget = budget, .visitor = visitor, .scratch = scratch, .at = archive_end - length, .end = archive_end};
    bool ok = budget_spend(budget, table_n, err) && source_read(program, &own, a.at + table_at, table_n, &table, err) &&
              entries_visit(&a, table, err);
    arena_free(&own);
    return ok;
}
