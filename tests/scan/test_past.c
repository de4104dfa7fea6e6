/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of earlier scans, read again. What they make of real ones is tests/list/run-policies'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "list/files.h"
#include "list/policy.h"
#include "scan/past.h"

#define SEEDS TEST_SOURCE_ROOT "/tests/fuzz/seeds/past/"
#define POLICY(rules)                                                                                                                      \
    "<policy xmlns=\"urn:certban:policy:1\" id=\"p\" version=\"1\" issued=\"2024-01-01\"><title>t</title>" rules "</policy>"
enum { NOW = 1700000000, FILES = 7, MEMBERS = 1 };

/* Counts what is heard. */
struct heard {
    struct scan_events events; /* first: events come by it */
    size_t files, hits;
};

static void on_file(struct scan_events *events, const struct scan_file *file) {
    struct heard *heard = (struct heard *)(void *)events;
    heard->files++;
    heard->hits += file->verdict->n_matches != 0;
}

static struct blocklist *list_of(const char *rules) {
    struct blocklist *list = blocklist_new();
    struct policy *policy;
    struct error err = {0};
    if (!policy_parse(bytes_text(rules), "p.xml", &policy, &err) || !blocklist_keep(list, policy, NOW, &err) ||
        !blocklist_seal(list, &err)) {
        fail_msg("%s", err.text);
    }
    return list;
}

static struct bytes seed(const char *name) {
    struct bytes content;
    char path[4096];
    snprintf(path, sizeof path, SEEDS "%s", name);
    assert_true(file_read(path, FILE_ANYBODYS, &content, NULL));
    return content;
}

static void a_record_is_read_back(void **state) {
    (void)state;
    struct arena arena = arena_make((size_t)1 << 20);
    struct bytes line = seed("record-1.json");
    struct past_record record;
    assert_true(past_record_parse(line, &arena, &record, NULL));
    const struct verdict *v = &record.verdict;
    assert_int_equal(record.kind, PAST_FILE);
    assert_true(bytes_is(record.path, "f/v.exe"));
    assert_string_equal(v->format, "pe");
    assert_string_equal(v->original_name, "3CXDesktopApp.exe");
    assert_string_equal(v->file_version, "18.12.416.7");
    assert_int_equal(v->finding, FINDING_BANNED);
    assert_true(v->has_sha256 && v->is_signed);
    assert_int_equal(v->n_signatures, 1);
    const struct signature_info *s = v->signatures;
    assert_string_equal(s->part, "entry0");
    assert_string_equal(s->program, "A program");
    assert_true(s->digest == CHECK_GOOD && s->signature == CHECK_GOOD && s->chain_state == CHAIN_TRUSTED);
    assert_int_equal(s->claimed.n, 32);
    assert_string_equal(s->signer.common_name, "Stand-in Ltd");
    assert_string_equal(s->signer.serial, "1a2b3c4d5e6f7081");
    assert_int_equal(s->n_chain, 2);
    assert_string_equal(s->chain[0].common_name, "Example Code Signing CA");
    file_forget(line);
    line = seed("record-3.json");
    assert_true(past_record_parse(line, &arena, &record, NULL));
    assert_true(bytes_is(record.path, "f/b\xff.exe"));
    file_forget(line);
    arena_free(&arena);
}

/* A part of a record is none. */
static void a_cut_record_is_refused(void **state) {
    (void)state;
    struct bytes line = seed("record-1.json");
    for (size_t n = 0; n + 1 < line.n; n++) { /* it ends in a line end */
        struct arena arena = arena_make((size_t)1 << 20);
        struct past_record record;
        struct error err = {0};
        uint8_t *exact = malloc(n + (n == 0));
        assert_non_null(exact);
        memcpy(exact, line.p, n);
        assert_false(past_record_parse(bytes_make(exact, n), &arena, &record, &err));
        assert_true(err.text[0] != '\0');
        free(exact);
        arena_free(&arena);
    }
    file_forget(line);
}

