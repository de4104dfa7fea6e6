/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed bytes read in any order are what was packed, by every method; damage and bombs end in an error. */
#include <bzlib.h>
#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#include "source/unpack.h"

enum { SMALL = 3 << 20, LARGE = 20 << 20, PACKED_MAX = LARGE + (1 << 20) };

static uint8_t *plain, *packed;

/* Numbers that follow from one another: the same on every run. */
static uint32_t random_next(uint32_t *state) {
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static int setup(void **state) {
    (void)state;
    uint32_t seed = 1;
    plain = malloc(LARGE);
    packed = malloc(PACKED_MAX);
    for (size_t i = 0; plain != NULL && i < LARGE; i++) {
        plain[i] = (uint8_t)(random_next(&seed) % 16 + i / 100000);
    }
    return plain != NULL && packed != NULL ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    free(plain);
    free(packed);
    return 0;
}

static size_t pack(enum unpack_method method, size_t n) {
    z_stream z = {.next_in = plain, .avail_in = (uInt)n, .next_out = packed, .avail_out = PACKED_MAX};
    unsigned bz = PACKED_MAX;
    size_t at = 0;
    lzma_options_lzma options;
    lzma_filter filters[2] = {{.id = LZMA_FILTER_LZMA1, .options = &options}, {.id = LZMA_VLI_UNKNOWN}};
    switch (method) {
    case UNPACK_DEFLATE:
        assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        deflateEnd(&z);
        return z.total_out;
    case UNPACK_ZLIB:
        assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16 * (n % 2 == 0), 8, Z_DEFAULT_STRATEGY), Z_OK); /* or gzip */
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        deflateEnd(&z);
        return z.total_out;
    case UNPACK_LZMA: {
        lzma_stream l = LZMA_STREAM_INIT;
        lzma_lzma_preset(&options, 0);
        assert_int_equal(lzma_alone_encoder(&l, &options), LZMA_OK);
        l.next_in = plain;
        l.avail_in = n;
        l.next_out = packed;
        l.avail_out = PACKED_MAX;
        assert_int_equal(lzma_code(&l, LZMA_FINISH), LZMA_STREAM_END);
        at = l.total_out;
        lzma_end(&l);
        return at;
    }
    case UNPACK_BZIP2:
        assert_int_equal(BZ2_bzBuffToBuffCompress((char *)packed, &bz, (char *)plain, (unsigned)n, 1, 0, 0), BZ_OK);
        return bz;
    case UNPACK_XZ:
        assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, plain, n, packed, &at, PACKED_MAX), LZMA_OK);
        return at;
    default:
        lzma_lzma_preset(&options, 0);
        assert_int_equal(lzma_properties_encode(&filters[0], packed + 4), LZMA_OK);
        memcpy(packed, "\20\2\5\0", 4);
        at = 9;
        assert_int_equal(lzma_raw_buffer_encode(filters, NULL, plain, n, packed, &at, PACKED_MAX), LZMA_OK);
        return at;
    }
}

/* A source over packed bytes that unpack to size. */
struct opened {
    struct memory_source memory;
    struct unpacker unpacker;
    struct stream_source stream;
    struct budget budget;
    struct arena arena;
};

static struct opened *opened(enum unpack_method method, size_t n_packed, uint64_t size, size_t cap) {
    static struct opened o;
    o.budget = (struct budget){.bytes_left = UINT64_C(1) << 40};
    o.arena = arena_make(cap);
    memory_source_init(&o.memory, "packed", bytes_make(packed, n_packed));
    unpack_init(&o.unpacker, method, &o.memory.source, NULL);
    stream_source_init(&o.stream, "plain", size, n_packed, &o.unpacker.stream, &o.budget, &o.arena);
    return &o;
}

static void closed(struct opened *o) {
    unpack_end(&o->unpacker);
    arena_free(&o->arena);
}

static void any_order_gives_what_was_packed(void **state) {
    (void)state;
    static const struct {
        size_t size, cap;
    } rows[] = {{1, 1 << 20}, {5000, 1 << 20}, {SMALL, ARENA_FILE_CAP}, {SMALL, 1 << 20}, {LARGE, ARENA_FILE_CAP}};
    static uint8_t buffer[300000];
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        for (enum unpack_method method = 0; method < UNPACK_COUNT; method++) {
            size_t size = rows[row].size, n_packed;
            if (size == LARGE && method != UNPACK_DEFLATE) {
                continue; /* slow, and the same */
            }
            n_packed = pack(method, size);
            struct opened *o = opened(method, n_packed, size, rows[row].cap);
            uint32_t seed = (uint32_t)row;
            for (unsigned i = 0; i < (size == LARGE ? 6 : 30); i++) {
                size_t at = random_next(&seed) % size, n = random_next(&seed) % sizeof buffer;
                n = n < size - at ? n : size - at;
                assert_true(source_into(&o->stream.source, buffer, n, at, NULL));
                assert_memory_equal(buffer, plain + at, n);
            }
            bool whole = size <= STREAM_WHOLE && rows[row].cap == ARENA_FILE_CAP;
            assert_true(!whole || o->stream.produced <= size);
            closed(o);
        }
    }
}

