/* SPDX-License-Identifier: Apache-2.0 */
#include "model/anomaly.h"
#include "model/rule.h"
#include "model/signature.h"
#include "model/verdict.h"

static const struct {
    const char *name, *words;
    bool suspicious;
} anomaly_table[ANOMALY_COUNT] = {
#define X(id, name, suspicious, words) [ANOMALY_##id] = {name, words, suspicious},
    ANOMALIES(X)
#undef X
};

const char *anomaly_text(enum anomaly_name name) {
    return (unsigned)name < ANOMALY_COUNT ? anomaly_table[name].name : "unknown";
}

const char *anomaly_words(enum anomaly_name name) {
    return (unsigned)name < ANOMALY_COUNT ? anomaly_table[name].words : "unknown";
}

/* Doubles the room of an array in an arena, which begins with first; the old copy stays behind. NULL when there is no memory. */
static void *grow(struct arena *arena, void *old, size_t n, size_t *room, size_t size, size_t first) {
    if (n < *room) {
        return old;
    }
    size_t wanted = *room == 0 ? first : *room * 2;
    void *fresh = arena_array(arena, wanted, size);
    if (fresh != NULL) {
        if (n != 0) {
            memcpy(fresh, old, n * size);
        }
        *room = wanted;
    }
    return fresh;
}

/* Past the limit callers still get something to write to, so that they need no check of their own. */
static struct anomaly nowhere;

/* The last one kept that makes no file suspicious; NULL when there is none. */
static struct anomaly *least(struct anomalies *anomalies) {
    for (size_t i = anomalies->all != NULL ? anomalies->n : 0; i > 0; i--) {
        if (!anomalies->all[i - 1].weighty) {
            return &anomalies->all[i - 1];
        }
    }
    return NULL;
}

struct anomaly *anomaly_note(struct anomalies *anomalies, struct arena *arena, enum anomaly_name name, uint64_t at, uint64_t size,
                             const char *detail) {
    struct anomaly *all = anomalies->n < limit_most(arena->limits, LIMIT_ANOMALIES)
                              ? grow(arena, anomalies->all, anomalies->n, &anomalies->room, sizeof *anomalies->all, 4)
                              : NULL;
    struct anomaly *anomaly = NULL;
    if (all != NULL) {
        anomalies->all = all;
        anomaly = &all[anomalies->n++];
    } else {
        anomalies->more++;
        anomaly = anomaly_table[name].suspicious ? least(anomalies) : NULL;
    }
    if (anomaly == NULL) {
        return &nowhere;
    }
    *anomaly = (struct anomaly){.name = name, .weighty = anomaly_table[name].suspicious, .at = at, .size = size, .detail = detail};
    return anomaly;
}

bool anomaly_has(const struct anomalies *anomalies, enum anomaly_name name) {
    for (size_t i = 0; i < anomalies->n; i++) {
        if (anomalies->all[i].name == name) {
            return true;
        }
    }
    return false;
}

struct signature *contents_add(struct contents *contents, struct arena *arena, struct error *err) {
    if (contents->n_signatures > limit_most(arena->limits, LIMIT_SIGNATURES)) {
        limit_reached(arena->limits, LIMIT_SIGNATURES, err);
        return NULL;
    }
    struct signature *all =
        grow(arena, contents->signatures, contents->n_signatures, &contents->room_signatures, sizeof *contents->signatures, SIGNATURES_MAX);
    if (all == NULL) {
        arena_full(arena, err);
        return NULL;
    }
    contents->signatures = all;
    struct signature *signature = &all[contents->n_signatures++];
    *signature = (struct signature){.content = bytes_none(), .claimed = bytes_none(), .raw_signature = bytes_none()};
    return signature;
}

bool contents_full(const struct contents *contents, const struct arena *arena) {
    return contents->n_signatures >= limit_most(arena->limits, LIMIT_SIGNATURES);
}

void contents_limited(struct contents *contents, const struct arena *arena, enum limit which) {
    struct error err;
    limit_reached(arena->limits, which, &err);
    contents_unreadable(contents, &err);
}

void contents_unreadable(struct contents *contents, const struct error *err) {
    if (contents->unreadable.kind == ERR_NONE) {
        contents->unreadable = *err;
    }
}

