/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of reports print: the shapes that scripts rely on, and one table of evil strings through each of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/command.h"
#include "cli/report.h"

/* A list of one rule, in place of the real one. */
static struct rule rule;
static struct policy policy = {.id = "3cx-2023", .title = "t", .version = 1, .origin = "built-in", .rules = &rule, .n_rules = 1};
static struct rule rule = {.id = "3cx-windows", .policy = &policy, .severity = SEVERITY_CRITICAL, .confidence = CONFIDENCE_CERTAIN};

const struct rule *blocklist_rule(const struct blocklist *list, uint32_t number) {
    (void)list;
    return number == 0 ? &rule : NULL;
}
size_t blocklist_policies(const struct blocklist *list) {
    (void)list;
    return 1;
}
const struct policy *blocklist_policy(const struct blocklist *list, size_t i) {
    (void)list, (void)i;
    return &policy;
}

/* A verdict in which every string is the one given, or a believable one for NULL. */
struct sample {
    struct cert_info cert;
    struct timestamp_info stamp;
    struct signature_info signature;
    struct match_info match;
    struct anomaly anomaly;
    struct verdict verdict;
    struct scan_file file;
};

static const char *or_else(const char *evil, const char *otherwise) {
    return evil != NULL ? evil : otherwise;
}

static void make(struct sample *s, const char *evil) {
    memset(s, 0, sizeof *s);
    rule.reason = or_else(evil, "The vendor retired it\n      after the attack.");
    s->cert = (struct cert_info){
        .subject = or_else(evil, "CN=3CX Ltd,O=3CX Ltd,C=CY"),
        .common_name = or_else(evil, "3CX Ltd"),
        .organization = or_else(evil, "3CX Ltd"),
        .issuer = or_else(evil, "CN=Sectigo RSA Code Signing CA,O=Sectigo Limited,C=GB"),
        .issuer_common_name = or_else(evil, "Sectigo RSA Code Signing CA"),
        .serial = or_else(evil, "1b6611df9c9a4d6ecc8ed50c9b917873"),
        .subscriber = or_else(evil, ""),
        .not_before = 1604275200,
        .not_after = 1698969599,
    };
    memset(s->cert.sha1, 0x11, sizeof s->cert.sha1);
    memset(s->cert.sha256, 0x22, sizeof s->cert.sha256);
    memset(s->cert.tbs_sha256, 0x33, sizeof s->cert.tbs_sha256);
    memset(s->cert.spki_sha256, 0x44, sizeof s->cert.spki_sha256);
    s->stamp = (struct timestamp_info){.kind = TIMESTAMP_RFC3161,
                                       .time = 1678689206,
                                       .state = CHECK_GOOD,
                                       .detail = or_else(evil, ""),
                                       .has_signer = true,
                                       .signer = s->cert};
    s->signature = (struct signature_info){
        .part = or_else(evil, "entry0"),
        .kind = KIND_AUTHENTICODE,
        .hash = HASH_SHA256,
        .claimed = bytes_text("\xab\xcd"),
        .digest = CHECK_GOOD,
        .signature = CHECK_GOOD,
        .detail = or_else(evil, ""),
        .has_signer = true,
        .signer = s->cert,
        .chain = &s->cert,
        .n_chain = 1,
        .chain_state = CHAIN_TRUSTED,
        .timestamps = &s->stamp,
        .n_timestamps = 1,
        .signed_at = 1678689206,
        .claimed_time = TIME_NONE,
        .program = or_else(evil, "3CX Desktop App"),
        .url = or_else(evil, ""),
        .identifier = or_else(evil, ""),
        .team_id = or_else(evil, ""),
        .via_catalog = or_else(evil, ""),
        .cdhash = bytes_none(),
        .has_page_hashes = true,
    };
    s->match =
        (struct match_info){.rule = 0, .key = KEY_CERT_SHA256, .role = ROLE_SIGNER, .proof = PROOF_PROVEN, .part = s->signature.part};
    s->anomaly = (struct anomaly){.name = ANOMALY_APPENDED_DATA, .weighty = true, .at = 1234, .size = 567, .detail = evil};
    s->verdict = (struct verdict){
        .inside = "",
        .format = or_else(evil, "pe"),
        .size = 5632,
        .finding = FINDING_BANNED,
        .decisive = 0,
        .matches = &s->match,
        .n_matches = 1,
        .signatures = &s->signature,
        .n_signatures = 1,
        .anomalies = {.all = &s->anomaly, .n = 1},
        .file_version = or_else(evil, "18.12.416.0"),
        .product = or_else(evil, "3CX Desktop App"),
        .original_name = or_else(evil, ""),
        .company = or_else(evil, ""),
        .description = or_else(evil, ""),
        .is_signed = true,
    };
    s->file = (struct scan_file){.path = bytes_text(or_else(evil, "/home/me/Downloads/setup.exe")),
                                 .verdict = &s->verdict,
                                 .action = TAKEN_QUARANTINED,
                                 .action_id = "20230404-000001",
                                 .action_detail = or_else(evil, "")};
}

