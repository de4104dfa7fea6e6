/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports for people: the file first, the reason in words, what to do next. What is found inside of a file is gathered until
 * the file's own verdict comes, and stands below it.
 */
#include <stdlib.h>

#include "cli/report_reasons.h"

enum { INSIDE_SHOWN = 3, PATHS_SHOWN = 3, WIDE_ENOUGH = 500 };

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
    report_line(out);
    if (file->action == TAKEN_QUARANTINED) {
        snprintf(own->last_id, sizeof own->last_id, "%s", file->action_id);
        text_addf(out, "quarantined as %s", file->action_id);
    } else if (file->action == TAKEN_FAILED) {
        text_add(out, "the action failed, the file is still there");
    } else if (file->action == TAKEN_NOTHING) {
        text_add(out, "left alone");
    } else {
        static const char *const words[] = {[TAKEN_FLAGGED] = "flagged",
                                            [TAKEN_WOULD_FLAG] = "would be flagged",
                                            [TAKEN_WOULD_QUARANTINE] = "would be quarantined",
                                            [TAKEN_GONE] = "it has gone"};
        text_add(out, words[file->action]);
    }
    if (file->action_detail[0] != '\0') {
        text_add(out, ": ");
        report_words(out, file->action_detail);
    }
    if (file->beside != NULL) {
        text_add(out, ", SHA-256 ");
        text_add_hex(out, bytes_make(file->beside, 32));
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
        report_line(&p->lines);
        text_addf(&p->lines, "inside, %s: ", finding_name(file->verdict->finding));
        report_path(report, &p->lines, bytes_text(file->verdict->inside));
        struct text reasons = {0};
        report_reasons(report, &reasons, file);
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
    report_line(out);
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
            report_line(&out);
            text_add(&out, "also named ");
            report_path(report, &out, file->other_names[i]);
        }
        if (file->more_names != 0) {
            report_line(&out);
            text_addf(&out, "and %llu more names (--limit file-names=N tells more)", (unsigned long long)file->more_names);
        }
        report_reasons(report, &out, file);
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
    report_line(&out);
    text_addf(&out, "%s: ", error_kind_name(error->kind));
    report_words(&out, error->text);
    write_out(report, &out);
}

/* A rule that the brake holds, and where it hit. */
static void brake_text(struct report *report, const struct scan_brake *brake) {
    struct text out = {0};
    text_add(&out, "BRAKE   rule ");
    report_words(&out, brake->rule != NULL ? brake->rule->id : "");
    if (brake->forbidden) {
        text_add(&out, " hit a certificate that nobody may ban: it moves nothing in this run");
    } else {
        text_addf(&out, " hits %llu files, which count as %llu; more than %u are not moved at once", (unsigned long long)brake->files,
                  (unsigned long long)brake->weight, brake->most);
        if (brake->confirmed != 0) {
            text_addf(&out, ", but for the %llu that were confirmed", (unsigned long long)brake->confirmed);
        }
    }
    for (size_t i = 0; i < brake->n_paths; i++) {
        report_line(&out);
        report_path(report, &out, bytes_text(brake->paths[i]));
    }
    if (brake->files > brake->n_paths) {
        report_line(&out);
        text_addf(&out, "and %llu more", (unsigned long long)(brake->files - brake->n_paths));
    }
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

/* What is excused wherever it lies in some folder is easily forgotten in a long policy: each summary names the rules that do so. */
static void add_excused_by_path(const struct report *report, struct text *out) {
    enum { SHOWN = 4 };
    size_t n = 0;
    for (size_t i = 0; i < blocklist_policies(report->list); i++) {
        const struct policy *policy = blocklist_policy(report->list, i);
        for (size_t k = 0; k < policy->n_rules; k++) {
            if (!report_excuses_path(policy, k) || n++ >= SHOWN) {
                continue;
            }
            text_add(out, n == 1 ? "Allow rules with a path: " : ", ");
            report_words(out, policy->id);
            text_add_char(out, '/');
            report_words(out, policy->rules[k].id);
        }
    }
    if (n > SHOWN) {
        text_addf(out, " and %zu more", n - SHOWN);
    }
    text_add(out, n != 0 ? "\n" : "");
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
    if (n > 4) {
        text_addf(&out, " and %zu more", n - 4);
    }
    text_add(&out, n == 0 ? " no policy: nothing is banned\n" : "\n");
    add_excused_by_path(report, &out);
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
    .name = "text", .start = start_text, .file = file_text, .error = error_text, .brake = brake_text, .end = end_text, .close = close_text};
