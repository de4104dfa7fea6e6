/* SPDX-License-Identifier: Apache-2.0 */
/* Why a file has the verdict that it has, in words: who signed, which rule hit and how far that is proven, what was odd. */
#include "cli/report_reasons.h"

#include "cli/ui.h"

enum { SIGNERS_SHOWN = 3, ALSO_SHOWN = 3, SERIAL_SHOWN = 8, WIDE_ENOUGH = 500 };

void report_line(struct text *out) {
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
    if (s == NULL) { /* past the limit of memory nothing but its part may be known */
        text_addf(out, "a listed %s, by its %s", match->part[0] == '\0' ? "file" : "certificate", key_name(match->key));
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
        char excused[48];
        snprintf(excused, sizeof excused, "excused by the %s of", report_excuse(rule));
        add_rule(out, excuse != NULL ? excused : "banned by", rule);
        return;
    }
    add_rule(out, "allowed by", excuse);
    report_line(out);
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
        report_line(out);
        add_rule(out, rule->allow ? "allowed by" : "also hit by", rule);
        text_addf(out, " (%s)", proof_name(v->matches[i].proof));
    }
    if (more != 0) {
        report_line(out);
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
        report_line(out);
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

void report_reasons(const struct report *report, struct text *out, const struct scan_file *file) {
    const struct verdict *v = file->verdict;
    const struct rule *rule;
    const struct match_info *match = report_decisive(report, file, &rule);
    if (match != NULL) {
        report_line(out);
        add_match(out, v, match);
        report_line(out);
        add_verdict(report, out, match, rule);
        add_also(report, out, v, rule);
    } else {
        for (size_t i = 0; i < v->n_signatures && i < SIGNERS_SHOWN; i++) {
            report_line(out);
            text_add(out, "signed by ");
            add_signer(out, &v->signatures[i]);
        }
    }
    if (report->refusal != NULL) {
        report_line(out);
        text_addf(out, "refused: %s", report->refusal);
    }
    add_anomalies(out, v);
    if (v->unreadable.kind != ERR_NONE) {
        report_line(out);
        report_kind(out, &v->unreadable);
        report_words(out, v->unreadable.text);
    }
}
