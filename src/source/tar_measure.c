/* SPDX-License-Identifier: Apache-2.0 */
/* How long a tar archive is (POSIX.1-2017 pax and ustar; GNU tar's tar.h; star's old sparse files): header by header. */
#include "base/reader.h"
#include "source/archive.h"
#include "source/piece_measure.h"

enum {
    BLOCK = 512,
    SIZE_AT = 124,
    SIZE_N = 12,
    TYPE_AT = 156,
    MORE_AT = 482,      /* of GNU's sparse files: whether blocks with more of the map follow the header, */
    MORE_NEXT_AT = 504, /* and whether another one follows such a block */
    HEADERS_MAX = 4096,
    RECORDS_MAX = 64 << 10, /* of an extended header, in which a size is looked for */
};

/* Twelve octal digits, perhaps behind blanks, or, with the upper bit of the first octet set, a number of 95 bits (GNU tar), of which 63
 * are taken. */
static bool size_of(struct bytes field, uint64_t *size) {
    size_t i = 0;
    *size = 0;
    if (field.n != 0 && (field.p[0] & 0x80) != 0) {
        struct reader r = reader_make(field, 0);
        reader_skip(&r, field.n - sizeof *size);
        *size = reader_u64be(&r) & INT64_MAX;
        return field.p[0] == 0x80;
    }
    while (i < field.n && field.p[i] == ' ') {
        i++;
    }
    for (; i < field.n && field.p[i] != ' ' && field.p[i] != '\0'; i++) {
        if (field.p[i] < '0' || field.p[i] > '7') {
            return false;
        }
        *size = *size << 3 | (uint64_t)(field.p[i] - '0');
    }
    return true;
}

/* The size that an extended header gives the next file, in place of one that is too small a field for it: a record "NN size=DIGITS". */
static bool size_in_records(struct bytes records, uint64_t *size) {
    struct bytes key = bytes_text(" size=");
    size_t at = bytes_find(records, key, 0) + key.n, from = at;
    uint64_t value = 0;
    for (; at < records.n && records.p[at] >= '0' && records.p[at] <= '9' && value < UINT64_MAX / 10 - 10; at++) {
        value = value * 10 + (uint64_t)(records.p[at] - '0');
    }
    *size = value;
    return at > from && at < records.n && records.p[at] == '\n';
}

/* An archive that is being measured. */
struct tar {
    struct source *source;
    uint64_t at;   /* of the next header */
    uint64_t next; /* the next file's size, by its extended header */
    bool next_is_told;
};

static bool read_block(struct tar *tar, uint8_t block[BLOCK], struct error *err) {
    return source_into(tar->source, block, BLOCK, tar->at, err);
}

/* Goes past the rest of a sparse file's map. */
static bool pass_map(struct tar *tar, bool more, struct error *err) {
    uint8_t block[BLOCK];
    for (unsigned i = 0; more && i < HEADERS_MAX && tar->at + BLOCK <= tar->source->size; i++, tar->at += BLOCK) {
        if (!read_block(tar, block, err)) {
            return false;
        }
        more = block[MORE_NEXT_AT] != 0;
    }
    return true;
}

/* Whether a hard link has its file's bytes behind it, as pax may write it: then no header stands there. */
static bool link_has_data(struct tar *tar) {
    uint8_t block[BLOCK];
    bool there = tar->at + BLOCK <= tar->source->size && read_block(tar, block, NULL);
    return there && !bytes_zero(bytes_make(block, BLOCK)) && archive_kind_of(bytes_make(block, BLOCK)) != ARCHIVE_TAR;
}

/* Goes past what follows a header of that type. */
static bool pass_data(struct tar *tar, char type, uint64_t size, struct arena *scratch, struct error *err) {
    bool extends = type == 'x' || type == 'X';
    struct bytes records;
    if (extends && size <= RECORDS_MAX) {
        if (!source_read_some(tar->source, scratch, tar->at, size, &records, err)) {
            return false;
        }
        tar->next_is_told = size_in_records(records, &tar->next);
    } else if (tar->next_is_told && type != 'g' && type != 'L' && type != 'K') {
        size = tar->next;
        tar->next_is_told = false;
    }
    if ((type >= '2' && type <= '6') || (type == '1' && !link_has_data(tar))) {
        size = 0;
    }
    uint64_t left = tar->source->size - tar->at;
    tar->at = size > left || left - size < BLOCK - 1 ? tar->source->size : tar->at + (size + BLOCK - 1) / BLOCK * BLOCK;
    return true;
}

bool measure_tar(struct source *window, struct arena *scratch, uint64_t *n, struct error *err) {
    struct tar tar = {.source = window};
    uint8_t block[BLOCK];
    uint64_t size;
    for (unsigned i = 0; i < HEADERS_MAX && tar.at + BLOCK <= window->size; i++) {
        if (!read_block(&tar, block, err)) {
            return false;
        }
        struct bytes b = bytes_make(block, BLOCK);
        bool end = bytes_zero(b);
        char type = (char)block[TYPE_AT];
        if (!end && (archive_kind_of(b) != ARCHIVE_TAR || !size_of(bytes_cut(b, SIZE_AT, SIZE_N), &size))) {
            break;
        }
        tar.at += BLOCK;
        if (!end && (!pass_map(&tar, type == 'S' && block[MORE_AT] != 0, err) || !pass_data(&tar, type, size, scratch, err))) {
            return false;
        }
        *n = tar.at;
    }
    return true;
}
