/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports as JUnit XML, what build servers show: a test case a file, a failure where it is banned, listed or refused, an error where
 * it could not be examined. There is no standard; the elements and attributes are those that both the Jenkins and the Ant schema
 * take. Counts stand in front, so that everything is kept until the end.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/report.h"
#include "cli/ui.h"

struct junit {
    struct text cases;
    uint64_t tests, failures, errors;
    int64_t started;
};

static bool start(struct report *report) {
    struct junit *own = calloc(1, sizeof *own);
    if (own != NULL) {
        own->started = (int64_t)time(NULL);
        report->own = own;
    }
    return own != NULL;
}

/* Character data or an attribute's value. XML 1.0 has no way to write most controls: they become \xNN, bad UTF-8 as well. */
static void add_xml(struct text *out, struct bytes b) {
    static const struct {
        char c;
        const char *word;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}};
    while (b.n != 0) {
        size_t n, i = 0;
        uint32_t c = utf8_next(b, &n);
        while (i < sizeof escapes / sizeof *escapes && c != (unsigned char)escapes[i].c) {
            i++;
        }
        if (i < sizeof escapes / sizeof *escapes) {
            text_add(out, escapes[i].word);
        } else if (c == UINT32_MAX || text_unsafe(c) || (c & 0xfffe) == 0xfffe) {
            for (size_t k = 0; k < n; k++) {
                text_addf(out, "\\x%02x", b.p[k]);
            }
        } else {
            text_add_bytes(out, bytes_cut(b, 0, n));
        }
        b = bytes_cut(b, n, b.n);
    }
}

static void begin_case(struct junit *own, struct bytes path, const char *format) {
    own->tests++;
    text_add(&own->cases, "    <testcase classname=\"certban.");
    add_xml(&own->cases, bytes_text(format[0] != '\0' ? format : "other"));
    text_add(&own->cases, "\" name=\"");
    add_xml(&own->cases, path);
    text_add(&own->cases, "\" time=\"0\"");
}

/* <failure> or <error> in a test case, which it ends. */
static void end_case(struct junit *own, const char *element, const char *type, const char *words) {
    if (element == NULL) {
        text_add(&own->cases, "/>\n");
        return;
    }
    text_addf(&own->cases, ">\n      <%s type=\"%s\" message=\"", element, type);
    add_xml(&own->cases, bytes_text(words));
    text_add(&own->cases, "\">");
    add_xml(&own->cases, bytes_text(words));
    text_addf(&own->cases, "</%s>\n    </testcase>\n", element);
}

static void file_junit(struct report *report, const struct scan_file *file) {
    struct junit *own = report->own;
    const struct verdict *v = file->verdict;
    struct text path = {0}, words = {0};
    if (!report_wants(report, file)) {
        return;
    }
    report_full_path(&path, file);
    report_reason(report, &words, file);
    begin_case(own, bytes_make(path.p, path.n), v->format);
    bool failure = v->finding == FINDING_BANNED || v->finding == FINDING_LISTED || report->refusal != NULL;
    bool error = !failure && v->finding == FINDING_UNREADABLE;
    own->failures += failure;
    own->errors += error;
    end_case(own,
             failure ? "failure"
             : error ? "error"
                     : NULL,
             report->refusal != NULL && v->finding < FINDING_LISTED ? "refused" : finding_name(v->finding), text_c(&words));
    report->failed = report->failed || !text_ok(&path) || !text_ok(&words);
    text_free(&path);
    text_free(&words);
}

static void error_junit(struct report *report, struct bytes path, const struct error *error) {
    struct junit *own = report->own;
    begin_case(own, path, "");
    own->errors++;
    end_case(own, "error", error_kind_name(error->kind), error->text);
}

static void end(struct report *report, const struct scan_summary *summary) {
    struct junit *own = report->own;
    char host[256] = "localhost", when[UI_TIME_SIZE];
    struct text name = {0};
    if (gethostname(host, sizeof host) != 0) {
        host[0] = '\0';
    }
    host[sizeof host - 1] = '\0';
    ui_time(own->started, when);
    when[19] = '\0'; /* the Ant schema takes no time zone */
    add_xml(&name, bytes_text(host));
    report->failed = report->failed || !text_ok(&own->cases) || !text_ok(&name);
    fprintf(report->stream,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite package=\"certban\" id=\"0\" name=\"certban\" timestamp=\"%s\" hostname=\"%s\" tests=\"%llu\" failures=\"%llu\" "
            "errors=\"%llu\" time=\"%.3f\">\n    <properties>\n      <property name=\"version\" value=\"%s\"/>\n"
            "      <property name=\"complete\" value=\"%s\"/>\n    </properties>\n",
            when, text_c(&name), (unsigned long long)own->tests, (unsigned long long)own->failures, (unsigned long long)own->errors,
            summary->seconds, CERTBAN_VERSION, summary->complete ? "true" : "false");
    fputs(text_c(&own->cases), report->stream);
    fputs("    <system-out></system-out>\n    <system-err></system-err>\n  </testsuite>\n</testsuites>\n", report->stream);
    text_free(&name);
}

static void close_junit(struct report *report) {
    struct junit *own = report->own;
    if (own != NULL) {
        text_free(&own->cases);
        free(own);
        report->own = NULL;
    }
}

const struct report_writer report_junit = {
    .name = "junit", .start = start, .file = file_junit, .error = error_junit, .end = end, .close = close_junit};
