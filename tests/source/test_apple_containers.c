/* SPDX-License-Identifier: Apache-2.0 */
/* Packages and payloads as tools/apple-pack makes them, taken apart; and the same made bad. */
#include "listing.h"

extern const struct container container_cpio, container_xar;

static void test_xar(void **state) {
    (void)state;
    struct listing l = list(&container_xar, "xar/kinds");
    char line[128];
    uint32_t hello = sum(0, bytes_text("hello\n"));
    static const char *const names[] = {"stored", "gzip", "a/b/bzip2"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(line, sizeof line, "%s 6 %08x\n", names[i], hello);
        has(&l, line);
    }
    has(&l, "x.pkg/Payload ");
    has(&l, "x.pkg/Scripts ");
    assert_null(strstr(text_c(&l.text), "nothing"));
    text_free(&l.text);
}

static void test_cpio(void **state) {
    (void)state;
    struct listing stored = list(&container_cpio, "cpio/stored"), newc = list(&container_cpio, "cpio/newc");
    struct listing packed = list(&container_cpio, "cpio/pbzx");
    has(&stored, "./readme 6 ");
    assert_string_equal(text_c(&stored.text), text_c(&newc.text));
    has(&packed, "./readme 6 ");
    has(&packed, "./Applications/A.app/numbers 168894 ");
    assert_null(strstr(text_c(&packed.text), "!"));
    text_free(&stored.text);
    text_free(&newc.text);
    text_free(&packed.text);
}

/* An archive that is cut says so, wherever that is. */
static void test_cut(void **state) {
    (void)state;
    struct bytes b = load("cpio/stored");
    for (size_t n = 6; n + 1 < b.n; n += 7) {
        struct arena arena = arena_make(ARENA_FILE_CAP);
        struct listing listing = {0};
        struct error err = {0};
        assert_false(walk(&container_cpio, bytes_make(b.p, n), &arena, &listing, &err));
        assert_int_equal(err.kind, ERR_MALFORMED);
        text_free(&listing.text);
        arena_free(&arena);
    }
}

static void test_budget(void **state) {
    (void)state;
    struct bytes b = load("cpio/pbzx");
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct listing listing = {.visitor = {visit}};
    struct budget budget = {.depth_left = 8, .members_left = 1000, .bytes_left = 100000};
    struct anomalies anomalies = {0};
    struct memory_source memory;
    struct error err = {0};
    memory_source_init(&memory, "sample", b);
    assert_false(container_cpio.walk(&memory.source, &arena, &budget, &listing.visitor, &anomalies, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    text_free(&listing.text);
    arena_free(&arena);
}

static size_t header_put(uint8_t *to, unsigned mode, const char *name, unsigned size) {
    int n = sprintf((char *)to, "070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o%s", 0, 1, mode, 0, 0, 1, 0, 0, (unsigned)strlen(name) + 1,
                    size, name);
    return (size_t)n + 1;
}

/* A member too large to be held in memory: its end is read, then its beginning. */
static void test_large(void **state) {
    (void)state;
    size_t size = ((size_t)64 << 20) + 5;
    uint8_t *b = calloc(1, size + 1024);
    assert_non_null(b);
    size_t header = header_put(b, 0100644, "X", (unsigned)size);
    size_t all = header + size + header_put(b + header + size, 0, "TRAILER!!!", 0);
    memcpy(b + header, "first", 5);
    memcpy(b + header + size - 4, "last", 4);
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct listing listing = {.visitor = {visit}};
    struct budget budget = {.depth_left = 8, .members_left = 1000, .bytes_left = (uint64_t)1 << 30};
    struct anomalies anomalies = {0};
    struct memory_source memory;
    struct error err = {0};
    memory_source_init(&memory, "sample", bytes_make(b, all));
    assert_true(container_cpio.walk(&memory.source, &arena, &budget, &listing.visitor, &anomalies, &err));
    char line[64];
    snprintf(line, sizeof line, "X %zu %08x\n", size, sum(0, bytes_make(b + header, size)));
    assert_string_equal(text_c(&listing.text), line);
    text_free(&listing.text);
    arena_free(&arena);
    free(b);
}

static void test_hostile(void **state) {
    (void)state;
    static const struct container *const all[] = {&container_xar, &container_xar, &container_cpio, &container_cpio};
    static const char *const names[] = {"xar/kinds", "xar/pbzx", "cpio/stored", "cpio/newc"};
    for (size_t i = 0; i < 4; i++) {
        struct container container = *all[i];
        struct bytes b = load(names[i]);
        hostile_cuts(b, b.n > 512 ? b.n / 256 : 1, attempt, &container);
        hostile_flips(b, b.n / 200 * 8 + 1, attempt, &container);
        hostile_caps(b, 64 << 10, 511, attempt, &container);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xar),    cmocka_unit_test(test_cpio),  cmocka_unit_test(test_cut),
        cmocka_unit_test(test_budget), cmocka_unit_test(test_large), cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
