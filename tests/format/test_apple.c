/* SPDX-License-Identifier: Apache-2.0 */
/* Packages and disk images as tools/apple-pack makes them: who signed, what is covered, and the same made bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "../fuzz/hostile.h"
#include "crypto/cms_verify.h"
#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "format/format.h"

extern const struct format format_dmg, format_pkg;

static uint8_t sample[64 << 10];

/* A seed of the fuzz targets, in sample. */
static struct bytes load(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/tests/fuzz/seeds/%s", TEST_SOURCE_ROOT, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(sample, 1, sizeof sample, file);
    fclose(file);
    assert_in_range(n, 1, sizeof sample - 1);
    return bytes_make(sample, n);
}

static bool read_as(const struct format *format, struct bytes b, struct memory_source *memory, struct arena *arena,
                    struct contents *contents, struct error *err) {
    memory_source_init(memory, "sample", b);
    *contents = (struct contents){0};
    struct probe probe = {
        .head = bytes_cut(b, 0, PROBE_HEAD), .tail = bytes_cut(b, b.n > PROBE_TAIL ? b.n - PROBE_TAIL : 0, PROBE_TAIL), .size = b.n};
    return format->probe(&probe) && format->read(&memory->source, arena, contents, err);
}

/* Whether every claim of a signature holds, and there is one. */
static bool covered(struct source *source, const struct signature *s) {
    bool good = s->n_claims != 0;
    for (size_t i = 0; i < s->n_claims; i++) {
        enum check state = CHECK_NONE;
        struct error err;
        good = digest_claims(source, &s->claims[i], 1, &state, NULL, NULL, 0, &err) && state == CHECK_GOOD && good;
    }
    return good;
}

static bool key_signed(const struct signature *s, struct arena *arena) {
    struct signer_proof proof;
    struct error err;
    return signer_verify(s, NULL, 0, arena, &proof, &err) && proof.state == CHECK_GOOD;
}

static size_t find(struct bytes b, const char *what) {
    size_t at = bytes_find(b, bytes_text(what), 0);
    assert_true(at < b.n);
    return at;
}

static void test_pkg(void **state) {
    (void)state;
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct memory_source memory;
    struct contents contents;
    struct error err;
    struct bytes b = load("pkg/signed");
    assert_true(read_as(&format_pkg, b, &memory, &arena, &contents, &err));
    assert_int_equal(contents.unreadable.kind, ERR_NONE);
    assert_int_equal(contents.n_signatures, 2);
    assert_true(contents.stapled_ticket);
    assert_int_equal(contents.anomalies.n, 0);
    for (size_t i = 0; i < 2; i++) {
        const struct signature *s = &contents.signatures[i];
        assert_string_equal(s->part, i == 0 ? "signature" : "signature#1");
        assert_int_equal(s->kind, KIND_XAR);
        assert_int_equal(s->hash, HASH_SHA1);
        assert_int_equal(s->n_certs, 3);
        assert_int_equal(s->n_claims, 4); /* the table and three files */
        assert_true(covered(&memory.source, s));
        assert_true(key_signed(s, &arena));
        assert_int_equal(s->sd != NULL, i == 1);
    }
    arena_free(&arena);
}

/* One octet changed at that offset: is the file covered still, and is the signature good? */
static void changed(const struct format *format, struct bytes b, size_t at, bool *cover, bool *key) {
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct memory_source memory;
    struct contents contents;
    struct error err;
    sample[at] ^= 0x20;
    assert_true(read_as(format, b, &memory, &arena, &contents, &err));
    *cover = *key = contents.n_signatures != 0;
    for (size_t i = 0; i < contents.n_signatures; i++) {
        *cover = *cover && covered(&memory.source, &contents.signatures[i]);
        *key = *key && key_signed(&contents.signatures[i], &arena);
    }
    sample[at] ^= 0x20;
    arena_free(&arena);
}

static void test_pkg_changed(void **state) {
    (void)state;
    struct bytes b = load("pkg/signed");
    bool cover, key;
    size_t heap = 28 + (size_t)(b.p[14] << 8 | b.p[15]);
    changed(&format_pkg, b, heap, &cover, &key); /* the checksum itself */
    assert_false(cover);
    assert_false(key);
    changed(&format_pkg, b, heap + 20 + 5, &cover, &key); /* the RSA signature */
    assert_true(cover);
    assert_false(key);
    changed(&format_pkg, b, find(b, "pbzx") + 1, &cover, &key); /* a file */
    assert_false(cover);
    assert_true(key);
    changed(&format_pkg, b, 27, &cover, &key); /* the algorithm in the header */
    assert_true(cover);
}

