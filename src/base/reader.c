/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

static uint64_t little(struct reader *r, size_t n) {
    const uint8_t *p = reader_take(r, n);
    uint64_t v = 0;
    for (size_t i = n; p != NULL && i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    return v;
}

static uint64_t big(struct reader *r, size_t n) {
    const uint8_t *p = reader_take(r, n);
    uint64_t v = 0;
    for (size_t i = 0; p != NULL && i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

uint16_t reader_u16le(struct reader *r) {
    return (uint16_t)little(r, 2);
}
uint32_t reader_u32le(struct reader *r) {
    return (uint32_t)little(r, 4);
}
uint64_t reader_u64le(struct reader *r) {
    return little(r, 8);
}
uint16_t reader_u16be(struct reader *r) {
    return (uint16_t)big(r, 2);
}
uint32_t reader_u32be(struct reader *r) {
    return (uint32_t)big(r, 4);
}
uint64_t reader_u64be(struct reader *r) {
    return big(r, 8);
}

struct bytes reader_bytes(struct reader *r, size_t n) {
    const uint8_t *p = reader_take(r, n);
    return p != NULL ? bytes_make(p, n) : bytes_none();
}

struct reader reader_sub(struct reader *r, size_t n) {
    uint64_t at = r->at;
    struct reader sub = reader_make(reader_bytes(r, n), at);
    sub.failed = r->failed;
    return sub;
}

struct bytes reader_text(struct reader *r, size_t limit) {
    size_t within = r->left.n < limit ? r->left.n : limit;
    const uint8_t *nul = within != 0 ? memchr(r->left.p, 0, within) : NULL;
    if (nul == NULL) {
        (void)reader_take(r, SIZE_MAX);
        return bytes_none();
    }
    struct bytes text = reader_bytes(r, (size_t)(nul - r->left.p));
    reader_skip(r, 1);
    return text;
}
