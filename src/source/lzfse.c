/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LZFSE: matches and literals whose numbers are coded by finite state entropy. A block has four frequency tables (lengths of
 * literals L, lengths of matches M, distances D, literals), from which the decoding tables are built; then the literals, then the
 * L, M, D triples, both as bits that are read from the end backwards.
 */
#include "source/lzfse.h"

#include <stdlib.h>

#include "base/reader.h"

enum {
    N_L = 20, /* symbols */
    N_M = 20,
    N_D = 64,
    N_LITERAL = 256,
    N_ALL = N_L + N_M + N_D + N_LITERAL,
    L_STATES = 64,
    M_STATES = 64,
    D_STATES = 256,
    LITERAL_STATES = 1024,
    LITERALS_MAX = 40000, /* of a block */
    MATCHES_MAX = 10000,
    HEADER_V1 = 772,
    HEADER_V2 = 32, /* without the packed frequencies */
};

/* A block of either version. */
struct block {
    uint32_t n_raw, n_literals, n_matches, n_literal_payload, n_lmd_payload, header_size;
    int literal_bits, lmd_bits; /* -7 to 0: bits of the payload's last octet that mean nothing */
    uint16_t literal_state[4], l_state, m_state, d_state;
    uint16_t frequencies[N_ALL]; /* L, M, D, literals */
};

/* What to do in a state: give symbol, read bits, go to delta plus these. */
struct state {
    bool used;
    uint8_t symbol, bits;
    int32_t delta;
};

struct decoder {
    struct block block;
    struct state l[L_STATES], m[M_STATES], d[D_STATES], literal[LITERAL_STATES];
    uint8_t literals[LITERALS_MAX + 4];
};

static const uint8_t l_extra[N_L] = {[16] = 2, 3, 5, 8};
static const uint32_t l_base[N_L] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 28, 60};
static const uint8_t m_extra[N_M] = {[16] = 3, 5, 8, 11};
static const uint32_t m_base[N_M] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 56, 312};

/* Distances have four symbols for each number of extra bits. */
static unsigned d_extra(unsigned symbol) {
    return symbol / 4;
}
static uint32_t d_base(unsigned symbol) {
    return ((4u + symbol % 4) << symbol / 4) - 4;
}

/* ---- bits, from the end backwards ---- */

struct bits {
    struct bytes b;
    size_t left;
    bool failed;
};

static struct bits bits_make(struct bytes b, int skipped) {
    size_t skip = (size_t)-skipped;
    struct bits bits = {.b = b, .left = b.n * 8, .failed = skip > b.n * 8};
    if (!bits.failed && skip != 0) {
        bits.left -= skip;
        bits.failed = b.p[b.n - 1] >> (8 - skip) != 0;
    }
    return bits;
}

/* The next n bits, up to 24: the first one read is the highest. */
static uint32_t bits_read(struct bits *bits, unsigned n) {
    if (n > bits->left) {
        bits->failed = true;
        return 0;
    }
    bits->left -= n;
    uint64_t window = 0;
    size_t first = bits->left / 8;
    for (size_t i = 0; i < 5 && first + i < bits->b.n; i++) {
        window |= (uint64_t)bits->b.p[first + i] << 8 * i;
    }
    return (uint32_t)(window >> bits->left % 8) & ((1u << n) - 1);
}

/* ---- tables ---- */

static unsigned log2_of(uint32_t v) {
    unsigned n = 0;
    while (v >>= 1) {
        n++;
    }
    return n;
}

static bool table_build(const uint16_t *frequencies, size_t n_symbols, struct state *states, uint32_t n_states) {
    uint32_t s = 0;
    memset(states, 0, n_states * sizeof *states);
    for (size_t i = 0; i < n_symbols; i++) {
        uint32_t f = frequencies[i];
        if (f == 0) {
            continue;
        }
        if (f > n_states - s) {
            return false;
        }
        unsigned k = log2_of(n_states) - log2_of(f);
        uint32_t j0 = (2 * n_states >> k) - f;
        for (uint32_t j = 0; j < f; j++, s++) {
            bool wide = j < j0;
            states[s] = (struct state){.used = true, .symbol = (uint8_t)i, .bits = (uint8_t)(wide ? k : k - 1)};
            states[s].delta = (int32_t)(wide ? ((f + j) << k) - n_states : (j - j0) << (k - 1));
        }
    }
    return true;
}

static bool tables_build(struct decoder *d) {
    const uint16_t *f = d->block.frequencies;
    return table_build(f, N_L, d->l, L_STATES) && table_build(f + N_L, N_M, d->m, M_STATES) &&
           table_build(f + N_L + N_M, N_D, d->d, D_STATES) && table_build(f + N_L + N_M + N_D, N_LITERAL, d->literal, LITERAL_STATES);
}

/* ---- headers ---- */

