/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives that libarchive takes apart (archive.h), and files packed by themselves, of which one has two readings: what is packed, and
 * the tar or cpio archive that this is. Only regular files are members.
 *
 * Left to 7z, where there is one: UDF file systems, 7z and RAR archives for which libarchive has no codec. Not readable, and said so:
 * what is encrypted, volumes of a set.
 */
#include "base/reader.h"
#include "source/archive_beside.h"
#include "source/cpio.h"
#include "source/deflate.h"
#include "source/helper.h"
#include "source/iso.h"
#include "source/lzma_alone.h"
#include "source/rar.h"
#include "source/spool.h"
#include "source/xz_file.h"

#include <stdlib.h>

enum {
    NAME_MAX_KEPT = 4096,
    XZ_LARGE = 1 << 20, /* packed */
};

struct walk {
    struct source *source;
    struct budget *budget;
    struct visitor *visitor;
    struct anomalies *anomalies;
    struct arena *arena;  /* the file's */
    struct arena scratch; /* one member's */
    uint64_t encrypted, unsafe;
    const char *first_encrypted, *first_unsafe;
    struct archive_reader reader;
    struct archive_beside beside; /* the member in hand */
};

static bool probe(const struct probe *probe) {
    /* A disk image may begin with a packed chunk: its trailer (UDIF, 512 bytes) says what it is, and source/dmg.c walks it whole. */
    enum { UDIF_TRAILER = 512 };
    struct bytes tail = probe->tail;
    enum archive_kind kind = probe_archive(probe);
    bool image =
        probe->size > tail.n && tail.n >= UDIF_TRAILER && bytes_starts(bytes_cut(tail, tail.n - UDIF_TRAILER, tail.n), bytes_text("koly"));
    return (kind != ARCHIVE_KINDS && !(image && archive_is_packed(kind))) || archive_is_iso(probe->middle);
}

static bool visit_problem(struct walk *w, const char *path, const struct error *why, struct error *err) {
    const struct member member = {.path = path, .problem = why};
    return w->visitor->visit(w->visitor, &member, err);
}

/* A packed file does not always say what it is called: its own name without the ending, "data" where that is no name. */
static const char *unpacked_name(struct walk *w) {
    static const char *const endings[] = {".gz", ".bz2", ".xz", ".lzma", ".lz", ".zst", ".lz4", ".Z"};
    const char *slash = strrchr(w->source->name, '/'), *name = slash != NULL ? slash + 1 : w->source->name;
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t end = strlen(endings[i]);
        if (n > end && strcasecmp(name + n - end, endings[i]) == 0) {
            return arena_printf(&w->scratch, "%.*s", (int)(n - end), name);
        }
    }
    return "data";
}

/* The path as the archive spells it. NULL without memory. */
static const char *path_of(struct walk *w) {
    struct archive_entry *entry = w->reader.entry;
    if (archive_format(w->reader.a) == ARCHIVE_FORMAT_RAW) {
        return unpacked_name(w);
    }
    const char *path = archive_entry_pathname(entry);
    path = path != NULL ? path : archive_entry_pathname_utf8(entry);
    path = path != NULL ? path : "";
    return arena_printf(&w->scratch, "%.*s", NAME_MAX_KEPT, path);
}

static void tally(struct walk *w, uint64_t *n, const char **first, const char *path) {
    if ((*n)++ == 0) {
        *first = arena_printf(w->arena, "%s", path);
    }
}

static void note(struct walk *w, enum anomaly_name name, uint64_t n, const char *first) {
    if (n != 0 && first != NULL) {
        const char *detail = n == 1 ? first : arena_printf(w->arena, "%s and %llu more", first, (unsigned long long)n - 1);
        anomaly_note(w->anomalies, w->arena, name, 0, 0, detail);
    }
}

/* Whether 7z may read what libarchive can't. */
static bool may_be_helped(const struct walk *w) {
    return w->reader.kind == ARCHIVE_7Z || w->reader.kind == ARCHIVE_RAR;
}

/* Of 7z archives, libarchive (3.6.2) also calls damaged what it can't unpack: PPMd past 64 KiB, some filters. */
static bool is_for_helper(const struct walk *w, enum error_kind kind) {
    return may_be_helped(w) && (kind == ERR_UNSUPPORTED || (kind == ERR_MALFORMED && w->reader.kind == ARCHIVE_7Z));
}

