/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocations, between the proof of a signature and the verdict. A list is its issuer's word only where the key that signed the
 * certificate signed the list, too; a list that somebody else made bans nothing. What a revocation says of a time stamp follows RFC 3161 4:
 * an authority that only went out of use stamped truly while it was in use, one whose key was lost never did.
 */
#include "asn1/crl.h"
#include "asn1/oid.h"
#include "crypto/crl_verify.h"
#include "list/revocations.h"
#include "scan/exam.h"

static bool is_same(const struct cert *a, const struct cert *b) {
    return a != NULL && b != NULL && bytes_equal(a->tbs, b->tbs);
}

/* Who signed the certificate, as the proven chain has it; NULL where it does not say. */
static const struct cert *issuer_of(const struct proven *p, const struct cert *cert) {
    size_t n = p->has_chain ? p->chain.n : 0;
    if (n != 0 && is_same(p->signer.signer, cert)) {
        return p->chain.certs[0];
    }
    for (size_t i = 0; i + 1 < n; i++) {
        if (is_same(p->chain.certs[i], cert)) {
            return p->chain.certs[i + 1];
        }
    }
    return NULL;
}

/* Who has the issuer's name, where nobody is known to have signed the certificate. CHECK_BAD: some have, none of them signed the list. */
static enum check signed_by_namesake(struct exam *exam, const struct match *m) {
    const struct signature *s = &exam->contents.signatures[m->signature];
    const struct cert *bag = s->sd != NULL ? s->sd->certs : s->certs;
    size_t n = s->sd != NULL ? s->sd->n_certs : s->n_certs;
    struct revocation_list *list = m->key->rule->revoked_by;
    enum check state = crl_signed_by_anchor(&list->crl, examiner_anchors(exam->examiner));
    for (size_t i = 0; i < n && state != CHECK_GOOD; i++) {
        enum check one = revocation_list_signed_by(list, &bag[i]);
        state = one != CHECK_NONE ? one : state;
    }
    return state;
}

static bool is_believed(struct exam *exam, struct match *m) {
    const struct cert *issuer = issuer_of(&exam->proven[m->signature], m->cert);
    struct revocation_list *list = m->key->rule->revoked_by;
    enum check state = issuer != NULL ? revocation_list_signed_by(list, issuer) : signed_by_namesake(exam, m);
    if (state == CHECK_NONE) {
        m->proof = PROOF_NAME; /* it may be the issuer's */
    } else if (state == CHECK_BAD) {
        const char *detail = arena_printf(exam->arena, "the list %s", list->name);
        anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_FOREIGN_REVOCATION, 0, 0, detail);
    }
    return state != CHECK_BAD;
}

/* Who was on hold is free again when a newer list of the issuer says so: a delta by its word, a whole one by its silence. */
static bool is_released(struct revocations *set, const struct rule *hold, const struct cert *issuer) {
    const struct revocation_list *list = hold->revoked_by;
    const struct key *key = &hold->keys[0];
    size_t n = revocations_count(set);
    bool named = false;
    for (size_t i = revocations_find(set, key->issuer, key->value, 0); i < n; i = revocations_find(set, key->issuer, key->value, i + 1)) {
        const struct rule *rule = revocations_rule(set, i);
        if (rule == NULL || revocation_list_signed_by(rule->revoked_by, issuer) != CHECK_GOOD) {
            continue;
        }
        if (rule->revoked_for == CRL_REMOVE && rule->revoked_by->crl.this_update >= list->crl.this_update) {
            return true;
        }
        named = named || rule->revoked_by == list->successor;
    }
    return !named && list->successor != NULL && revocation_list_signed_by(list->successor, issuer) == CHECK_GOOD;
}

/* Whether an entry holds, now that its list is known to be the issuer's (NULL: as far as one can know). */
static bool is_in_force(struct revocations *set, const struct rule *rule, const struct cert *issuer) {
    return rule->revoked_for != CRL_REMOVE && (rule->revoked_for != CRL_HOLD || issuer == NULL || !is_released(set, rule, issuer));
}

/* Signed for its certificate's life and no longer: no time stamp helps it (1.3.6.1.4.1.311.10.3.13). */
static bool is_for_lifetime(const struct proven *p) {
    return p->signer.signer != NULL && cert_has_eku(p->signer.signer, oid_of(OID_LIFETIME_SIGNING));
}