/* Runs one writer over a member, the file, an error, a second opinion and the summary; the result is the caller's. */
static char *print(const struct report_writer *writer, struct sample *s, const char *evil, bool member) {
    char *out = NULL;
    size_t n = 0;
    FILE *stream = open_memstream(&out, &n);
    const char *path = (const char *)s->file.path.p;
    struct report report = {.writer = writer,
                            .stream = stream,
                            .scope = REPORT_NAMED | REPORT_ALL,
                            .action = ACTION_QUARANTINE,
                            .paths = &path,
                            .n_paths = 1,
                            .home = "/home/me"};
    assert_true(writer->start == NULL || writer->start(&report));
    if (member) {
        s->verdict.inside = or_else(evil, "app.cab!/a.exe");
        writer->file(&report, &s->file);
        s->verdict.inside = "";
    }
    writer->file(&report, &s->file);
    struct error err = {.kind = ERR_IO};
    snprintf(err.text, sizeof err.text, "%s", or_else(evil, "can't read it"));
    if (member) {
        writer->error(&report, s->file.path, &err);
        struct opinion_point point = {or_else(evil, "entry0"), "signer", or_else(evil, "aa"), or_else(evil, "bb"), false};
        struct opinion opinion = {.tool = "osslsigncode", .problem = "", .points = &point, .n = 1};
        if (writer->opinion != NULL) {
            writer->opinion(&report, s->file.path, &opinion);
        }
    }
    struct scan_summary summary = {.files = 214, .examined = 20, .is_signed = 12, .seconds = 0.0912, .bytes_read = 5632, .complete = true};
    summary.finding[FINDING_BANNED] = 1;
    if (writer->end != NULL) {
        writer->end(&report, &summary);
    }
    if (writer->close != NULL) {
        writer->close(&report);
    }
    assert_false(report.failed);
    fclose(stream);
    return out;
}

