/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of reports share: words, paths, and which files are shown. */
#include "cli/report.h"

#include "cli/command.h"

const struct report_writer *const report_writers[] = {&report_text, &report_json, &report_sarif, &report_junit, NULL};

const struct report_writer *report_writer_find(const char *name) {
    for (const struct report_writer *const *w = report_writers; *w != NULL; w++) {
        if (strcmp((*w)->name, name) == 0) {
            return *w;
        }
    }
    return NULL;
}

bool report_wants(const struct report *report, const struct scan_file *file) {
    enum finding finding = file->verdict->finding;
    bool named = ((report->scope & REPORT_NAMED) != 0 || file->beside != NULL) && file->verdict->inside[0] == '\0';
    if (finding == FINDING_CLEAN || finding == FINDING_UNSIGNED) {
        return named || (report->scope & REPORT_ALL) != 0;
    }
    return named || finding != FINDING_OTHER;
}

enum { WORDS_MAX = 200, PATH_SHOWN_MAX = 16384 };

/* A path with something to escape in it is written so that bash reads it back as it is: $'…'. */
static void add_quoted(struct text *out, struct bytes path) {
    text_add(out, "$'");
    while (path.n != 0) {
        size_t n;
        uint32_t c = utf8_next(path, &n);
        if (c == UINT32_MAX || text_unsafe(c)) {
            for (size_t i = 0; i < n; i++) {
                text_addf(out, "\\x%02x", path.p[i]);
            }
        } else {
            if (c == '\'' || c == '\\') {
                text_add_char(out, '\\');
            }
            text_add_bytes(out, bytes_cut(path, 0, n));
        }
        path = bytes_cut(path, n, path.n);
    }
    text_add_char(out, '\'');
}

static bool is_plain(struct bytes path) {
    while (path.n != 0) {
        size_t n;
        uint32_t c = utf8_next(path, &n);
        if (c == UINT32_MAX || text_unsafe(c) || c == '\\') {
            return false;
        }
        path = bytes_cut(path, n, path.n);
    }
    return true;
}

void report_path(const struct report *report, struct text *out, struct bytes path) {
    if (!is_plain(path)) {
        add_quoted(out, path);
        return;
    }
    size_t home = report->home != NULL ? strlen(report->home) : 0;
    if (home > 1 && path.n > home && path.p[home] == '/' && memcmp(path.p, report->home, home) == 0) {
        text_add_char(out, '~');
        path = bytes_cut(path, home, path.n);
    }
    text_add_safe(out, path, PATH_SHOWN_MAX);
}

void report_shell(const struct report *report, struct text *out, struct bytes path) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@%+=:,-";
    bool bare = path.n != 0 && path.p[0] != '-';
    for (size_t i = 0; i < path.n && bare; i++) {
        bare = path.p[i] != '\0' && strchr(safe, path.p[i]) != NULL;
    }
    if (bare || !is_plain(path)) {
        report_path(report, out, path);
        return;
    }
    text_add(out, path.n != 0 && path.p[0] == '-' ? "'./" : "'");
    for (size_t i = 0; i < path.n; i++) {
        text_add(out, path.p[i] == '\'' ? "'\\'" : "");
        text_add_char(out, (char)path.p[i]);
    }
    text_add_char(out, '\'');
}

bool report_excuses_path(const struct policy *policy, size_t rule) {
    return policy->rules != NULL && policy->rules[rule].allow && policy->rules[rule].only.path != NULL;
}

void report_kind(struct text *out, const struct error *err) {
    const char *limit = limit_name(err);
    text_addf(out, "%s%s%s: ", error_kind_name(err->kind), limit != NULL ? " " : "", limit != NULL ? limit : "");
}

void report_words(struct text *out, const char *words) {
    text_add_safe(out, bytes_text(words), WORDS_MAX);
}

void report_full_path(struct text *out, const struct scan_file *file) {
    text_add_bytes(out, file->path);
    if (file->verdict->inside[0] != '\0') {
        text_add(out, file->in_folder ? "/" : "!/");
        text_add(out, file->verdict->inside);
    }
}

const struct match_info *report_decisive(const struct report *report, const struct scan_file *file, const struct rule **rule) {
    const struct verdict *v = file->verdict;
    if (v->decisive < 0 || (size_t)v->decisive >= v->n_matches) {
        return NULL;
    }
    *rule = blocklist_rule(report->list, v->matches[v->decisive].rule);
    return *rule != NULL ? &v->matches[v->decisive] : NULL;
}

const struct signature_info *report_signature(const struct verdict *verdict, const char *part) {
    for (size_t i = 0; i < verdict->n_signatures; i++) {
        if (strcmp(verdict->signatures[i].part, part) == 0) {
            return &verdict->signatures[i];
        }
    }
    return NULL;
}