/* The words of reports: one table an enumeration. */
#define NAME_FUNCTION(function, type, table, count)                                                                                        \
    const char *function(type value) {                                                                                                     \
        return (unsigned)value < (count) ? (table)[value] : "unknown";                                                                     \
    }

static const char *const kind_names[KIND_COUNT] = {"authenticode", "apple", "xar", "opc", "nuget", "xmldsig"};
NAME_FUNCTION(signature_kind_name, enum signature_kind, kind_names, KIND_COUNT)

static const char *const finding_names[FINDING_COUNT] = {
    [FINDING_OTHER] = "other",           [FINDING_UNSIGNED] = "unsigned",     [FINDING_CLEAN] = "clean",   [FINDING_EXEMPT] = "exempt",
    [FINDING_SUSPICIOUS] = "suspicious", [FINDING_UNREADABLE] = "unreadable", [FINDING_LISTED] = "listed", [FINDING_BANNED] = "banned",
};
NAME_FUNCTION(finding_name, enum finding, finding_names, FINDING_COUNT)

static const char *const check_names[CHECK_COUNT] = {
    [CHECK_NONE] = "unchecked", [CHECK_GOOD] = "good", [CHECK_BAD] = "bad", [CHECK_UNTRUSTED] = "untrusted"};
NAME_FUNCTION(check_name, enum check, check_names, CHECK_COUNT)

static const char *const digest_names[CHECK_COUNT] = {
    [CHECK_NONE] = "unchecked", [CHECK_GOOD] = "match", [CHECK_BAD] = "mismatch", [CHECK_UNTRUSTED] = "unchecked"};
NAME_FUNCTION(digest_state_name, enum check, digest_names, CHECK_COUNT)

static const char *const revocation_names[REVOCATION_COUNT] = {"", "good", "revoked", "unknown"};
NAME_FUNCTION(revocation_name, enum revocation, revocation_names, REVOCATION_COUNT)

static const char *const chain_names[CHAIN_COUNT] = {"unchecked", "trusted", "untrusted", "incomplete"};
NAME_FUNCTION(chain_state_name, enum chain_state, chain_names, CHAIN_COUNT)

static const char *const proof_names[PROOF_COUNT] = {"none", "name", "present", "proven"};
NAME_FUNCTION(proof_name, enum proof, proof_names, PROOF_COUNT)

static const char *const timestamp_kind_names[TIMESTAMP_COUNT] = {"pkcs9", "rfc3161"};
NAME_FUNCTION(timestamp_kind_name, enum timestamp_kind, timestamp_kind_names, TIMESTAMP_COUNT)

static const char *const key_names[KEY_COUNT] = {
    [KEY_CERT_MD5] = "md5",
    [KEY_CERT_SHA1] = "sha1",
    [KEY_CERT_SHA256] = "sha256",
    [KEY_TBS] = "tbs",
    [KEY_SPKI] = "spki-sha256",
    [KEY_SERIAL] = "serial",
    [KEY_SUBJECT] = "subject",
    [KEY_SUBSCRIBER] = "subscriber",
    [KEY_TEAM_ID] = "team-id",
    [KEY_CDHASH] = "cdhash",
    [KEY_AUTHENTICODE] = "authenticode",
    [KEY_FILE_MD5] = "file-md5",
    [KEY_FILE_SHA1] = "file-sha1",
    [KEY_FILE_SHA256] = "file-sha256",
    [KEY_PROGRAM] = "program",
    [KEY_FIRST_PAGE] = "first-page",
    [KEY_ORIGINAL_NAME] = "original-name",
};
NAME_FUNCTION(key_name, enum key_kind, key_names, KEY_COUNT)

static const char *const role_names[ROLE_COUNT] = {"signer", "chain", "timestamp", "bag", "any"};
NAME_FUNCTION(role_name, enum role, role_names, ROLE_COUNT)

static const char *const action_names[ACTION_COUNT] = {"report", "flag", "quarantine"};
NAME_FUNCTION(action_name, enum action, action_names, ACTION_COUNT)

static const char *const severity_names[SEVERITY_COUNT] = {"info", "low", "medium", "high", "critical"};
NAME_FUNCTION(severity_name, enum severity, severity_names, SEVERITY_COUNT)

static const char *const confidence_names[CONFIDENCE_COUNT] = {"low", "medium", "high", "certain"};
NAME_FUNCTION(confidence_name, enum confidence, confidence_names, CONFIDENCE_COUNT)
