/* SPDX-License-Identifier: Apache-2.0 */
/* The importer of App Control policies, and the numbers of the real ones where they are at hand. */
#include "import_list.h"

#include "list/wdac.h"

static const struct rule *rule_of(const struct policy *policy, const char *id) {
    for (size_t i = 0; i < policy->n_rules; i++) {
        if (strcmp(policy->rules[i].id, id) == 0) {
            return &policy->rules[i];
        }
    }
    fail_msg("no rule %s", id);
    return NULL;
}

static bool is_version(bool has, const struct version *v, const char *text) {
    char words[40];
    snprintf(words, sizeof words, "%u.%u.%u.%u", v->part[0], v->part[1], v->part[2], v->part[3]);
    return text == NULL ? !has : has && strcmp(words, text) == 0;
}

/* What a Deny rule says of versions: a bound alone means the other direction than in a FileAttrib. */
static void deny_rules_turn_a_lone_version_round(void **state) {
    (void)state;
    static const struct {
        const char *id, *name, *min, *max;
    } rows[] = {{"ID_DENY_D_3", "old.sys", NULL, NULL},
                {"ID_DENY_E_1", "up.sys", NULL, "1.2.3.4"},
                {"ID_DENY_E_2", "from.sys", "1.2.3.4", NULL},
                {"ID_DENY_E_3", "all.sys", NULL, NULL},
                {"ID_DENY_E_4", "between.sys", "1.0.0.0", "2.0.65535.65535"}};
    struct bytes content = file_of(SEEDS "import_wdac/policy.xml");
    struct outcome o = read_list("wdac", content);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct rule *rule = rule_of(o.policy, rows[i].id);
        assert_int_equal(rule->keys[0].kind, KEY_ORIGINAL_NAME);
        assert_true(bytes_is(rule->keys[0].value, rows[i].name) && rule->keys[0].weak);
        assert_null(rule->only.original_name);
        if (!is_version(rule->only.has_min, &rule->only.min, rows[i].min) ||
            !is_version(rule->only.has_max, &rule->only.max, rows[i].max)) {
            fail_msg("%s has other versions", rows[i].id);
        }
    }
    const struct conditions *only = &rule_of(o.policy, "ID_DENY_E_3")->only;
    assert_string_equal(only->product, "P");
    assert_string_equal(only->internal_name, "I");
    assert_string_equal(only->description, "D");
    assert_told(&o, ": names files by their version resource, but not by FileName\n");
    assert_told(&o, ": it asks for a path or a package, which no rule can\n");
    outcome_free(&o);
    file_forget(content);
}

/* Who signs: by names under the CertRoot, by usage, under well-known roots. */
static void signers_are_asked_for_all_that_they_have(void **state) {
    (void)state;
    static const uint8_t root[] = {0xaa, 0xaa, 0xbb, 0xbb, 0xcc, 0xcc, 0xdd, 0xdd, 0xaa, 0xaa,
                                   0xbb, 0xbb, 0xcc, 0xcc, 0xdd, 0xdd, 0xaa, 0xaa, 0xbb, 0xbb},
                         whql[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0a, 0x03, 0x05};
    const struct bytes under = bytes_make(root, sizeof root), usage = bytes_make(whql, sizeof whql);
    struct bytes content = file_of(SEEDS "import_wdac/policy.xml");
    struct outcome o = read_list("wdac", content);
    const struct rule *rule = rule_of(o.policy, "ID_SIGNER_BAN_2");
    assert_int_equal(rule->keys[0].kind, KEY_SUBJECT);
    assert_true(bytes_equal(rule->only.issued_under, under));
    rule = rule_of(o.policy, "ID_SIGNER_BAN_2-3");
    assert_string_equal(rule->only.internal_name, "inner");
    rule = rule_of(o.policy, "ID_SIGNER_OEM_2");
    assert_int_equal(rule->keys[0].kind, KEY_PROGRAM);
    assert_true(bytes_is(rule->keys[0].value, "Somebody Else") && bytes_equal(rule->only.issued_under, under));
    assert_string_equal(rule->only.original_name, "old.sys");
    rule = rule_of(o.policy, "ID_SIGNER_EKU");
    assert_true(rule->keys[0].kind == KEY_TBS && bytes_equal(rule->only.eku, usage) && rule->only.eku_except.n == 0);
    rule = rule_of(o.policy, "ID_SIGNER_NO_EKU");
    assert_true(rule->only.eku.n == 0 && bytes_equal(rule->only.eku_except, usage));
    rule = rule_of(o.policy, "ID_SIGNER_KNOWN");
    assert_int_equal(rule->only.issued_under.n, 32);
    assert_int_equal(rule->only.issued_under.p[0], 0xed);
    static const char *const refused[] = {"asks for several extended key usages at once",
                                          "asks for an extended key usage that is none, or not there",
                                          "is a signer under a well-known root whose certificate is not known",
                                          "is a signer by two names at once (CertPublisher, CertOemID)",
                                          "its CertRoot is no hash",
                                          "names a certificate of public trust or of a platform, which no rule may ban",
                                          "is a signer by its issuer's name alone"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_told(&o, refused[i]);
    }
    outcome_free(&o);
    file_forget(content);
}

