/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to read hostile bytes: a bounded, sticky cursor.
 * A read past the end yields zero (or nothing) and marks the reader failed; a parser reads all the fields of a
 * structure, asks reader_ok() once, and only then lets a value size, loop or seek.
 */
#ifndef CERTBAN_BASE_READER_H
#define CERTBAN_BASE_READER_H

#include "base/bytes.h"

struct reader {
    struct bytes left; /* what was not read yet */
    uint64_t at;       /* the file offset of left.p[0], for messages */
    bool failed;       /* a read went past the end */
};

/* reader_make reads b, whose first byte stands at offset at of the file. */
struct reader reader_make(struct bytes b, uint64_t at);

/* reader_ok says whether every read so far was inside. */
bool reader_ok(const struct reader *r);

/* Fixed-width integers; the byte order is in the name. Zero past the end. */
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16le(struct reader *r);
uint32_t reader_u32le(struct reader *r);
uint64_t reader_u64le(struct reader *r);
uint16_t reader_u16be(struct reader *r);
uint32_t reader_u32be(struct reader *r);
uint64_t reader_u64be(struct reader *r);

/* reader_bytes takes the next n bytes without copying; empty (and failed) when fewer are left. */
struct bytes reader_bytes(struct reader *r, size_t n);

/* reader_skip moves n bytes on. */
void reader_skip(struct reader *r, uint64_t n);

/* reader_sub is a reader over the next n bytes; it cannot see past them. The parent moves behind them. */
struct reader reader_sub(struct reader *r, size_t n);

/* reader_text takes bytes up to the next NUL, and the NUL; failed when there is none within limit bytes. */
struct bytes reader_text(struct reader *r, size_t limit);

#endif
