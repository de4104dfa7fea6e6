/* SPDX-License-Identifier: Apache-2.0 */
#include "source/pe_overlay.h"

#include "base/reader.h"

enum { DOS_SIZE = 0x40, DOS_HEADER_AT = 0x3c, COFF_SIZE = 24, OPTIONAL_MAX = 512, SECTION_SIZE = 40, SECTIONS_MAX = 96 };
enum { PE32 = 0x10b, PE32_PLUS = 0x20b };

static bool read_clipped(struct source *source, uint8_t *buffer, size_t room, uint64_t at, struct bytes *out, struct error *err) {
    uint64_t left = at < source->size ? source->size - at : 0;
    size_t n = left < room ? (size_t)left : room;
    *out = bytes_make(buffer, n);
    return n == 0 || source_into(source, buffer, n, at, err);
}

/* Optional header: 60 u32 SizeOfHeaders; DataDirectory[4], the certificate table, at 128 (PE32) or 144 (PE32+): u32 offset, size. */
static void read_optional(struct bytes b, uint32_t *headers, uint32_t *table, uint32_t *table_size) {
    struct reader r = reader_make(b, 0);
    uint16_t magic = reader_u16le(&r);
    reader_skip(&r, 58);
    *headers = reader_u32le(&r);
    reader_skip(&r, magic == PE32_PLUS ? 44 : 28);
    uint32_t directories = reader_u32le(&r);
    reader_skip(&r, 32);
    *table = reader_u32le(&r);
    *table_size = reader_u32le(&r);
    if (!reader_ok(&r) || directories < 5 || (magic != PE32 && magic != PE32_PLUS)) {
        *table = *table_size = 0;
    }
}

/* Section header: 16 u32 SizeOfRawData, 20 u32 PointerToRawData. */
static uint64_t sections_end(struct bytes b) {
    uint64_t end = 0;
    struct reader r = reader_make(b, 0);
    for (size_t i = 0; i < b.n / SECTION_SIZE; i++) {
        reader_skip(&r, 16);
        uint64_t size = reader_u32le(&r), at = reader_u32le(&r);
        reader_skip(&r, 16);
        end = size != 0 && at + size > end ? at + size : end;
    }
    return end;
}

bool pe_overlay_find(struct source *source, struct pe_overlay *out, struct error *err) {
    uint8_t buffer[SECTIONS_MAX * SECTION_SIZE];
    struct bytes b;
    struct pe_overlay found = {.at = 0, .end = source->size, .after = source->size};
    if (!read_clipped(source, buffer, DOS_SIZE, 0, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    reader_skip(&r, DOS_HEADER_AT);
    uint64_t header = reader_u32le(&r);
    if (!read_clipped(source, buffer, COFF_SIZE + OPTIONAL_MAX, header, &b, err)) {
        return false;
    }
    r = reader_make(b, header);
    bool is_pe = reader_u32le(&r) == 0x4550;
    reader_skip(&r, 2);
    size_t sections = reader_u16le(&r);
    reader_skip(&r, 12);
    size_t optional = reader_u16le(&r);
    if (reader_ok(&r) && is_pe) {
        uint32_t headers, table, table_size;
        read_optional(bytes_cut(b, COFF_SIZE, optional), &headers, &table, &table_size);
        uint64_t at = header + COFF_SIZE + optional;
        size_t n = (sections < SECTIONS_MAX ? sections : SECTIONS_MAX) * SECTION_SIZE;
        if (!read_clipped(source, buffer, n, at, &b, err)) {
            return false;
        }
        uint64_t end = sections_end(b);
        at += n;
        at = headers > at ? headers : at;
        at = end > at ? end : at;
        found.at = at < source->size ? at : source->size;
        if (table_size != 0 && table >= found.at && table <= source->size) {
            found.end = table;
            found.after = table_size < source->size - table ? (uint64_t)table + table_size : source->size;
        }
    }
    *out = found;
    return true;
}
