/* SPDX-License-Identifier: Apache-2.0 */
/* Archives of Electron programs, and what stands in Windows programs: what the seeds show, whole, cut short and changed. */
#include "listing.h"

extern const struct container container_asar, container_pe_pieces, container_carrier;

static void test_tree(void **state) {
    (void)state;
    struct listing l = list(&container_asar, "asar/tree");
    assert_string_equal(text_c(&l.text), "package.json 2 00000f62\nd/e/a.node 9 7bc8e1ea\n");
    text_free(&l.text);
}

static void test_odd(void **state) {
    (void)state;
    struct listing l = list(&container_asar, "asar/odd");
    assert_string_equal(text_c(&l.text), "out: a member that is not in the archive: 9 bytes at 7 of 3\na 3 00017862\n");
    text_free(&l.text);
}

static void test_pieces(void **state) {
    (void)state;
    struct listing l = list(&container_pe_pieces, "pieces/resources");
    has(&l, "resource DATA 131 ");
    has(&l, "resource RCDATA SETUP ");
    has(&l, "resource RCDATA 7 0 ");
    has(&l, "resource RCDATA 7 1033 ");
    text_free(&l.text);
    l = list(&container_pe_pieces, "pieces/overlay");
    has(&l, "7z@588 ");
    has(&l, "program@");
    has(&l, "rar@");
    text_free(&l.text);
    l = list(&container_pe_pieces, "pieces/burn");
    has(&l, "cabinet@576 ");
    has(&l, "cabinet@3697 ");
    assert_null(strchr(text_c(&l.text), '!'));
    text_free(&l.text);
}

static void test_script(void **state) {
    (void)state;
    struct listing l = list(&container_carrier, "pieces/script");
    has(&l, "payload@41 27 ");
    text_free(&l.text);
}

static void test_carriers(void **state) {
    static const char *const text[] = {"tar@50 2560 ", "gz@", "xz@", "bz2@", "lzma@", "cpio@", "xar@", "wim@"};
    (void)state;
    struct listing l = list(&container_carrier, "pieces/text");
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        has(&l, text[i]);
    }
    text_free(&l.text);
    l = list(&container_carrier, "pieces/elf");
    has(&l, "gz@320 103 ");
    has(&l, "xz@347 76 ");
    text_free(&l.text);
    l = list(&container_carrier, "pieces/linux");
    has(&l, "arj@320 ");
    has(&l, "lha@438 ");
    has(&l, "squashfs@892 255 ");
    text_free(&l.text);
    l = list(&container_carrier, "pieces/mac");
    has(&l, "gz@104 ");
    has(&l, "program@");
    text_free(&l.text);
}

static void hostile(const struct container *container, const char *name) {
    struct bytes b = load(name);
    hostile_each(b, attempt, (void *)container);
}

static void test_hostile(void **state) {
    (void)state;
    hostile(&container_asar, "asar/tree");
    hostile(&container_asar, "asar/odd");
    hostile(&container_pe_pieces, "pieces/resources");
    hostile(&container_pe_pieces, "pieces/overlay");
    hostile(&container_pe_pieces, "pieces/burn");
    hostile(&container_carrier, "pieces/script");
    hostile(&container_carrier, "pieces/elf");
    hostile(&container_carrier, "pieces/linux");
    hostile(&container_carrier, "pieces/mac");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),   cmocka_unit_test(test_odd),      cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_script), cmocka_unit_test(test_carriers), cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
