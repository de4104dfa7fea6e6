/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the header of a XAR archive and unpacks its table of contents, a zlib stream, into the table's reader. Refused: a header
 * shorter than 28 octets, a table that passes the end or the limit.
 */
#include "source/xar_toc.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/reader.h"

/* xar_header, big-endian
 *   0   4  magic "xar!"
 *   4   2  size of the header
 *   6   2  version
 *   8   8  length of the table, packed
 *  16   8  length of the table, unpacked
 *  24   4  checksum algorithm: 0 none, 1 SHA-1, 2 MD5, 3 SHA-256 (or named behind it), 4 SHA-512
 */
enum { HEADER_SIZE = 28, STEP = 16 << 10 };

static const struct bytes magic = {(const uint8_t *)"xar!", 4};

bool xar_probe(struct bytes head) {
    return bytes_starts(head, magic);
}

static enum hash header_hash(uint32_t algorithm, uint16_t header_size) {
    static const enum hash hashes[] = {HASH_NONE, HASH_SHA1, HASH_MD5, HASH_SHA256, HASH_SHA512};
    bool named = algorithm == 3 && header_size > HEADER_SIZE;
    return named || algorithm >= sizeof hashes / sizeof *hashes ? HASH_NONE : hashes[algorithm];
}

static bool header_read(struct source *source, struct arena *arena, struct xar *xar, uint64_t *unpacked, struct error *err) {
    struct bytes head;
    if (!source_read_some(source, arena, 0, HEADER_SIZE, &head, err)) {
        return false;
    }
    struct reader r = reader_make(head, 0);
    struct bytes first = reader_bytes(&r, 4);
    uint16_t size = reader_u16be(&r);
    reader_skip(&r, 2);
    uint64_t packed = reader_u64be(&r);
    *unpacked = reader_u64be(&r);
    uint32_t algorithm = reader_u32be(&r);
    if (!reader_ok(&r) || !bytes_equal(first, magic) || size < HEADER_SIZE) {
        return error_set(err, ERR_MALFORMED, "no XAR header");
    }
    uint64_t left = size < source->size ? source->size - size : 0;
    xar->toc_at = size;
    xar->toc_packed = packed;
    xar->header_hash = header_hash(algorithm, size);
    if (packed > left) {
        error_set(&xar->problem, ERR_MALFORMED, "the table of contents has %llu bytes, the file %llu behind its header",
                  (unsigned long long)packed, (unsigned long long)left);
        xar->toc_packed = left;
    }
    xar->heap_at = size + xar->toc_packed;
    return true;
}

struct xar_range xar_heap(const struct xar *xar, uint64_t source_size, uint64_t offset, uint64_t n) {
    uint64_t heap = source_size > xar->heap_at ? source_size - xar->heap_at : 0;
    bool outside = offset > heap || n > heap - offset;
    return (struct xar_range){.at = offset > heap ? source_size : xar->heap_at + offset, .n = n, .given = true, .outside = outside};
}

static void problem(struct xar *xar, enum error_kind kind, const char *why) {
    if (xar->problem.kind == ERR_NONE) {
        error_set(&xar->problem, kind, "table of contents: %s", why);
    }
}

/* One unpacking of the table. */
struct inflation {
    struct source *source;
    struct xar *xar;
    struct xar_toc *toc;
    z_stream z;
    const struct limits *limits;
    uint64_t at, left, given;
    uint8_t in[STEP], out[STEP];
};

/* Unpacks what is in hand; *more is false at the end of the stream, or where going on is of no use. */
static void step(struct inflation *f, bool *more) {
    do {
        f->z.next_out = f->out;
        f->z.avail_out = STEP;
        int code = inflate(&f->z, Z_NO_FLUSH);
        size_t n = STEP - f->z.avail_out;
        f->given += n;
        if (f->given > limit_most(f->limits, LIMIT_XAR_SIZE)) {
            if (f->xar->problem.kind == ERR_NONE) {
                limit_reached(f->limits, LIMIT_XAR_SIZE, &f->xar->problem);
            }
            *more = false;
            return;
        }
        if (n != 0 && !xar_toc_feed(f->toc, bytes_make(f->out, n))) {
            *more = false;
            return;
        }
        if (code != Z_OK && code != Z_BUF_ERROR) {
            *more = false;
            if (code != Z_STREAM_END) {
                problem(f->xar, code == Z_MEM_ERROR ? ERR_LIMIT : ERR_MALFORMED, "can't be unpacked");
            }
            return;
        }
    } while (f->z.avail_in != 0 || f->z.avail_out == 0);
}

static bool toc_unpack(struct inflation *f, struct error *err) {
    bool more = true;
    while (more && f->left != 0) {
        size_t n = f->left < STEP ? (size_t)f->left : STEP;
        if (!source_into(f->source, f->in, n, f->at, err)) {
            return false;
        }
        f->at += n;
        f->left -= n;
        f->z.next_in = f->in;
        f->z.avail_in = (uInt)n;
        step(f, &more);
    }
    if (more) {
        problem(f->xar, ERR_MALFORMED, "cut short");
    }
    return true;
}

bool xar_read(struct source *source, struct arena *arena, struct anomalies *anomalies, struct xar *xar, struct error *err) {
    uint64_t unpacked;
    *xar = (struct xar){.hash = HASH_NONE};
    if (!header_read(source, arena, xar, &unpacked, err)) {
        return false;
    }
    struct xar_toc *toc = xar_toc_new(xar, source->size, arena, anomalies, err);
    struct inflation *f = calloc(1, sizeof *f);
    bool started = toc != NULL && f != NULL && inflateInit(&f->z) == Z_OK;
    bool ok = started || (toc != NULL && error_set(err, ERR_LIMIT, "out of memory for a table of contents"));
    if (started) {
        f->source = source;
        f->xar = xar;
        f->toc = toc;
        f->limits = arena->limits;
        f->at = xar->toc_at;
        f->left = xar->toc_packed;
        ok = toc_unpack(f, err);
        inflateEnd(&f->z);
        xar_toc_end(toc);
        if (ok && xar->problem.kind == ERR_NONE && f->given != unpacked) {
            anomaly_note(anomalies, arena, ANOMALY_BAD_DIRECTORY, 16, 8, "the table of contents has another length than the header says");
        }
    } else {
        xar_toc_end(toc);
    }
    free(f);
    return ok;
}

const char *xar_path(const struct xar *xar, uint32_t file, struct arena *arena) {
    const char *path = NULL;
    for (unsigned depth = 0; file < xar->n_files && depth < XAR_DEPTH_MAX; depth++, file = xar->files[file].parent) {
        const char *name = xar->files[file].name;
        path = path == NULL ? arena_printf(arena, "%s", name) : arena_printf(arena, "%s/%s", name, path);
        if (path == NULL) {
            return NULL;
        }
    }
    return path != NULL ? path : "";
}
