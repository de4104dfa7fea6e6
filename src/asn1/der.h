/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walker over ASN.1 elements in BER, as lenient as Windows and macOS are (X.690): indefinite lengths, lengths in a
 * non-minimal form, constructed strings. It never recurses without a counter and never reads past its bytes.
 */
#ifndef CERTBAN_ASN1_DER_H
#define CERTBAN_ASN1_DER_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "model/limits.h"

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8 = 0x0c,
    DER_PRINTABLE = 0x13,
    DER_T61 = 0x14,
    DER_IA5 = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_VISIBLE = 0x1a,
    DER_UNIVERSAL = 0x1c,
    DER_BMP = 0x1e,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0x80,
    DER_CONTEXT_1 = 0x81,
    DER_CONTEXT_2 = 0x82,
    DER_CONTEXT_0_CONS = 0xa0,
    DER_CONTEXT_1_CONS = 0xa1,
    DER_CONTEXT_2_CONS = 0xa2,
    DER_CONTEXT_3_CONS = 0xa3,
};

/* As many as LIMIT_LEVELS may be. */
enum { DER_DEPTH_MAX = LIMIT_LEVELS_GREATEST };

/* One element. */
struct der {
    uint8_t tag;        /* the identifier octet; high tag numbers are refused */
    struct bytes whole; /* tag, length, content (and end-of-contents octets) */
    struct bytes content;
    bool indefinite, not_minimal;
};

/* A run of elements, as the content of a SEQUENCE. */
struct der_cursor {
    struct bytes left;
    uint64_t at;          /* file offset of left.p[0] */
    bool ber;             /* an indefinite or non-minimal length was met */
    bool failed;          /* something was no element, or not the expected one; err says what */
    unsigned depth, most; /* levels above, and so many as may be */
};

/* der_read reads the element at the start of b. False when its tag or length is malformed or it passes the end of b. */
CERTBAN_MUST_USE bool der_read(struct bytes b, struct der *out, struct error *err);

struct der_cursor der_cursor_make(struct bytes b, uint64_t at);

/* der_cursor_of is der_cursor_make with the arena's LIMIT_LEVELS instead of the greatest. */
struct der_cursor der_cursor_of(const struct arena *arena, struct bytes b, uint64_t at);

/* der_next takes the next element, whatever its tag. False at the end (err untouched, failed false) or when malformed (failed true). */
bool der_next(struct der_cursor *c, struct der *out, struct error *err);

/* der_expect takes the next element, which must have that tag. */
CERTBAN_MUST_USE bool der_expect(struct der_cursor *c, uint8_t tag, struct der *out, struct error *err);

/* der_optional takes the next element if it has that tag; false (nothing taken) when it has another or there is none. */
bool der_optional(struct der_cursor *c, uint8_t tag, struct der *out);

/* der_enter takes the next element of that tag and gives a cursor over its content, one level deeper. Past LIMIT_LEVELS: ERR_MALFORMED,
 * which names the limit (ERR_LIMIT is lack of memory here). */
CERTBAN_MUST_USE bool der_enter(struct der_cursor *c, uint8_t tag, struct der_cursor *inner, struct error *err);

/* der_inside is a cursor over the content of the element that was just taken from c, one level below c. */
CERTBAN_MUST_USE bool der_inside(const struct der_cursor *c, const struct der *element, struct der_cursor *inner, struct error *err);

/* der_octets is the content of a string element; a constructed one is joined in the arena. */
CERTBAN_MUST_USE bool der_octets(const struct der *element, struct arena *arena, struct bytes *out, struct error *err);

/* der_minimal re-encodes an element's outermost header minimally, in the arena: SEQUENCE { content }. */
CERTBAN_MUST_USE bool der_minimal(const struct der *element, struct arena *arena, struct bytes *out, struct error *err);

/* der_wrap is an element of that tag with that content and a minimal length, in the arena. */
CERTBAN_MUST_USE bool der_wrap(uint8_t tag, struct bytes content, struct arena *arena, struct bytes *out, struct error *err);

/* der_canonical is the same elements in the arena as DER would have them, at all levels: definite, minimal lengths, strings in one piece;
 * the order of a SET stays. The arena takes some times their size for each level. */
CERTBAN_MUST_USE bool der_canonical(struct bytes elements, struct arena *arena, struct bytes *out, struct error *err);

/* der_is_ber says whether a length in b, at any level down to DER_DEPTH_MAX, is indefinite or not minimal. What is no element is
 * passed over. */
bool der_is_ber(struct bytes b);

/* der_serial is INTEGER content without leading zero octets; zero is one 00; an empty INTEGER is one 00. */
struct bytes der_serial(struct bytes content);

/* der_time reads UTCTime or GeneralizedTime (fractions and offsets allowed, seconds may be missing) as seconds since 1970. */
CERTBAN_MUST_USE bool der_time(const struct der *element, int64_t *out, struct error *err);

#endif
