/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: one element of ITU-T X.690 (BER, clause 8), and runs of them.
 * Refuses: tag numbers over 30 (nothing read here uses them), lengths over 2^63, indefinite lengths of primitive elements, more
 * than DER_DEPTH_MAX levels of indefinite lengths or of nesting.
 */
#include "asn1/der.h"

#include "base/reader.h"

enum { TAG_NUMBER = 0x1f, TAG_CONSTRUCTED = 0x20, LENGTH_LONG = 0x80 };

/* The identifier and length octets of an element; n of the content when it is not indefinite.
 *   0  1        identifier: class (2 bits), constructed (1), tag number (5)
 *   1  1        length below 0x80; or 0x80: indefinite; or 0x80 + k
 *   2  k        the length, most significant octet first
 */
struct header {
    uint8_t tag;
    bool indefinite, not_minimal;
    uint64_t n;
};

/* Nearly every header: a small tag number and a minimal length of up to two octets. Gives the header's size; 0: read_header must look. */
static inline size_t plain_header(struct bytes b, struct header *h) {
    const uint8_t *p = b.p;
    if (b.n < 4 || (p[0] & TAG_NUMBER) == TAG_NUMBER) {
        return 0;
    }
    *h = (struct header){.tag = p[0], .n = p[1]};
    if (p[1] < LENGTH_LONG) {
        return 2;
    }
    if (p[1] == LENGTH_LONG + 1 && p[2] >= LENGTH_LONG) {
        h->n = p[2];
        return 3;
    }
    h->n = (uint64_t)p[2] << 8 | p[3];
    return p[1] == LENGTH_LONG + 2 && p[2] != 0 ? 4 : 0;
}

static bool read_header(struct reader *r, struct header *h, struct error *err) {
    size_t plain = plain_header(r->left, h);
    if (plain != 0) {
        reader_skip(r, plain);
        return true;
    }
    h->tag = reader_u8(r);
    uint8_t first = reader_u8(r);
    h->indefinite = first == LENGTH_LONG;
    h->not_minimal = false;
    h->n = first;
    if (!reader_ok(r)) {
        return error_set(err, ERR_MALFORMED, "an element ends inside its header");
    }
    if ((h->tag & TAG_NUMBER) == TAG_NUMBER) {
        return error_set(err, ERR_MALFORMED, "an element has a tag number over 30");
    }
    if (h->indefinite) {
        h->n = 0;
        return (h->tag & TAG_CONSTRUCTED) != 0 || error_set(err, ERR_MALFORMED, "a primitive element of indefinite length");
    }
    if (first > LENGTH_LONG) {
        unsigned k = first & ~(unsigned)LENGTH_LONG;
        h->n = 0;
        h->not_minimal = true;
        for (unsigned i = 0; i < k; i++) {
            if (h->n >> 55 != 0) {
                return error_set(err, ERR_MALFORMED, "an element's length is over 2^63");
            }
            uint8_t octet = reader_u8(r);
            if (i == 0 && octet != 0) {
                h->not_minimal = false;
            }
            h->n = h->n << 8 | octet;
        }
        h->not_minimal = h->not_minimal || h->n < LENGTH_LONG;
    }
    return reader_ok(r) || error_set(err, ERR_MALFORMED, "an element ends inside its header");
}

/* Past LIMIT_LEVELS, of which there may be so many. */
static bool too_deep(unsigned most, struct error *err) {
    struct limits limits = {0};
    limits.most[LIMIT_LEVELS] = most;
    limit_reached(&limits, LIMIT_LEVELS, err);
    if (err != NULL) {
        err->kind = ERR_MALFORMED;
    }
    return false;
}

/* Moves r behind the end-of-contents octets that belong to an indefinite length; *n gets the octets before them. One pass, and
 * elements of definite length are stepped over whole: nothing below them can end this one. */
static bool find_end(struct reader *r, size_t *n, struct error *err) {
    size_t start = r->left.n;
    unsigned open = 1;
    while (open > 0) {
        size_t before = r->left.n;
        struct header h;
        if (!read_header(r, &h, err)) {
            return false;
        }
        if (h.tag == 0) {
            if (h.n != 0) {
                return error_set(err, ERR_MALFORMED, "end-of-contents octets with a length");
            }
            open--;
            *n = start - before;
        } else if (h.indefinite) {
            if (++open > DER_DEPTH_MAX) {
                return too_deep(DER_DEPTH_MAX, err);
            }
        } else {
            reader_skip(r, h.n);
        }
        if (!reader_ok(r)) {
            return error_set(err, ERR_MALFORMED, "an element of indefinite length has no end");
        }
    }
    return true;
}

