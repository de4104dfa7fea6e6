/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"
#include "source/lzfse.h"

bool lz_literals(struct lz_out *out, struct bytes b) {
    if (b.n > out->room - out->n) {
        return false;
    }
    memcpy(out->p + out->n, b.p, b.n);
    out->n += b.n;
    return true;
}

bool lz_match(struct lz_out *out, size_t distance, size_t n) {
    if (n == 0) {
        return true;
    }
    if (distance == 0 || distance > out->n || n > out->room - out->n) {
        return false;
    }
    for (size_t i = 0; i < n; i++, out->n++) { /* octet by octet: a match may overlap what it makes */
        out->p[out->n] = out->p[out->n - distance];
    }
    return true;
}

enum { OP_END = 0x06, END_SIZE = 8 };

/* One operation taken apart: so many literals behind it, then a match. */
struct operation {
    size_t literals, match;
};

static bool is_undefined(uint8_t op) {
    return op == 0x1e || op == 0x26 || op == 0x2e || op == 0x36 || op == 0x3e || (op & 0xf0) == 0x70 || (op & 0xf0) == 0xd0;
}

/*
 * L literals, M match, D distance; op is the first octet
 *   1111MMMM             match at the distance before; MMMM 0: the next octet plus 16
 *   1110LLLL             literals only; LLLL 0: the next octet plus 16
 *   101LLMMM w16         M = MMM and w's low two bits, D = the rest of w
 *   LLMMM111 D16         LLMMM110: the distance before; LLMMMDDD DDDDDDDD: 11 bits of distance
 */
static struct operation operation_read(struct reader *r, uint8_t op, size_t *distance) {
    struct operation o = {0};
    if (op >= 0xf0) {
        o.match = op != 0xf0 ? op & 15u : reader_u8(r) + 16u;
    } else if (op >= 0xe0) {
        o.literals = op != 0xe0 ? op & 15u : reader_u8(r) + 16u;
    } else if ((op & 0xe0) == 0xa0) {
        uint16_t w = reader_u16le(r);
        o.literals = op >> 3 & 3u;
        o.match = ((op & 7u) << 2 | (w & 3u)) + 3;
        *distance = w >> 2;
    } else {
        o.literals = op >> 6;
        o.match = (op >> 3 & 7u) + 3;
        if ((op & 7) == 7) {
            *distance = reader_u16le(r);
        } else if ((op & 7) != 6) {
            *distance = (size_t)(op & 7) << 8 | reader_u8(r);
        }
    }
    return o;
}

bool lzvn_run(struct bytes b, struct lz_out *out) {
    struct reader r = reader_make(b, 0);
    size_t distance = 0;
    while (r.left.n != 0) {
        uint8_t op = reader_u8(&r);
        if (op == OP_END) {
            return true;
        }
        if (op == 0x0e || op == 0x16) { /* nothing */
            continue;
        }
        if (is_undefined(op)) {
            return false;
        }
        struct operation o = operation_read(&r, op, &distance);
        struct bytes literals = reader_bytes(&r, o.literals);
        if (!reader_ok(&r) || !lz_literals(out, literals) || !lz_match(out, distance, o.match)) {
            return false;
        }
    }
    return out->n == out->room; /* no end mark: good enough when nothing is missing */
}

bool lzvn_decode(struct bytes in, uint8_t *out, size_t room, size_t *got, struct error *err) {
    struct lz_out o = {.p = out, .room = room};
    if (!lzvn_run(in, &o)) {
        return error_set(err, ERR_MALFORMED, "LZVN data that can't be unpacked (after %zu bytes)", o.n);
    }
    *got = o.n;
    return true;
}
