/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: elements in BER. Writes them as DER would have it (X.690 10.1, 10.2, 11.1): definite, minimal lengths, strings in one piece, TRUE
 * as ff. The order of a SET's elements and all other values stay as they are. Refused: more than LIMIT_LEVELS, what is no element.
 */
#include "asn1/der.h"

enum {
    CONSTRUCTED = 0x20,
    NUMBER = 0x1f,
    UNIVERSAL_MAX = 0x3f, /* the two bits of the class are 0 */
    FIRST_STRING = 18,    /* from here on all are strings and times */
};

/* Whether an element is a string in pieces: constructed, of the universal class, and neither SEQUENCE nor SET. */
static bool in_pieces(uint8_t tag) {
    unsigned number = tag & NUMBER;
    return tag <= UNIVERSAL_MAX && (tag & CONSTRUCTED) != 0 &&
           (number == DER_BIT_STRING || number == DER_OCTET_STRING || number == DER_UTF8 || number >= FIRST_STRING);
}

static bool canonical(struct bytes elements, unsigned depth, struct arena *arena, struct bytes *out, struct error *err);

/* One element, whose content goes through canonical when it has elements in it. */
static bool one(const struct der *e, unsigned depth, struct arena *arena, struct bytes *out, struct error *err) {
    static const uint8_t yes = 0xff;
    struct bytes content = e->content;
    uint8_t tag = e->tag;
    if (tag == DER_BOOLEAN && content.n == 1 && content.p[0] != 0) {
        content = bytes_make(&yes, 1);
    }
    if (in_pieces(tag)) {
        tag &= (uint8_t)~CONSTRUCTED;
        if (!der_octets(e, arena, &content, err)) {
            return false;
        }
    } else if ((tag & CONSTRUCTED) != 0 && !canonical(e->content, depth + 1, arena, &content, err)) {
        return false;
    }
    return der_wrap(tag, content, arena, out, err);
}

static bool canonical(struct bytes elements, unsigned depth, struct arena *arena, struct bytes *out, struct error *err) {
    struct der_cursor c = der_cursor_make(elements, 0);
    struct der e;
    struct bytes all = bytes_none();
    if (depth > limit_most(arena->limits, LIMIT_LEVELS)) {
        return limit_reached(arena->limits, LIMIT_LEVELS, err);
    }
    uint8_t *to = arena_alloc(arena, elements.n + elements.n / 2 + 1); /* 30 80 … 00 00 becomes two octets longer at most */
    if (to == NULL) {
        return arena_full(arena, err);
    }
    while (der_next(&c, &e, err)) {
        struct bytes part;
        if (!one(&e, depth, arena, &part, err)) {
            return false;
        }
        memcpy(to + all.n, part.p, part.n);
        all = bytes_make(to, all.n + part.n);
    }
    if (c.failed) {
        return false;
    }
    *out = all;
    return true;
}

bool der_canonical(struct bytes elements, struct arena *arena, struct bytes *out, struct error *err) {
    return canonical(elements, 0, arena, out, err);
}
