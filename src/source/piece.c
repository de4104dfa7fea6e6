/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lengths are from: cbCabinet of [MS-CAB], the FAT of [MS-CFB], the start header of 7zFormat.txt (7-Zip SDK), the sections and the
 * certificate table of "PE Format".
 */
#include "source/piece.h"

#include <zlib.h>

#include "base/reader.h"
#include "layout/cab.h"
#include "layout/cfb.h"
#include "source/archive.h"
#include "source/pe_overlay.h"
#include "source/rar.h"
#include "source/unread.h"

/* The window begins where the piece does. *n stays 0 where none begins. False (err) when that can't be said. */
typedef bool measure(struct source *window, struct arena *scratch, uint64_t *n, struct error *err);

/* Whether what went wrong only means that this is no such file. */
static bool is_other(const struct error *why, struct error *err) {
    return why->kind == ERR_MALFORMED || error_set(err, why->kind, "what stands in a program: %s", why->text);
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* With the signature that may stand behind it. */
static bool measure_cabinet(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    struct cab_header header;
    struct error why = {0};
    if (!cab_header_read(&header, window, scratch, &why)) {
        return is_other(&why, err);
    }
    if (header.size > window->size || header.files_at < header.behind || header.files_at >= header.size || header.n_folders == 0 ||
        header.version != CAB_VERSION) {
        return true;
    }
    uint64_t signature_end = header.signature_at + header.signature_size;
    bool is_signed = header.has_pointer && header.signature_at >= header.size && signature_end <= window->size;
    *n = is_signed ? signature_end : header.size;
    return true;
}

static bool measure_compound(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    struct cfb cfb;
    struct error why = {0};
    if (!cfb_open(&cfb, window, scratch, &why)) {
        return is_other(&why, err);
    }
    *n = least(cfb.end, window->size);
    return true;
}

/* Start header: 8 u32 CRC of what follows, 12 u64 offset of the header from 32 on, 20 u64 its size, 28 u32 its CRC. */
static bool measure_7z(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
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

/* Up to the end of its certificate table: by what stands behind that, its digest would not fit. */
static bool measure_program(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
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
    if (pe.n_sections != 0 && pe.header != 0) {
        *n = overlay.end < overlay.after ? overlay.after : overlay.at;
    }
    return true;
}

/* From the first header to the end, 24 u32 as it says itself (fileform.h of NSIS: 0 flags, 4 "NullsoftInst", 20 u32 header's size). */
static bool measure_nsis(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { FIRST_HEADER = 28 };
    struct bytes b;
    if (!source_read_some(window, scratch, 0, FIRST_HEADER, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    reader_skip(&r, FIRST_HEADER - 4);
    uint64_t all = reader_u32le(&r);
    if (reader_ok(&r) && all >= FIRST_HEADER && archive_is_nsis(b)) {
        *n = least(all, window->size);
    }
    return true;
}

static bool measure_rar(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    (void)scratch;
    return rar_extent(window, n, err);
}

/* It does not say how long it is: its first byte is its own. */
static bool measure_none(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    (void)window;
    (void)scratch;
    (void)err;
    *n = 1;
    return true;
}

/* Encoded files, which nobody here can follow to their end. */
static bool measure_installshield(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    struct bytes head;
    if (!source_read_some(window, scratch, 0, UNREAD_HEAD, &head, err)) {
        return false;
    }
    *n = unread_kind_of(head, bytes_none()) == UNREAD_INSTALLSHIELD;
    return true;
}

static const struct row {
    const char *kind;
    size_t n;
    const char *magic;
    size_t at; /* where the magic stands in the piece */
    measure *measure;
    bool open; /* what it measures is its own, and it may go on behind that */
} rows[] = {
    {"cabinet", 8, "MSCF\0\0\0\0", 0, measure_cabinet, false},
    {"7z", 6, "7z\xbc\xaf\x27\x1c", 0, measure_7z, false},
    {"msi", 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, measure_compound, false},
    {"program", 2, "MZ", 0, measure_program, false},
    {"nsis", 16, "\xef\xbe\xad\xdeNullsoftInst", 4, measure_nsis, false},
    {"rar", 7, "Rar!\x1a\7\0", 0, measure_rar, true},
    {"rar", 8, "Rar!\x1a\7\1\0", 0, measure_rar, true},
    {"wim", 8, "MSWIM\0\0\0", 0, measure_none, true},
    {"installshield", 14, "InstallShield", 0, measure_installshield, true},
    {"installshield", 14, "ISSetupStream", 0, measure_installshield, true},
};
enum { ROWS = sizeof rows / sizeof *rows, MAGIC_MAX = 20 };

static const struct row *row_of(struct bytes b) {
    for (size_t i = 0; i < ROWS; i++) {
        if (bytes_starts(bytes_cut(b, rows[i].at, b.n), bytes_make(rows[i].magic, rows[i].n))) {
            return &rows[i];
        }
    }
    return NULL;
}

size_t piece_find(struct bytes b, size_t from) {
    for (size_t at = from; at < b.n; at++) {
        uint8_t c = b.p[at];
        bool nsis = c < 16 && b.n - at > 4 && b.p[at + 4] == 0xef; /* its magic is not at its beginning */
        if ((nsis || c == 'M' || c == '7' || c == 0xd0 || c == 'R' || c == 'I') && row_of(bytes_cut(b, at, MAGIC_MAX)) != NULL) {
            return at;
        }
    }
    return b.n;
}

bool piece_at(struct source *source, uint64_t at, uint64_t end, struct arena *scratch, struct piece *out, struct error *err) {
    uint8_t octets[MAGIC_MAX];
    *out = (struct piece){0};
    end = least(end, source->size);
    if (at >= end) {
        return true;
    }
    size_t have = (size_t)least(sizeof octets, end - at);
    if (!source_into(source, octets, have, at, err)) {
        return false;
    }
    const struct row *row = row_of(bytes_make(octets, have));
    if (row == NULL) {
        return true;
    }
    struct window_source window;
    uint64_t n = 0;
    window_source_init(&window, row->kind, source, at, end - at);
    if (!row->measure(&window.source, scratch, &n, err)) {
        return false;
    }
    *out = n != 0 ? (struct piece){.kind = row->kind, .n = row->open ? end - at : n, .own = n} : *out;
    return true;
}
