/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are no archive themselves and carry one: scripts that unpack what stands behind their own text, as makeself and many
 * installers for macOS and Linux do; archives, packages and programs behind text, a picture or a program for Linux or macOS, or
 * anywhere in any other file. ZIP archives there are found by source/zip.c, what Windows programs hold by source/pe_pieces.c.
 *
 * Where everything is to be read, all of the file is searched. Else its beginning and its end must show that it goes on behind what
 * it is: text that does not end as text, a program that is longer than its headers say, a picture without its end.
 *
 * And archives, behind whose own end more stands. Of packed files only those that were named are unpacked to find that end; where it can't
 * be found, programs alone are looked for, from the beginning: what is packed looks like the beginning of anything else.
 */
#include "base/reader.h"
#include "layout/program_end.h"
#include "source/archive_end.h"
#include "source/archive_extent.h"
#include "source/container.h"
#include "source/disk.h"
#include "source/encoded.h"
#include "source/piece.h"
#include "source/stream.h"

enum {
    LINES_MAX = 1 << 20, /* of a script, at whose lines anything is taken for an archive that may be one */
    BEGINNING = 512,
    TEXT_BEGINS = 32, /* octets that show whether text begins there, */
    TEXT_ENDS = 128,  /* and whether it ends: in what is packed, one in ten is no text's */
};

/* ---- which files ---- */

/* No control characters, and no octet that no text has; no branch within, so that the compiler takes many octets at once. */
static bool is_text(struct bytes b) {
    uint8_t found = 0;
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        found |= (c < '\t') | ((c > '\r') & (c < ' ') & (c != 0x1b)) | (c == 0xff);
    }
    return found == 0;
}

static struct bytes last(struct bytes b, size_t n) {
    return bytes_cut(b, b.n > n ? b.n - n : 0, n);
}

/* A library of object files begins like text; its container says what it is. */
static bool is_text_with_more(const struct probe *probe) {
    if (bytes_starts(probe->head, bytes_text("#!"))) {
        return !is_text(probe->tail);
    }
    return probe->head.n >= TEXT_BEGINS && is_text(bytes_cut(probe->head, 0, TEXT_BEGINS)) && !is_text(last(probe->tail, TEXT_ENDS)) &&
           !bytes_starts(probe->head, bytes_text("!<arch>\n"));
}

static bool is_program_with_more(const struct probe *probe) {
    uint64_t end = program_end(probe->head);
    return end != 0 && end < probe->size;
}