static void json_has_the_contracts_shape(void **state) {
    (void)state;
    struct sample s;
    make(&s, NULL);
    char *out = print(&report_json, &s, NULL, false);
    static const char cert[] =
        "{\"subject\":\"CN=3CX Ltd,O=3CX Ltd,C=CY\",\"common_name\":\"3CX Ltd\",\"organization\":\"3CX Ltd\","
        "\"issuer\":\"CN=Sectigo RSA Code Signing CA,O=Sectigo Limited,C=GB\",\"issuer_common_name\":\"Sectigo RSA Code Signing CA\","
        "\"serial\":\"1b6611df9c9a4d6ecc8ed50c9b917873\",\"sha1\":\"1111111111111111111111111111111111111111\","
        "\"sha256\":\"2222222222222222222222222222222222222222222222222222222222222222\","
        "\"tbs_sha256\":\"3333333333333333333333333333333333333333333333333333333333333333\","
        "\"spki_sha256\":\"4444444444444444444444444444444444444444444444444444444444444444\","
        "\"not_before\":\"2020-11-02T00:00:00Z\",\"not_after\":\"2023-11-02T23:59:59Z\"}";
    char wanted[8192];
    snprintf(
        wanted, sizeof wanted,
        "{\"type\":\"file\",\"path\":\"/home/me/Downloads/setup.exe\",\"size\":5632,\"format\":\"pe\",\"finding\":\"banned\","
        "\"rule\":{\"id\":\"3cx-windows\",\"policy\":\"3cx-2023\",\"severity\":\"critical\",\"confidence\":\"certain\","
        "\"reason\":\"The vendor retired it\\n      after the attack.\",\"key\":\"sha256\",\"role\":\"signer\"},"
        "\"matches\":[{\"rule\":\"3cx-windows\",\"policy\":\"3cx-2023\",\"key\":\"sha256\",\"role\":\"signer\",\"signature\":\"entry0\","
        "\"proof\":\"proven\"}],"
        "\"signatures\":[{\"part\":\"entry0\",\"kind\":\"authenticode\","
        "\"digest\":{\"algorithm\":\"sha256\",\"claimed\":\"abcd\",\"state\":\"match\"},\"signature\":\"good\",\"signer\":%s,"
        "\"chain\":[%s],\"chain_state\":\"trusted\","
        "\"timestamps\":[{\"kind\":\"rfc3161\",\"time\":\"2023-03-13T06:33:26Z\",\"state\":\"good\",\"signer\":%s}],"
        "\"signed_at\":\"2023-03-13T06:33:26Z\",\"program\":\"3CX Desktop App\",\"page_hashes\":true}],"
        "\"version\":{\"file_version\":\"18.12.416.0\",\"product\":\"3CX Desktop App\"},"
        "\"anomalies\":[{\"name\":\"appended-data\",\"at\":1234,\"size\":567}],"
        "\"action\":{\"taken\":\"quarantined\",\"id\":\"20230404-000001\"}}\n"
        "{\"type\":\"summary\",\"files\":214,\"examined\":20,\"signed\":12,\"banned\":1,\"listed\":0,\"suspicious\":0,\"exempt\":0,"
        "\"clean\":0,\"unsigned\":0,\"unreadable\":0,\"other\":0,\"members\":0,\"bytes_read\":5632,\"seconds\":0.091,"
        "\"policies\":[{\"id\":\"3cx-2023\",\"version\":1,\"rules\":1}],\"complete\":true}\n",
        cert, cert, cert);
    assert_string_equal(out, wanted);
    free(out);
}

static void json_keeps_what_is_no_utf8(void **state) {
    (void)state;
    struct sample s;
    make(&s, NULL);
    s.file.path = bytes_text("/x/bad\xff\xfeutf8.exe");
    char *out = print(&report_json, &s, NULL, false);
    assert_non_null(strstr(out, "\"path\":\"/x/bad\xef\xbf\xbd\xef\xbf\xbdutf8.exe\",\"path_bytes\":\"L3gvYmFk//51dGY4LmV4ZQ==\""));
    free(out);
}

static void text_says_what_to_do(void **state) {
    (void)state;
    struct sample s;
    make(&s, NULL);
    char *out = print(&report_text, &s, NULL, false);
    assert_string_equal(
        out, "BANNED  ~/Downloads/setup.exe\n"
             "        signed by 3CX Ltd (Sectigo RSA Code Signing CA, serial 1b6611df…), 2023-03-13, proven: key signed, digest covers the "
             "file\n"
             "        banned by 3cx-2023/3cx-windows: The vendor retired it after the attack.\n"
             "        appended-data: data behind the signature, where no signature covers it (CVE-2013-3900), 567 bytes at 1234\n"
             "        quarantined as 20230404-000001\n"
             "214 files, 12 signed: 1 banned, 0 listed, 0 suspicious, 0 unreadable    0.09 s\n"
             "Judged by 3cx-2023 version 1 (1 rule)\n"
             "1 moved to the quarantine. To bring one back: certban quarantine restore 20230404-000001\n");
    free(out);
}

