/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/exam.h"

static bool is_signed(const struct contents *contents) {
    for (size_t i = 0; i < contents->n_signatures; i++) {
        const struct signature *s = &contents->signatures[i];
        if (s->sd != NULL || s->n_certs != 0) {
            return true;
        }
    }
    return false;
}

static bool has_weighty_anomaly(const struct anomalies *anomalies) {
    for (size_t i = 0; i < anomalies->n; i++) {
        if (anomalies->all[i].weighty) {
            return true;
        }
    }
    return anomalies->more != 0;
}

enum finding decide_finding(const struct exam *exam) {
    enum finding finding = is_signed(&exam->contents) ? FINDING_CLEAN : exam->format == NULL ? FINDING_OTHER : FINDING_UNSIGNED;
    if (has_weighty_anomaly(&exam->contents.anomalies)) {
        finding = FINDING_SUSPICIOUS;
    }
    if (exam->contents.unreadable.kind != ERR_NONE) {
        finding = FINDING_UNREADABLE;
    }
    for (size_t i = 0; i < exam->n_matches; i++) {
        const struct match *m = &exam->matches[i];
        enum finding by = m->excuse != NULL ? FINDING_EXEMPT : m->proof == PROOF_PROVEN ? FINDING_BANNED : FINDING_LISTED;
        finding = by > finding ? by : finding;
    }
    return finding;
}

enum action decide_action(const struct exam *exam) {
    enum action action = ACTION_REPORT;
    for (size_t i = 0; i < exam->n_matches; i++) {
        const struct match *m = &exam->matches[i];
        if (m->excuse != NULL) {
            continue;
        }
        enum action by = m->key->rule->action;
        if (by == ACTION_QUARANTINE && (m->proof != PROOF_PROVEN || m->weak || m->key->kind == KEY_FILE_MD5)) {
            by = ACTION_FLAG; /* everything that moves a file needs key, digest and dates at once */
        }
        action = by > action ? by : action;
    }
    return action;
}