/* How pictures begin, and how they end where nothing is behind them. JPEG is none of them: cameras put what they like behind it. */
static bool is_picture_with_more(const struct probe *probe) {
    static const struct {
        const char *begin;
        size_t n;
        const char *end;
        size_t n_end;
    } rows[] = {
        {"\x89PNG\r\n\x1a\n", 8, "IEND\xae\x42\x60\x82", 8},
        {"GIF8", 4, ";", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (bytes_starts(probe->head, bytes_make(rows[i].begin, rows[i].n))) {
            return !bytes_equal(last(probe->tail, rows[i].n_end), bytes_make(rows[i].end, rows[i].n_end));
        }
    }
    return false;
}

/* What is a container from its first byte on is for its own driver. */
static bool is_container(const struct probe *probe) {
    struct bytes head = probe->head;
    return bytes_starts(head, bytes_text("MZ")) || bytes_starts(head, bytes_text("PK\3\4")) || probe_archive(probe) != ARCHIVE_KINDS ||
           probe_udif(probe) || disk_probe(head) || asar_at_head(head) || archive_is_iso(probe->middle) ||
           (piece_begins(head) && !encoded_begins(head) && program_end(head) == 0);
}

static bool is_archive_with_end(const struct probe *probe) {
    return archive_end_is_told(probe) && !probe_udif(probe);
}

static bool probe(const struct probe *probe) {
    if (is_archive_with_end(probe)) {
        return true;
    }
    bool more =
        probe->thorough || is_text_with_more(probe) || (!probe_zip(probe) && (is_program_with_more(probe) || is_picture_with_more(probe)));
    return more && !is_container(probe);
}

/* ---- what they carry ---- */

struct walk {
    struct source *source;
    struct budget *budget;
    struct visitor *visitor;
    struct arena scratch;
    bool programs; /* count, too: bytes that are nothing, in front of one, only hide its signature, which is carved */
    bool nothing_else;
};

static bool visit(struct walk *w, const char *kind, uint64_t at, uint64_t n, struct error *err) {
    const char *path = arena_printf(&w->scratch, "%s@%llu", kind, (unsigned long long)at);
    return visit_window(w->visitor, w->source, at, n, path, &w->scratch, err);
}

/* Everything in [at, to), as far as it is searched. */
static bool walk_pieces(struct walk *w, uint64_t at, uint64_t to, struct error *err) {
    struct piece piece;
    uint64_t window = limit_most(w->budget->limits, LIMIT_CARVE_WINDOW), size = w->source->size;
    bool parted = w->budget->search && size / PIECE_WHOLE > window;
    while (at < to) {
        if (parted && at > window && at < size - window) {
            at = size - window;
            continue;
        }
        if (!piece_next(w->source, w->budget, &w->scratch, &at, to, w->source->size, &piece, err)) {
            return false;
        }
        bool wanted = piece.kind != NULL && (strcmp(piece.kind, "program") == 0 ? w->programs : !w->nothing_else);
        if (wanted && !visit(w, piece.kind, at, piece.n, err)) {
            return false;
        }
        at += piece.kind != NULL && !wanted && w->nothing_else ? 1 : piece.own;
    }
    return true;
}

/* The first line of a script at which something begins; *at is the text's size when there is none. */
static bool find_line(struct walk *w, struct bytes text, size_t *at, struct piece *piece, struct error *err) {
    struct arena measuring = limit_arena(w->budget->limits);
    bool ok = true;
    *piece = (struct piece){0};
    for (*at = 0; ok && (*at = bytes_find(text, bytes_text("\n"), *at) + 1) < text.n;) {
        struct bytes line = bytes_cut(text, *at, BEGINNING);
        arena_reset(&measuring);
        ok = !piece_begins(line) || piece_at(w->source, *at, w->source->size, &measuring, piece, err);
        if (piece->kind != NULL || (!piece_begins(line) && archive_kind_of(line) != ARCHIVE_KINDS)) {
            break;
        }
    }
    *at = *at < text.n ? *at : text.n;
    arena_free(&measuring);
    return ok;
}

static bool walk_script(struct walk *w, uint64_t to, struct error *err) {
    struct arena arena = limit_arena(w->budget->limits);
    struct bytes text;
    struct piece piece;
    size_t at = 0;
    bool ok =
        source_read_some(w->source, &arena, 0, LINES_MAX, &text, err) && find_line(w, text, &at, &piece, err) && walk_pieces(w, 1, at, err);
    if (ok && at < text.n) {
        arena_reset(&w->scratch);
        ok = visit(w, "payload", at, w->source->size - at, err);
    }
    arena_free(&arena);
    return ok && (at + piece.own >= to || walk_pieces(w, at + (piece.kind != NULL ? piece.own : 1), to, err));
}

/* Whether a file is something by itself, by its first octets: text, a picture, a program for Linux. */
static bool is_something(struct bytes head) {
    static const char *const begins[] = {"\177ELF", "\x89PNG", "GIF8", "\xff\xd8\xff"};
    bool is = head.n >= TEXT_BEGINS && is_text(head);
    for (size_t i = 0; i < sizeof begins / sizeof *begins && !is; i++) {
        is = bytes_starts(head, bytes_text(begins[i]));
    }
    return is || bytes_starts(head, bytes_text("#!"));
}

/* Where the search of a file that is no archive begins. */
static bool begin_behind(struct walk *w, struct bytes head, struct arena *arena, uint64_t *from, struct error *err) {
    w->programs = is_something(bytes_cut(head, 0, TEXT_BEGINS));
    /* What is inside of a program for macOS its format knows. */
    if (!(w->budget->search && bytes_starts(head, bytes_text("\177ELF"))) && !program_end_exact(w->source, arena, from, err)) {
        return false;
    }
    w->programs = w->programs || *from != 0;
    *from = *from == 0 ? 1 : *from;
    return true;
}

/* The extra field of a gzip file's first header (RFC 1952 2.3.1), and what an archive of frames has between them: for nobody who unpacks
 * it. */
static bool walk_skipped(struct walk *w, struct bytes head, struct error *err) {
    enum { FLAGS_AT = 3, EXTRA = 4, LEAST = 64 };
    const struct archive_extent *extent = archive_extent_of(head);
    struct reader r = reader_make(head, 0);
    reader_skip(&r, FLAGS_AT);
    bool extra = (reader_u8(&r) & EXTRA) != 0;
    reader_skip(&r, 6);
    uint64_t at = 0, n = reader_u16le(&r);
    if (w->budget->search && archive_kind_of(head) == ARCHIVE_GZIP && extra && n >= LEAST) {
        return visit(w, "extra", r.at, n, err);
    }
    while (extent != NULL && w->budget->search) {
        if (!archive_extent_skipped(extent, w->source, &at, &n, err)) {
            return false;
        }
        if (n == 0) {
            break;
        }
        arena_reset(&w->scratch);
        if (!visit(w, "skipped", at, n, err)) {
            return false;
        }
        at += n;
    }
    return true;
}

/* That of an archive. */
static bool begin_behind_archive(struct walk *w, const struct probe *probe, uint64_t *from, struct error *err) {
    if (!archive_end(w->source, probe, &w->scratch, from, err)) {
        return false;
    }
    w->programs = true;
    w->nothing_else = *from == 0 || probe_archive(probe) == ARCHIVE_RAR; /* its recovery records are told as no end of it, too */
    *from = *from != 0 ? *from : w->budget->search ? 1 : w->source->size;
    return true;
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct walk w = {.source = source, .budget = budget, .visitor = visitor, .scratch = limit_arena(budget->limits)};
    struct bytes head;
    struct probe probe = {.size = source->size, .thorough = budget->search};
    uint64_t from = 0;
    (void)anomalies;
    bool ok = source_read_some(source, arena, 0, PROBE_HEAD, &head, err);
    ok = ok && (!budget->search || source_read_some(source, arena, PROBE_MIDDLE_AT, PROBE_MIDDLE, &probe.middle, err));
    probe.head = head;
    ok = ok && (archive_end_is_told(&probe) ? begin_behind_archive(&w, &probe, &from, err) : begin_behind(&w, head, arena, &from, err));
    ok = ok && walk_skipped(&w, head, err);
    from = from < source->size ? from : source->size;
    uint64_t window = limit_most(budget->limits, LIMIT_CARVE_WINDOW);
    uint64_t to = budget->search || source->size - from < window ? source->size : from + window;
    ok = ok && (bytes_starts(head, bytes_text("#!")) ? walk_script(&w, to, err) : walk_pieces(&w, from, to, err));
    arena_free(&w.scratch);
    return ok;
}

const struct container container_carrier = {.name = "carrier", .probe = probe, .walk = walk};