bool der_read(struct bytes b, struct der *out, struct error *err) {
    struct reader r = reader_make(b, 0);
    struct header h;
    if (!read_header(&r, &h, err)) {
        return false;
    }
    struct bytes left = r.left;
    size_t n = 0;
    if (h.indefinite) {
        if (!find_end(&r, &n, err)) {
            return false;
        }
    } else if (h.n > left.n) {
        return error_set(err, ERR_MALFORMED, "an element of %llu octets where %zu are left", (unsigned long long)h.n, left.n);
    } else {
        n = (size_t)h.n;
        reader_skip(&r, n);
    }
    *out = (struct der){.tag = h.tag,
                        .whole = bytes_cut(b, 0, b.n - r.left.n),
                        .content = bytes_cut(left, 0, n),
                        .indefinite = h.indefinite,
                        .not_minimal = h.not_minimal};
    return true;
}

struct der_cursor der_cursor_make(struct bytes b, uint64_t at) {
    return (struct der_cursor){.left = b, .at = at, .most = DER_DEPTH_MAX};
}

struct der_cursor der_cursor_of(const struct arena *arena, struct bytes b, uint64_t at) {
    return (struct der_cursor){.left = b, .at = at, .most = (unsigned)limit_most(arena->limits, LIMIT_LEVELS)};
}

/* Moves the cursor behind an element that stands at its start. */
static void take(struct der_cursor *c, const struct der *element) {
    c->left = bytes_cut(c->left, element->whole.n, c->left.n);
    c->at += element->whole.n;
    c->ber = c->ber || element->indefinite || element->not_minimal;
}

bool der_next(struct der_cursor *c, struct der *out, struct error *err) {
    if (c->failed) {
        return error_set(err, ERR_MALFORMED, "malformed element at %llu", (unsigned long long)c->at);
    }
    if (c->left.n == 0) {
        return false;
    }
    struct der element;
    if (!der_read(c->left, &element, err)) {
        c->failed = true;
        return error_within(err, "at %llu", (unsigned long long)c->at);
    }
    take(c, &element);
    *out = element;
    return true;
}

bool der_expect(struct der_cursor *c, uint8_t tag, struct der *out, struct error *err) {
    uint64_t at = c->at;
    if (!c->failed && c->left.n == 0) {
        c->failed = true;
        return error_set(err, ERR_MALFORMED, "an element of tag 0x%02x is missing at %llu", tag, (unsigned long long)at);
    }
    struct der element;
    if (!der_next(c, &element, err)) {
        return false;
    }
    if (element.tag != tag) {
        c->failed = true;
        return error_set(err, ERR_MALFORMED, "an element of tag 0x%02x where 0x%02x belongs, at %llu", element.tag, tag,
                         (unsigned long long)at);
    }
    *out = element;
    return true;
}

bool der_optional(struct der_cursor *c, uint8_t tag, struct der *out) {
    if (c->failed || c->left.n == 0 || c->left.p[0] != tag) {
        return false;
    }
    return der_next(c, out, NULL);
}

bool der_inside(const struct der_cursor *c, const struct der *element, struct der_cursor *inner, struct error *err) {
    if (c->depth >= c->most) {
        return too_deep(c->most, err);
    }
    /* The element was taken from c, so that c stands behind it. */
    uint64_t behind = c->at;
    size_t header = (size_t)(element->content.p - element->whole.p);
    *inner =
        (struct der_cursor){.left = element->content, .at = behind - element->whole.n + header, .depth = c->depth + 1, .most = c->most};
    return true;
}

bool der_enter(struct der_cursor *c, uint8_t tag, struct der_cursor *inner, struct error *err) {
    struct der element;
    return der_expect(c, tag, &element, err) && der_inside(c, &element, inner, err);
}

/* Goes over the primitive pieces of a constructed string: adds their sizes to *n and, with to not NULL, copies them there. Of a BIT
 * STRING's pieces each begins with its count of unused bits (X.690 8.6.4): the first one's stays, which is 0 but for one piece alone. */