/* The byte of a member that shows whether it can be unpacked: what is before it is unpacked in any case, and kept. Of 7z archives that is
 * the last one, since some filters fail at the end; of large members one that PPMd does not reach. */
static uint64_t asked_at(const struct walk *w, uint64_t size) {
    enum { FAR = 128 << 10 };
    return w->reader.kind != ARCHIVE_7Z || size == 0 ? 0 : size <= STREAM_WHOLE ? size - 1 : FAR;
}

static bool visit_source(struct walk *w, const char *path, struct source *source, struct error *err) {
    const struct member member = {.path = path, .source = source, .beside = &w->beside.beside};
    w->beside.path = path;
    bool ok = w->visitor->visit(w->visitor, &member, err);
    member.beside->close(member.beside);
    return ok;
}

static bool visit_stream(struct walk *w, const char *path, uint64_t size, struct error *err) {
    struct stream_source *s = arena_alloc(&w->scratch, sizeof *s);
    struct error why = {0};
    if (s == NULL) {
        arena_full(&w->scratch, &why);
        return visit_problem(w, path, &why, err);
    }
    stream_source_init(s, path, size, 0, &w->reader.stream, w->budget, &w->scratch);
    uint8_t octet;
    bool ok = !may_be_helped(w) || source_into(&s->source, &octet, 1, asked_at(w, size), &why);
    if (!ok && is_for_helper(w, why.kind) && !archive_reader_encrypted(&w->reader)) {
        return error_again(err, &why);
    }
    return visit_source(w, path, &s->source, err);
}

static bool visit_sized(struct walk *w, const char *path, uint64_t size, struct error *err) {
    union view view;
    uint64_t at;
    return archive_reader_stored(&w->reader, &at) ? visit_source(w, path, view_init(&view, path, w->source, at, size, &w->scratch), err)
                                                  : visit_stream(w, path, size, err);
}

static bool visit_memory(struct walk *w, const char *path, struct bytes content, struct error *err) {
    struct memory_source memory;
    memory_source_init(&memory, path, content);
    const struct member member = {.path = path, .source = &memory.source};
    return w->visitor->visit(w->visitor, &member, err);
}

static bool visit_unsized(struct walk *w, const char *path, struct error *err) {
    struct spool spool;
    if (!spool_fill(&spool, &w->reader.stream, w->budget, &w->scratch, err)) {
        return false;
    }
    if (spool.why.kind != ERR_NONE && w->reader.damage.kind == ERR_NONE) {
        w->reader.damage = spool.why;
    }
    if (spool.n == 0) {
        return true;
    }
    if (spool.p == NULL) {
        struct error why;
        return w->reader.stream.restart(&w->reader.stream, &why) ? visit_stream(w, path, spool.n, err) : visit_problem(w, path, &why, err);
    }
    return visit_memory(w, path, bytes_make(spool.p, (size_t)spool.n), err);
}

/* RAR leaves the type of a file to attributes that may be absent; of ar, every unpacker makes a file whatever the type is. */
static bool may_be_file(const struct walk *w) {
    struct archive_entry *entry = w->reader.entry;
    bool any = w->reader.kind == ARCHIVE_AR || w->reader.kind == ARCHIVE_DEB;
    return any || archive_entry_filetype(entry) == AE_IFREG || archive_entry_filetype(entry) == 0;
}

static bool visit_entry(struct walk *w, struct error *err) {
    struct archive_entry *entry = w->reader.entry;
    bool sized = archive_entry_size_is_set(entry);
    la_int64_t size = archive_entry_size(entry);
    if (!may_be_file(w) || (sized && size <= 0)) {
        return true;
    }
    arena_reset(&w->scratch);
    const char *path = path_of(w);
    if (path == NULL) {
        return arena_full(&w->scratch, err);
    }
    if (member_leads_out(path)) {
        tally(w, &w->unsafe, &w->first_unsafe, path);
    }
    if (archive_entry_is_encrypted(entry)) {
        struct error why;
        tally(w, &w->encrypted, &w->first_encrypted, path);
        error_set(&why, ERR_UNSUPPORTED, "encrypted: can't be read without the password");
        return visit_problem(w, path, &why, err);
    }
    return sized ? visit_sized(w, path, (uint64_t)size, err) : visit_unsized(w, path, err);
}

