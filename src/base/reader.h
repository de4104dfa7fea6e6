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
static inline struct reader reader_make(struct bytes b, uint64_t at) {
    return (struct reader){.left = b, .at = at, .failed = false};
}

/* reader_ok says whether every read so far was inside. */
static inline bool reader_ok(const struct reader *r) {
    return !r->failed;
}

/* reader_take is the one bounds check of the tree, and what the others here are made of: the next n bytes; NULL when fewer are left, and
 * the reader then stays empty for good. */
static inline const uint8_t *reader_take(struct reader *r, size_t n) {
    if (r->left.n < n) {
        r->failed = true;
        r->at += r->left.n;
        r->left.p += r->left.n;
        r->left.n = 0;
        return NULL;
    }
    const uint8_t *p = r->left.p;
    r->left.p += n;
    r->left.n -= n;
    r->at += n;
    return p;
}

/* Fixed-width integers; the byte order is in the name. Zero past the end. */
static inline uint8_t reader_u8(struct reader *r) {
    const uint8_t *p = reader_take(r, 1);
    return p != NULL ? *p : 0;
}
uint16_t reader_u16le(struct reader *r);
uint32_t reader_u32le(struct reader *r);
uint64_t reader_u64le(struct reader *r);
uint16_t reader_u16be(struct reader *r);
uint32_t reader_u32be(struct reader *r);
uint64_t reader_u64be(struct reader *r);

/* reader_bytes takes the next n bytes without copying; empty (and failed) when fewer are left. */
struct bytes reader_bytes(struct reader *r, size_t n);

/* reader_skip moves n bytes on. */
static inline void reader_skip(struct reader *r, uint64_t n) {
    (void)reader_take(r, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
}

/* reader_sub is a reader over the next n bytes; it cannot see past them. The parent moves behind them. */
struct reader reader_sub(struct reader *r, size_t n);

/* reader_text takes bytes up to the next NUL, and the NUL; failed when there is none within limit bytes. */
struct bytes reader_text(struct reader *r, size_t limit);

#endif
