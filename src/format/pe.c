/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows programs: PE32 and PE32+ of every machine type. Microsoft's "PE Format": MS-DOS stub, COFF file header, optional
 * header, section table. Only headers and certificate table are read here.
 *
 * Refused: an optional header of another magic than 0x10B and 0x20B (a ROM image can't be signed), a header past the end of the
 * file. 16-bit programs (NE, LE, LX, plain DOS) carry no Authenticode and are unsigned.
 */
#include "format/pe.h"

#include "asn1/carve.h"
#include "base/reader.h"
#include "format/format.h"

enum {
    DOS_RELOCATIONS_AT = 0x18, /* e_lfarlc: below 0x40 in programs that know no new header */
    DOS_HEADER_AT = 0x3c,      /* e_lfanew */
    DOS_HEADER_SIZE = 0x40,
    COFF_SIZE = 24, /* signature and COFF header */
    SECTION_SIZE = 40,
    OPTIONAL_MAX = 512, /* more of an optional header is not looked at */
    PE32 = 0x10b,
    PE32_PLUS = 0x20b,
};

/* How much of each end is searched when the headers can't be followed, and of an overlay that should be none. */
enum { CARVE_ENDS = 4 << 20, OVERLAY_WHOLE = 1 << 20, OVERLAY_HEAD = 64 << 10, OVERLAY_TAIL = 256 << 10 };

static bool probe(const struct probe *probe) {
    return probe->head.n >= 2 && probe->head.p[0] == 'M' && probe->head.p[1] == 'Z';
}

/*
 * Optional header, offsets from its beginning; PE32 and PE32+ differ from offset 24 on:
 *      0 u16 Magic, 32 u32 SectionAlignment, 60 u32 SizeOfHeaders, 64 u32 CheckSum, 68 u16 Subsystem
 *  92/108 u32 NumberOfRvaAndSizes
 *  96/112 DataDirectory: u32 VirtualAddress, u32 Size each; [2] resources, [4] certificate table (a file offset)
 */
static bool read_optional(struct pe *pe, struct bytes b, uint64_t at, struct error *err) {
    struct reader r = reader_make(b, at);
    pe->magic = reader_u16le(&r);
    if (!reader_ok(&r) || (pe->magic != PE32 && pe->magic != PE32_PLUS)) {
        return error_set(err, ERR_MALFORMED, "optional header at 0x%llx has magic 0x%x, neither PE32 nor PE32+", (unsigned long long)at,
                         pe->magic);
    }
    bool plus = pe->magic == PE32_PLUS;
    reader_skip(&r, 30);
    pe->section_alignment = reader_u32le(&r);
    reader_skip(&r, 24);
    pe->headers_size = reader_u32le(&r);
    pe->checksum_at = r.at;
    (void)reader_u32le(&r);
    pe->has_checksum = reader_ok(&r);
    pe->subsystem = reader_u16le(&r);
    reader_skip(&r, plus ? 38 : 22);
    uint32_t directories = reader_u32le(&r);
    if (!reader_ok(&r)) {
        return true; /* a short header: what it does not reach is absent */
    }
    for (uint32_t i = 0; i < 5 && i < directories; i++) {
        uint64_t entry_at = r.at;
        uint32_t address = reader_u32le(&r), size = reader_u32le(&r);
        if (!reader_ok(&r)) {
            break;
        }
        if (i == 2) {
            pe->resource_rva = address;
            pe->resource_size = size;
        } else if (i == 4) {
            pe->has_entry = true;
            pe->entry_at = entry_at;
            pe->table_at = address;
            pe->table_size = size;
        }
    }
    return true;
}

/*
 * Section header: 8 VirtualSize, 12 VirtualAddress, 16 SizeOfRawData, 20 PointerToRawData, all u32; 40 bytes in all.
 */
static bool read_sections(struct source *source, struct arena *arena, struct pe *pe, struct error *err) {
    struct bytes b;
    size_t n = pe->sections_told < PE_SECTIONS_MAX ? pe->sections_told : PE_SECTIONS_MAX;
    if (!source_read_some(source, arena, pe->after, n * SECTION_SIZE, &b, err)) {
        return false;
    }
    pe->sections = arena_array(arena, n, sizeof *pe->sections);
    if (pe->sections == NULL) {
        return arena_full(arena, err);
    }
    struct reader r = reader_make(b, pe->after);
    for (size_t i = 0; i < b.n / SECTION_SIZE; i++) {
        struct pe_section s;
        reader_skip(&r, 8);
        s.virtual_size = reader_u32le(&r);
        s.virtual_address = reader_u32le(&r);
        s.raw_size = reader_u32le(&r);
        s.raw_at = reader_u32le(&r);
        reader_skip(&r, 16);
        pe->sections[pe->n_sections++] = s;
    }
    return true;
}

/* COFF header behind the signature: 4 Machine, 6 NumberOfSections, 20 SizeOfOptionalHeader (u16 each); 24 bytes in all. */
bool pe_headers(struct source *source, struct arena *arena, struct pe *pe, struct error *err) {
    struct bytes b;
    *pe = (struct pe){.size = source->size};
    if (!source_read_some(source, arena, 0, DOS_HEADER_SIZE, &b, err)) {
        return false;
    }
    struct reader dos = reader_make(b, 0);
    reader_skip(&dos, DOS_HEADER_AT);
    pe->header = reader_u32le(&dos);
    if (!reader_ok(&dos) || pe->header > source->size || source->size - pe->header < COFF_SIZE) {
        return error_set(err, ERR_MALFORMED, "no room for a PE header at 0x%llx, where the DOS header points",
                         (unsigned long long)pe->header);
    }
    if (!source_read_some(source, arena, pe->header, COFF_SIZE + OPTIONAL_MAX, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, pe->header);
    if (reader_u32le(&r) != 0x4550) {
        return error_set(err, ERR_MALFORMED, "no PE header at 0x%llx, where the DOS header points", (unsigned long long)pe->header);
    }
    pe->machine = reader_u16le(&r);
    pe->sections_told = reader_u16le(&r);
    reader_skip(&r, 12);
    size_t optional = reader_u16le(&r);
    reader_skip(&r, 2);
    pe->after = pe->header + COFF_SIZE + optional;
    if (pe->after > source->size) {
        return error_set(err, ERR_MALFORMED, "the optional header at 0x%llx passes the end of the file",
                         (unsigned long long)(pe->header + COFF_SIZE));
    }
    if (!read_optional(pe, bytes_cut(b, COFF_SIZE, optional), pe->header + COFF_SIZE, err)) {
        return false;
    }
    return read_sections(source, arena, pe, err);
}

uint64_t pe_raw_end(const struct pe *pe) {
    uint64_t end = pe->after + (uint64_t)pe->sections_told * SECTION_SIZE;
    end = pe->headers_size > end ? pe->headers_size : end;
    for (size_t i = 0; i < pe->n_sections; i++) {
        uint64_t behind = (uint64_t)pe->sections[i].raw_at + pe->sections[i].raw_size;
        end = pe->sections[i].raw_size != 0 && behind > end ? behind : end;
    }
    return end < pe->size ? end : pe->size;
}

/* What loaders and parsers may read differently. It makes only a signed file suspicious: packers do all of it. */
static const char *odd_layout(const struct pe *pe) {
    if (pe->header < DOS_HEADER_SIZE) {
        return "the PE header overlaps the DOS header";
    }
    if (pe->sections_told > PE_SECTIONS_MAX) {
        return "more sections than Windows loads";
    }
    if (!pe->has_entry) {
        return "the optional header has no entry for a certificate table";
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

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct pe pe;
    struct error why = {0};
    if (!pe_headers(source, arena, &pe, &why)) {
        if (why.kind != ERR_MALFORMED) {
            *err = why;
            return false;
        }
        if (is_16_bit(source, arena)) {
            return true;
        }
        contents_unreadable(contents, &why);
        return carve_ends(source, arena, contents, 0, CARVE_ENDS, CARVE_ENDS, err);
    }
    bool ok = pe.table_size == 0 ? read_unsigned(source, arena, &pe, contents, err) : pe_table(source, arena, &pe, contents, err);
    const char *odd = odd_layout(&pe);
    if (odd != NULL && contents->n_signatures != 0) {
        anomaly_note(&contents->anomalies, arena, ANOMALY_ODD_LAYOUT, pe.header, 0, odd);
    }
    return ok;
}

const struct format format_pe = {
    .name = "pe",
    .long_name = "Windows program (PE)",
    .acts_on_members = true,
    .probe = probe,
    .read = read,
    .version = pe_version,
};
