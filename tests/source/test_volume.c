/* SPDX-License-Identifier: Apache-2.0 */
/* Disk images and HFS Plus volumes as tools/apple-pack makes them: every packing of chunks, every partition table, files in pieces
 * and compressed ones; LZFSE by what Apple's encoder made; and the same made bad. */
#include "listing.h"

#include "source/lzfse.h"

extern const struct container container_dmg;

static void numbers(unsigned last, size_t most, uint32_t *value, size_t *size) {
    struct text text = {0};
    for (unsigned i = 1; i <= last; i++) {
        text_addf(&text, "%u\n", i);
    }
    *size = text.n < most ? text.n : most;
    *value = sum(0, bytes_make(text.p, *size));
    text_free(&text);
}

static void has_numbers(const struct listing *l, const char *path, unsigned last, size_t most) {
    char line[128];
    uint32_t value;
    size_t size;
    numbers(last, most, &value, &size);
    snprintf(line, sizeof line, "%s %zu %08x\n", path, size, value);
    has(l, line);
}

static void test_images(void **state) {
    (void)state;
    static const char *const names[] = {"volume/gpt-zlib", "volume/map-bzip2", "volume/wrapper-adc", "volume/none-lzfse", "volume/none-xz"};
    static const char *const small[] = {"c1-in", "c3-in", "c7-in", "c9-in", "c11-in"};
    static const char *const forks[] = {"c4-fork", "c8-fork", "c10-fork", "c12-fork"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct listing l = list(&container_dmg, names[i]);
        has(&l, "readme 6 ");
        has_numbers(&l, "Some App.app/split-numbers", 1500, SIZE_MAX); /* 14 pieces, six of them in the extents overflow file */
        has_numbers(&l, "c4-long", 13000, SIZE_MAX);
        for (size_t k = 0; k < sizeof small / sizeof *small; k++) {
            has_numbers(&l, small[k], 700, 600);
        }
        for (size_t k = 0; k < sizeof forks / sizeof *forks; k++) {
            has_numbers(&l, forks[k], 500, SIZE_MAX);
        }
        assert_null(strstr(text_c(&l.text), "nothing"));
        assert_null(strchr(text_c(&l.text), '!'));
        text_free(&l.text);
    }
}

static void test_plain(void **state) {
    (void)state;
    struct listing l = list(&container_dmg, "volume/plain");
    has(&l, "readme 6 ");
    has_numbers(&l, "c3-in", 700, 600);
    text_free(&l.text);
}

/* What can't be looked into is said, not passed over. */
static void test_unsupported(void **state) {
    (void)state;
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct listing l = {0};
    struct error err = {0};
    struct bytes b = load("volume/none-xz");
    sample[b.n - 512 + 63] = 2; /* of two files */
    assert_false(walk(&container_dmg, b, &arena, &l, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    memcpy(sample, "encrcdsa", 8);
    assert_false(walk(&container_dmg, b, &arena, &l, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    b = load("volume/plain");
    memcpy(sample + 32, "NXSB", 4);
    memcpy(sample + 1024, "\0\0", 2);
    assert_null(l.text.p);
    assert_true(walk(&container_dmg, b, &arena, &l, &err));
    assert_string_equal(text_c(&l.text), "APFS volumes: needs 7z, which is not there\n");
    text_free(&l.text);
    arena_free(&arena);
}

/* Leaves of the catalog that lead back to themselves. */
static void test_circle(void **state) {
    (void)state;
    struct bytes b = load("volume/plain");
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct listing l = {0};
    struct error err = {0};
    size_t found = 0;
    for (size_t at = 1536; at + 14 < b.n; at += 512) {
        if (memcmp(b.p + at, "\0\0\0\0\0\0\0\0\xff\1", 10) == 0) {
            sample[at + 3] = 1;
            found++;
        }
    }
    assert_true(found > 0);
    assert_false(walk(&container_dmg, b, &arena, &l, &err));
    assert_int_equal(err.kind, ERR_MALFORMED);
    text_free(&l.text);
    arena_free(&arena);
}

static void test_lzfse(void **state) {
    (void)state;
    uint8_t out[6000];
    size_t got = 0;
    struct error err = {0};
    assert_true(lzfse_decode(load("lzfse/lzvn"), out, sizeof out, &got, &err));
    assert_true(bytes_is(bytes_make(out, got), "certban certban certban: the quick brown fox; the quick brown fox; certban!\n"));
    assert_false(lzfse_decode(load("lzfse/lzvn"), out, got - 1, &got, &err));
    assert_true(lzfse_decode(load("lzfse/lzfse"), out, sizeof out, &got, &err));
    assert_int_equal(got, sizeof out);
    for (unsigned i = 0; i < sizeof out; i++) {
        assert_int_equal(out[i], (((i * i) >> 5 ^ i >> 3) & 0x3f) | 0x20);
    }
}

static void lzfse_attempt(struct bytes variant, struct arena *arena, void *context) {
    (void)arena, (void)context;
    static uint8_t out[6000];
    size_t got = 0;
    struct error err = {0};
    if (!lzfse_decode(variant, out, sizeof out, &got, &err)) {
        assert_int_equal(err.kind, ERR_MALFORMED);
    }
    (void)!lzvn_decode(variant, out, sizeof out, &got, &err);
}

static void test_hostile(void **state) {
    (void)state;
    struct container container = container_dmg;
    hostile_each(load("lzfse/lzvn"), lzfse_attempt, NULL);
    struct bytes b = load("lzfse/lzfse");
    hostile_cuts(b, 1, lzfse_attempt, NULL);
    hostile_flips(b, 1, lzfse_attempt, NULL);
    b = load("volume/plain");
    hostile_cuts(b, b.n / 256, attempt, &container);
    hostile_flips(b, b.n / 1024 * 8 + 1, attempt, &container);
    hostile_caps(b, 64 << 10, 511, attempt, &container);
    b = load("volume/none-xz");
    hostile_cuts(b, b.n / 64, attempt, &container);
    hostile_flips(b, b.n / 128 * 8 + 1, attempt, &container);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images), cmocka_unit_test(test_plain), cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_circle), cmocka_unit_test(test_lzfse), cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