/* A certificate that only lies in the bag signed nothing; those behind time stamps had their say when these were judged. */
static bool counts(struct exam *exam, struct match *m) {
    return m->role != ROLE_BAG && m->role != ROLE_TIMESTAMP && is_believed(exam, m) &&
           is_in_force(blocklist_revoked(exam->examiner->list), m->key->rule, issuer_of(&exam->proven[m->signature], m->cert));
}

void revoked_matches(struct exam *exam) {
    size_t kept = 0;
    for (size_t i = 0; i < exam->n_matches; i++) {
        struct match m = exam->matches[i];
        bool revoked = m.key->rule->revoked_by != NULL;
        if (revoked && !counts(exam, &m)) {
            continue;
        }
        if (revoked && m.excuse == m.key->rule && is_for_lifetime(&exam->proven[m.signature])) {
            m.excuse = NULL;
        }
        exam->matches[kept++] = m;
    }
    exam->n_matches = kept;
}

/* Whether what an authority stamped at that time counts no more. */
static bool revokes_stamp(const struct rule *rule, int64_t time) {
    bool only_retired =
        rule->revoked_for == CRL_AFFILIATION_CHANGED || rule->revoked_for == CRL_SUPERSEDED || rule->revoked_for == CRL_CESSATION;
    return rule->revoked_for != CRL_REMOVE && (!only_retired || time >= rule->only.signed_after);
}

/* A believed entry that takes the certificate's stamps away. Without memory it does: a time stamp less is a ban more. */
static bool is_revoked_at(struct revocations *set, const struct cert *cert, const struct cert *issuer, int64_t time) {
    size_t n = revocations_count(set);
    for (size_t i = revocations_find(set, cert->issuer, cert->serial, 0); i < n;
         i = revocations_find(set, cert->issuer, cert->serial, i + 1)) {
        const struct rule *rule = revocations_rule(set, i);
        if (rule == NULL || (revokes_stamp(rule, time) && revocation_list_signed_by(rule->revoked_by, issuer) == CHECK_GOOD)) {
            return true;
        }
    }
    return false;
}

bool revoked_timestamps(struct exam *exam, struct timestamp *stamps, size_t n, struct error *err) {
    struct revocations *set = blocklist_revoked(exam->examiner->list);
    for (size_t i = 0; i < n && set != NULL; i++) {
        struct timestamp *t = &stamps[i];
        struct chain chain;
        if (t->state != CHECK_GOOD || t->signer == NULL) {
            continue;
        }
        if (!chain_build(examiner_anchors(exam->examiner), t->signer, t->certs, t->n_certs, PURPOSE_TIME, t->time, exam->arena, &chain,
                         err)) {
            return false;
        }
        const struct cert *cert = t->signer;
        for (size_t k = 0; k < chain.n; cert = chain.certs[k++]) {
            if (is_revoked_at(set, cert, chain.certs[k], t->time)) {
                t->state = CHECK_UNTRUSTED;
                t->detail = "the time stamp's certificate, or one above it, is revoked";
            }
        }
    }
    return true;
}

void revoked_state(const struct exam *exam, const struct cert *cert, const struct cert *issuer, struct cert_info *info) {
    struct revocations *set = blocklist_revoked(exam->examiner->list);
    if (set == NULL) {
        return;
    }
    size_t n = revocations_count(set), good = issuer != NULL ? revocations_good(set, cert, issuer) : SIZE_MAX;
    info->revocation = good != SIZE_MAX ? REVOCATION_GOOD : REVOCATION_UNKNOWN;
    info->revocation_source = (uint32_t)good;
    for (size_t i = issuer != NULL ? revocations_find(set, cert->issuer, cert->serial, 0) : n; i < n;
         i = revocations_find(set, cert->issuer, cert->serial, i + 1)) {
        const struct rule *rule = revocations_rule(set, i);
        if (rule == NULL) { /* without memory nothing is known */
            info->revocation = REVOCATION_UNKNOWN;
            return;
        }
        if (revocation_list_signed_by(rule->revoked_by, issuer) == CHECK_GOOD && is_in_force(set, rule, issuer)) {
            info->revocation = REVOCATION_REVOKED;
            info->revocation_source = rule->number;
            return;
        }
    }
}
