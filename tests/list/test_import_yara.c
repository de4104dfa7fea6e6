/* SPDX-License-Identifier: Apache-2.0 */
/* The importer of YARA rules, and the numbers of the real ones where they are at hand. */
#include "import_list.h"

static void yara_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_yara/rules.yar");
    struct outcome o = read_list("yara", content);
    assert_counts(&o, 17, 4, 1, 12, 3);
    assert_told(&o, "25: the thumbprint has 39 digits");
    assert_told(&o, "41: many certificates have a serial of 2 octets");
    assert_told(&o, "2: stands in a comment: its author took it back\n4: stands in a comment");
    assert_told(&o, "4: stands in a comment: its author took it back\n7: stands in a comment: its author took it back\n25:");
    assert_written(&o, "<serial>c04f5d17af872cb2</serial>");
    assert_written(&o, "common-name=\"\xe6\x97\xa5 Trading\"");
    outcome_free(&o);
    file_forget(content);
    reads_any_part("yara", SEEDS "import_yara/rules.yar");
}

static void real_yara_reversinglabs(void **state) {
    (void)state;
    struct outcome o = read_feed("yara", "rl_blocklist.yara");
    assert_int_equal(o.counts.rows, 931);
    assert_int_equal(o.counts.refused, 0);
    outcome_free(&o);
}

static size_t count(struct bytes content, const char *words) {
    size_t n = 0;
    for (size_t at = 0; (at = bytes_find(content, bytes_text(words), at)) < content.n; at++) {
        n++;
    }
    return n;
}

/* 664 rules, of which 13 stand in comments, one in each: their author took them back, and they name vendors of good name. What is left is
 * what yara itself compiles, and all of it is taken; the 13 are told. */
static void real_yara_ditek(void **state) {
    (void)state;
    struct bytes content = feed("ditek_certs.yar");
    assert_int_equal(count(content, "\nrule ") + bytes_starts(content, bytes_text("rule ")), 664);
    assert_int_equal(count(content, "\n/*"), 13);
    file_forget(content);
    struct outcome o = read_feed("yara", "ditek_certs.yar");
    assert_int_equal(o.counts.rows, 664);
    assert_int_equal(o.counts.refused, 13);
    assert_int_equal(o.counts.rules, 651);
    assert_told(&o, ": stands in a comment: its author took it back\n");
    outcome_free(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yara_is_read),
        cmocka_unit_test(real_yara_reversinglabs),
        cmocka_unit_test(real_yara_ditek),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