static bool walk_entries(struct walk *w, struct error *err) {
    bool end;
    for (;;) {
        if (!budget_spend(w->budget, 0, err)) {
            return false;
        }
        if (!archive_reader_next(&w->reader, &end, err)) {
            if (archive_reader_encrypted(&w->reader) && w->encrypted == 0) {
                tally(w, &w->encrypted, &w->first_encrypted, "the archive");
            }
            return false;
        }
        if (end) {
            return w->reader.damage.kind == ERR_NONE || error_again(err, &w->reader.damage);
        }
        if (!visit_entry(w, err)) {
            return false;
        }
    }
}

/* What libarchive has no codec for, 7z may have. It is shown from the beginning again: a member may come twice, none is lost. */
static bool walk_by_helper(struct walk *w, enum archive_kind kind, const struct error *why, struct error *err) {
    uint8_t head[8];
    bool rar5 = kind == ARCHIVE_RAR && source_into(w->source, head, sizeof head, 0, NULL) && head[6] == 1;
    enum helper_format format = kind == ARCHIVE_7Z ? HELPER_7Z : rar5 ? HELPER_RAR5 : HELPER_RAR;
    struct error later = {0};
    bool ran = false;
    if (w->budget->helper == NULL) {
        error_set(&later, ERR_UNSUPPORTED, "needs %s, which is not there", helper_name(format));
    } else if (w->budget->helper->take_apart(w->budget->helper, format, w->source, w->budget, w->visitor, &ran, &later)) {
        return true;
    }
    return ran ? error_again(err, &later) : error_set(err, why->kind, "%s; %s", why->text, later.text);
}

/* Of a file that other volumes of a split archive have parts of, libarchive shows nothing. */
static bool is_whole(struct walk *w, struct error *err) {
    uint64_t n;
    bool spans;
    return rar_extent(w->source, w->budget->limits, &n, &spans, err) &&
           (!spans || error_set(err, ERR_UNSUPPORTED, "a part of it is in another volume of a split archive"));
}

/* What another driver shows, with what is beside it. */
struct around {
    struct visitor visitor; /* first: it is what the driver is given */
    struct walk *walk;
};

static bool visit_around(struct visitor *visitor, const struct member *shown, struct error *err) {
    struct walk *w = ((struct around *)visitor)->walk;
    struct member member = *shown;
    member.beside = &w->beside.beside;
    arena_reset(&w->scratch);
    if (member_leads_out(member.path)) {
        tally(w, &w->unsafe, &w->first_unsafe, member.path);
    }
    w->beside.path = member.path;
    bool ok = w->visitor->visit(w->visitor, &member, err);
    member.beside->close(member.beside);
    return ok;
}

/* libarchive's reader stops at the first end, and Linux goes on behind it. */
static bool walk_cpio(struct walk *w, struct error *err) {
    struct around around = {.visitor = {visit_around}, .walk = w};
    return archive_reader_as_file(&w->reader, err) && cpio_walk(&w->reader.stream, w->source->size, true, w->budget, &around.visitor, err);
}

static bool walk_kind(struct walk *w, enum archive_kind kind, struct error *err) {
    struct error why = {0};
    struct bytes content;
    if (kind == ARCHIVE_GZIP && spool_gzip(w->source, w->budget, &w->scratch, &content)) {
        const char *path = unpacked_name(w);
        return path != NULL ? budget_spend(w->budget, content.n, err) && visit_memory(w, path, content, err) : arena_full(&w->scratch, err);
    }
    arena_reset(&w->scratch);
    archive_beside_init(&w->beside, w->source, kind, w->budget, &w->scratch, w->arena);
    bool ok = archive_reader_open(&w->reader, kind, w->source, w->budget, &why) &&
              (archive_reader_is_cpio(&w->reader) ? walk_cpio(w, &why) : walk_entries(w, &why));
    archive_reader_close(&w->reader);
    if (!ok && w->encrypted == 0 && is_for_helper(w, why.kind)) {
        return walk_by_helper(w, kind, &why, err);
    }
    return ok ? kind != ARCHIVE_RAR || is_whole(w, err) : error_again(err, &why);
}

