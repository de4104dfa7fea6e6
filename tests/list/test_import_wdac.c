/* SPDX-License-Identifier: Apache-2.0 */
/* The importer of App Control policies, and the numbers of the real ones where they are at hand. */
#include "import_list.h"

#include "list/wdac.h"

static void wdac_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_wdac/policy.xml");
    struct outcome o = read_list("wdac", content);
    assert_counts(&o, 21, 5, 1, 15, 3);
    assert_told(&o, ": is the hash of a file's first page, which no rule can name\n");
    assert_told(&o, ": is not in force: no scenario refers to it\n");
    assert_told(&o, ": authenticode has 38 digits, which no such hash has\n");
    assert_told(&o, ": is a signer denied with exceptions\n");
    assert_told(&o, ": is a signer that is not denied\n");
    assert_told(&o, ": its FileAttrib has versions from above to below\n");
    assert_told(&o, ": refers to a FileAttrib that is not there\n");
    assert_written(&o, "<reason>bad &amp; old.sys Hash Sha256</reason>");
    assert_written(&o, "common-name=\"Other Publisher &amp; Co\" issuer-common-name=\"Some CA\"");
    assert_written(&o, "<version max=\"1.2.3.4\"/>");
    assert_written(&o, "<version min=\"2.0.0.0\"/>");
    assert_written(&o, "<signed-after>2020-01-01T00:00:00Z</signed-after>");
    const struct rule *last = &o.policy->rules[4]; /* asks for any file: no condition */
    assert_true(last->only.original_name == NULL && !last->only.has_min && !last->only.has_max);
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
    size_t certificates = 0, digests = 0;
    for (size_t i = 0; i < o.policy->n_rules; i++) {
        const struct rule *rule = &o.policy->rules[i];
        digests += rule->keys[0].kind == KEY_AUTHENTICODE;
        certificates += rule->keys[0].kind == KEY_TBS && rule->only.original_name == NULL && rule->only.product == NULL;
    }
    assert_int_equal(certificates, 22);
    /* 582 of the 1,704 hashes are of first pages; some of the others stand there twice. */
    assert_true(digests + o.counts.duplicates >= 1704 - 582);
    outcome_free(&o);
    o = read_feed("wdac", "loldrivers-DenyPolicy.xml");
    outcome_free(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wdac_is_read),
        cmocka_unit_test(wdac_that_is_none_is_refused),
        cmocka_unit_test(wdac_bears_any_lack_of_memory),
        cmocka_unit_test(real_wdac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
