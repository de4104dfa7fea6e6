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

/* What the name and the first bytes say is enough. */
bool measure_begun(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    (void)window;
    (void)scratch;
    (void)err;
    *n = 1;
    return true;
}

/* Whether so many bytes come out, or the data ends well before. */
static bool unpacks(struct source *window, enum unpack_method method, size_t least) {
    uint8_t step[1024];
    size_t got = 1, made = 0;
    struct unpacker u;
    struct error why;
    bool ok = true;
    unpack_init(&u, method, window);
    while (ok && got != 0 && made < least) {
        ok = u.stream.next(&u.stream, step, sizeof step, &got, &why);
        made += ok ? got : 0;
    }
    unpack_end(&u);
    return made >= least || (ok && made >= SHORTEST);
}

bool measure_gzip(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    (void)scratch;
    (void)err;
    *n = unpacks(window, UNPACK_ZLIB, 1);
    return true;
}

/* Nearly anything unpacks to something, and soon to nothing: distances lead before the beginning. */
bool measure_lzma(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { CONVINCING = 8 << 10 };
    (void)scratch;
    (void)err;
    *n = unpacks(window, UNPACK_LZMA, CONVINCING);
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
        return error_set(err, ERR_LIMIT, "no memory to read an archive");
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

/* Whether the stream at *at unpacks; *at moves behind it, and to the window's end where that is not reached. */
static bool pass_xz(struct source *window, uint64_t *at, uint64_t *left) {
    uint8_t step[16 << 10];
    size_t got = 1;
    struct unpacker u;
    struct window_source stream;
    struct error why = {0};
    window_source_init(&stream, "xz", window, *at, window->size - *at);
    unpack_init(&u, UNPACK_XZ, &stream.source);
    bool begins = false, ok = true;
    while (ok && got != 0 && *left != 0) {
        ok = u.stream.next(&u.stream, step, sizeof step, &got, &why);
        begins = begins || (ok && got != 0);
        *left -= got < *left ? got : *left;
    }
    *at = ok && got == 0 ? *at + unpack_used(&u) : window->size;
    unpack_end(&u);
    return begins;
}

/* What stands behind its last stream is no part of it, and would be called damage. Unpacked are so many bytes at most to find that out. */
bool measure_xz(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    uint64_t left = UINT64_C(64) << 20, at = 0;
    struct bytes next, magic = bytes_make("\xfd\x37zXZ\0", 6);
    while (left != 0 && pass_xz(window, &at, &left)) {
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

bool measure_encoded(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    (void)scratch;
    return encoded_size(window, n, err);
}

/* A size of 12 octal digits, or, with the upper bit of the first octet set, a number of 95 bits (GNU tar): then nothing is said. */
static bool tar_size(struct bytes field, uint64_t *size) {
    uint64_t value = 0;
    for (size_t i = 0; i < field.n && field.p[i] != ' ' && field.p[i] != '\0'; i++) {
        if (field.p[i] < '0' || field.p[i] > '7') {
            return false;
        }
        value = value << 3 | (uint64_t)(field.p[i] - '0');
    }
    *size = value;
    return true;
}

/* Header by header (POSIX.1-2017 pax, ustar: size at 124), up to what is none. */
bool measure_tar(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    enum { BLOCK = 512, SIZE_AT = 124, SIZE_N = 12, HEADERS_MAX = 4096 };
    uint8_t block[BLOCK];
    uint64_t at = 0, size;
    (void)scratch;
    for (unsigned i = 0; i < HEADERS_MAX && at + BLOCK <= window->size; i++) {
        if (!source_into(window, block, BLOCK, at, err)) {
            return false;
        }
        struct bytes b = bytes_make(block, BLOCK);
        bool end = bytes_zero(b);
        if (!end && (archive_kind_of(b) != ARCHIVE_TAR || !tar_size(bytes_cut(b, SIZE_AT, SIZE_N), &size))) {
            break;
        }
        at += BLOCK + (end ? 0 : (size + BLOCK - 1) / BLOCK * BLOCK);
        at = at < window->size ? at : window->size;
        *n = at;
    }
    return true;
}