static void a_certificate_is_no_file_without_its_signature(void **state) {
    (void)state;
    struct sample s;
    make(&s, NULL);
    s.verdict.n_signatures = 0;
    char *out = print(&report_text, &s, NULL, false);
    assert_non_null(strstr(out, "a listed certificate, by its sha256, proven: key signed, digest covers the file"));
    free(out);
    s.match.part = "";
    out = print(&report_text, &s, NULL, false);
    assert_non_null(strstr(out, "a listed file, by its sha256, proven: the file's hash is the listed one"));
    free(out);
}

static void members_stand_below_their_file(void **state) {
    (void)state;
    struct sample s;
    make(&s, NULL);
    char *out = print(&report_text, &s, NULL, true);
    const char *file = strstr(out, "BANNED  ~/Downloads/setup.exe"), *member = strstr(out, "inside, banned: app.cab!/a.exe");
    assert_true(file == out && member != NULL && member < strstr(out, "quarantined as"));
    free(out);
}

static void a_path_can_be_pasted(void **state) {
    (void)state;
    static const struct {
        const char *path, *shown;
    } rows[] = {
        {"/a/b.exe", "/a/b.exe"},
        {"/home/me/x", "~/x"},
        {"/a b", "'/a b'"},
        {"/a'b c", "'/a'\\''b c'"},
        {"-rf", "'./-rf'"},
        {"/new\nline", "$'/new\\x0aline'"},
        {"/\xff", "$'/\\xff'"},
        {"/a\\x1b", "$'/a\\\\x1b'"},
        {"/\xe2\x80\xaex", "$'/\\xe2\\x80\\xaex'"},
        {"/home/me/a;b", "'/home/me/a;b'"},
    };
    struct report report = {.home = "/home/me"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text t = {0};
        report_shell(&report, &t, bytes_text(rows[i].path));
        assert_string_equal(text_c(&t), rows[i].shown);
        text_free(&t);
    }
}

/* What file bytes may hold that must not act in any output. */
static const char *const evil_strings[] = {
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "one\ntwo",
    "one\r\ntwo",
    "back\b\b\b\bspace",
    "\x9b[31m",
    "\xc2\x9b[31m",
    "\xe2\x80\xaegnp.exe",
    "\xe2\x81\xa6iso\xe2\x81\xa9",
    "zero\xe2\x80\x8bwidth\xef\xbb\xbf",
    "line\xe2\x80\xa8sep\xe2\x80\xa9",
    "\xff\xfe\xc0\xaf\xed\xa0\x80",
    "tag\xf3\xa0\x81\x81",
    "del\x7f",
    "\",\"finding\":\"clean\",\"x\":\"",
    "{\"type\":\"summary\"}",
    "%s%n%x",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>&]]>",
    "\"/><sha256>00</sha256><x a=\"",
    "a\\x1b",
    "::set-output name=x::y",
};
enum { N_EVIL = sizeof evil_strings / sizeof *evil_strings };

static size_t count_lines(const char *s) {
    size_t n = 0;
    for (; *s != '\0'; s++) {
        n += *s == '\n';
    }
    return n;
}

static void assert_harmless(const char *out) {
    struct bytes b = bytes_text(out);
    assert_true(utf8_valid(b));
    while (b.n != 0) {
        size_t n;
        uint32_t c = utf8_next(b, &n);
        assert_true(c == '\n' || !text_unsafe(c));
        b = bytes_cut(b, n, b.n);
    }
}

static void evil_strings_do_nothing(void **state) {
    (void)state;
    const struct report_writer *writers[] = {&report_text, &report_json, &report_tree, &report_sarif, &report_junit};
    for (size_t w = 0; w < sizeof writers / sizeof *writers; w++) {
        struct sample s;
        make(&s, "plain");
        char *plain = print(writers[w], &s, "plain", true);
        assert_harmless(plain);
        for (size_t i = 0; i < N_EVIL; i++) {
            make(&s, evil_strings[i]);
            char *out = print(writers[w], &s, evil_strings[i], true);
            assert_harmless(out);
            assert_int_equal(count_lines(out), count_lines(plain)); /* nothing forges a line */
            free(out);
        }
        free(plain);
    }
}

