/* SPDX-License-Identifier: Apache-2.0 */
/* Importers of threat feeds in JSON and YAML: STIX, MISP, LOLDrivers, LOLCerts. */
#include "import_list.h"

#include "list/stix_pattern.h"
#include "list/yaml_load.h"

static void stix_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_stix/bundle.json");
    struct outcome o = read_list("stix", content);
    assert_counts(&o, 21, 9, 1, 11, 2);
    assert_told(&o, ": is revoked\n");
    assert_told(&o, ": is of what is benign\n");
    assert_told(&o, ": is in another language than STIX's\n");
    assert_told(&o, ": is an observation, no indicator\n");
    assert_told(&o, ": asks for several things at once, which no rule can\n");
    assert_told(&o, ": has a pattern that asks for several observations, or for times\n");
    assert_told(&o, ": has a pattern that compares with something else than text\n");
    assert_told(&o, ": has a pattern that compares in another way than = LIKE IN\n");
    assert_told(&o, ": asks for ipv4-addr:value, which no rule can\n");
    assert_written(&o, "<serial issuer=\"CN=Some CA,O=X\\, Y,C=US\">0a1b</serial>");
    assert_written(&o, "<serial issuer-common-name=\"It's a CA\">a1b2</serial>");
    assert_written(&o, "expires=\"2099-01-01T00:00:00Z\"");
    assert_written(&o, "<reason>stolen</reason>");
    outcome_free(&o);
    file_forget(content);
    reads_any_part("stix", SEEDS "import_stix/bundle.json");
}

static void patterns_are_read(void **state) {
    (void)state;
    static const struct {
        const char *pattern;
        size_t n; /* alternatives; 0: refused */
    } rows[] = {{"[a:b = 'c']", 1},
                {"[ a:b = 'c' OR a:d IN ('e' , 'f') ]", 3},
                {"[a:b IN ('1','2') AND a:c IN ('3','4','5')]", 6},
                {"([a:b = 'c'] OR ([a:b = 'd']))", 2},
                {"[(a:b = '\\'\\\\') OR a:b LIKE '%']", 2},
                {"", 0},
                {"[", 0},
                {"[]", 0},
                {"[a:b = 'c'", 0},
                {"[a:b = 'c\\']", 0},
                {"[a:b = 'c'] AND [a:b = 'd']", 0},
                {"[a:b = 'c'] START t'2024-01-01T00:00:00Z' STOP t'2025-01-01T00:00:00Z'", 0},
                {"[NOT a:b = 'c']", 0},
                {"[a:b = 12]", 0},
                {"[a:b MATCHES 'c']", 0},
                {"[a:b = 'c' AND (a:d = 'e' OR a:d = 'f')]", 0},
                {"[(a:b = 'c' OR a:b = 'd') AND a:e = 'f']", 0},
                {"((((((((((((((((((((((((((((((((((", 0}};
    struct arena arena = arena_make((size_t)1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stix_alternative *a = NULL;
        struct error err = {0};
        size_t n = 0;
        bool ok = stix_pattern(bytes_text(rows[i].pattern), &arena, &a, &err);
        for (; ok && a != NULL; a = a->next) {
            n++;
        }
        if (n != rows[i].n || (!ok && err.kind == ERR_NONE)) {
            fail_msg("%s: %zu alternatives, %s", rows[i].pattern, n, err.text);
        }
    }
    arena_free(&arena);
}

static void misp_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_misp/event.json");
    struct outcome o = read_list("misp", content);
    assert_counts(&o, 15, 8, 0, 7, 1);
    assert_told(&o, ": is not marked for detection (to_ids)\n");
    assert_told(&o, ": is deleted\n");
    assert_told(&o, ": is of the type ip-dst, which names no certificate and no file\n");
    assert_written(&o, "<reason>Campaign of 2024</reason>");
    assert_written(&o, "<reason>code signing</reason>");
    assert_written(&o, "<serial issuer=\"CN=Some CA,O=X,C=US\">0a1b2c</serial>");
    outcome_free(&o);
    file_forget(content);
    reads_any_part("misp", SEEDS "import_misp/event.json");
}