/* What is packed for systems that know Rock Ridge is shown as it lies there, and by libarchive as it comes out. */
static bool walk_disc(struct walk *w, struct error *err) {
    struct around around = {.visitor = {visit_around}, .walk = w};
    struct error why;
    struct iso_found found;
    arena_reset(&w->scratch);
    archive_beside_init(&w->beside, w->source, ARCHIVE_ISO, w->budget, &w->scratch, w->arena);
    bool ok = iso_walk(w->source, w->arena, w->budget, &around.visitor, &found, err);
    return (!found.packed || walk_kind(w, ARCHIVE_ISO, ok ? err : &why)) && ok;
}

static bool walk_image(struct walk *w, struct error *err) {
    struct iso_systems found;
    if (!iso_systems_of(w->source, w->budget->limits, &found, err)) {
        return false;
    }
    struct error why;
    bool ok = !found.iso || walk_disc(w, err);
    if (found.iso && !found.udf) {
        return ok && (!found.more || limit_reached(w->budget->limits, LIMIT_DISC_DESCRIPTORS, err));
    }
    return helper_walk(HELPER_UDF, w->source, w->budget, w->visitor, ok ? err : &why) && ok;
}

/* A large .xz file, from the nearest of its blocks on; one whose index is not sound, or that holds a cpio archive, by libarchive. */
static bool walk_xz(struct walk *w, struct error *err) {
    uint8_t head[512];
    struct source *packed = w->source;
    struct xz_file *xz = malloc(sizeof *xz);
    bool is = packed->size >= XZ_LARGE && xz != NULL && xz_file_open(xz, packed, w->budget), ok;
    struct source *unpacked = is ? &xz->source.source : NULL;
    is = is && unpacked->size > STREAM_WHOLE && source_into(unpacked, head, sizeof head, 0, NULL);
    bool tar = is && archive_kind_of(bytes_make(head, sizeof head)) == ARCHIVE_TAR;
    if (!is || (!tar && archive_reader_goes_on(bytes_make(head, sizeof head)))) {
        ok = walk_kind(w, ARCHIVE_XZ, err);
    } else if (tar) {
        w->source = unpacked;
        ok = walk_kind(w, ARCHIVE_TAR, err);
        w->source = packed;
    } else {
        const char *name = unpacked_name(w);
        const struct member member = {.path = name, .source = unpacked};
        ok = name != NULL ? w->visitor->visit(w->visitor, &member, err) : arena_full(&w->scratch, err);
    }
    if (unpacked != NULL) {
        xz_file_close(xz);
    }
    free(xz);
    return ok;
}

/* What the beginning is, then the image that the middle may be. */
static bool walk_kinds(struct walk *w, struct error *err) {
    uint8_t head[4096], middle[ARCHIVE_MIDDLE];
    struct source *source = w->source;
    size_t n = source->size < sizeof head ? (size_t)source->size : sizeof head;
    if (!source_into(source, head, n, 0, err)) {
        return false;
    }
    enum archive_kind kind = archive_kind_of(bytes_make(head, n));
    struct lzma_alone lzma;
    bool is = true;
    if (kind == ARCHIVE_LZMA && lzma_alone_is_odd(bytes_make(head, n))) {
        if (!lzma_alone_open(&lzma, source, bytes_make(head, n), w->budget->limits, &is, err)) {
            return false;
        }
        w->source = &lzma.source;
    }
    bool ok = kind == ARCHIVE_KINDS || !is || (kind == ARCHIVE_XZ ? walk_xz(w, err) : walk_kind(w, kind, err));
    w->source = source;
    if (source->size < ARCHIVE_MIDDLE_AT + sizeof middle) {
        return ok;
    }
    struct error why;
    if (!source_into(source, middle, sizeof middle, ARCHIVE_MIDDLE_AT, ok ? err : &why)) {
        return false;
    }
    return (!archive_is_iso(bytes_make(middle, sizeof middle)) || walk_image(w, ok ? err : &why)) && ok;
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct walk *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return error_memory(err, "to read an archive");
    }
    w->source = source;
    w->arena = arena;
    w->budget = budget;
    w->visitor = visitor;
    w->anomalies = anomalies;
    w->scratch = limit_arena(w->budget->limits);
    bool ok = walk_kinds(w, err);
    note(w, ANOMALY_ENCRYPTED_MEMBER, w->encrypted, w->first_encrypted);
    note(w, ANOMALY_UNSAFE_NAME, w->unsafe, w->first_unsafe);
    arena_free(&w->scratch);
    free(w);
    return ok;
}

const struct container container_archive = {.name = "archive", .probe = probe, .walk = walk};
