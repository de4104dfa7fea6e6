/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: MS-DOS header, COFF file header, optional header and section table of Microsoft's "PE Format".
 *
 * Refused: an optional header of another magic than 0x10B and 0x20B (a ROM image can't be signed), a header past the end of the
 * file.
 */
#include "layout/pe.h"

#include "base/reader.h"

enum {
    DOS_HEADER_AT = 0x3c, /* e_lfanew */
    DOS_HEADER_SIZE = 0x40,
    COFF_SIZE = 24, /* signature and COFF header */
    SECTION_SIZE = 40,
    SECTION_NAME = 8,
    OPTIONAL_MAX = 512, /* more of an optional header is not looked at */
    PE32 = 0x10b,
    PE32_PLUS = 0x20b,
};

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
 * Section header: 0 name (8 octets), 8 VirtualSize, 12 VirtualAddress, 16 SizeOfRawData, 20 PointerToRawData, all u32; 40 bytes in all.
 */
static bool read_sections(struct source *source, struct arena *arena, struct pe *pe, struct error *err) {
    struct bytes b;
    size_t most = (size_t)limit_most(arena->limits, LIMIT_SECTIONS);
    size_t n = pe->sections_told < most ? pe->sections_told : most;
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
        s.name = reader_bytes(&r, SECTION_NAME);
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
    pe->optional_size = reader_u16le(&r);
    reader_skip(&r, 2);
    pe->after = pe->header + COFF_SIZE + pe->optional_size;
    if (pe->after > source->size) {
        return error_set(err, ERR_MALFORMED, "the optional header at 0x%llx passes the end of the file",
                         (unsigned long long)(pe->header + COFF_SIZE));
    }
    if (!read_optional(pe, bytes_cut(b, COFF_SIZE, pe->optional_size), pe->header + COFF_SIZE, err)) {
        return false;
    }
    return read_sections(source, arena, pe, err);
}

uint64_t pe_raw_end(const struct pe *pe) {
    uint64_t end = pe->after + (uint64_t)pe->n_sections * SECTION_SIZE;
    end = pe->headers_size > end ? pe->headers_size : end;
    for (size_t i = 0; i < pe->n_sections; i++) {
        uint64_t behind = (uint64_t)pe->sections[i].raw_at + pe->sections[i].raw_size;
        end = pe->sections[i].raw_size != 0 && behind > end ? behind : end;
    }
    return end < pe->size ? end : pe->size;
}

uint64_t pe_file_offset(const struct pe *pe, uint32_t rva) {
    for (size_t i = 0; i < pe->n_sections; i++) {
        const struct pe_section *s = &pe->sections[i];
        uint32_t extent = s->virtual_size > s->raw_size ? s->virtual_size : s->raw_size;
        if (rva >= s->virtual_address && rva - s->virtual_address < extent) {
            uint64_t at = (uint64_t)(rva - s->virtual_address) + s->raw_at;
            return rva - s->virtual_address < s->raw_size && at < pe->size ? at : UINT64_MAX;
        }
    }
    return UINT64_MAX;
}
