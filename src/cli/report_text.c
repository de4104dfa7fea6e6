/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports for people: the file first, the reason in words, what to do next. What is found inside of a file is gathered until
 * the file's own verdict comes, and stands below it.
 */
#include <stdlib.h>

#include "cli/report.h"
#include "cli/ui.h"

enum { INSIDE_SHOWN = 3, ALSO_SHOWN = 3, SERIAL_SHOWN = 8, PATHS_SHOWN = 3, WIDE_ENOUGH = 500 };

/* What was found inside of a file whose own verdict has not come yet. */
struct pending {
    struct pending *next;
    struct text path;
    struct text lines; /* the first few, finished */
    size_t shown, n[FINDING_COUNT];
};

struct text_report {
    struct pending *pending;
    size_t taken[TAKEN_FAILED + 1];
    char last_id[64]; /* of the last file that was quarantined */
};

static const struct {
    const char *word, *color;
} finding_words[FINDING_COUNT] = {
    [FINDING_OTHER] = {"OTHER", ""},
    [FINDING_UNSIGNED] = {"UNSIGNED", ""},
    [FINDING_CLEAN] = {"CLEAN", "\x1b[32m"},
    [FINDING_EXEMPT] = {"EXEMPT", "\x1b[36m"},
    [FINDING_SUSPICIOUS] = {"SUSPICIOUS", "\x1b[33m"},
    [FINDING_UNREADABLE] = {"UNREADABLE", "\x1b[35m"},
    [FINDING_LISTED] = {"LISTED", "\x1b[1;33m"},
    [FINDING_BANNED] = {"BANNED", "\x1b[1;31m"},
};

static void add_line(struct text *out) {
    text_add(out, "\n        ");
}

/* A policy's words: its own line ends and indentation are no part of them. */
static void add_reason(struct text *out, const char *reason) {
    struct text flat = {0};
    for (const char *s = reason; *s != '\0'; s++) {
        bool space = *s == ' ' || *s == '\n' || *s == '\t' || *s == '\r';
        if (!space) {
            text_add_char(&flat, *s);
        } else if (flat.n != 0 && flat.p[flat.n - 1] != ' ') {
            text_add_char(&flat, ' ');
        }
    }
    text_add_safe(out, bytes_make(flat.p, flat.n), WIDE_ENOUGH);
    text_free(&flat);
}

static const char *name_of(const struct cert_info *cert) {
    return cert->common_name[0] != '\0' ? cert->common_name : cert->organization[0] != '\0' ? cert->organization : cert->subject;
}

static void add_day(struct text *out, int64_t seconds) {
    char time[UI_TIME_SIZE];
    ui_time(seconds, time);
    text_addf(out, "%.10s", time);
}

/* "3CX Ltd (Sectigo RSA Code Signing CA, serial 1b6611df…), 2023-03-13" */
static void add_signer(struct text *out, const struct signature_info *s) {
    if (!s->has_signer) {
        text_add(out, s->adhoc ? "nobody (ad hoc)" : "a certificate that is not in the file");
    } else {
        report_words(out, name_of(&s->signer));
        text_add(out, " (");
        report_words(out, s->signer.issuer_common_name);
        text_add(out, s->signer.issuer_common_name[0] != '\0' ? ", serial " : "serial ");
        struct bytes serial = bytes_text(s->signer.serial);
        text_add_safe(out, bytes_cut(serial, 0, SERIAL_SHOWN), WIDE_ENOUGH);
        text_add(out, serial.n > SERIAL_SHOWN ? "…)" : ")");
    }
    if (s->team_id[0] != '\0') {
        text_add(out, ", team ");
        report_words(out, s->team_id);
    }
    if (s->signed_at != TIME_NONE) {
        text_add(out, ", ");
        add_day(out, s->signed_at);
    } else if (s->claimed_time != TIME_NONE) {
        text_add(out, ", dated ");
        add_day(out, s->claimed_time);
        text_add(out, " by the signer's word alone");
    }
    if (s->via_catalog[0] != '\0') {
        text_add(out, ", by the catalog ");
        report_words(out, s->via_catalog);
    }
}

/* Who signed, and how far that is proven. */
static void add_match(struct text *out, const struct verdict *v, const struct match_info *match) {
    const struct signature_info *s = report_signature(v, match->part);
    if (s == NULL) {
        text_addf(out, "a listed file, by its %s", key_name(match->key));
    } else if (match->role == ROLE_SIGNER || match->role == ROLE_ANY) {
        text_add(out, "signed by ");
        add_signer(out, s);
    } else {
        static const char *const roles[ROLE_COUNT] = {[ROLE_CHAIN] = "under a listed issuer",
                                                      [ROLE_TIMESTAMP] = "time-stamped by a listed authority",
                                                      [ROLE_BAG] = "carrying a listed certificate"};
        text_addf(out, "%s; signed by ", roles[match->role]);
        add_signer(out, s);
    }
    text_add(out, ", ");
    report_proof(out, v, match);
}