static bool join(struct bytes pieces, unsigned depth, unsigned most, uint8_t *to, size_t *n, struct error *err) {
    if (depth > most) {
        return too_deep(most, err);
    }
    struct der_cursor c = der_cursor_make(pieces, 0);
    struct der piece;
    while (der_next(&c, &piece, err)) {
        if ((piece.tag & TAG_CONSTRUCTED) != 0) {
            if (!join(piece.content, depth + 1, most, to, n, err)) {
                return false;
            }
            continue;
        }
        bool counted = piece.tag == DER_BIT_STRING && *n != 0;
        struct bytes content = bytes_cut(piece.content, counted ? 1 : 0, piece.content.n);
        if (to != NULL && content.n != 0) {
            memcpy(to + *n, content.p, content.n);
        }
        *n += content.n;
    }
    return !c.failed;
}

bool der_octets(const struct der *element, struct arena *arena, struct bytes *out, struct error *err) {
    if ((element->tag & TAG_CONSTRUCTED) == 0) {
        *out = element->content;
        return true;
    }
    size_t n = 0;
    unsigned most = (unsigned)limit_most(arena->limits, LIMIT_LEVELS);
    if (!join(element->content, 1, most, NULL, &n, err)) {
        return false;
    }
    uint8_t *to = arena_alloc(arena, n);
    if (to == NULL) {
        return arena_full(arena, err);
    }
    size_t copied = 0;
    if (!join(element->content, 1, most, to, &copied, err)) {
        return false;
    }
    *out = bytes_make(to, copied);
    return true;
}

/* The minimal length octets of n in to, which has room for 9; returns their number. */
static size_t put_length(uint8_t *to, size_t n) {
    if (n < LENGTH_LONG) {
        to[0] = (uint8_t)n;
        return 1;
    }
    size_t k = 1;
    while (k < sizeof n && n >> (8 * k) != 0) {
        k++;
    }
    to[0] = (uint8_t)(LENGTH_LONG + k);
    for (size_t i = 0; i < k; i++) {
        to[1 + i] = (uint8_t)(n >> (8 * (k - 1 - i)));
    }
    return 1 + k;
}

bool der_wrap(uint8_t tag, struct bytes content, struct arena *arena, struct bytes *out, struct error *err) {
    uint8_t header[10] = {tag};
    size_t n = 1 + put_length(header + 1, content.n);
    uint8_t *to = arena_alloc(arena, n + content.n);
    if (to == NULL) {
        return arena_full(arena, err);
    }
    memcpy(to, header, n);
    if (content.n != 0) {
        memcpy(to + n, content.p, content.n);
    }
    *out = bytes_make(to, n + content.n);
    return true;
}

bool der_minimal(const struct der *element, struct arena *arena, struct bytes *out, struct error *err) {
    return der_wrap(element->tag, element->content, arena, out, err);
}

bool der_is_ber(struct bytes b) {
    /* Where each open element ends; each octet of a header is looked at once. */
    size_t ends[DER_DEPTH_MAX + 1] = {b.n}, at = 0;
    for (unsigned depth = 0;;) {
        struct header h;
        if (at == ends[depth]) {
            if (depth-- == 0) {
                return false;
            }
            continue;
        }
        struct bytes left = bytes_cut(b, at, ends[depth] - at);
        size_t size = plain_header(left, &h);
        if (size == 0) {
            struct reader r = reader_make(left, 0);
            size = read_header(&r, &h, NULL) ? left.n - r.left.n : 0;
        }
        if (size == 0 || h.n > left.n - size) {
            at = ends[depth]; /* what is no element ends the one around it */
            continue;
        }
        if (h.indefinite || h.not_minimal) {
            return true;
        }
        at += size;
        if ((h.tag & TAG_CONSTRUCTED) != 0 && depth < DER_DEPTH_MAX) {
            ends[++depth] = at + (size_t)h.n;
        } else {
            at += (size_t)h.n;
        }
    }
}

struct bytes der_serial(struct bytes content) {
    while (content.n > 1 && content.p[0] == 0) {
        content = bytes_cut(content, 1, content.n);
    }
    return content.n > 0 ? content : bytes_make("", 1);
}