/* What a signer's ban spares: files by names or SHA-256. What others can be made to have spares nobody. */
static void exceptions_are_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_wdac/except.xml");
    struct outcome o = read_list("wdac", content);
    assert_counts(&o, 8, 3, 0, 5, 1);
    const struct conditions *only = &rule_of(o.policy, "ID_SIGNER_NAMES")->only;
    assert_true(only->n_except == 2 && only->original_name == NULL && only->product == NULL);
    for (size_t i = 0; i < 2; i++) {
        const struct exception *x = &only->except[i];
        bool old = x->only.product != NULL;
        assert_int_equal(x->authenticode.n, 0);
        assert_true(is_version(x->only.has_min, &x->only.min, old ? NULL : "2.0.0.0"));
        assert_true(is_version(x->only.has_max, &x->only.max, old ? "1.0.0.0" : NULL));
        assert_string_equal(old ? x->only.product : x->only.original_name, old ? "Product & Co" : "old.sys");
    }
    only = &rule_of(o.policy, "ID_SIGNER_HASHES")->only;
    assert_true(only->n_except == 1 && only->except[0].authenticode.n == 32 && only->except[0].authenticode.p[31] == 0x03);
    only = &rule_of(o.policy, "ID_SIGNER_TWICE")->only;
    assert_true(only->n_except == 2 && only->issued_under.n == 20);
    static const char *const refused[] = {"is not in force: no scenario refers to it",
                                          "is denied except for a file by SHA-1 or its first page, which others can be made to have",
                                          "is denied with an exception for every file",
                                          "it asks for a path or a package, which no rule can",
                                          "is denied with an exception that is not there"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_told(&o, refused[i]);
    }
    assert_written(&o, "<except>\n        <original-name>old.sys</original-name>\n        <version min=\"2.0.0.0\"/>\n      </except>");
    outcome_free(&o);
    file_forget(content);
    reads_any_part("wdac", SEEDS "import_wdac/except.xml");
}

static void wdac_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_wdac/policy.xml");
    struct outcome o = read_list("wdac", content);
    assert_counts(&o, 38, 19, 1, 18, 15);
    assert_told(&o, ": is not in force: no scenario refers to it\n");
    assert_told(&o, ": authenticode has 38 digits, which no such hash has\n");
    assert_told(&o, ": is denied with an exception for every file\n");
    assert_told(&o, ": is a signer that is not denied\n");
    assert_told(&o, ": it asks for versions from above to below\n");
    assert_told(&o, ": refers to a FileAttrib that is not there\n");
    assert_written(&o, "<reason>bad &amp; old.sys Hash Sha256</reason>");
    assert_written(&o, "common-name=\"Other Publisher &amp; Co\" issuer-common-name=\"Some CA\"");
    assert_written(&o, "<version max=\"1.2.3.4\"/>");
    assert_written(&o, "<version min=\"2.0.0.0\"/>");
    assert_written(&o, "<signed-after>2020-01-01T00:00:00Z</signed-after>");
    const struct rule *any = rule_of(o.policy, "ID_SIGNER_BAN_3"); /* asks for any file: no condition */
    assert_true(any->only.original_name == NULL && !any->only.has_min && !any->only.has_max);
    outcome_free(&o);
    file_forget(content);
    reads_any_part("wdac", SEEDS "import_wdac/policy.xml");
}