static void test_pkg_plain(void **state) {
    (void)state;
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct memory_source memory;
    struct contents contents;
    struct error err;
    assert_true(read_as(&format_pkg, load("pkg/plain"), &memory, &arena, &contents, &err));
    assert_int_equal(contents.n_signatures, 0);
    assert_int_equal(contents.anomalies.n, 0);
    assert_int_equal(contents.unreadable.kind, ERR_NONE);
    arena_free(&arena);
}

static void test_dmg(void **state) {
    (void)state;
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct memory_source memory;
    struct contents contents;
    struct error err;
    struct bytes b = load("dmg/signed");
    assert_true(read_as(&format_dmg, b, &memory, &arena, &contents, &err));
    assert_int_equal(contents.unreadable.kind, ERR_NONE);
    assert_int_equal(contents.n_signatures, 1);
    const struct signature *s = &contents.signatures[0];
    assert_string_equal(s->part, "signature");
    assert_string_equal(s->identifier, "org.example.image");
    assert_string_equal(s->team_id, "ABCDE12345");
    assert_int_equal(s->n_claims, 3); /* code, trailer, requirements */
    assert_true(covered(&memory.source, s));
    assert_true(key_signed(s, &arena));
    arena_free(&arena);
}

static void test_dmg_changed(void **state) {
    (void)state;
    struct bytes b = load("dmg/signed");
    bool cover, key;
    changed(&format_dmg, b, 0, &cover, &key);
    assert_false(cover);
    assert_true(key);
    changed(&format_dmg, b, b.n - 512 + 64, &cover, &key); /* the image's id, in the trailer */
    assert_false(cover);
    assert_true(key);
    changed(&format_dmg, b, find(b, "ABCDE12345"), &cover, &key);
    assert_true(cover);
    assert_false(key);
}

/* The trailer does not lead to the signature any more, or is not at the end. */
static void test_dmg_hidden(void **state) {
    (void)state;
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct memory_source memory;
    struct contents contents;
    struct error err;
    struct bytes b = load("dmg/signed");
    memset(sample + b.n - 512 + 296, 0, 16);
    assert_true(read_as(&format_dmg, b, &memory, &arena, &contents, &err));
    assert_int_equal(contents.n_signatures, 1);
    assert_true(contents.signatures[0].carved);
    assert_true(anomaly_has(&contents.anomalies, ANOMALY_STRIPPED_SIGNATURE));
    b = load("dmg/signed");
    memset(sample + b.n, 'x', 100);
    assert_true(read_as(&format_dmg, bytes_make(sample, b.n + 100), &memory, &arena, &contents, &err));
    assert_int_equal(contents.n_signatures, 1);
    assert_true(covered(&memory.source, &contents.signatures[0]));
    assert_true(anomaly_has(&contents.anomalies, ANOMALY_DATA_AFTER_CONTAINER));
    arena_free(&arena);
}

static void attempt(struct bytes variant, struct arena *arena, void *context) {
    struct memory_source memory;
    struct contents contents;
    struct error err = {0};
    if (!read_as(context, variant, &memory, arena, &contents, &err)) {
        return;
    }
    for (size_t i = 0; i < contents.n_signatures; i++) {
        assert_non_null(contents.signatures[i].part);
    }
}

static void test_hostile(void **state) {
    (void)state;
    static const struct format *const all[] = {&format_pkg, &format_pkg, &format_dmg, &format_dmg};
    static const char *const names[] = {"pkg/signed", "pkg/plain", "dmg/signed", "dmg/plain"};
    for (size_t i = 0; i < 4; i++) {
        struct format format = *all[i];
        struct bytes b = load(names[i]);
        hostile_cuts(b, b.n > 2048 ? b.n / 1024 : 1, attempt, &format);
        hostile_flips(b, b.n / 256 * 8 + 1, attempt, &format);
        hostile_caps(b, 128 << 10, 1021, attempt, &format);
    }
}

/* A package cut anywhere says that it could not be read, or that its signature does not cover what is left. */
static void test_pkg_cut(void **state) {
    (void)state;
    struct bytes b = load("pkg/signed");
    size_t heap_end = find(b, "t8lr");
    for (size_t n = 28; n < heap_end; n += 61) {
        struct arena arena = arena_make(ARENA_FILE_CAP);
        struct memory_source memory;
        struct contents contents;
        struct error err;
        assert_true(read_as(&format_pkg, bytes_make(b.p, n), &memory, &arena, &contents, &err));
        bool good = contents.unreadable.kind == ERR_NONE && contents.n_signatures == 2;
        assert_false(good && covered(&memory.source, &contents.signatures[0]));
        arena_free(&arena);
    }
}

int main(void) {
    struct error err;
    if (!crypto_init(&err)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pkg), cmocka_unit_test(test_pkg_changed), cmocka_unit_test(test_pkg_plain),  cmocka_unit_test(test_pkg_cut),
        cmocka_unit_test(test_dmg), cmocka_unit_test(test_dmg_changed), cmocka_unit_test(test_dmg_hidden), cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
