/* SPDX-License-Identifier: Apache-2.0 */
/* Importers of lists in CSV: what small lists become, entry by entry; and, where the real lists are at hand, how many of them are
 * taken. */
#include "import_list.h"

static void cscb_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_cscb/cscb.csv");
    struct outcome o = read_list("cscb", content);
    assert_counts(&o, 8, 5, 1, 2, 2);
    assert_told(&o, "8: the thumbprint has 63 digits, which no such hash has\n");
    assert_told(&o, "9: names no certificate and no file\n");
    assert_told(&o, "10: it has 2 fields where the header has 9\n");
    assert_written(&o, "<serial issuer-common-name=\"Some CA\">0a1b2c3d4e5f60718293</serial>");
    assert_written(&o, "<serial issuer-common-name=\"Some CA\">a1b2c3d4e5f60718</serial>");
    assert_written(&o, "certificate of Quotes &quot;and&quot; commas, Inc.");
    assert_int_equal(o.policy->rules[0].action, ACTION_QUARANTINE);
    assert_int_equal(o.policy->rules[2].action, ACTION_FLAG);
    outcome_free(&o);
    file_forget(content);
    reads_any_part("cscb", SEEDS "import_cscb/cscb.csv");
    reads_any_part("cscb", SEEDS "import_cscb/header-in-comment.csv");
    content = file_of(SEEDS "import_cscb/no-header.csv");
    o = read_list("cscb", content);
    assert_counts(&o, 8, 5, 1, 2, 2);
    outcome_free(&o);
    file_forget(content);
}

static void graveyard_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_graveyard/graveyard.csv");
    struct outcome o = read_list("cert-graveyard", content);
    assert_counts(&o, 10, 7, 1, 2, 3);
    assert_told(&o, "8: the thumbprint has 41 digits");
    assert_told(&o, "9: names no certificate and no file\n");
    assert_told(&o, "10: the serial is none of");
    assert_told(&o, "11: the thumbprint is the hash of nothing, or filler\n");
    assert_written(&o, "<serial issuer-common-name=\"Some EV Code Signing CA R1\">0fa27d2553f24d</serial>");
    assert_written(&o, "<serial>75d0f25d4bfa30c1461f3724</serial>");
    assert_written(&o, "certificate of Second, Inc.; GB; issued by Some EV Code Signing CA R1");
    outcome_free(&o);
    file_forget(content);
    reads_any_part("cert-graveyard", SEEDS "import_graveyard/graveyard.csv");
}

static void plain_csv_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_csv/own.csv");
    struct outcome o = read_list("csv", content);
    assert_counts(&o, 7, 5, 0, 2, 2);
    assert_written(&o, "<serial issuer=\"CN=Some CA,O=Some,C=US\">0a1b</serial>");
    assert_told(&o, "7: the common name \"Nothing *\" is a pattern");
    assert_told(&o, "9: a date in it is none that can be read");
    for (size_t i = 0; i < 2; i++) {
        assert_true(o.policy->rules[i].only.has_after);
        assert_int_equal(o.policy->rules[i].only.signed_after, 1706659200);
    }
    outcome_free(&o);
    file_forget(content);
    content = file_of(SEEDS "import_csv/lolcerts.csv");
    o = read_list("csv", content);
    assert_counts(&o, 2, 2, 0, 0, 2);
    assert_int_equal(o.policy->rules[0].n_keys, 2);
    assert_int_equal(o.policy->rules[1].only.signed_after, 1700000000);
    outcome_free(&o);
    file_forget(content);
    content = file_of(SEEDS "import_csv/native.csv");
    o = read_list("csv", content);
    assert_counts(&o, 9, 8, 0, 1, 2);
    assert_told(&o, "9: \"signing-id\" is no kind of key");
    outcome_free(&o);
    file_forget(content);
    reads_any_part("csv", SEEDS "import_csv/own.csv");
}

static void real_graveyard(void **state) {
    (void)state;
    struct outcome o = read_feed("cert-graveyard", "cert_graveyard_database.csv");
    assert_int_equal(o.counts.rows, 2658);
    assert_true(o.counts.rules + o.counts.duplicates >= 2640);
    outcome_free(&o);
}

/* Not a list of bans, but 806 real certificates with their issuers as whole names. */
static void real_csv(void **state) {
    (void)state;
    struct outcome o = read_feed("csv", "softwarecerts-index.csv");
    assert_counts(&o, 806, 806, 0, 0, 0);
    outcome_free(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cscb_is_read),   cmocka_unit_test(graveyard_is_read), cmocka_unit_test(plain_csv_is_read),
        cmocka_unit_test(real_graveyard), cmocka_unit_test(real_csv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