static void add_rule(struct text *out, const char *verb, const struct rule *rule) {
    text_addf(out, "%s ", verb);
    report_words(out, rule->policy->id);
    text_add_char(out, '/');
    report_words(out, rule->id);
    if (rule->reason != NULL && rule->reason[0] != '\0') {
        text_add(out, ": ");
        add_reason(out, rule->reason);
    }
}

static void add_verdict(const struct report *report, struct text *out, const struct match_info *match, const struct rule *rule) {
    const struct rule *excuse = match->exempt ? blocklist_rule(report->list, match->excuse) : NULL;
    if (excuse == NULL || excuse == rule) {
        add_rule(out, excuse != NULL ? "excused by the dates of" : "banned by", rule);
        return;
    }
    add_rule(out, "allowed by", excuse);
    add_line(out);
    add_rule(out, "else banned by", rule);
}

/* The other rules that hit, each once. */
static void add_also(const struct report *report, struct text *out, const struct verdict *v, const struct rule *decisive) {
    const struct rule *seen[ALSO_SHOWN];
    size_t n = 0, more = 0;
    for (size_t i = 0; i < v->n_matches; i++) {
        const struct rule *rule = blocklist_rule(report->list, v->matches[i].rule);
        bool known = rule == NULL || rule == decisive;
        for (size_t j = 0; j < n && !known; j++) {
            known = seen[j] == rule;
        }
        if (known) {
            continue;
        }
        if (n == ALSO_SHOWN) {
            more++;
            continue;
        }
        seen[n++] = rule;
        add_line(out);
        add_rule(out, rule->allow ? "allowed by" : "also hit by", rule);
        text_addf(out, " (%s)", proof_name(v->matches[i].proof));
    }
    if (more != 0) {
        add_line(out);
        text_addf(out, "and %zu more", more);
    }
}

static void add_anomalies(struct text *out, const struct verdict *v) {
    bool found = v->finding == FINDING_BANNED || v->finding == FINDING_LISTED || v->finding == FINDING_SUSPICIOUS;
    for (size_t i = 0; i < v->anomalies.n && found; i++) {
        const struct anomaly *a = &v->anomalies.all[i];
        if (!a->weighty) {
            continue;
        }
        add_line(out);
        text_addf(out, "%s: %s", anomaly_text(a->name), anomaly_words(a->name));
        if (a->size != 0) {
            text_addf(out, ", %llu bytes at %llu", (unsigned long long)a->size, (unsigned long long)a->at);
        }
        if (a->detail != NULL && a->detail[0] != '\0') {
            text_add(out, "; ");
            report_words(out, a->detail);
        }
    }
}

/* The reasons below the first line of a file, or behind the name of a member. */
static void add_reasons(const struct report *report, struct text *out, const struct scan_file *file) {
    const struct verdict *v = file->verdict;
    const struct rule *rule;
    const struct match_info *match = report_decisive(report, file, &rule);
    if (match != NULL) {
        add_line(out);
        add_match(out, v, match);
        add_line(out);
        add_verdict(report, out, match, rule);
        add_also(report, out, v, rule);
    } else {
        for (size_t i = 0; i < v->n_signatures && i < INSIDE_SHOWN; i++) {
            add_line(out);
            text_add(out, "signed by ");
            add_signer(out, &v->signatures[i]);
        }
    }
    if (report->refusal != NULL) {
        add_line(out);
        text_addf(out, "refused: %s", report->refusal);
    }
    add_anomalies(out, v);
    if (v->unreadable.kind != ERR_NONE) {
        add_line(out);
        text_addf(out, "%s: ", error_kind_name(v->unreadable.kind));
        report_words(out, v->unreadable.text);
    }
}

static void add_head(const struct report *report, struct text *out, enum finding finding, struct bytes path) {
    const char *color = report->color ? finding_words[finding].color : "";
    size_t n = strlen(finding_words[finding].word);
    text_addf(out, "%s%s%s%*s", color, finding_words[finding].word, color[0] != '\0' ? "\x1b[0m" : "", n < 7 ? (int)(8 - n) : 2, "");
    report_path(report, out, path);
}

