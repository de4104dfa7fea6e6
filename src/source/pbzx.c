/* SPDX-License-Identifier: Apache-2.0 */
#include "source/pbzx.h"

#include "base/reader.h"

/* Big-endian
 *   0   4  "pbzx"
 *   4   8  flags
 * then, while bit 24 of the last flags is set, chunks:
 *   0   8  flags; below bit 24, the size of the chunk unpacked
 *   8   8  length
 *  16   -  an .xz file, or plain bytes
 */
enum { HEADER = 12, CHUNK_HEADER = 16, MORE_BIT = 24, XZ_MAGIC = 6 };

static const struct bytes magic = {(const uint8_t *)"pbzx", 4};
static const struct bytes xz_magic = {(const uint8_t *)"\xfd"
                                                       "7zXZ\0",
                                      XZ_MAGIC};

bool pbzx_probe(struct bytes head) {
    return bytes_starts(head, magic);
}

static bool restart(struct stream *stream, struct error *err) {
    struct pbzx *p = (struct pbzx *)stream;
    uint8_t head[HEADER];
    pbzx_end(p);
    if (!source_into(p->packed, head, sizeof head, 0, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(head, sizeof head), 0);
    reader_skip(&r, 4);
    p->more = (reader_u64be(&r) >> MORE_BIT & 1) != 0;
    p->at = HEADER;
    p->left = 0;
    return true;
}

/* Opens the next chunk. */
static bool chunk_open(struct pbzx *p, struct error *err) {
    uint8_t head[CHUNK_HEADER + XZ_MAGIC] = {0};
    uint64_t room = p->packed->size > p->at ? p->packed->size - p->at : 0;
    size_t n = room < sizeof head ? (size_t)room : sizeof head;
    if (!source_into(p->packed, head, n, p->at, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(head, n), p->at);
    p->more = (reader_u64be(&r) >> MORE_BIT & 1) != 0;
    uint64_t length = reader_u64be(&r);
    if (!reader_ok(&r) || length > room - CHUNK_HEADER) {
        return error_set(err, ERR_MALFORMED, "pbzx chunk at 0x%llx passes the end", (unsigned long long)p->at);
    }
    uint64_t at = p->at + CHUNK_HEADER;
    p->at = at + length;
    if (length < XZ_MAGIC || !bytes_equal(bytes_cut(r.left, 0, XZ_MAGIC), xz_magic)) {
        p->left = length;
        return true;
    }
    window_source_init(&p->chunk, p->packed->name, p->packed, at, length);
    unpack_init(&p->unpacker, UNPACK_XZ, &p->chunk.source, p->limits);
    p->in_chunk = true;
    return true;
}

static bool next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct pbzx *p = (struct pbzx *)stream;
    *got = 0;
    if (p->at == 0 && !restart(stream, err)) {
        return false;
    }
    while (*got == 0 && room != 0) {
        if (p->left != 0) {
            size_t n = p->left < room ? (size_t)p->left : room;
            if (!source_into(p->packed, buf, n, p->at - p->left, err)) {
                return false;
            }
            p->left -= n;
            *got = n;
        } else if (p->in_chunk) {
            if (!p->unpacker.stream.next(&p->unpacker.stream, buf, room, got, err)) {
                return false;
            }
            if (*got == 0) {
                pbzx_end(p);
            }
        } else if (!p->more) {
            return true;
        } else if (!chunk_open(p, err)) {
            return false;
        }
    }
    return true;
}

void pbzx_init(struct pbzx *p, struct source *packed, const struct limits *limits) {
    *p = (struct pbzx){.stream = {.next = next, .restart = restart}, .packed = packed, .limits = limits};
}

void pbzx_end(struct pbzx *p) {
    if (p->in_chunk) {
        unpack_end(&p->unpacker);
    }
    p->in_chunk = false;
}
