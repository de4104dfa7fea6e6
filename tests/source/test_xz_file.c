/* SPDX-License-Identifier: Apache-2.0 */
/* A .xz file read in any order by its index is what was packed; a damaged one, or one whose index says other than its blocks, never gives
 * other bytes. */
#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "source/xz_file.h"

enum { PLAIN = STREAM_WHOLE + (1 << 20), BLOCK = 1 << 20, SMALL = 64 << 10, PACKED_MAX = PLAIN };

static uint8_t *plain, *packed, *got;
static size_t n_packed;

static uint32_t random_next(uint32_t *state) {
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* A stream of blocks behind the bytes that are there. */
static void pack(const uint8_t *p, size_t n, size_t block) {
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_mt options = {.threads = 1, .block_size = block, .preset = 0, .check = LZMA_CHECK_CRC32};
    assert_int_equal(lzma_stream_encoder_mt(&z, &options), LZMA_OK);
    z.next_in = p;
    z.avail_in = n;
    z.next_out = packed + n_packed;
    z.avail_out = PACKED_MAX - n_packed;
    assert_int_equal(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
    n_packed = PACKED_MAX - z.avail_out;
    lzma_end(&z);
}

static int setup(void **state) {
    (void)state;
    uint32_t seed = 7;
    plain = malloc(PLAIN);
    packed = malloc(PACKED_MAX);
    got = malloc(PLAIN);
    for (size_t i = 0; i < PLAIN; i++) { /* packs to a part of it */
        plain[i] = (uint8_t)(random_next(&seed) % 12 == 0 ? random_next(&seed) : i >> 6);
    }
    return plain == NULL || packed == NULL || got == NULL;
}

static int teardown(void **state) {
    (void)state;
    free(plain);
    free(packed);
    free(got);
    return 0;
}

struct opened {
    struct memory_source memory;
    struct budget budget;
    struct xz_file xz;
};

static bool open_bytes(struct opened *o, const uint8_t *p, size_t n) {
    o->budget = (struct budget){.bytes_left = UINT64_C(1) << 40};
    memory_source_init(&o->memory, "a.xz", bytes_make(p, n));
    return xz_file_open(&o->xz, &o->memory.source, &o->budget);
}

static void assert_read(struct opened *o, uint64_t at, size_t n) {
    struct error err = {0};
    if (!source_into(&o->xz.source.source, got, n, at, &err)) {
        fail_msg("%zu bytes at %llu: %s", n, (unsigned long long)at, err.text);
    }
    assert_memory_equal(got, plain + at, n);
}

static void blocks_are_read_in_any_order(void **state) {
    (void)state;
    struct opened *o = malloc(sizeof *o);
    uint32_t seed = 3;
    n_packed = 0;
    pack(plain, PLAIN, BLOCK);
    assert_non_null(o);
    assert_true(open_bytes(o, packed, n_packed));
    assert_int_equal(o->xz.source.source.size, PLAIN);
    assert_read(o, 0, PLAIN);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t at = random_next(&seed) % (PLAIN - 5000);
        assert_read(o, at, random_next(&seed) % 5000);
    }
    xz_file_close(&o->xz);
    free(o);
}

/* What is far behind, or far ahead, costs a block and not all that is before it. */
static void the_way_is_from_the_nearest_block(void **state) {
    (void)state;
    struct opened *o = malloc(sizeof *o);
    n_packed = 0;
    pack(plain, PLAIN, BLOCK);
    assert_non_null(o);
    assert_true(open_bytes(o, packed, n_packed));
    assert_read(o, PLAIN - 1000, 1000);
    assert_true(o->xz.source.produced <= 2 * BLOCK);
    o->xz.source.produced = 0;
    assert_read(o, PLAIN / 2, 1000);
    assert_true(o->xz.source.produced <= 2 * BLOCK);
    xz_file_close(&o->xz);
    free(o);
}

static void several_streams_are_one(void **state) {
    (void)state;
    struct opened *o = malloc(sizeof *o);
    n_packed = 0;
    pack(plain, PLAIN / 3, BLOCK);
    memset(packed + n_packed, 0, 8); /* padding between streams */
    n_packed += 8;
    pack(plain, 0, BLOCK);
    pack(plain + PLAIN / 3, PLAIN - PLAIN / 3, BLOCK);
    assert_non_null(o);
    assert_true(open_bytes(o, packed, n_packed));
    assert_int_equal(o->xz.source.source.size, PLAIN);
    assert_read(o, PLAIN / 3 - 100, 200);
    assert_read(o, PLAIN - 10, 10);
    assert_read(o, 0, PLAIN);
    xz_file_close(&o->xz);
    free(o);
}

/* All of it: true when every byte was given, and then they are the packed ones. */
static bool is_whole_and_right(struct opened *o, size_t n) {
    struct error err = {0};
    bool whole = true;
    size_t size = o->xz.source.source.size < PLAIN ? (size_t)o->xz.source.source.size : PLAIN;
    for (size_t at = 0; whole && at < size; at += 64 << 10) {
        size_t step = size - at < 64 << 10 ? size - at : 64 << 10;
        whole = source_into(&o->xz.source.source, got, step, at, &err);
        assert_true(whole || err.kind == ERR_MALFORMED || err.kind == ERR_LIMIT);
        if (whole) {
            assert_memory_equal(got, plain + at, step);
        }
    }
    return whole && size == n;
}

static void damage_is_told(void **state) {
    (void)state;
    struct opened *o = malloc(sizeof *o);
    uint32_t seed = 5;
    enum { N = SMALL * 3 };
    n_packed = 0;
    pack(plain, N, SMALL);
    assert_non_null(o);
    for (unsigned i = 0; i < 600; i++) {
        /* the header, the index and the end bit by bit, the rest here and there */
        size_t at = i < 100 ? i / 4 : i < 500 ? n_packed - 1 - (i - 100) / 4 : random_next(&seed) % n_packed;
        uint8_t bit = (uint8_t)(1u << (random_next(&seed) % 8));
        packed[at] ^= bit;
        if (open_bytes(o, packed, n_packed)) {
            assert_false(is_whole_and_right(o, N));
            xz_file_close(&o->xz);
        }
        packed[at] ^= bit;
    }
    for (size_t cut = 1; cut < n_packed; cut += n_packed / 97) {
        assert_false(open_bytes(o, packed, n_packed - cut));
    }
    free(o);
}

/* An index of other sizes in place of a stream's own: which is sound by itself. */
static size_t with_index(const lzma_index *own, const int64_t *more_packed, const int64_t *more_plain, uint8_t *out, size_t room) {
    lzma_index_iter block;
    lzma_index *index = lzma_index_init(NULL);
    size_t n = (size_t)(lzma_index_file_size(own) - lzma_index_size(own) - LZMA_STREAM_HEADER_SIZE), i = 0;
    memcpy(out, packed, n);
    lzma_index_iter_init(&block, own);
    for (; !lzma_index_iter_next(&block, LZMA_INDEX_ITER_BLOCK); i++) {
        assert_int_equal(lzma_index_append(index, NULL, block.block.unpadded_size + (uint64_t)more_packed[i],
                                           block.block.uncompressed_size + (uint64_t)more_plain[i]),
                         LZMA_OK);
    }
    lzma_stream_flags flags = {.backward_size = lzma_index_size(index), .check = LZMA_CHECK_CRC32};
    assert_int_equal(lzma_index_buffer_encode(index, out, &n, room), LZMA_OK);
    assert_int_equal(lzma_stream_footer_encode(&flags, out + n), LZMA_OK);
    lzma_index_end(index, NULL);
    return n + LZMA_STREAM_HEADER_SIZE;
}

static void an_index_that_lies_is_told(void **state) {
    (void)state;
    struct opened *own = malloc(sizeof *own), *o = malloc(sizeof *o);
    uint8_t *out = malloc(PACKED_MAX);
    static const int64_t none[3] = {0}, lies[][3] = {{1, -1, 0}, {-4, 4, 0}, {4, -4, 0}, {0, -1, 1}, {100, 0, -100}, {8, 0, -8}};
    n_packed = 0;
    pack(plain, SMALL * 3, SMALL);
    assert_non_null(out);
    assert_true(own != NULL && o != NULL && open_bytes(own, packed, n_packed));
    size_t n = with_index(own->xz.index, none, none, out, PACKED_MAX);
    assert_int_equal(n, n_packed);
    assert_memory_equal(out, packed, n);
    for (size_t i = 0; i < 2 * (sizeof lies / sizeof *lies); i++) {
        const int64_t *lie = lies[i / 2];
        n = with_index(own->xz.index, i % 2 == 0 ? lie : none, i % 2 == 0 ? none : lie, out, PACKED_MAX);
        if (open_bytes(o, out, n)) {
            assert_false(is_whole_and_right(o, SMALL * 3));
            xz_file_close(&o->xz);
        }
    }
    xz_file_close(&own->xz);
    free(own);
    free(o);
    free(out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_read_in_any_order), cmocka_unit_test(the_way_is_from_the_nearest_block),
        cmocka_unit_test(several_streams_are_one),      cmocka_unit_test(damage_is_told),
        cmocka_unit_test(an_index_that_lies_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