const char *report_taken(enum action_state state) {
    static const char *const names[] = {
        [TAKEN_NOTHING] = NULL,
        [TAKEN_FLAGGED] = "flagged",
        [TAKEN_QUARANTINED] = "quarantined",
        [TAKEN_WOULD_FLAG] = "would-flag",
        [TAKEN_WOULD_QUARANTINE] = "would-quarantine",
        [TAKEN_GONE] = "gone",
        [TAKEN_FAILED] = "failed",
    };
    return (size_t)state < sizeof names / sizeof *names ? names[state] : NULL;
}

/* Whether a rule fits by serial and issuer alone, and no anchor vouches for that issuer. */
static bool by_unknown_issuer(const struct match_info *match, const struct signature_info *s) {
    return match->key == KEY_SERIAL && !match->weak && s != NULL && s->n_chain != 0 && !s->anchored &&
           (match->role == ROLE_SIGNER || match->role == ROLE_CHAIN);
}

static const char *why_unproven(const struct match_info *match, const struct signature_info *s) {
    if (match->proof == PROOF_NAME) {
        return by_unknown_issuer(match, s) && s->root_namesake
                   ? "by name only: its issuer calls upon a known root that did not make it (--anchors FILE adds roots)"
                   : "by name only";
    }
    if (match->role == ROLE_BAG) {
        return "the certificate is only carried along";
    }
    if (match->role == ROLE_TIMESTAMP) {
        return "it is only the time stamp's";
    }
    if (s == NULL) {
        return "";
    }
    if (s->signature == CHECK_BAD) {
        return "the signature is bad";
    }
    if (s->digest == CHECK_BAD) {
        return "the digest does not fit, the file was altered after it was signed or the signature is another file's";
    }
    return s->carved ? "the certificate was found outside of any structure" : "";
}

void report_proof(struct text *out, const struct verdict *verdict, const struct match_info *match) {
    const struct signature_info *s = report_signature(verdict, match->part);
    if (match->proof == PROOF_PROVEN && match->part[0] == '\0') {
        text_add(out, "proven: the file's hash is the listed one");
    } else if (match->proof == PROOF_PROVEN) {
        text_add(out, "proven: key signed, digest covers the file");
        text_add(out, by_unknown_issuer(match, s) ? " (by serial and issuer, of a root that is not known here)" : "");
    } else {
        const char *why = why_unproven(match, s);
        text_addf(out, "not proven%s%s", why[0] != '\0' ? ": " : "", why);
    }
    if (match->proof != PROOF_PROVEN && s != NULL && s->detail[0] != '\0') {
        text_add(out, " (");
        report_words(out, s->detail);
        text_add_char(out, ')');
    }
}

static void add_rule_reason(struct text *out, const struct verdict *v, const struct match_info *match, const struct rule *rule) {
    const struct signature_info *s = report_signature(v, match->part);
    text_addf(out, ": by %s/%s", rule->policy->id, rule->id);
    if (s != NULL && s->has_signer) {
        text_add(out, ", signed by ");
        report_words(out, s->signer.common_name[0] != '\0' ? s->signer.common_name : s->signer.subject);
    }
    text_add(out, ", ");
    report_proof(out, v, match);
    if (rule->reason != NULL && rule->reason[0] != '\0') {
        text_add(out, "; ");
        report_words(out, rule->reason);
    }
}

const char *report_excuse(const struct rule *rule) {
    const struct conditions *only = &rule->only;
    return only->n_except == 0 ? "dates" : only->has_after || only->has_before ? "dates or exceptions" : "exceptions";
}

void report_reason(const struct report *report, struct text *out, const struct scan_file *file) {
    const struct verdict *v = file->verdict;
    const struct rule *rule;
    const struct match_info *match = report_decisive(report, file, &rule);
    text_add(out, finding_name(v->finding));
    if (match != NULL) {
        add_rule_reason(out, v, match, rule);
    }
    for (size_t i = 0; i < v->anomalies.n; i++) {
        const struct anomaly *a = &v->anomalies.all[i];
        if (a->weighty) {
            text_addf(out, "; %s: %s", anomaly_text(a->name), anomaly_words(a->name));
        }
    }
    if (v->unreadable.kind != ERR_NONE) {
        text_add(out, "; ");
        report_kind(out, &v->unreadable);
        report_words(out, v->unreadable.text);
    }
    if (report->refusal != NULL) {
        text_addf(out, "; refused: %s", report->refusal);
    }
}

int report_status(const struct report *report, const struct scan_summary *s, bool strict, bool exit_zero) {
    if (s->actions_failed != 0) {
        return STATUS_ACTION_FAILED;
    }
    if (s->finding[FINDING_BANNED] + s->finding[FINDING_LISTED] + (strict ? s->finding[FINDING_SUSPICIOUS] : 0) + report->refused != 0) {
        return exit_zero ? STATUS_FINE : STATUS_FOUND;
    }
    return s->errors != 0 || s->finding[FINDING_UNREADABLE] != 0 || !s->complete ? STATUS_NOT_EXAMINED : STATUS_FINE;
}
