/* SPDX-License-Identifier: Apache-2.0 */
#include "list/crl_reason.h"

static const struct crl_reason_row rows[] = {
    [CRL_UNSPECIFIED] = {"", SEVERITY_HIGH, ACTION_QUARANTINE},
    [CRL_KEY_COMPROMISE] = {"key compromise", SEVERITY_HIGH, ACTION_QUARANTINE},
    [CRL_CA_COMPROMISE] = {"compromise of the CA", SEVERITY_HIGH, ACTION_QUARANTINE},
    [CRL_AFFILIATION_CHANGED] = {"affiliation changed", SEVERITY_LOW, ACTION_FLAG},
    [CRL_SUPERSEDED] = {"superseded", SEVERITY_LOW, ACTION_FLAG},
    [CRL_CESSATION] = {"cessation of operation", SEVERITY_LOW, ACTION_FLAG},
    [CRL_HOLD] = {"on hold", SEVERITY_INFO, ACTION_REPORT},
    [7] = {"an unknown reason", SEVERITY_MEDIUM, ACTION_FLAG},
    [CRL_REMOVE] = {"", SEVERITY_INFO, ACTION_REPORT},
    [CRL_PRIVILEGE_WITHDRAWN] = {"privilege withdrawn", SEVERITY_HIGH, ACTION_QUARANTINE},
    [CRL_AA_COMPROMISE] = {"compromise of the attribute authority", SEVERITY_HIGH, ACTION_QUARANTINE},
};
enum { UNKNOWN_REASON = 7 };

const struct crl_reason_row *crl_reason_row(int reason) {
    bool known = reason >= 0 && (size_t)reason < sizeof rows / sizeof *rows;
    return &rows[known ? reason : UNKNOWN_REASON];
}

int64_t crl_since(const struct crl_entry *entry) {
    return entry->invalid_since < entry->revoked_at ? entry->invalid_since : entry->revoked_at;
}