static void wdac_that_is_none_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *xml, *why;
    } rows[] = {{"<SiPolicy/>", "is no SiPolicy"},
                {"<a xmlns=\"urn:schemas-microsoft-com:sipolicy\"/>", "is no SiPolicy"},
                {"<!DOCTYPE a [<!ENTITY b \"c\">]><SiPolicy xmlns=\"urn:schemas-microsoft-com:sipolicy\"/>", "DOCTYPE"},
                {"<SiPolicy xmlns=\"urn:schemas-microsoft-com:sipolicy\">", "no well-formed XML"},
                {"", "has 0 bytes"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = arena_make((size_t)1 << 20);
        struct wdac wdac;
        struct error err = {0};
        assert_false(wdac_parse(bytes_text(rows[i].xml), &arena, &wdac, &err));
        assert_non_null(strstr(err.text, rows[i].why));
        arena_free(&arena);
    }
}

/* With less memory than it needs a list is refused, whatever the amount. */
static void wdac_bears_any_lack_of_memory(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_wdac/policy.xml");
    bool done = false;
    for (size_t cap = 0; !done; cap += 64) {
        struct arena arena = arena_make(cap);
        struct wdac wdac;
        struct error err = {0};
        done = wdac_parse(content, &arena, &wdac, &err);
        assert_true(done || err.kind == ERR_LIMIT);
        arena_free(&arena);
    }
    file_forget(content);
}

/* What the lists hold, and what of it becomes rules. */
static void real_wdac(void **state) {
    (void)state;
    struct bytes content = feed("SiPolicy_Enforced.xml");
    struct arena arena = arena_make((size_t)64 << 20);
    struct wdac wdac;
    struct error err = {0};
    assert_true(wdac_parse(content, &arena, &wdac, &err));
    size_t denies = 0;
    for (const struct wdac_file *file = wdac.files; file != NULL; file = file->next) {
        denies += file->kind == WDAC_DENY;
    }
    assert_int_equal(denies, 1715);
    assert_int_equal(wdac.n_signers, 217);
    assert_int_equal(wdac.n_denied, 214);
    arena_free(&arena);
    file_forget(content);
    struct outcome o = read_feed("wdac", "SiPolicy_Enforced.xml");
    size_t kinds[KEY_COUNT] = {0}, certificates = 0, under = 0;
    for (size_t i = 0; i < o.policy->n_rules; i++) {
        const struct rule *rule = &o.policy->rules[i];
        const struct conditions *only = &rule->only;
        kinds[rule->keys[0].kind]++;
        certificates +=
            rule->keys[0].kind == KEY_TBS && only->original_name == NULL && only->product == NULL && only->internal_name == NULL;
        under += only->issued_under.n != 0;
    }
    assert_int_equal(certificates, 22);
    /* All 1,715 Deny rules are taken: 1,122 digests and 582 first pages, some of them twice, and 11 by name. */
    assert_int_equal(kinds[KEY_AUTHENTICODE], 1080);
    assert_int_equal(kinds[KEY_FIRST_PAGE], 576);
    assert_int_equal(kinds[KEY_ORIGINAL_NAME], 11);
    assert_true(kinds[KEY_PROGRAM] >= 12);
    assert_int_equal(under, kinds[KEY_SUBJECT] + kinds[KEY_PROGRAM]);
    /* What is left are the platform's own names and certificates, and what is listed but not denied. */
    assert_int_equal(o.counts.rows, 2157);
    assert_int_equal(o.counts.refused, 104);
    assert_null(strstr(o.told.p, "FileAttrib"));
    outcome_free(&o);
    o = read_feed("wdac", "loldrivers-DenyPolicy.xml");
    assert_int_equal(o.counts.rows, 3380);
    assert_int_equal(o.counts.refused, 116);
    outcome_free(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exceptions_are_read),
        cmocka_unit_test(wdac_is_read),
        cmocka_unit_test(deny_rules_turn_a_lone_version_round),
        cmocka_unit_test(signers_are_asked_for_all_that_they_have),
        cmocka_unit_test(wdac_that_is_none_is_refused),
        cmocka_unit_test(wdac_bears_any_lack_of_memory),
        cmocka_unit_test(real_wdac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
