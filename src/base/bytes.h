/* SPDX-License-Identifier: Apache-2.0 */
/* A stretch of somebody else's memory. The whole program passes file content in this shape. */
#ifndef CERTBAN_BASE_BYTES_H
#define CERTBAN_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Read-only bytes owned by someone else (an arena, a literal, a caller). p is never NULL: an empty one points anywhere. */
struct bytes {
    const uint8_t *p;
    size_t n;
};

/* bytes_none is the empty stretch. */
static inline struct bytes bytes_none(void) {
    return (struct bytes){(const uint8_t *)"", 0};
}

/* bytes_make wraps n bytes at p; NULL is allowed when n is 0. */
static inline struct bytes bytes_make(const void *p, size_t n) {
    return p != NULL ? (struct bytes){p, n} : bytes_none();
}

/* bytes_text wraps a C string without its NUL. */
static inline struct bytes bytes_text(const char *s) {
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* bytes_equal says whether a and b have the same length and content. */
static inline bool bytes_equal(struct bytes a, struct bytes b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* bytes_is says whether a is exactly the C string s. */
static inline bool bytes_is(struct bytes a, const char *s) {
    return bytes_equal(a, bytes_text(s));
}

/* bytes_starts says whether a begins with b. */
static inline bool bytes_starts(struct bytes a, struct bytes b) {
    return a.n >= b.n && (b.n == 0 || (a.p[0] == b.p[0] && memcmp(a.p, b.p, b.n) == 0)); /* most things begin otherwise */
}

/* bytes_cut is the part of a from at, n bytes long, clipped to a: never past its end. */
static inline struct bytes bytes_cut(struct bytes a, size_t at, size_t n) {
    if (at > a.n) {
        at = a.n;
    }
    if (n > a.n - at) {
        n = a.n - at;
    }
    return (struct bytes){a.p + at, n};
}

/* bytes_head is the first eight bytes as a number, zeros behind a shorter end: numbers order as the bytes do. */
static inline uint64_t bytes_head(struct bytes b) {
    uint64_t head = 0;
    for (size_t i = 0; i < sizeof head; i++) {
        head = head << 8 | (i < b.n ? b.p[i] : 0);
    }
    return head;
}

/* bytes_order compares like memcmp, the shorter of two equal beginnings first. */
int bytes_order(struct bytes a, struct bytes b);

/* bytes_find is the offset of the first needle in a at or after from; a.n when there is none. An empty needle is never found. */
size_t bytes_find(struct bytes a, struct bytes needle, size_t from);

/* bytes_zero says whether every byte of b is 0: padding. */
bool bytes_zero(struct bytes b);

#endif