static void loldrivers_are_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_loldrivers/drivers.json");
    struct outcome o = read_list("loldrivers", content);
    assert_counts(&o, 5, 2, 1, 2, 0);
    assert_written(&o, "<reason>vulnerable driver RTCore64.sys</reason>");
    assert_written(&o, "https://www.loldrivers.io/drivers/e32bc3da-4db1-4858-a62c-6fbe4db6afbd");
    assert_int_equal(o.policy->rules[0].n_keys, 5);
    for (size_t i = 0; i < o.policy->n_rules; i++) { /* files only: the vendors are honest */
        for (size_t k = 0; k < o.policy->rules[i].n_keys; k++) {
            assert_true(o.policy->rules[i].keys[k].kind >= KEY_AUTHENTICODE);
        }
    }
    outcome_free(&o);
    o = read_list("loldrivers-signers", content);
    assert_counts(&o, 3, 1, 1, 1, 0);
    assert_int_equal(o.policy->rules[0].n_keys, 5);
    assert_written(&o, ">0a1b2c3d</serial>");
    outcome_free(&o);
    file_forget(content);
    content = file_of(SEEDS "import_loldrivers/driver.yaml");
    o = read_list("loldrivers", content);
    assert_counts(&o, 2, 1, 0, 1, 0);
    assert_int_equal(o.policy->rules[0].n_keys, 3);
    outcome_free(&o);
    o = read_list("loldrivers-signers", content);
    assert_counts(&o, 1, 1, 0, 0, 0);
    assert_written(&o, "Some CA G2");
    outcome_free(&o);
    file_forget(content);
    reads_any_part("loldrivers", SEEDS "import_loldrivers/drivers.json");
    reads_any_part("loldrivers", SEEDS "import_loldrivers/driver.yaml");
}

static void lolcerts_are_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_lolcerts/certs.yaml");
    struct outcome o = read_list("lolcerts", content);
    assert_counts(&o, 5, 2, 0, 3, 2);
    assert_written(&o, "<reason>Leaked in an incident</reason>");
    assert_written(&o, "<reference>https://example.com/report</reference>");
    assert_told(&o, ": a date in it is none that can be read\n");
    assert_int_equal(o.policy->rules[0].n_keys, 2);
    assert_int_equal(o.policy->rules[1].only.signed_after, 1700000000);
    outcome_free(&o);
    file_forget(content);
    reads_any_part("lolcerts", SEEDS "import_lolcerts/certs.yaml");
}

/* Why a document is refused. */
static void assert_yaml(const char *text, size_t n, const char *why) {
    struct yaml *yaml = yaml_load_new(bytes_make(text, n));
    struct error err = {0};
    size_t line;
    assert_non_null(yaml);
    assert_null(yaml_load_next(yaml, &line, &err));
    if (strstr(err.text, why) == NULL) {
        fail_msg("%s; expected %s", err.text, why);
    }
    assert_null(yaml_load_next(yaml, &line, &err));
    yaml_load_free(yaml);
}

static void yaml_bombs_are_refused(void **state) {
    (void)state;
    static const char laughs[] = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    assert_yaml(laughs, sizeof laughs - 1, "anchors and aliases are refused");
    static const char twice[] = "a: 1\na: 2\n", odd[] = "? [a]\n: b\n", open_ended[] = "a: [1, \n";
    assert_yaml(twice, sizeof twice - 1, "line 2: a key stands twice");
    assert_yaml(odd, sizeof odd - 1, "a key is no plain word");
    assert_yaml(open_ended, sizeof open_ended - 1, "line ");
    struct text deep = {0}, many = {0};
    for (size_t i = 0; i < 900; i++) {
        text_add(&deep, "[");
    }
    for (size_t i = 0; i < 200001; i++) {
        text_add(&many, "- a\n");
    }
    assert_yaml(deep.p, deep.n, "levels deep");
    assert_yaml(many.p, many.n, "more than 200,000 values");
    text_free(&deep);
    text_free(&many);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stix_is_read),        cmocka_unit_test(patterns_are_read), cmocka_unit_test(misp_is_read),
        cmocka_unit_test(loldrivers_are_read), cmocka_unit_test(lolcerts_are_read), cmocka_unit_test(yaml_bombs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
