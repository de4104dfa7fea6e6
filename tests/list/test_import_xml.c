/* SPDX-License-Identifier: Apache-2.0 */
/* Importers of lists in XML other than App Control's: AppLocker, Santa's property lists; and what all of XML is refused for. */
#include "import_list.h"

#include "list/sax.h"

static void applocker_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_applocker/applocker.xml");
    struct outcome o = read_list("applocker", content);
    assert_counts(&o, 13, 3, 1, 9, 2);
    assert_told(&o, "3: denies nothing\n");
    assert_told(&o, ": denies with exceptions\n");
    assert_told(&o, ": names no publisher's organization\n");
    assert_told(&o, ": \"MICROSOFT CORPORATION\" is a name of a platform's own signers\n");
    assert_told(&o, ": has versions from above to below\n");
    assert_told(&o, ": names files by their path\n");
    assert_told(&o, ": authenticode has 6 digits, which no such hash has\n");
    assert_told(&o, ": is for some users only\n");
    assert_told(&o, ": is for packaged apps, whose publisher is another name\n");
    assert_told(&o, ": the publisher's organization is asked for, its place (L, S, C) is not\n");
    assert_written(&o, "organization=\"BANNED, INC.\"");
    assert_written(&o, "organization=\"OTHER, LTD\"");
    assert_written(&o, "<reason>stolen &amp; sold</reason>");
    assert_written(&o, "<file size=\"1234\">");
    const struct rule *old = &o.policy->rules[1];
    assert_string_equal(old->only.product, "THING");
    assert_string_equal(old->only.original_name, "A.EXE");
    assert_true(old->only.has_min && old->only.has_max);
    assert_int_equal(old->action, ACTION_FLAG);
    assert_int_equal(o.policy->rules[2].n_keys, 2);
    assert_int_equal(o.policy->rules[2].action, ACTION_QUARANTINE);
    outcome_free(&o);
    file_forget(content);
    reads_any_part("applocker", SEEDS "import_applocker/applocker.xml");
}

static void santa_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_santa/profile.mobileconfig");
    struct outcome o = read_list("santa", content);
    assert_counts(&o, 9, 4, 1, 4, 1);
    assert_told(&o, ": names a signing identifier, which no rule can\n");
    assert_told(&o, ": blocks nothing\n");
    assert_written(&o, "<reason>stolen &amp; sold</reason>");
    assert_written(&o, "<team-id>ABCDE12345</team-id>");
    outcome_free(&o);
    file_forget(content);
    content = file_of(SEEDS "import_santa/rules.json");
    o = read_list("santa", content);
    assert_counts(&o, 6, 3, 0, 3, 1);
    outcome_free(&o);
    file_forget(content);
    reads_any_part("santa", SEEDS "import_santa/profile.mobileconfig");
    reads_any_part("santa", SEEDS "import_santa/rules.json");
}

/* What may be done to a document of each kind. */
static const struct {
    const char *format, *root, *close;
} kinds[] = {{"wdac", "<SiPolicy xmlns=\"urn:schemas-microsoft-com:sipolicy\">", "</SiPolicy>"},
             {"applocker", "<AppLockerPolicy Version=\"1\">", "</AppLockerPolicy>"},
             {"santa", "<plist version=\"1.0\">", "</plist>"}};

static void assert_refused(const char *format, const struct text *document, const char *why) {
    struct outcome outcome = {.listener = {heard, heard}};
    struct import *import = import_new(ACTION_FLAG, &outcome.listener);
    struct error err = {0};
    assert_false(importer_find(format)->read(bytes_make(document->p, document->n), import, &err));
    if (strstr(err.text, why) == NULL) {
        fail_msg("%s: %s; expected %s", format, err.text, why);
    }
    import_free(import);
    outcome_free(&outcome);
}

/* A billion laughs, an external entity, a parameter entity, an external document type of one's own. */
static void entities_are_refused(void **state) {
    (void)state;
    static const char *const declarations[] = {
        "<!DOCTYPE plist [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>",
        "<!DOCTYPE plist [<!ENTITY c SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE plist [<!ENTITY % p SYSTEM \"http://192.0.2.1/x.dtd\"> %p; <!ENTITY c \"x\">]>",
    };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t d = 0; d < sizeof declarations / sizeof *declarations; d++) {
            struct text document = {0};
            text_addf(&document, "%s%s<a b=\"&c;\">&c;</a>%s", declarations[d], kinds[k].root, kinds[k].close);
            assert_refused(kinds[k].format, &document, "refused");
            text_free(&document);
        }
        /* Without a declaration there is no such entity. */
        struct text document = {0};
        text_addf(&document, "<!DOCTYPE plist SYSTEM \"file:///dev/stdin\">%s<a b=\"&c;\">&c;</a>%s", kinds[k].root, kinds[k].close);
        assert_refused(kinds[k].format, &document, strcmp(kinds[k].format, "santa") == 0 ? "no well-formed XML" : "DOCTYPE");
        text_free(&document);
    }
}

static void deep_nesting_is_refused(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct text document = {0};
        text_add(&document, kinds[k].root);
        for (size_t i = 0; i < 1000000; i++) {
            text_add(&document, "<array><dict><key>");
        }
        assert_refused(kinds[k].format, &document, "levels deep");
        text_free(&document);
    }
}

/* By its size alone, before anything of it is read. */
static void gigabytes_are_refused(void **state) {
    (void)state;
    struct text document = {.n = SAX_SIZE_MAX + 1};
    document.p = calloc(1, document.n);
    assert_non_null(document.p);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (strcmp(kinds[k].format, "santa") != 0) { /* what is neither XML nor JSON is refused there anyhow */
            assert_refused(kinds[k].format, &document, "bytes; expected 1 to");
        }
    }
    free(document.p);
}

/* The roots of one kind in another namespace, or without theirs. */
static void other_roots_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *format, *xml, *why;
    } rows[] = {{"applocker", "<AppLockerPolicy xmlns=\"urn:other\"/>", "is no AppLockerPolicy"},
                {"applocker", "<SiPolicy/>", "is no AppLockerPolicy"},
                {"santa", "<plist xmlns=\"urn:other\"/>", "is no property list"},
                {"santa", "bplist00", "binary property list"},
                {"wdac", "<SiPolicy xmlns=\"urn:other\"/>", "is no SiPolicy"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text document = {0};
        text_add(&document, rows[i].xml);
        assert_refused(rows[i].format, &document, rows[i].why);
        text_free(&document);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applocker_is_read),       cmocka_unit_test(santa_is_read),         cmocka_unit_test(entities_are_refused),
        cmocka_unit_test(deep_nesting_is_refused), cmocka_unit_test(gigabytes_are_refused), cmocka_unit_test(other_roots_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