/* One frequency, in 2 to 14 bits read from the lowest up; *n gets how many. */
static uint16_t frequency(uint32_t bits, unsigned *n) {
    if ((bits & 1) == 0) {
        *n = 2;
        return (uint16_t)(bits >> 1 & 1);
    }
    if ((bits & 3) == 1) {
        *n = 3;
        return (uint16_t)(2 + (bits >> 2 & 1));
    }
    if ((bits & 7) == 3) {
        *n = 5;
        return (uint16_t)(4 + (bits >> 3 & 3));
    }
    *n = (bits & 15) == 7 ? 8 : 14;
    return (uint16_t)((bits & 15) == 7 ? 8 + (bits >> 4 & 15) : 24 + (bits >> 4 & 1023));
}

static bool frequencies_read(struct bytes b, uint16_t *out) {
    uint32_t held = 0;
    unsigned have = 0, n;
    size_t at = 0;
    if (b.n == 0) {
        return true; /* no tables: all zero */
    }
    for (size_t i = 0; i < N_ALL; i++) {
        while (have <= 24 && at < b.n) {
            held |= (uint32_t)b.p[at++] << have;
            have += 8;
        }
        out[i] = frequency(held, &n);
        if (n > have) {
            return false;
        }
        held >>= n;
        have -= n;
    }
    return at == b.n && have < 8;
}

/* Header of version 2, little-endian
 *   0   4  "bvx2"
 *   4   4  octets unpacked
 *   8   8  literals (20 bits), their payload (20), matches (20), literal bits plus 7 (3)
 *  16   8  literal states (4 times 10 bits), L M D payload (20), their bits plus 7 (3)
 *  24   8  size of the header (32 bits), states of L, M, D (10 each)
 *  32   -  frequencies
 */
static bool header_v2(struct bytes b, struct block *out) {
    struct reader r = reader_make(b, 0);
    reader_skip(&r, 4);
    out->n_raw = reader_u32le(&r);
    uint64_t f0 = reader_u64le(&r), f1 = reader_u64le(&r), f2 = reader_u64le(&r);
    out->n_literals = f0 & 0xfffff;
    out->n_literal_payload = f0 >> 20 & 0xfffff;
    out->n_matches = f0 >> 40 & 0xfffff;
    out->literal_bits = (int)(f0 >> 60 & 7) - 7;
    for (unsigned i = 0; i < 4; i++) {
        out->literal_state[i] = (uint16_t)(f1 >> 10 * i & 1023);
    }
    out->n_lmd_payload = f1 >> 40 & 0xfffff;
    out->lmd_bits = (int)(f1 >> 60 & 7) - 7;
    out->header_size = (uint32_t)f2;
    out->l_state = (uint16_t)(f2 >> 32 & 1023);
    out->m_state = (uint16_t)(f2 >> 42 & 1023);
    out->d_state = (uint16_t)(f2 >> 52 & 1023);
    if (!reader_ok(&r) || out->header_size < HEADER_V2) {
        return false;
    }
    struct bytes packed = reader_bytes(&r, out->header_size - HEADER_V2);
    return reader_ok(&r) && frequencies_read(packed, out->frequencies);
}

/* Version 1 has the same as plain integers: 4 octets each up to the literal states, frequencies of 2 octets from 50 on. */
static bool header_v1(struct bytes b, struct block *out) {
    struct reader r = reader_make(b, 0);
    reader_skip(&r, 4);
    out->n_raw = reader_u32le(&r);
    reader_skip(&r, 4);
    out->n_literals = reader_u32le(&r);
    out->n_matches = reader_u32le(&r);
    out->n_literal_payload = reader_u32le(&r);
    out->n_lmd_payload = reader_u32le(&r);
    int32_t literal_bits = (int32_t)reader_u32le(&r);
    for (unsigned i = 0; i < 4; i++) {
        out->literal_state[i] = reader_u16le(&r);
    }
    int32_t lmd_bits = (int32_t)reader_u32le(&r);
    out->l_state = reader_u16le(&r);
    out->m_state = reader_u16le(&r);
    out->d_state = reader_u16le(&r);
    for (size_t i = 0; i < N_ALL; i++) {
        out->frequencies[i] = reader_u16le(&r);
    }
    out->literal_bits = literal_bits;
    out->lmd_bits = lmd_bits;
    out->header_size = HEADER_V1;
    return reader_ok(&r);
}

static bool block_sane(const struct block *b) {
    bool states = b->l_state < L_STATES && b->m_state < M_STATES && b->d_state < D_STATES;
    for (unsigned i = 0; i < 4; i++) {
        states = states && b->literal_state[i] < LITERAL_STATES;
    }
    return states && b->n_literals <= LITERALS_MAX && b->n_literals % 4 == 0 && b->n_matches <= MATCHES_MAX && b->literal_bits <= 0 &&
           b->literal_bits >= -7 && b->lmd_bits <= 0 && b->lmd_bits >= -7;
}

/* ---- a block ---- */

