/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: CFDATA of [MS-CAB]: u32 checksum, u16 cbData, u16 cbUncomp, reserve, cbData bytes. Stored blocks are the bytes
 * themselves; an MSZIP block ([MS-MCI]) is "CK" and a deflate stream that may refer to the 32 KiB before it. LZX: cab_lzx.c.
 * Checksums are not compared: what a careless unpacker would unpack is to be seen.
 *
 * Refused: Quantum; blocks that unpack to more than 32 KiB.
 */
#include "source/cab_lzx.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/reader.h"
#include "source/deflate.h"

enum { MAGIC = 2, STORED_HEADER = 5, METHOD = 15 };

static bool bad(const struct cab_folder_reader *r, const char *what, struct error *err) {
    return error_set(err, ERR_MALFORMED, "block %u of a folder: %s", r->block, what);
}

/* ---- stored and MSZIP ---- */

/*
 * libdeflate knows no history, but a stored block (RFC 1951 3.2.4: 3 bits, here filled up with zeros to an octet, u16 length, its
 * complement) with the history in front of the data is the same, and costs a copy.
 */
static bool deflate_block(struct cab_folder_reader *r, struct bytes in, size_t plain) {
    size_t n = r->n_history, head = n != 0 ? STORED_HEADER + n : 0;
    if (r->both == NULL) {
        return false;
    }
    uint8_t *from = r->packed + MAGIC - head; /* over "CK" */
    if (n != 0) {
        uint8_t stored[STORED_HEADER] = {0, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n, (uint8_t)(~n >> 8)};
        memcpy(from, stored, sizeof stored);
        memcpy(from + sizeof stored, r->plain, n);
    }
    if (!deflate_whole(from, head + in.n - MAGIC, r->both, n + plain)) {
        return false;
    }
    memcpy(r->plain, r->both + n, plain);
    r->n_plain = plain;
    r->n_history = plain != 0 ? plain : n;
    return true;
}

static bool inflate_block(struct cab_folder_reader *r, struct bytes in, size_t plain, struct error *err) {
    z_stream *z = r->inflate;
    uint8_t history[CAB_BLOCK_MAX];
    if (in.n < MAGIC || in.p[0] != 'C' || in.p[1] != 'K') {
        return bad(r, "it does not begin with CK", err);
    }
    if (deflate_block(r, in, plain)) {
        return true;
    }
    if (z == NULL) {
        z = r->inflate = calloc(1, sizeof *z);
        if (z == NULL || inflateInit2(z, -MAX_WBITS) != Z_OK) {
            free(z);
            r->inflate = NULL;
            return error_set(err, ERR_LIMIT, "memory for unpacking");
        }
    }
    size_t n_history = r->n_history;
    memcpy(history, r->plain, n_history);
    if (inflateReset(z) != Z_OK || (n_history != 0 && inflateSetDictionary(z, history, (uInt)n_history) != Z_OK)) {
        return error_set(err, ERR_LIMIT, "memory for unpacking");
    }
    const uint8_t *from = in.p + MAGIC;
    memcpy(&z->next_in, &from, sizeof from); /* read only, whatever its type says */
    z->avail_in = (uInt)(in.n - MAGIC);
    z->next_out = r->plain;
    z->avail_out = (uInt)plain;
    int code = inflate(z, Z_FINISH);
    r->n_plain = plain - z->avail_out;
    r->n_history = r->n_plain != 0 ? r->n_plain : n_history;
    return code == Z_STREAM_END || r->n_plain == plain || bad(r, "it can't be inflated", err);
}

/* Goes on in the next part of the folder; false when there is none. */
static bool next_part(struct cab_folder_reader *r) {
    if ((size_t)(r->part - r->parts) + 1 == r->n_parts) {
        return false;
    }
    r->part++;
    r->block = 0;
    r->block_at = r->part->folder->at;
    return true;
}

/* Reads the next block, whose data stands at r->packed then; *plain 0 for one that goes on in the next part, which is where the reader
 * stands. *end when there is none. */
static bool read_block(struct cab_folder_reader *r, size_t *packed, size_t *plain, bool *end, struct error *err) {
    uint8_t octets[CAB_BLOCK_HEADER];
    while (r->block == r->part->folder->n_blocks) {
        if (!next_part(r)) {
            *end = true;
            return r->begun == 0 || bad(r, "it goes on in a cabinet that is not there", err);
        }
    }
    r->block++;
    if (!source_into(r->part->source, octets, sizeof octets, r->block_at, err)) {
        return error_within(err, "block %u of a folder", r->block);
    }
    struct reader header = reader_make(bytes_make(octets, sizeof octets), r->block_at);
    reader_skip(&header, 4);
    size_t n = reader_u16le(&header);
    *plain = reader_u16le(&header);
    uint64_t at = r->block_at + CAB_BLOCK_HEADER + r->part->data_reserve;
    if (*plain > CAB_BLOCK_MAX || n > CAB_PACKED_MAX - r->begun) {
        return bad(r, "it would unpack to more than 32 KiB", err);
    }
    if (!source_into(r->part->source, r->packed + r->begun, n, at, err)) {
        return error_within(err, "block %u of a folder", r->block);
    }
    r->block_at = at + n;
    *packed = r->begun + n;
    bool goes_on = *plain == 0 && n != 0 && r->block == r->part->folder->n_blocks && next_part(r);
    r->begun = goes_on ? *packed : 0;
    return true;
}