static struct pending *pending_of(struct text_report *own, struct bytes path, bool make) {
    for (struct pending *p = own->pending; p != NULL; p = p->next) {
        if (bytes_equal(bytes_make(p->path.p, p->path.n), path)) {
            return p;
        }
    }
    struct pending *p = make ? calloc(1, sizeof *p) : NULL;
    if (p != NULL) {
        text_add_bytes(&p->path, path);
        p->next = own->pending;
        own->pending = p;
    }
    return p;
}

static void pending_drop(struct text_report *own, struct pending *gone) {
    for (struct pending **p = &own->pending; *p != NULL; p = &(*p)->next) {
        if (*p == gone) {
            *p = gone->next;
            text_free(&gone->path);
            text_free(&gone->lines);
            free(gone);
            return;
        }
    }
}

static void add_action(struct report *report, struct text *out, const struct scan_file *file) {
    struct text_report *own = report->own;
    own->taken[file->action]++;
    if (file->action == TAKEN_NOTHING && file->action_detail[0] == '\0') {
        return;
    }
    add_line(out);
    if (file->action == TAKEN_QUARANTINED) {
        snprintf(own->last_id, sizeof own->last_id, "%s", file->action_id);
        text_addf(out, "quarantined as %s", file->action_id);
    } else if (file->action == TAKEN_FAILED) {
        text_add(out, "the action failed, the file is still there");
    } else if (file->action == TAKEN_NOTHING) {
        text_add(out, "left alone");
    } else {
        static const char *const words[] = {
            [TAKEN_FLAGGED] = "flagged", [TAKEN_WOULD_FLAG] = "would be flagged", [TAKEN_WOULD_QUARANTINE] = "would be quarantined"};
        text_add(out, words[file->action]);
    }
    if (file->action_detail[0] != '\0') {
        text_add(out, ": ");
        report_words(out, file->action_detail);
    }
}

static void keep_member(struct report *report, const struct scan_file *file) {
    struct pending *p = pending_of(report->own, file->path, true);
    if (p == NULL) {
        report->failed = true;
        return;
    }
    p->n[file->verdict->finding]++;
    /* Something was done to a file of a bundle: that is told of each. */
    if (p->shown < INSIDE_SHOWN || (report->scope & REPORT_ALL) != 0 || file->action != TAKEN_NOTHING) {
        p->shown++;
        add_line(&p->lines);
        text_addf(&p->lines, "inside, %s: ", finding_name(file->verdict->finding));
        report_path(report, &p->lines, bytes_text(file->verdict->inside));
        struct text reasons = {0};
        add_reasons(report, &reasons, file);
        add_action(report, &reasons, file);
        for (size_t i = 0; i < reasons.n; i++) { /* a member's reasons stand deeper */
            text_add_char(&p->lines, reasons.p[i]);
            if (reasons.p[i] == '\n') {
                text_add(&p->lines, "  ");
            }
        }
        text_free(&reasons);
    }
}

static void add_inside(const struct report *report, struct text *out, const struct scan_file *file, const struct pending *p) {
    static const enum finding order[] = {FINDING_BANNED, FINDING_LISTED, FINDING_SUSPICIOUS, FINDING_UNREADABLE, FINDING_EXEMPT};
    text_add_bytes(out, bytes_make(p->lines.p, p->lines.n));
    size_t all = 0;
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        all += p->n[i];
    }
    if (all == p->shown) {
        return;
    }
    add_line(out);
    text_add(out, "inside, all together:");
    for (size_t i = 0, n = 0; i < sizeof order / sizeof *order; i++) {
        if (p->n[order[i]] != 0) {
            text_addf(out, "%s %zu %s", n++ != 0 ? "," : "", p->n[order[i]], finding_name(order[i]));
        }
    }
    text_add(out, "  (certban show ");
    report_shell(report, out, file->path);
    text_add(out, " for the list)");
}

static bool start_text(struct report *report) {
    report->own = calloc(1, sizeof(struct text_report));
    return report->own != NULL;
}

static void write_out(struct report *report, struct text *out) {
    text_add_char(out, '\n');
    report->failed = report->failed || !text_ok(out);
    fwrite(text_c(out), 1, out->n, report->stream);
    text_free(out);
}

static void file_text(struct report *report, const struct scan_file *file) {
    struct text_report *own = report->own;
    if (file->verdict->inside[0] != '\0') {
        if (report_wants(report, file)) {
            keep_member(report, file);
        }
        return;
    }
    struct pending *p = pending_of(own, file->path, false);
    if (report_wants(report, file)) {
        struct text out = {0};
        add_head(report, &out, file->verdict->finding, file->path);
        for (size_t i = 0; i < file->n_other_names; i++) {
            add_line(&out);
            text_add(&out, "also named ");
            report_path(report, &out, file->other_names[i]);
        }
        add_reasons(report, &out, file);
        if (p != NULL) {
            add_inside(report, &out, file, p);
        }
        add_action(report, &out, file);
        write_out(report, &out);
    }
    if (p != NULL) {
        pending_drop(own, p);
    }
}

