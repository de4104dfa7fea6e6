/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of what goes over the wire, each written or read by the same function: integers are little-endian, a list is its count (u32)
 * and its things, a text its length (u32) and its octets, an enumeration a u32, a truth value one octet. What is read is trusted in
 * nothing: pass->failed says that something was no such field.
 */
#ifndef CERTBAN_SCAN_WIRE_FIELD_H
#define CERTBAN_SCAN_WIRE_FIELD_H

#include "base/arena.h"
#include "base/reader.h"
#include "base/text.h"

/* One pass over a verdict: writing to out, or reading from in into the arena. */
struct wire_pass {
    bool writing, failed;
    bool short_form; /* writing: leave out chains, to get below WIRE_MAX */
    struct text *out;
    struct reader in;
    struct arena *arena;
};

void field_u64(struct wire_pass *p, uint64_t *value);
void field_i64(struct wire_pass *p, int64_t *value);
void field_u32(struct wire_pass *p, uint32_t *value);
void field_bool(struct wire_pass *p, bool *value);

/* field_below passes a number below count; what is past it fails and reads as zero. FIELD_ENUM does so with an enumeration. */
uint32_t field_below(struct wire_pass *p, uint32_t value, uint32_t count);
#define FIELD_ENUM(p, field, type, count) ((field) = (type)field_below((p), (uint32_t)(field), (uint32_t)(count)))

/* field_octets passes exactly n octets; field_bytes at most limit, with their count, read into the arena. */
void field_octets(struct wire_pass *p, uint8_t *octets, size_t n);
void field_bytes(struct wire_pass *p, struct bytes *value, size_t limit);

/* field_count passes a list's count: cut when writing, refused past the limit when reading. */
size_t field_count(struct wire_pass *p, size_t n, size_t limit);

/* field_list is room for a list that is read; NULL (and failed) when there is none. */
void *field_list(struct wire_pass *p, size_t n, size_t size);

/* field_text passes a text (NULL is ""). With utf8 it goes out as UTF-8 whatever it is, cut at limit octets with "…", and is refused when
 * it comes in as anything else; without, it is octets without a NUL. */
void field_text(struct wire_pass *p, const char **value, size_t limit, bool utf8);

/* field_whole_characters is how much of a text fits into limit octets without cutting a character in two. */
size_t field_whole_characters(struct bytes text, size_t limit);

#endif
