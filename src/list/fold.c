/* SPDX-License-Identifier: Apache-2.0 */
#include "list/fold.h"

#include "base/text.h"

/* The simple case folding of Unicode's CaseFolding.txt, for the alphabets that names of companies are written in. */
static uint32_t fold_one(uint32_t c) {
    if (c < 0x80) {
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3ab && c != 0x3a2) || (c >= 0x410 && c <= 0x42f) ||
        (c >= 0xff21 && c <= 0xff3a)) {
        return c + 0x20;
    }
    if (c >= 0x400 && c <= 0x40f) {
        return c + 0x50;
    }
    if (c >= 0x531 && c <= 0x556) {
        return c + 0x30;
    }
    /* Runs where an even capital stands before its odd small letter, and those where it is the other way round. */
    if ((c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) || (c >= 0x14a && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
        (c >= 0x48a && c <= 0x4bf) || (c >= 0x4d0 && c <= 0x52f) || (c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff)) {
        return c | 1;
    }
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) {
        return c % 2 != 0 ? c + 1 : c;
    }
    return c == 0x3c2 ? 0x3c3 : c;
}

static bool is_space(uint32_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200a);
}

/* A walk over the folded code points of a string. */
struct fold {
    struct bytes left;
    bool begun, space; /* something was given; white space is pending */
};

#define FOLD_END UINT32_MAX
#define FOLD_RAW UINT32_C(0x80000000)

/* The next folded code point; ill-formed bytes come as themselves above all code points. */
static uint32_t fold_next(struct fold *f) {
    while (f->left.n != 0) {
        size_t n;
        uint32_t c = utf8_next(f->left, &n);
        if (c != UINT32_MAX && is_space(c)) {
            f->left = bytes_cut(f->left, n, SIZE_MAX);
            f->space = true;
            continue;
        }
        if (f->space && f->begun) {
            f->space = false;
            return ' ';
        }
        uint32_t raw = FOLD_RAW + f->left.p[0];
        f->left = bytes_cut(f->left, n, SIZE_MAX);
        f->begun = true;
        f->space = false;
        return c == UINT32_MAX ? raw : fold_one(c);
    }
    return FOLD_END;
}

bool fold_equal(struct bytes a, struct bytes b) {
    struct fold fa = {.left = a}, fb = {.left = b};
    for (;;) {
        uint32_t ca = fold_next(&fa), cb = fold_next(&fb);
        if (ca != cb) {
            return false;
        }
        if (ca == FOLD_END) {
            return true;
        }
    }
}

uint64_t fold_hash(struct bytes s, uint64_t seed) {
    struct fold f = {.left = s};
    uint64_t h = 0;
    for (uint32_t c = fold_next(&f); c != FOLD_END; c = fold_next(&f)) {
        /* A multiply and shift mix of 64 bits a code point: enough for a table whose runs are compared in full. */
        h = (h ^ c ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
        h |= 1;
    }
    return h;
}
