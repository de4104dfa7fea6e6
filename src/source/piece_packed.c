/* SPDX-License-Identifier: Apache-2.0 */
/* Archives that say nothing of their length, and packed files: that they are such ones is shown by the first bytes that come out. */
#include "base/reader.h"
#include "source/archive_read.h"
#include "source/encoded.h"
#include "source/piece_measure.h"
#include "source/unpack.h"

#include <stdlib.h>

/* A packed file that is shorter than this holds nothing that is signed. */
enum { SHORTEST = 512 };
/* So many zeros are unpacked in search of what is behind them. */
enum { ZEROS_MAX = 16 << 20 };

/* What the name and the first bytes say is enough. */
bool measure_begun(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    (void)window;
    (void)scratch;
    (void)err;
    *n = 1;
    return true;
}

/* Whether so many bytes come out, or the data ends well before. Zeros in front don't count: that of LZMA
 * makes them of zeros. */
static bool unpacks(struct source *window, enum unpack_method method, size_t least, const struct limits *limits) {
    uint8_t step[1024];
    size_t got = 1, made = 0, zeros = 0;
    struct unpacker u;
    struct error why;
    bool ok = true;
    unpack_init(&u, method, window, limits);
    while (ok && got != 0 && made < least && zeros < ZEROS_MAX) {
        ok = u.stream.next(&u.stream, step, sizeof step, &got, &why);
        got = ok ? got : 0;
        if (made == 0 && bytes_zero(bytes_make(step, got))) {
            zeros += got;
        } else {
            made += got;
        }
    }
    unpack_end(&u);
    bool zeros_of_its_own = zeros >= ZEROS_MAX && method != UNPACK_LZMA;
    return made >= least || zeros_of_its_own || (ok && made >= SHORTEST);
}

bool measure_gzip(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    (void)err;
    *n = unpacks(window, UNPACK_ZLIB, 1, scratch->limits);
    return true;
}

/* Nearly anything unpacks to something, and soon to nothing: distances lead before the beginning. */
bool measure_lzma(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { CONVINCING = 8 << 10 };
    (void)err;
    *n = unpacks(window, UNPACK_LZMA, CONVINCING, scratch->limits);
    return true;
}

/* ---- NSIS ---- */

/* Raw LZMA with the properties that are usual, perhaps behind an octet that says whether a filter is to follow. */
static bool is_nsis_lzma(struct bytes b) {
    b = bytes_cut(b, b.n != 0 && b.p[0] <= 1 ? 1 : 0, b.n);
    return b.n > 6 && b.p[0] == 0x5d && b.p[1] == 0 && b.p[2] == 0 && b.p[5] == 0 && b.p[6] < 0x80;
}

/* Whether what is at an offset may be a packed header: LZMA, bzip2 without its magic, or deflate. A header is full of zeros: no packer
 * leaves it as it is. */
static bool is_nsis_packed(struct source *window, size_t at, struct bytes b) {
    enum { BZIP2_LEVELS = 14 };
    struct window_source packed;
    if (is_nsis_lzma(b) || (b.n > 1 && b.p[0] == '1' && b.p[1] < BZIP2_LEVELS)) {
        return true;
    }
    window_source_init(&packed, "deflated", window, at, window->size - at);
    return unpacks(&packed.source, UNPACK_DEFLATE, SHORTEST, NULL);
}

/*
 * From the first header to the end, as it says itself (fileform.h of NSIS: 0 flags, 4 "NullsoftInst", 20 u32 size of the header that
 * follows, 24 u32 of all). Where that is more than there is, it is cut short, or these are words of a program that unpacks such setups:
 * then the header must begin as one does (fileform.c; 7-Zip's NsisIn.cpp): all packed as one, or by itself behind a u32 of its packed
 * size, whose uppermost bit is set where it is packed.
 */
