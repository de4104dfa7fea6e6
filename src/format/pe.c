/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows programs: PE32 and PE32+ of every machine type. Only headers (layout/pe.c) and certificate table are read here.
 *
 * 16-bit programs (NE, LE, LX, plain DOS) carry no Authenticode and are unsigned.
 */
#include "format/pe.h"

#include "asn1/carve.h"
#include "base/reader.h"
#include "format/format.h"

enum {
    DOS_RELOCATIONS_AT = 0x18, /* e_lfarlc: below 0x40 in programs that know no new header */
    DOS_HEADER_AT = 0x3c,      /* e_lfanew */
    DOS_HEADER_SIZE = 0x40,
};

/* How much of each end is searched when the headers can't be followed, and of an overlay that should be none. */
enum { CARVE_ENDS = 4 << 20, OVERLAY_WHOLE = 1 << 20, OVERLAY_HEAD = 64 << 10, OVERLAY_TAIL = 256 << 10 };

static bool probe(const struct probe *probe) {
    return probe->head.n >= 2 && probe->head.p[0] == 'M' && probe->head.p[1] == 'Z';
}

/* Two sections of the same bytes of the file, or one of those that the headers stand in. */
static bool sections_overlap(const struct pe *pe) {
    for (size_t i = 0; i < pe->n_sections; i++) {
        const struct pe_section *a = &pe->sections[i];
        if (a->raw_size == 0) {
            continue;
        }
        if (a->raw_at < pe->headers_size) {
            return true;
        }
        for (size_t k = 0; k < i; k++) {
            const struct pe_section *b = &pe->sections[k];
            if (b->raw_size != 0 && a->raw_at < (uint64_t)b->raw_at + b->raw_size && b->raw_at < (uint64_t)a->raw_at + a->raw_size) {
                return true;
            }
        }
    }
    return false;
}

static const char shared[] = "sections that share bytes";

/* What loaders and parsers may read differently. It makes only a signed file suspicious: packers do all of it. */
static const char *odd_layout(const struct pe *pe) {
    enum { WINDOWS_LOADS = 96, USUAL = 224, USUAL_PLUS = 240 }; /* octets of an optional header with 16 directories */
    if (pe->header < DOS_HEADER_SIZE) {
        return "the PE header overlaps the DOS header";
    }
    if (pe->sections_told > WINDOWS_LOADS) {
        return "more sections than Windows loads";
    }
    if (!pe->has_entry) {
        return "the optional header has no entry for a certificate table";
    }
    if (pe->optional_size != USUAL && pe->optional_size != USUAL_PLUS) {
        return "an optional header of unusual size";
    }
    if (sections_overlap(pe)) {
        return shared;
    }
    for (size_t i = 0; i < pe->n_sections; i++) {
        const struct pe_section *a = &pe->sections[i];
        if (a->raw_size != 0 && (uint64_t)a->raw_at + a->raw_size > pe->size) {
            return "a section passes the end of the file";
        }
        if (a->raw_size != 0 && pe->table_size != 0 && (uint64_t)a->raw_at + a->raw_size > pe->table_at) {
            return "a section passes the certificate table";
        }
    }
    return NULL;
}

/* A DOS program, or one of the 16-bit kinds: there is no place for a signature in it. */
static bool is_16_bit(struct source *source, struct arena *arena) {
    struct bytes b, kind;
    if (!source_read_some(source, arena, 0, DOS_HEADER_SIZE, &b, NULL)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    reader_skip(&r, DOS_RELOCATIONS_AT);
    uint16_t relocations = reader_u16le(&r);
    reader_skip(&r, DOS_HEADER_AT - DOS_RELOCATIONS_AT - 2);
    uint32_t header = reader_u32le(&r);
    if (!reader_ok(&r)) {
        return false;
    }
    if (relocations < DOS_HEADER_SIZE && relocations != 0) {
        return true;
    }
    return source_read_some(source, arena, header, 2, &kind, NULL) &&
           (bytes_is(kind, "NE") || bytes_is(kind, "LE") || bytes_is(kind, "LX"));
}

/* A signature without a structure that points to it: the headers can't be followed, or say that there is none. */
static bool carve_ends(struct source *source, struct arena *arena, struct contents *contents, uint64_t at, uint64_t head, uint64_t tail,
                       struct error *err) {
    uint64_t n = source->size - at;
    size_t added;
    if (n <= head + tail) {
        return carve_source(contents, arena, source, at, n, &added, err);
    }
    return carve_source(contents, arena, source, at, head, &added, err) &&
           carve_source(contents, arena, source, source->size - tail, tail, &added, err);
}

static bool read_unsigned(struct source *source, struct arena *arena, const struct pe *pe, struct contents *contents, struct error *err) {
    uint64_t end = pe_raw_end(pe), overlay = pe->size - end;
    if (overlay == 0) {
        return true;
    }
    bool whole = overlay <= OVERLAY_WHOLE;
    if (!carve_ends(source, arena, contents, end, whole ? overlay : OVERLAY_HEAD, whole ? 0 : OVERLAY_TAIL, err)) {
        return false;
    }
    if (contents->n_signatures != 0) {
        anomaly_note(&contents->anomalies, arena, ANOMALY_BAD_DIRECTORY, pe->has_entry ? pe->entry_at : pe->header, 0,
                     "the header says that there is no signature");
    }
    return true;
}

/* Headers that can't be followed: of a program for DOS, of a ROM image, which have no place for a signature; or of nobody knows what. */
static bool read_other(struct source *source, struct arena *arena, const struct pe *pe, const struct error *why, struct contents *contents,
                       struct error *err) {
    if (is_16_bit(source, arena)) {
        return true;
    }
    if (pe->magic != PE_ROM) {
        contents_unreadable(contents, why);
    }
    if (!carve_ends(source, arena, contents, 0, CARVE_ENDS, CARVE_ENDS, err)) {
        return false;
    }
    if (contents->n_signatures != 0) {
        anomaly_note(&contents->anomalies, arena, ANOMALY_ODD_LAYOUT, pe->header, 0, "headers that nobody can follow");
    }
    return true;
}

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct pe pe;
    struct error why = {0};
    if (!pe_headers(source, arena, &pe, &why)) {
        if (why.kind != ERR_MALFORMED) {
            *err = why;
            return false;
        }
        return read_other(source, arena, &pe, &why, contents, err);
    }
    bool ok = pe.table_size == 0 ? read_unsigned(source, arena, &pe, contents, err) : pe_table(source, arena, &pe, contents, err);
    ok = ok && pe_first_page(arena, &pe, contents, err);
    if (pe.n_sections < pe.sections_told && pe.n_sections == limit_most(arena->limits, LIMIT_SECTIONS)) {
        contents_limited(contents, arena, LIMIT_SECTIONS);
    }
    const char *odd = odd_layout(&pe);
    if (odd != NULL && contents->n_signatures != 0) {
        struct anomaly *anomaly = anomaly_note(&contents->anomalies, arena, ANOMALY_ODD_LAYOUT, pe.header, 0, odd);
        anomaly->weighty = odd != shared; /* as some makers of honest programs have it who guard them against copying */
    }
    return ok;
}

const struct format format_pe = {
    .name = "pe",
    .long_name = "Windows program (PE)",
    .first = FIRST_OCTETS("M"),
    .acts_on_members = true,
    .probe = probe,
    .read = read,
    .version = pe_version,
    .image = pe_image,
};
