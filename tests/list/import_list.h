/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of importers have in common: a list is read, its policy made and validated, and what was said of it kept. */
#ifndef CERTBAN_TESTS_LIST_IMPORT_LIST_H
#define CERTBAN_TESTS_LIST_IMPORT_LIST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "list/files.h"
#include "list/importer.h"
#include "list/policy_schema.h"

#define FEEDS TEST_SOURCE_ROOT "/../shared/feeds/"
#define SEEDS TEST_SOURCE_ROOT "/tests/fuzz/seeds/"
enum { CUT_MAX = 1400 };
#define H16 "00112233445566778899aabbccddeeff"
#define H20 H16 "01234567"
#define H32 H16 "0123456789abcdef0123456789abcdef"

/* A list after it was read. */
struct outcome {
    struct import_listener listener; /* first: the import hears by it */
    struct import_counts counts;
    struct text told; /* "12: why\n" */
    struct policy *policy;
    struct text xml;
};

static inline void heard(struct import_listener *listener, size_t line, const char *why) {
    struct outcome *outcome = (struct outcome *)(void *)listener;
    text_addf(&outcome->told, "%zu: %s\n", line, why);
}

static inline void outcome_free(struct outcome *outcome) {
    text_free(&outcome->told);
    text_free(&outcome->xml);
    policy_free(outcome->policy);
}

static const struct import_head head = {"test", "Test", 7, 1700006400};

/* Reads a list, and the policy made of it. Nothing in it may be lost. */
static inline struct outcome read_list(const char *format, struct bytes content) {
    struct outcome outcome = {.listener = {heard, heard}};
    struct import *import = import_new(ACTION_QUARANTINE, &outcome.listener);
    const struct importer *importer = importer_find(format);
    struct error err = {0};
    assert_non_null(import);
    assert_non_null(importer);
    if (!importer->read(content, import, &err)) {
        fail_msg("%s: %s", format, err.text);
    }
    outcome.counts = import_counts(import);
    if (outcome.counts.rules != 0) {
        if (!import_finish(import, &head, &outcome.xml, &err)) {
            fail_msg("%s: %s", format, err.text);
        }
        struct bytes xml = bytes_make(outcome.xml.p, outcome.xml.n);
        if (!policy_validate(xml, "made.xml", &err) || !policy_parse(xml, "made.xml", &outcome.policy, &err)) {
            fail_msg("%s: %s", format, err.text);
        }
        assert_int_equal(outcome.policy->n_rules, outcome.counts.rules);
    }
    import_free(import);
    return outcome;
}

static inline struct outcome read_text(const char *format, const char *content) {
    return read_list(format, bytes_text(content));
}

static inline struct bytes file_of(const char *path) {
    struct bytes content;
    struct error err = {0};
    if (!file_read(path, FILE_ANYBODYS, &content, &err)) {
        fail_msg("%s: %s", path, err.text);
    }
    return content;
}

static inline void assert_counts(const struct outcome *outcome, size_t rows, size_t rules, size_t duplicates, size_t refused, size_t weak) {
    const struct import_counts *c = &outcome->counts;
    if (c->rows != rows || c->rules != rules || c->duplicates != duplicates || c->refused != refused || c->weak != weak) {
        fail_msg("%zu rows, %zu rules, %zu duplicates, %zu refused, %zu weak; expected %zu, %zu, %zu, %zu, %zu\n%s", c->rows, c->rules,
                 c->duplicates, c->refused, c->weak, rows, rules, duplicates, refused, weak, text_c(&outcome->told));
    }
}

static inline void assert_told(const struct outcome *outcome, const char *words) {
    if (strstr(text_c(&outcome->told), words) == NULL) {
        fail_msg("not told: %s\nbut\n%s", words, text_c(&outcome->told));
    }
}

static inline void assert_written(const struct outcome *outcome, const char *words) {
    if (strstr(text_c(&outcome->xml), words) == NULL) {
        fail_msg("not in the policy: %s\nbut\n%s", words, text_c(&outcome->xml));
    }
}

/* A seed of a format is its own by its content, and cut at any byte of its first entries it is read without harm. */
static inline void reads_any_part(const char *format, const char *path) {
    struct bytes content = file_of(path);
    const struct importer *guess = importer_guess(content);
    assert_non_null(guess);
    assert_string_equal(guess->name, format);
    struct outcome outcome = {.listener = {heard, heard}};
    struct import *import = import_new(ACTION_FLAG, &outcome.listener);
    for (size_t n = 0; n < content.n; n += n < CUT_MAX ? 1 : 61) {
        struct error err = {0};
        uint8_t *exact = malloc(n + 1);
        assert_non_null(exact);
        memcpy(exact, content.p, n);
        if (!importer_find(format)->read(bytes_make(exact, n), import, &err)) {
            assert_true(err.text[0] != '\0');
        }
        free(exact);
    }
    import_free(import);
    outcome_free(&outcome);
    file_forget(content);
}

/* The real lists, where they are at hand. */
static inline struct bytes feed(const char *name) {
    struct text path = {0};
    const char *folder = getenv("CERTBAN_FEEDS");
    text_addf(&path, "%s/%s", folder != NULL ? folder : FEEDS, name);
    if (!file_exists(path.p)) {
        print_message("no ../shared/feeds beside the source tree\n");
        text_free(&path);
        skip();
    }
    struct bytes content = file_of(path.p);
    text_free(&path);
    return content;
}

static inline struct outcome read_feed(const char *format, const char *name) {
    struct bytes content = feed(name);
    const struct importer *guess = importer_guess(content);
    assert_non_null(guess);
    assert_string_equal(guess->name, format);
    struct outcome outcome = read_list(format, content);
    file_forget(content);
    print_message("%s: %zu rows, %zu rules, %zu duplicates, %zu refused, %zu weak\n", name, outcome.counts.rows, outcome.counts.rules,
                  outcome.counts.duplicates, outcome.counts.refused, outcome.counts.weak);
    return outcome;
}

#endif