/* From the end back, every fourteenth part of it: each is unpacked from the copy of the state before it, where there are copies. */
static void going_back_costs_little(void **state) {
    (void)state;
    uint8_t octet, parts = 14;
    struct opened *o = opened(UNPACK_DEFLATE, pack(UNPACK_DEFLATE, LARGE), LARGE, ARENA_FILE_CAP);
    for (size_t i = parts; i != 0; i--) {
        size_t at = (size_t)LARGE / parts * i - 1;
        assert_true(source_into(&o->stream.source, &octet, 1, at, NULL));
        assert_int_equal(octet, plain[at]);
    }
    if (o->unpacker.fast) {
        assert_true(o->stream.produced < (size_t)2 * LARGE);
    }
    assert_true(source_into(&o->stream.source, &octet, 1, LARGE - 1, NULL));
    assert_int_equal(octet, plain[LARGE - 1]);
    closed(o);
}

/* In much data, too, it is zlib that says what is wrong, and up to where all is well. */
static void damage_is_where_zlib_says(void **state) {
    (void)state;
    size_t n = pack(UNPACK_DEFLATE, LARGE);
    uint8_t octet, *out = malloc(LARGE);
    assert_non_null(out);
    for (size_t at = n / 5; at < n; at += n / 5) {
        uint8_t before = packed[at];
        packed[at] ^= 0xff;
        packed[at + 1] ^= 0xff;
        z_stream z = {.next_in = packed, .avail_in = (uInt)n, .next_out = out, .avail_out = LARGE};
        assert_int_equal(inflateInit2(&z, -MAX_WBITS), Z_OK);
        int code = inflate(&z, Z_NO_FLUSH);
        struct error err = {0};
        struct opened *o = opened(UNPACK_DEFLATE, n, LARGE, ARENA_FILE_CAP);
        for (size_t i = 0; i < z.total_out; i += 1 << 16) {
            assert_true(source_into(&o->stream.source, &octet, 1, i, &err));
            assert_int_equal(octet, out[i]);
        }
        if (code < 0 && z.total_out < LARGE) {
            assert_false(source_into(&o->stream.source, &octet, 1, LARGE - 1, &err));
            assert_int_equal(err.kind, ERR_MALFORMED);
            assert_non_null(strstr(err.text, "deflate data that can't be unpacked"));
            assert_false(o->unpacker.fast);
        }
        closed(o);
        inflateEnd(&z);
        packed[at] = before;
        packed[at + 1] ^= 0xff;
    }
    free(out);
}

static void first_bytes_cost_little(void **state) {
    (void)state;
    uint8_t buffer[STREAM_FIRST];
    struct opened *o = opened(UNPACK_DEFLATE, pack(UNPACK_DEFLATE, SMALL), SMALL, ARENA_FILE_CAP);
    assert_true(source_into(&o->stream.source, buffer, sizeof buffer, 0, NULL));
    assert_int_equal(o->stream.produced, STREAM_FIRST);
    assert_true(o->arena.used <= STREAM_HEAD);
    closed(o);
}

static void damage_is_an_error(void **state) {
    (void)state;
    uint8_t octet;
    for (enum unpack_method method = 0; method < UNPACK_COUNT; method++) {
        size_t n = pack(method, 5000);
        for (size_t cut = 0; cut + 100 < n; cut += 7) {
            struct error err = {0};
            struct opened *o = opened(method, cut, 5000, ARENA_FILE_CAP);
            assert_false(source_into(&o->stream.source, &octet, 1, 4999, &err));
            assert_int_equal(err.kind, ERR_MALFORMED);
            closed(o);
        }
        for (size_t i = 0; i < n; i += 3) { /* whatever comes of it */
            packed[i] ^= 0x55;
            struct opened *o = opened(method, n, 5000, ARENA_FILE_CAP);
            (void)!source_into(&o->stream.source, &octet, 1, 4999, NULL);
            (void)!source_into(&o->stream.source, &octet, 1, 0, NULL);
            closed(o);
            packed[i] ^= 0x55;
        }
        struct error err = {0};
        struct opened *o = opened(method, n, 5001, ARENA_FILE_CAP);
        assert_false(source_into(&o->stream.source, &octet, 1, 5000, &err));
        assert_true(o->stream.ended || err.kind == ERR_MALFORMED);
        closed(o);
    }
}

static void limits_are_kept(void **state) {
    (void)state;
    uint8_t octet;
    struct error err = {0};
    size_t n = pack(UNPACK_DEFLATE, SMALL);
    struct opened *o = opened(UNPACK_DEFLATE, n, SMALL, ARENA_FILE_CAP);
    o->budget.bytes_left = 100000;
    assert_false(source_into(&o->stream.source, &octet, 1, SMALL - 1, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    closed(o);
    o = opened(UNPACK_DEFLATE, n, SMALL, ARENA_FILE_CAP);
    o->budget.deadline = 1;
    assert_false(source_into(&o->stream.source, &octet, 1, SMALL - 1, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    closed(o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_what_was_packed),
        cmocka_unit_test(going_back_costs_little),
        cmocka_unit_test(damage_is_where_zlib_says),
        cmocka_unit_test(first_bytes_cost_little),
        cmocka_unit_test(damage_is_an_error),
        cmocka_unit_test(limits_are_kept),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