static void evil_strings_are_data_in_json(void **state) {
    (void)state;
    for (size_t i = 0; i < N_EVIL; i++) {
        struct sample s;
        make(&s, evil_strings[i]);
        char *out = print(&report_json, &s, evil_strings[i], true), *rest = out;
        for (char *line; (line = strsep(&rest, "\n")) != NULL && line[0] != '\0';) {
            json_error_t why;
            json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &why);
            assert_non_null(o);
            const char *type = json_string_value(json_object_get(o, "type"));
            assert_non_null(type);
            if (strcmp(type, "file") == 0 && utf8_valid(bytes_text(evil_strings[i]))) {
                const char *product = json_string_value(json_object_get(json_object_get(o, "version"), "product"));
                assert_string_equal(product, evil_strings[i]);
                assert_string_equal(json_string_value(json_object_get(o, "finding")), "banned");
            }
            json_decref(o);
        }
        free(out);
    }
}

static void the_exit_status_follows_the_table(void **state) {
    (void)state;
    static const struct {
        enum finding finding;
        uint64_t failed, errors;
        bool incomplete, strict, zero;
        int status;
        uint64_t refused;
    } rows[] = {
        {FINDING_CLEAN, 0, 0, false, false, false, STATUS_FINE, 0},
        {FINDING_EXEMPT, 0, 0, false, true, false, STATUS_FINE, 0},
        {FINDING_BANNED, 0, 0, false, false, false, STATUS_FOUND, 0},
        {FINDING_LISTED, 0, 0, false, false, false, STATUS_FOUND, 0},
        {FINDING_LISTED, 0, 1, true, false, false, STATUS_FOUND, 0},
        {FINDING_BANNED, 0, 0, false, false, true, STATUS_FINE, 0},
        {FINDING_BANNED, 1, 0, false, false, true, STATUS_ACTION_FAILED, 0},
        {FINDING_SUSPICIOUS, 0, 0, false, false, false, STATUS_FINE, 0},
        {FINDING_SUSPICIOUS, 0, 0, false, true, false, STATUS_FOUND, 0},
        {FINDING_UNREADABLE, 0, 0, false, false, false, STATUS_NOT_EXAMINED, 0},
        {FINDING_UNREADABLE, 0, 0, false, false, true, STATUS_NOT_EXAMINED, 0},
        {FINDING_CLEAN, 0, 1, false, false, false, STATUS_NOT_EXAMINED, 0},
        {FINDING_CLEAN, 0, 0, true, false, false, STATUS_NOT_EXAMINED, 0},
        {FINDING_CLEAN, 0, 0, false, false, false, STATUS_FOUND, 1},
        {FINDING_CLEAN, 0, 0, false, false, true, STATUS_FINE, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scan_summary summary = {.errors = rows[i].errors, .actions_failed = rows[i].failed, .complete = !rows[i].incomplete};
        summary.finding[rows[i].finding] = 1;
        struct report report = {.refused = rows[i].refused};
        assert_int_equal(report_status(&report, &summary, rows[i].strict, rows[i].zero), rows[i].status);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_the_contracts_shape),
        cmocka_unit_test(json_keeps_what_is_no_utf8),
        cmocka_unit_test(text_says_what_to_do),
        cmocka_unit_test(a_certificate_is_no_file_without_its_signature),
        cmocka_unit_test(members_stand_below_their_file),
        cmocka_unit_test(a_path_can_be_pasted),
        cmocka_unit_test(evil_strings_do_nothing),
        cmocka_unit_test(evil_strings_are_data_in_json),
        cmocka_unit_test(the_exit_status_follows_the_table),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