static void error_text(struct report *report, struct bytes path, const struct error *error) {
    struct text out = {0};
    add_head(report, &out, FINDING_UNREADABLE, path);
    add_line(&out);
    text_addf(&out, "%s: ", error_kind_name(error->kind));
    report_words(&out, error->text);
    write_out(report, &out);
}

static void add_paths(const struct report *report, struct text *out) {
    for (size_t i = 0; i < report->n_paths; i++) {
        text_add_char(out, ' ');
        report_shell(report, out, bytes_text(report->paths[i]));
    }
}

static void add_advice(const struct report *report, struct text *out, const struct scan_summary *s) {
    const struct text_report *own = report->own;
    size_t would = own->taken[TAKEN_WOULD_QUARANTINE] + own->taken[TAKEN_WOULD_FLAG];
    if (own->taken[TAKEN_FAILED] != 0) {
        text_addf(out, "%zu could not be acted on: each is still where it was.", own->taken[TAKEN_FAILED]);
    } else if (own->taken[TAKEN_QUARANTINED] != 0) {
        text_addf(out, "%zu moved to the quarantine. To bring one back: certban quarantine restore %s", own->taken[TAKEN_QUARANTINED],
                  own->last_id);
    } else if (would != 0) {
        text_add(out, "Nothing was changed: this was a dry run.");
    } else if (s->finding[FINDING_BANNED] != 0 && report->action == ACTION_REPORT && strcmp(report->paths[0], "-") != 0) {
        text_addf(out, "Nothing was changed. To move %s away: ", s->finding[FINDING_BANNED] == 1 ? "it" : "them");
        if (report->narrowed || report->n_paths > PATHS_SHOWN) {
            text_add(out, "the same command with --action quarantine");
            return;
        }
        text_add(out, "certban scan --action quarantine");
        add_paths(report, out);
    } else if (s->finding[FINDING_LISTED] + s->finding[FINDING_BANNED] + s->finding[FINDING_SUSPICIOUS] != 0) {
        text_add(out, "Nothing was moved. All about a file: certban show FILE");
    } else if (report->refused != 0) {
        text_add(out, "Nothing banned was found, but not everything has the signature that was required.");
    } else if (!s->complete || s->errors + s->finding[FINDING_UNREADABLE] != 0) {
        text_add(out, "Nothing banned was found, but not everything could be examined.");
    } else {
        text_add(out, "Nothing banned was found.");
    }
}

static void end_text(struct report *report, const struct scan_summary *s) {
    if (report->quiet) {
        return;
    }
    struct text out = {0};
    text_addf(&out, "%llu file%s, %llu signed: %llu banned, %llu listed, %llu suspicious, %llu unreadable", (unsigned long long)s->files,
              s->files == 1 ? "" : "s", (unsigned long long)s->is_signed, (unsigned long long)s->finding[FINDING_BANNED],
              (unsigned long long)s->finding[FINDING_LISTED], (unsigned long long)s->finding[FINDING_SUSPICIOUS],
              (unsigned long long)(s->finding[FINDING_UNREADABLE]));
    if (s->finding[FINDING_EXEMPT] != 0) {
        text_addf(&out, ", %llu exempt", (unsigned long long)s->finding[FINDING_EXEMPT]);
    }
    if (report->refused != 0) {
        text_addf(&out, ", %llu refused", (unsigned long long)report->refused);
    }
    text_addf(&out, "    %.2f s\nJudged by", s->seconds);
    size_t n = blocklist_policies(report->list);
    for (size_t i = 0; i < n && i < 4; i++) {
        const struct policy *policy = blocklist_policy(report->list, i);
        text_add(&out, i != 0 ? ", " : " ");
        report_words(&out, policy->id);
        text_addf(&out, " version %u (%zu rule%s)", policy->version, policy->n_rules, policy->n_rules == 1 ? "" : "s");
    }
    text_addf(&out, n == 0 ? " no policy: nothing is banned" : n > 4 ? " and %zu more" : "", n - 4);
    text_add_char(&out, '\n');
    add_advice(report, &out, s);
    write_out(report, &out);
}

static void close_text(struct report *report) {
    struct text_report *own = report->own;
    while (own != NULL && own->pending != NULL) {
        pending_drop(own, own->pending);
    }
    free(own);
    report->own = NULL;
}

const struct report_writer report_text = {
    .name = "text", .start = start_text, .file = file_text, .error = error_text, .end = end_text, .close = close_text};
