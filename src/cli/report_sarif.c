/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as SARIF 2.1.0 (OASIS), what code scanning services read: one run, one result a finding, kept until the end. */
#include <stdlib.h>
#include <time.h>

#include "cli/json.h"
#include "cli/report.h"
#include "cli/ui.h"

/* The rules of the report: one a finding. SARIF wants identifiers that stay the same for ever. */
static const struct {
    const char *id, *name, *text, *level;
} kinds[] = {
    {"CB0001", "Banned", "Signed with a banned certificate, or a listed file", "error"},
    {"CB0002", "Listed", "Carries a banned certificate, not proven to be the signer's", "error"},
    {"CB0003", "Suspicious", "Nothing banned, but a known trick", "warning"},
    {"CB0004", "Unreadable", "Could not be examined to its end", "warning"},
    {"CB0005", "Refused", "Does not have the signature that was required", "error"},
    {"CB0006", "Exempt", "Signed with a banned certificate before the ban's date, or allowed", "note"},
};
enum { KIND_BANNED, KIND_LISTED, KIND_SUSPICIOUS, KIND_UNREADABLE, KIND_REFUSED, KIND_EXEMPT, KIND_NONE };

struct sarif {
    json_t *artifacts, *results, *notifications;
    int64_t started;
};

static bool start(struct report *report) {
    struct sarif *own = calloc(1, sizeof *own);
    if (own == NULL) {
        return false;
    }
    *own = (struct sarif){json_array(), json_array(), json_array(), (int64_t)time(NULL)};
    report->own = own;
    return true;
}

/* A URI from bytes: what RFC 3986 does not leave unreserved is percent-encoded, so that it is the same bytes and no control. */
static void add_uri(struct text *out, struct bytes path) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    text_add(out, path.n != 0 && path.p[0] == '/' ? "file://" : "");
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] != '\0' && strchr(plain, path.p[i]) != NULL) {
            text_add_char(out, (char)path.p[i]);
        } else {
            text_addf(out, "%%%02X", path.p[i]);
        }
    }
}

static json_t *location_json(struct bytes path) {
    struct text uri = {0};
    json_t *o = json_object();
    add_uri(&uri, path);
    json_put_text(o, "uri", text_c(&uri));
    text_free(&uri);
    return o;
}

static json_t *message_json(const char *text) {
    json_t *o = json_object();
    json_put(o, "text", json_lossy(bytes_text(text)));
    return o;
}

/* Adds a file or member to the artifacts; its index. */
static size_t artifact(struct sarif *own, const struct scan_file *file, struct bytes path) {
    const struct verdict *v = file->verdict;
    json_t *o = json_object(), *hashes = json_object();
    json_put(o, "location", location_json(path));
    json_put_number(o, "length", v->size);
    if (v->has_sha256) {
        json_put_hex(hashes, "sha-256", bytes_make(v->sha256, sizeof v->sha256));
        json_put(o, "hashes", hashes);
    } else {
        json_decref(hashes);
    }
    json_array_append_new(own->artifacts, o);
    return json_array_size(own->artifacts) - 1;
}

static int kind_of(const struct verdict *v, bool refused) {
    switch (v->finding) {
    case FINDING_BANNED:
        return KIND_BANNED;
    case FINDING_LISTED:
        return KIND_LISTED;
    case FINDING_UNREADABLE:
        return KIND_UNREADABLE;
    default:
        break;
    }
    return refused                            ? KIND_REFUSED
           : v->finding == FINDING_SUSPICIOUS ? KIND_SUSPICIOUS
           : v->finding == FINDING_EXEMPT     ? KIND_EXEMPT
                                              : KIND_NONE;
}