bool cab_folder_block(struct cab_folder_reader *r, size_t *packed, size_t *plain, bool *end, struct error *err) {
    do {
        if (!read_block(r, packed, plain, end, err)) {
            return false;
        }
    } while (!*end && r->begun != 0);
    return true;
}

/* Unpacks the next block; *end when there is none. */
static bool next_block(struct cab_folder_reader *r, bool *end, struct error *err) {
    size_t packed = 0, plain = 0;
    if (!cab_folder_block(r, &packed, &plain, end, err)) {
        return false;
    }
    if (*end) {
        return true;
    }
    r->used = 0;
    if ((r->part->folder->method & METHOD) == CAB_MSZIP) {
        return inflate_block(r, bytes_make(r->packed, packed), plain, err);
    }
    if (packed > CAB_BLOCK_MAX) {
        return bad(r, "it has more than 32 KiB", err);
    }
    memcpy(r->plain, r->packed, packed);
    r->n_plain = packed;
    return true;
}

static bool next_plain(struct cab_folder_reader *r, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    bool end = false;
    while (r->used == r->n_plain && !end) {
        if (!next_block(r, &end, err)) {
            return false;
        }
    }
    *got = r->n_plain - r->used < room ? r->n_plain - r->used : room;
    memcpy(buf, r->plain + r->used, *got);
    r->used += *got;
    return true;
}

/* ---- a folder ---- */

unsigned cab_folder_method(const struct cab_folder *folder) {
    return folder->method & METHOD;
}

static void rewind_folder(struct cab_folder_reader *r) {
    cab_lzx_close(r);
    r->broken.kind = ERR_NONE;
    r->at = 0;
    r->part = r->parts;
    r->block_at = r->part->folder->at;
    r->block = 0;
    r->begun = 0;
    r->n_plain = r->used = r->n_history = 0;
}

bool cab_folder_init(struct cab_folder_reader *r, struct budget *budget, struct arena *arena, struct error *err) {
    *r = (struct cab_folder_reader){.budget = budget};
    size_t room = deflate_there() ? STORED_HEADER + CAB_BLOCK_MAX : 0;
    r->packed = arena_alloc(arena, room + CAB_PACKED_MAX);
    r->plain = arena_alloc(arena, CAB_BLOCK_MAX);
    r->both = room != 0 ? arena_alloc(arena, 2 * CAB_BLOCK_MAX) : NULL;
    r->packed = r->packed != NULL && r->both != NULL ? r->packed + room : r->packed;
    return (r->packed != NULL && r->plain != NULL) || arena_full(arena, err);
}

bool cab_folder_open(struct cab_folder_reader *r, const struct cab_part *parts, size_t n, struct error *err) {
    unsigned method = cab_folder_method(parts[0].folder);
    r->parts = parts;
    r->n_parts = n;
    rewind_folder(r);
    if (method == CAB_QUANTUM) {
        return error_set(err, ERR_UNSUPPORTED, "compressed with Quantum");
    }
    if (method != CAB_STORED && method != CAB_MSZIP && method != CAB_LZX) {
        return error_set(err, ERR_MALFORMED, "compressed with method %u, which does not exist", method);
    }
    return true;
}

void cab_folder_close(struct cab_folder_reader *r) {
    cab_lzx_close(r);
    if (r->inflate != NULL) {
        inflateEnd(r->inflate);
    }
    free(r->inflate);
    r->inflate = NULL;
}

/* What broke once stays broken: the blocks behind it need those before. */
static bool folder_next(struct cab_folder_reader *r, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    bool lzx = cab_folder_method(r->parts->folder) == CAB_LZX;
    if (r->broken.kind == ERR_NONE) {
        *got = 0;
        if (lzx ? cab_lzx_next(r, buf, room, got, &r->broken) : next_plain(r, buf, room, got, &r->broken)) {
            r->at += *got;
            return true;
        }
    }
    if (err != NULL) {
        *err = r->broken;
    }
    return false;
}

/* Moves to a place in the folder; what is unpacked on the way counts. */
static bool folder_seek(struct cab_folder_reader *r, uint64_t at, struct error *err) {
    uint8_t skipped[8192];
    if (at < r->at) {
        rewind_folder(r);
    }
    while (r->at < at) {
        size_t got, room = at - r->at < sizeof skipped ? (size_t)(at - r->at) : sizeof skipped;
        if (!folder_next(r, skipped, room, &got, err)) {
            return false;
        }
        if (got == 0) {
            return error_set(err, ERR_MALFORMED, "the folder unpacks to %llu bytes, less than its files need", (unsigned long long)r->at);
        }
        if (!budget_spend(r->budget, got, err)) {
            return false;
        }
    }
    return true;
}

/* ---- a file ---- */

static bool file_next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct cab_file_stream *s = (struct cab_file_stream *)stream;
    if (!folder_seek(s->folder, s->at, err) ||
        !folder_next(s->folder, buf, s->end - s->at < room ? (size_t)(s->end - s->at) : room, got, err)) {
        return false;
    }
    s->at += *got;
    return true;
}

static bool file_restart(struct stream *stream, struct error *err) {
    struct cab_file_stream *s = (struct cab_file_stream *)stream;
    (void)err;
    s->at = s->begin;
    return true;
}

void cab_file_stream_init(struct cab_file_stream *s, struct cab_folder_reader *folder, const struct cab_file *file) {
    *s = (struct cab_file_stream){.stream = {.next = file_next, .restart = file_restart},
                                  .folder = folder,
                                  .begin = file->at,
                                  .at = file->at,
                                  .end = (uint64_t)file->at + file->size};
}
