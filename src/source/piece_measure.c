/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lengths are from: cbCabinet of [MS-CAB], the FAT of [MS-CFB], the start header of 7zFormat.txt (7-Zip SDK), the sections and the
 * certificate table of "PE Format", the segments of mach-o/loader.h, the header of Microsoft's "Windows Imaging File Format".
 */
#include "source/piece_measure.h"

#include <zlib.h>

#include "base/reader.h"
#include "layout/cab.h"
#include "layout/cfb.h"
#include "layout/program_end.h"
#include "source/archive.h"
#include "source/pe_overlay.h"
#include "source/rar.h"
#include "source/unread.h"

/* Whether what went wrong only means that this is no such file. */
static bool is_other(const struct error *why, struct error *err) {
    return why->kind == ERR_MALFORMED || error_set(err, why->kind, "what stands in a program: %s", why->text);
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* With the signature that may stand behind it. */
bool measure_cabinet(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    struct cab_header header;
    struct error why = {0};
    if (!cab_header_read(&header, window, scratch, &why)) {
        return is_other(&why, err);
    }
    if (header.files_at < header.behind || header.files_at >= least(header.size, window->size) || header.n_folders == 0 ||
        header.n_files == 0 || header.version != CAB_VERSION) {
        return true;
    }
    uint64_t signature_end = header.signature_at + header.signature_size;
    bool is_signed = header.has_pointer && header.signature_at >= header.size && signature_end <= window->size;
    *n = is_signed ? signature_end : least(header.size, window->size); /* one cut short is still one */
    return true;
}

bool measure_compound(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    struct cfb cfb;
    struct error why = {0};
    if (!cfb_open(&cfb, window, scratch, &why)) {
        return is_other(&why, err);
    }
    *n = least(cfb.end, window->size);
    return true;
}

/* Start header: 8 u32 CRC of what follows, 12 u64 offset of the header from 32 on, 20 u64 its size, 28 u32 its CRC. */
bool measure_7z(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { START = 32, COVERED_AT = 12 };
    struct bytes b;
    if (!source_read_some(window, scratch, 0, START, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    reader_skip(&r, 8);
    uint32_t told = reader_u32le(&r);
    uint64_t at = reader_u64le(&r), size = reader_u64le(&r);
    struct bytes covered = bytes_cut(b, COVERED_AT, START - COVERED_AT);
    if (b.n == START && crc32(0, covered.p, (uInt)covered.n) == told) {
        bool fits = at < window->size && size < window->size; /* one cut short is still one */
        *n = fits ? least(START + at + size, window->size) : window->size;
    }
    return true;
}

/* Whether the pointer at 60 of a DOS header (e_lfanew) leads to "PE\0\0". */
static bool points_to_pe(struct source *window, bool *yes, struct error *err) {
    enum { POINTER_AT = 60 };
    uint8_t octets[4];
    *yes = false;
    if (window->size < POINTER_AT + sizeof octets) {
        return true;
    }
    if (!source_into(window, octets, sizeof octets, POINTER_AT, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(octets, sizeof octets), 0);
    uint32_t at = reader_u32le(&r);
    if (at > window->size - sizeof octets) {
        return true;
    }
    if (!source_into(window, octets, sizeof octets, at, err)) {
        return false;
    }
    *yes = bytes_equal(bytes_make(octets, sizeof octets), bytes_make("PE\0\0", 4));
    return true;
}

/* Whether Windows may load it: the table of its sections is a part of the headers by their own word. Where it is not, all of the sections
 * must be there: a word in a program that looks for such files is not one that was cut short. */
static bool is_loadable(const struct pe *pe) {
    enum { SECTION_SIZE = 40 };
    bool whole = pe->n_sections == pe->sections_told;
    for (size_t i = 0; i < pe->n_sections; i++) {
        const struct pe_section *s = &pe->sections[i];
        whole = whole && (s->raw_size == 0 || (uint64_t)s->raw_at + s->raw_size <= pe->size);
    }
    return whole || pe->after + (uint64_t)pe->sections_told * SECTION_SIZE <= pe->headers_size;
}

/* Up to the end of its certificate table: by what stands behind that, its digest would not fit. */
bool measure_program(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    struct pe pe;
    struct pe_overlay overlay;
    bool is_pe;
    if (!points_to_pe(window, &is_pe, err)) {
        return false;
    }
    if (!is_pe) { /* so are most places that begin like one: they must not cost what headers do */
        return true;
    }
    if (!pe_overlay_find(window, scratch, &pe, &overlay, err)) {
        return false;
    }
    if (pe.n_sections != 0 && pe.header != 0 && is_loadable(&pe)) {
        *n = overlay.end < overlay.after ? overlay.after : overlay.at;
    }
    return true;
}

bool measure_rar(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    bool spans;
    return rar_extent(window, scratch->limits, n, &spans, err);
}

/* 8 u32 size of the header, always 208. It does not say how long the rest is. */
bool measure_wim(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { SIZE_AT = 8, HEADER = 208 };
    struct bytes b;
    if (!source_read_some(window, scratch, 0, SIZE_AT + 4, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    reader_skip(&r, SIZE_AT);
    *n = reader_u32le(&r) == HEADER ? 1 : 0;
    return true;
}

/* 40 u64 bytes used (squashfs_fs.h of Linux). */
bool measure_squashfs(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { USED_AT = 40 };
    struct bytes b;
    if (!source_read_some(window, scratch, USED_AT, sizeof(uint64_t), &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, USED_AT);
    *n = least(reader_u64le(&r), window->size);
    return true;
}

/* Encoded files, which nobody here can follow to their end. */
bool measure_installshield(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    struct bytes head;
    if (!source_read_some(window, scratch, 0, UNREAD_HEAD, &head, err)) {
        return false;
    }
    *n = unread_kind_of(head, bytes_none()) == UNREAD_INSTALLSHIELD;
    return true;
}

/* Header and table of contents; behind them is the heap. 4 u16 size of the header, 6 u16 version 1, 8 u64 size of the table (xar.h). */
bool measure_xar(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { HEADER = 28, HEADER_MAX = 64, VERSION = 1 };
    struct bytes b;
    if (!source_read_some(window, scratch, 0, HEADER, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    reader_skip(&r, 4);
    uint64_t size = reader_u16be(&r), version = reader_u16be(&r), table = reader_u64be(&r);
    if (reader_ok(&r) && size >= HEADER && size <= HEADER_MAX && version == VERSION && table < window->size) {
        *n = size + table;
    }
    return true;
}

/* Whether a program for macOS begins there; not for 64 bits alone. */
static bool is_slice(struct source *window, uint64_t at, bool *yes, struct error *err) {
    uint8_t octets[4];
    *yes = false;
    if (at > window->size || window->size - at < sizeof octets) {
        return true;
    }
    if (!source_into(window, octets, sizeof octets, at, err)) {
        return false;
    }
    *yes = (octets[0] == 0xcf || octets[0] == 0xce) && octets[1] == 0xfa && octets[2] == 0xed && octets[3] == 0xfe;
    return true;
}

/* A program for macOS ends with its last segment, in which its signature is; one of several slices (cafebabe, number, then 8 u32 offset of
 * the first) with the last of them. */
bool measure_apple(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { FIRST_AT = 16 };
    struct bytes b;
    uint64_t end;
    bool yes = true;
    if (!source_read_some(window, scratch, 0, FIRST_AT + 4, &b, err) || !program_end_exact(window, scratch, &end, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    reader_skip(&r, FIRST_AT);
    uint32_t first = reader_u32be(&r);
    if (end != 0 && bytes_starts(b, bytes_text("\xca")) && !is_slice(window, reader_ok(&r) ? first : UINT32_MAX, &yes, err)) {
        return false;
    }
    *n = yes && end <= window->size ? end : 0;
    return true;
}