static void add_result(struct report *report, const struct scan_file *file, struct bytes path, size_t index, int kind) {
    struct sarif *own = report->own;
    const struct verdict *v = file->verdict;
    struct text words = {0};
    report_reason(report, &words, file);
    json_t *o = json_object(), *where = json_object(), *physical = json_object(), *all = json_array(), *prints = json_object(),
           *region = json_object();
    json_put_text(o, "ruleId", kinds[kind].id);
    json_put(o, "ruleIndex", json_integer(kind));
    json_put_text(o, "level", kinds[kind].level);
    json_put(o, "message", message_json(text_c(&words)));
    json_t *location = location_json(path);
    json_put(location, "index", json_integer((json_int_t)index));
    json_put(physical, "artifactLocation", location);
    json_put(region, "byteOffset", json_integer(0));
    json_put_number(region, "byteLength", v->size);
    json_put(physical, "region", region);
    json_put(where, "physicalLocation", physical);
    json_array_append_new(all, where);
    json_put(o, "locations", all);
    for (size_t i = 0; i < v->n_signatures && json_object_size(prints) == 0; i++) {
        if (v->signatures[i].has_signer) {
            json_put_hex(prints, "certSha256/v1", bytes_make(v->signatures[i].signer.sha256, 32));
        }
    }
    json_put_hex(prints, "fileSha256/v1", v->has_sha256 ? bytes_make(v->sha256, 32) : bytes_none());
    json_put(o, "partialFingerprints", prints);
    json_array_append_new(own->results, o);
    text_free(&words);
}

static void file_sarif(struct report *report, const struct scan_file *file) {
    int kind = kind_of(file->verdict, report->refusal != NULL);
    struct text path = {0};
    if (!report_wants(report, file)) {
        return;
    }
    report_full_path(&path, file);
    size_t index = artifact(report->own, file, bytes_make(path.p, path.n));
    if (kind != KIND_NONE) {
        add_result(report, file, bytes_make(path.p, path.n), index, kind);
    }
    report->failed = report->failed || !text_ok(&path);
    text_free(&path);
}

static void error_sarif(struct report *report, struct bytes path, const struct error *error) {
    struct sarif *own = report->own;
    json_t *o = json_object(), *where = json_object(), *physical = json_object(), *all = json_array(), *descriptor = json_object();
    json_put_text(descriptor, "id", error_kind_name(error->kind));
    json_put(o, "descriptor", descriptor);
    json_put_text(o, "level", "error");
    json_put(o, "message", message_json(error->text));
    if (path.n != 0) {
        json_put(physical, "artifactLocation", location_json(path));
        json_put(where, "physicalLocation", physical);
        json_array_append_new(all, where);
        json_put(o, "locations", all);
    } else {
        json_decref(where);
        json_decref(physical);
        json_decref(all);
    }
    json_array_append_new(own->notifications, o);
}

static json_t *driver_json(void) {
    json_t *driver = json_object(), *rules = json_array();
    json_put_text(driver, "name", "certban");
    json_put_text(driver, "version", CERTBAN_VERSION);
    for (size_t i = 0; i < KIND_NONE; i++) {
        json_t *rule = json_object(), *defaults = json_object();
        json_put_text(rule, "id", kinds[i].id);
        json_put_text(rule, "name", kinds[i].name);
        json_put(rule, "shortDescription", message_json(kinds[i].text));
        json_put_text(defaults, "level", kinds[i].level);
        json_put(rule, "defaultConfiguration", defaults);
        json_array_append_new(rules, rule);
    }
    json_put(driver, "rules", rules);
    json_t *tool = json_object();
    json_put(tool, "driver", driver);
    return tool;
}

static void end(struct report *report, const struct scan_summary *summary) {
    struct sarif *own = report->own;
    json_t *top = json_object(), *run = json_object(), *runs = json_array(), *invocation = json_object(), *invocations = json_array();
    json_put_text(top, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_put_text(top, "version", "2.1.0");
    json_put(run, "tool", driver_json());
    json_put(invocation, "executionSuccessful", json_boolean(summary->complete));
    json_put_time(invocation, "startTimeUtc", own->started);
    json_put_time(invocation, "endTimeUtc", (int64_t)time(NULL));
    json_put(invocation, "toolExecutionNotifications", json_incref(own->notifications));
    json_array_append_new(invocations, invocation);
    json_put(run, "invocations", invocations);
    json_put(run, "artifacts", json_incref(own->artifacts));
    json_put(run, "results", json_incref(own->results));
    json_array_append_new(runs, run);
    json_put(top, "runs", runs);
    report->failed = !json_print(top, report->stream) || report->failed;
}

static void close_sarif(struct report *report) {
    struct sarif *own = report->own;
    if (own != NULL) {
        json_decref(own->artifacts);
        json_decref(own->results);
        json_decref(own->notifications);
        free(own);
        report->own = NULL;
    }
}

const struct report_writer report_sarif = {
    .name = "sarif", .start = start, .file = file_sarif, .error = error_sarif, .end = end, .close = close_sarif};