static bool literals_read(struct decoder *d, struct bytes payload) {
    struct bits bits = bits_make(payload, d->block.literal_bits);
    uint32_t s[4];
    for (unsigned i = 0; i < 4; i++) {
        s[i] = d->block.literal_state[i];
    }
    for (uint32_t i = 0; i < d->block.n_literals && !bits.failed; i++) {
        const struct state *state = &d->literal[s[i % 4]];
        if (!state->used) {
            return false;
        }
        d->literals[i] = state->symbol;
        s[i % 4] = (uint32_t)(state->delta + (int32_t)bits_read(&bits, state->bits)) % LITERAL_STATES;
    }
    return !bits.failed;
}

/* The next value of L, M or D: its state's bits, then those of its symbol. */
static bool value_read(struct bits *bits, const struct state *states, uint32_t n_states, uint32_t *s, unsigned *symbol,
                       const uint8_t *extra, uint32_t *value) {
    const struct state *state = &states[*s];
    if (!state->used) {
        return false;
    }
    unsigned more = extra != NULL ? extra[state->symbol] : d_extra(state->symbol);
    uint32_t x = bits_read(bits, state->bits + more);
    *s = (uint32_t)(state->delta + (int32_t)(x >> more)) % n_states;
    *symbol = state->symbol;
    *value = x & ((1u << more) - 1);
    return !bits->failed;
}

static bool matches_run(struct decoder *d, struct bytes payload, struct lz_out *out) {
    struct bits bits = bits_make(payload, d->block.lmd_bits);
    uint32_t l = d->block.l_state, m = d->block.m_state, s = d->block.d_state, value;
    size_t used = 0, distance = 0;
    for (uint32_t i = 0; i < d->block.n_matches; i++) {
        unsigned symbol;
        if (!value_read(&bits, d->l, L_STATES, &l, &symbol, l_extra, &value)) {
            return false;
        }
        size_t n_literals = l_base[symbol] + value;
        if (!value_read(&bits, d->m, M_STATES, &m, &symbol, m_extra, &value)) {
            return false;
        }
        size_t n_match = m_base[symbol] + value;
        if (!value_read(&bits, d->d, D_STATES, &s, &symbol, NULL, &value)) {
            return false;
        }
        size_t new_distance = d_base(symbol) + value;
        distance = new_distance != 0 ? new_distance : distance;
        if (n_literals > d->block.n_literals - used || !lz_literals(out, bytes_make(d->literals + used, n_literals)) ||
            !lz_match(out, distance, n_match)) {
            return false;
        }
        used += n_literals;
    }
    return true;
}

static bool block_run(struct decoder *d, struct reader *r, bool second, struct lz_out *out) {
    struct block *b = &d->block;
    *b = (struct block){0};
    if (!(second ? header_v2(r->left, b) : header_v1(r->left, b)) || !block_sane(b) || !tables_build(d)) {
        return false;
    }
    reader_skip(r, b->header_size);
    struct bytes literals = reader_bytes(r, b->n_literal_payload);
    struct bytes lmd = reader_bytes(r, b->n_lmd_payload);
    size_t before = out->n;
    return reader_ok(r) && literals_read(d, literals) && matches_run(d, lmd, out) && out->n - before == b->n_raw;
}

/* A block that is no LZFSE: "bvx-" stored, "bvxn" LZVN. */
static bool other_run(struct reader *r, bool stored, struct lz_out *out) {
    reader_skip(r, 4);
    uint32_t n_raw = reader_u32le(r);
    uint32_t n_payload = stored ? n_raw : reader_u32le(r);
    struct bytes payload = reader_bytes(r, n_payload);
    if (!reader_ok(r) || n_raw > out->room - out->n) {
        return false;
    }
    if (stored) {
        return lz_literals(out, payload);
    }
    struct lz_out part = {.p = out->p, .n = out->n, .room = out->n + n_raw};
    bool ok = lzvn_run(payload, &part) && part.n == part.room;
    out->n = part.n;
    return ok;
}

bool lzfse_decode(struct bytes in, uint8_t *out, size_t room, size_t *got, struct error *err) {
    struct decoder *d = calloc(1, sizeof *d);
    struct lz_out o = {.p = out, .room = room};
    struct reader r = reader_make(in, 0);
    if (d == NULL) {
        return error_set(err, ERR_LIMIT, "out of memory for unpacking");
    }
    bool ok = true, end = false;
    while (ok && !end) {
        struct bytes magic = bytes_cut(r.left, 0, 4);
        if (bytes_is(magic, "bvx$")) {
            end = true;
        } else if (bytes_is(magic, "bvx2") || bytes_is(magic, "bvx1")) {
            ok = block_run(d, &r, magic.p[3] == '2', &o);
        } else {
            ok = (bytes_is(magic, "bvx-") || bytes_is(magic, "bvxn")) && other_run(&r, magic.p[3] == '-', &o);
        }
    }
    free(d);
    if (!ok) {
        return error_set(err, ERR_MALFORMED, "LZFSE data that can't be unpacked (block before octet %llu)", (unsigned long long)r.at);
    }
    *got = o.n;
    return true;
}