bool measure_nsis(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { FIRST_HEADER = 28, ALONE = 4, LOOK = 16 };
    struct bytes b;
    if (!source_read_some(window, scratch, 0, FIRST_HEADER + LOOK, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    reader_skip(&r, FIRST_HEADER - 8);
    uint64_t header = reader_u32le(&r), all = reader_u32le(&r);
    struct bytes solid = r.left;
    uint32_t alone = reader_u32le(&r);
    if (!reader_ok(&r) || all < FIRST_HEADER || !archive_is_nsis(b)) {
        return true;
    }
    bool whole = all <= window->size;
    bool by_itself = alone == header || (alone >> 24 == 0x80 && is_nsis_packed(window, FIRST_HEADER + ALONE, r.left));
    if (whole || by_itself || is_nsis_packed(window, FIRST_HEADER, solid)) {
        *n = whole ? all : window->size;
    }
    return true;
}

/* By libarchive: its first bytes must come out. */
bool measure_frames(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { HEAD = 512 };
    struct budget budget = {.bytes_left = 1 << 20};
    struct archive_reader *reader = calloc(1, sizeof *reader);
    struct bytes head;
    struct error why;
    bool end = true;
    if (reader == NULL) {
        return error_memory(err, "to read an archive");
    }
    if (!source_read_some(window, scratch, 0, HEAD, &head, err)) {
        free(reader);
        return false;
    }
    *n = archive_reader_open(reader, archive_kind_of(head), window, &budget, &why) && archive_reader_next(reader, &end, &why) && !end;
    archive_reader_close(reader);
    free(reader);
    return true;
}

/* A stream of a packed file. */
struct pass {
    bool begins; /* something came out */
    bool ends;   /* it said so itself */
};

/* Unpacks the stream at *at; *at moves behind it, and to the window's end where that is not reached. */
static struct pass pass_stream(struct source *window, enum unpack_method method, const struct limits *limits, uint64_t *at,
                               uint64_t *left) {
    uint8_t step[16 << 10];
    size_t got = 1;
    struct unpacker u;
    struct window_source stream;
    struct error why = {0};
    window_source_init(&stream, "packed", window, *at, window->size - *at);
    unpack_init(&u, method, &stream.source, limits);
    bool begins = false, ok = true;
    while (ok && got != 0 && *left != 0) {
        ok = u.stream.next(&u.stream, step, sizeof step, &got, &why);
        begins = begins || (ok && got != 0);
        *left -= got < *left ? got : *left;
    }
    bool ends = ok && got == 0;
    *at = ends ? *at + unpack_used(&u) : window->size;
    unpack_end(&u);
    return (struct pass){begins, ends};
}

/* What stands behind its last stream is no part of it, and would be called damage. */
bool measure_xz(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    uint64_t left = limit_most(scratch->limits, LIMIT_PACKED_END), at = 0;
    struct bytes next, magic = bytes_make("\xfd\x37zXZ\0", 6);
    while (left != 0 && pass_stream(window, UNPACK_XZ, scratch->limits, &at, &left).begins) {
        *n = at;
        if (!source_read_some(window, scratch, at, magic.n, &next, err)) {
            return false;
        }
        if (!bytes_equal(next, magic)) {
            break;
        }
    }
    return true;
}

bool measure_packed(struct source *packed, enum unpack_method method, enum archive_kind kind, struct arena *scratch, uint64_t *end,
                    struct error *err) {
    enum { HEAD = 512 };
    uint64_t left = limit_most(scratch->limits, LIMIT_PACKED_END), at = 0;
    *end = 0;
    for (;;) { /* each stream takes from the packed bytes */
        struct bytes next;
        if (!pass_stream(packed, method, scratch->limits, &at, &left).ends) {
            return true;
        }
        if (!source_read_some(packed, scratch, at, HEAD, &next, err)) {
            return false;
        }
        if (archive_kind_of(next) != kind) {
            *end = at;
            return true;
        }
    }
    return true;
}

bool measure_encoded(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    return encoded_size(window, scratch->limits, n, err);
}