static void what_is_no_record_is_refused(void **state) {
    (void)state;
    static const char *const lines[] = {
        "", "[]", "1", "{}", "{\"type\":1}", "{\"path\":\"a\"}", "{\"type\":\"file\",\"type\":\"file\"}", "nothing"};
    static const char *const odd[] = {
        "{\"type\":\"file\"}", "{\"type\":\"file\",\"path\":3,\"signatures\":7,\"size\":-1,\"version\":[]}",
        "{\"type\":\"file\",\"signatures\":[1,[],{}],\"sha256\":\"zz\"}",
        "{\"type\":\"file\",\"signatures\":[{\"chain\":[3],\"timestamps\":[0,{}],\"signer\":\"x\",\"cdhash\":\"0\"}]}"};
    struct blocklist *list = list_of(POLICY("<ban id=\"a\"><subject common-name=\"Somebody\"/></ban>"));
    struct arena arena = arena_make((size_t)1 << 20);
    struct past_record record;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (past_record_parse(bytes_text(lines[i]), &arena, &record, NULL)) {
            fail_msg("taken: %s", lines[i]);
        }
    }
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_true(past_record_parse(bytes_text(odd[i]), &arena, &record, NULL));
        assert_true(past_match(list, &record, &arena, NULL));
        assert_int_equal(record.verdict.n_matches, 0);
    }
    arena_free(&arena);
    blocklist_free(list);
}

/* What a report becomes when only its first n bytes are there. */
static struct heard read_part(struct bytes report, size_t n, const struct blocklist *list, struct scan_summary *summary,
                              struct past_gaps *gaps) {
    struct heard heard = {.events = {.file = on_file}};
    char path[] = "/tmp/certban-past-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, report.p, n), n);
    close(fd);
    *summary = (struct scan_summary){.complete = true};
    *gaps = (struct past_gaps){0};
    assert_true(past_run(path, list, &heard.events, summary, gaps, NULL));
    assert_true(past_is_report(path) == (n >= sizeof "{\"type\":\"file\",\"path\":" - 1));
    unlink(path);
    return heard;
}

static void a_report_is_read_to_its_end(void **state) {
    (void)state;
    struct blocklist *list = list_of(POLICY("<ban id=\"a\"><subject common-name=\"Stand-in Ltd\"/></ban>"));
    struct bytes report = seed("report.json");
    struct scan_summary summary;
    struct past_gaps gaps;
    struct heard heard = read_part(report, report.n, list, &summary, &gaps);
    assert_int_equal(heard.files, FILES + MEMBERS);
    assert_int_equal(heard.hits, 6);
    assert_int_equal(summary.files, FILES);
    assert_int_equal(summary.is_signed, 5);
    assert_int_equal(summary.errors, 1);
    assert_int_equal(summary.finding[FINDING_LISTED], 6);
    assert_int_equal(summary.finding[FINDING_UNREADABLE], 1);
    assert_true(summary.complete);
    assert_int_equal(gaps.bare + gaps.hidden + gaps.unproven + gaps.unhashed + gaps.broken + gaps.cut, 0);
    file_forget(report);
    blocklist_free(list);
}

/* Wherever it is cut, that is said. */
static void a_cut_report_is_named(void **state) {
    (void)state;
    struct blocklist *list = list_of(POLICY("<ban id=\"a\"><subject common-name=\"Stand-in Ltd\"/></ban>"));
    struct bytes report = seed("report.json");
    for (size_t n = 0; n + 1 < report.n; n += 37) {
        struct scan_summary summary;
        struct past_gaps gaps;
        read_part(report, n, list, &summary, &gaps);
        assert_false(summary.complete);
        assert_int_equal(gaps.cut, 1);
        assert_int_equal(gaps.broken, n != 0 && report.p[n - 1] != '\n');
    }
    file_forget(report);
    blocklist_free(list);
}

static void a_rule_that_no_record_can_answer_is_known(void **state) {
    (void)state;
#define H "00112233445566778899aabbccddeeff01234567"
    static const struct {
        const char *rules;
        bool can;
    } rows[] = {{POLICY("<ban id=\"a\"><file><sha1>" H "</sha1></file></ban>"), false},
                {POLICY("<ban id=\"a\"><certificate><tbs-sha1>" H "</tbs-sha1></certificate></ban>"), false},
                {POLICY("<ban id=\"a\"><first-page>" H "</first-page></ban>"), false},
                {POLICY("<ban id=\"a\"><certificate role=\"bag\"><sha1>" H "</sha1></certificate></ban>"), false},
                {POLICY("<ban id=\"a\"><certificate><tbs-sha1>" H "</tbs-sha1><sha1>" H "</sha1></certificate></ban>"), true},
                {POLICY("<ban id=\"a\"><authenticode>" H "</authenticode></ban>"), true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct blocklist *list = list_of(rows[i].rules);
        assert_true(past_can_try(blocklist_rule(list, 0)) == rows[i].can);
        blocklist_free(list);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_back),        cmocka_unit_test(a_cut_record_is_refused),
        cmocka_unit_test(what_is_no_record_is_refused), cmocka_unit_test(a_report_is_read_to_its_end),
        cmocka_unit_test(a_cut_report_is_named),        cmocka_unit_test(a_rule_that_no_record_can_answer_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
