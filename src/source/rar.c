/* SPDX-License-Identifier: Apache-2.0 */
#include "source/rar.h"

#include "base/reader.h"
#include "model/limits.h"

enum { MAGIC_4 = 7, MAGIC_5 = 8, LOOK = 64 };

struct block {
    bool known, last; /* of a kind that hides nothing; the archive's end */
    bool first;       /* of a kind that comes first */
    bool spans;       /* a file of which another volume has a part */
    uint64_t head, data;
};

/* Version 4: 0 u16 checksum, 2 u8 type, 3 u16 flags, 5 u16 size of the header; with flag 0x8000 7 u32 size of the data; of files (0x74)
 * with flag 0x100 32 u32 its upper half, with flags 1 and 2 another volume has a part of it. Headers that are encrypted (flag 0x80 of 0x73)
 * say nothing. */
static struct block read_4(struct reader *r) {
    enum { MAIN = 0x73, FILE_ = 0x74, END = 0x7b, LONG = 0x8000, LARGE = 0x100, SECRET = 0x80, SPANS = 3, HIGH_AT = 32, SIZE_END = 11 };
    reader_skip(r, 2);
    uint8_t type = reader_u8(r);
    uint16_t flags = reader_u16le(r);
    struct block b = {.head = reader_u16le(r), .last = type == END, .first = type == MAIN};
    b.known = type == FILE_ || type == END || (type == MAIN && (flags & SECRET) == 0);
    b.spans = type == FILE_ && (flags & SPANS) != 0;
    if ((flags & LONG) != 0) {
        b.data = reader_u32le(r);
    }
    if (type == FILE_ && (flags & LARGE) != 0) {
        reader_skip(r, HIGH_AT - SIZE_END);
        b.data |= (uint64_t)reader_u32le(r) << 32;
    }
    return b;
}

/* Seven bits an octet, the lowest first; the eighth says that there are more. */
static uint64_t number(struct reader *r) {
    uint64_t value = 0;
    uint8_t octet = 0x80;
    for (unsigned shift = 0; shift < 63 && (octet & 0x80) != 0; shift += 7) {
        octet = reader_u8(r);
        value |= (uint64_t)(octet & 0x7f) << shift;
    }
    return value;
}

/* Version 5: u32 checksum, size of what follows, type, flags; with flag 1 the size of an extra area (in the header), with flag 2 that of
 * the data; with flags 8 and 16 another volume has a part of it. */
static struct block read_5(struct reader *r) {
    enum { MAIN = 1, FILE_ = 2, SECRET = 4, END = 5, EXTRA = 1, DATA = 2, SPANS = 24 };
    reader_skip(r, 4);
    uint64_t size = number(r), begin = r->at, type = number(r), flags = number(r);
    if ((flags & EXTRA) != 0) {
        (void)number(r);
    }
    return (struct block){
        .known = type == MAIN || type == FILE_ || type == END,
        .last = type == END,
        .spans = type == FILE_ && (flags & SPANS) != 0,
        .first = type == MAIN || type == SECRET,
        .head = begin + size > size ? begin + size : 0,
        .data = (flags & DATA) != 0 ? number(r) : 0,
    };
}

bool rar_extent(struct source *archive, const struct limits *limits, uint64_t *n, bool *spans, struct error *err) {
    uint8_t octets[LOOK];
    uint64_t at = 0;
    bool five = false, own = true;
    *n = 0;
    *spans = false;
    for (uint64_t i = 0; at < archive->size; i++) {
        if (i > limit_most(limits, LIMIT_RAR_BLOCKS)) {
            return limit_reached(limits, LIMIT_RAR_BLOCKS, err);
        }
        size_t have = archive->size - at < LOOK ? (size_t)(archive->size - at) : LOOK;
        if (!source_into(archive, octets, have, at, err)) {
            return false;
        }
        if (i == 0) { /* the signature is none of the blocks */
            five = have > MAGIC_4 - 1 && octets[MAGIC_4 - 1] == 1;
            at = *n = five ? MAGIC_5 : MAGIC_4;
            continue;
        }
        struct reader r = reader_make(bytes_make(octets, have), 0);
        struct block b = five ? read_5(&r) : read_4(&r);
        uint64_t left = archive->size - at;
        if (i == 1 && !b.first) { /* a word in a program that reads such archives */
            *n = 0;
            return true;
        }
        bool fits = reader_ok(&r) && b.head >= (five ? r.at : MAGIC_4) && b.head <= left && b.data <= left - b.head;
        if (!fits) {
            return true;
        }
        own = own && b.known;
        at += b.head + b.data;
        *n = own ? at : *n;
        *spans = *spans || b.spans;
        if (b.last) {
            return true;
        }
    }
    return true;
}
