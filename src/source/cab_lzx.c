/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of a cabinet packed by LZX: libarchive unpacks them, and gets the blocks of all parts as those of one cabinet. */
#include "source/cab_lzx.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/reader.h"

enum { NAME_SIZE = 2 };

/* What the headers of a folder's blocks say of all of them. */
struct sum {
    uint64_t blocks, packed, plain;
};

/* Adds a part. The last block of one, of which no size is told, goes on in the next part. */
static bool add_part(const struct cab_part *part, bool is_last, struct sum *sum, struct error *err) {
    uint64_t at = part->folder->at;
    for (unsigned i = 0; i < part->folder->n_blocks; i++) {
        uint8_t octets[CAB_BLOCK_HEADER];
        if (!source_into(part->source, octets, sizeof octets, at, err)) {
            return error_within(err, "block %u of a folder", i + 1);
        }
        struct reader header = reader_make(bytes_make(octets, sizeof octets), at);
        reader_skip(&header, 4);
        uint16_t packed = reader_u16le(&header), plain = reader_u16le(&header);
        bool goes_on = plain == 0 && packed != 0 && i + 1 == part->folder->n_blocks && !is_last;
        sum->blocks += !goes_on;
        sum->packed += packed;
        sum->plain += plain;
        at += (uint64_t)CAB_BLOCK_HEADER + part->data_reserve + packed;
    }
    return true;
}

static void put(struct cab_folder_reader *r, uint64_t value, size_t n) {
    for (size_t i = 0; i < n; i++) {
        r->head[r->n_head++] = (uint8_t)(value >> 8 * i);
    }
}

/* A cabinet of this folder alone: names, dates, reserves and checksums of the real ones have no business with libarchive. */
static bool make_head(struct cab_folder_reader *r, struct error *err) {
    struct sum sum = {0};
    uint64_t files = CAB_HEADER_SIZE + 8, data = files + 16 + NAME_SIZE;
    for (size_t i = 0; i < r->n_parts; i++) {
        if (!add_part(&r->parts[i], i + 1 == r->n_parts, &sum, err)) {
            return false;
        }
    }
    if (sum.blocks > UINT16_MAX || sum.plain > INT32_MAX) {
        return error_set(err, ERR_MALFORMED, "a folder of %llu blocks, which is more than a cabinet can have",
                         (unsigned long long)sum.blocks);
    }
    r->n_head = r->head_used = r->n_block = 0;
    put(r, 0x4643534d, 8);                                        /* "MSCF", checksum */
    put(r, data + sum.packed + CAB_BLOCK_HEADER * sum.blocks, 8); /* cbCabinet */
    put(r, files, 8);                                             /* coffFiles */
    put(r, 0x0103, 2);                                            /* version */
    put(r, 0x00010001, 4);                                        /* one folder, one file */
    put(r, 0, 6);                                                 /* flags, set */
    put(r, data, 4);                                              /* coffCabStart */
    put(r, sum.blocks, 2);
    put(r, r->parts->folder->method, 2);
    put(r, sum.plain, 8);                         /* cbFile, uoffFolderStart */
    put(r, (uint64_t)0x20 << 48 | 0x21 << 16, 8); /* folder 0, 1980-01-01, archive */
    put(r, 'f', NAME_SIZE);
    return true;
}

/* The next block in one piece at r->packed, and its header: u32 checksum, of which 0 is none, sizes. *end when there is none. */
static bool next_packed(struct cab_folder_reader *r, bool *end, struct error *err) {
    size_t packed = 0, plain = 0;
    if (!cab_folder_block(r, &packed, &plain, end, err)) {
        return false;
    }
    r->n_head = r->head_used = 0;
    r->n_block = *end ? 0 : packed;
    if (!*end) {
        put(r, (uint64_t)plain << 48 | (uint64_t)packed << 32, CAB_BLOCK_HEADER);
    }
    return true;
}

/* What libarchive reads: the head, then each block behind its header. */
static la_ssize_t feed(struct archive *archive, void *context, const void **out) {
    struct cab_folder_reader *r = context;
    struct error err;
    bool end = false;
    if (r->head_used == r->n_head && r->n_block == 0 && !next_packed(r, &end, &err)) {
        archive_set_error(archive, -1, "%s", err.text);
        return -1;
    }
    if (r->head_used < r->n_head) {
        *out = r->head;
        r->head_used = r->n_head;
        return (la_ssize_t)r->n_head;
    }
    size_t n = r->n_block;
    r->n_block = 0;
    *out = r->packed;
    return (la_ssize_t)n;
}

static bool lzx_failed(struct cab_folder_reader *r, struct error *err) {
    const char *words = r->archive != NULL ? archive_error_string(r->archive) : NULL;
    return error_set(err, ERR_MALFORMED, "an LZX folder can't be unpacked: %s", words != NULL ? words : "no memory");
}

static bool lzx_begin(struct cab_folder_reader *r, struct error *err) {
    struct archive_entry *entry;
    if (!make_head(r, err)) {
        return false;
    }
    r->archive = archive_read_new();
    if (r->archive == NULL || archive_read_support_format_cab(r->archive) != ARCHIVE_OK ||
        archive_read_open(r->archive, r, NULL, feed, NULL) != ARCHIVE_OK || archive_read_next_header(r->archive, &entry) != ARCHIVE_OK) {
        return lzx_failed(r, err);
    }
    return true;
}

bool cab_lzx_next(struct cab_folder_reader *r, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    if (r->archive == NULL && !lzx_begin(r, err)) {
        return false;
    }
    la_ssize_t n = archive_read_data(r->archive, buf, room);
    *got = n > 0 ? (size_t)n : 0;
    return n >= 0 || lzx_failed(r, err);
}

void cab_lzx_close(struct cab_folder_reader *r) {
    archive_read_free(r->archive);
    r->archive = NULL;
}
