/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocations, between the proof of a signature and the verdict. A list is its issuer's word only where the key that signed the
 * certificate signed the list, too; a list that somebody else made bans nothing, unless the certificate itself names him as the issuer of
 * its lists (cRLIssuer) and he stands below the same root (RFC 5280 6.3.3 (b)(1) and (f)). What a revocation says of a time stamp follows
 * RFC 3161 4: an authority that only went out of use stamped truly while it was in use, one whose key was lost never did.
 */
#include "asn1/crl.h"
#include "asn1/name.h"
#include "crypto/anchors.h"
#include "crypto/crl_verify.h"
#include "list/revocations.h"
#include "scan/exam.h"

static bool is_same(const struct cert *a, const struct cert *b) {
    return a != NULL && b != NULL && bytes_equal(a->tbs, b->tbs);
}

struct above above_leaf(const struct chain *chain, const struct cert *bag, size_t n_bag) {
    bool known = chain->n != 0;
    return (struct above){known ? chain->certs[0] : NULL, known ? chain->certs[chain->n - 1] : NULL, bag, n_bag};
}

struct above above_cert(const struct signature *s, const struct proven *p, const struct cert *cert) {
    struct above above = {.bag = s->sd != NULL ? s->sd->certs : s->certs, .n_bag = s->sd != NULL ? s->sd->n_certs : s->n_certs};
    size_t n = p != NULL && p->has_chain ? p->chain.n : 0;
    if (n != 0 && is_same(p->signer.signer, cert)) {
        return above_leaf(&p->chain, above.bag, above.n_bag);
    }
    for (size_t i = 0; i + 1 < n && above.issuer == NULL; i++) {
        if (is_same(p->chain.certs[i], cert)) {
            above.issuer = p->chain.certs[i + 1];
            above.root = p->chain.certs[n - 1];
        }
    }
    return above;
}

/* What is known, once one more of the list's issuer's name was asked. */
static enum check with(enum check known, enum check one) {
    return one != CHECK_NONE ? one : known;
}

/* Who has the issuer's name, where nobody is known to have signed the certificate. CHECK_BAD: some have, none of them signed the list. */
static enum check signed_by_namesake(const struct exam *exam, struct revocation_list *list, const struct above *above) {
    enum check state = crl_signed_by_anchor(&list->crl, examiner_anchors(exam->examiner));
    for (size_t i = 0; i < above->n_bag && state != CHECK_GOOD; i++) {
        state = with(state, revocation_list_signed_by(list, &above->bag[i]));
    }
    return state;
}

/* Whether somebody who signed the list stands below the certificate's own root, and was valid when the list was made. Without memory he
 * does not. Where the root is not known he may. */
static enum check is_below(const struct exam *exam, const struct revocation_list *list, const struct cert *by, const struct above *above) {
    struct chain chain;
    int64_t when = list->crl.this_update;
    if (above->root == NULL) {
        return CHECK_NONE;
    }
    if (is_same(by, above->root)) {
        return CHECK_GOOD;
    }
    bool built = when >= by->not_before && when <= by->not_after &&
                 chain_build(examiner_anchors(exam->examiner), by, above->bag, above->n_bag, PURPOSE_CODE, when, exam->arena, &chain, NULL);
    return built && chain.n != 0 && is_same(chain.certs[chain.n - 1], above->root) ? CHECK_GOOD : CHECK_BAD;
}

static enum check asked_of(const struct exam *exam, struct revocation_list *list, const struct cert *by, const struct above *above) {
    enum check state = revocation_list_signed_by(list, by);
    return state == CHECK_GOOD ? is_below(exam, list, by, above) : state;
}

/* Whether the list's issuer, whom the certificate names, made it: his certificate is looked for where the file's are, among the anchors and
 * beside the lists. CHECK_NONE: he is not at hand. */
static enum check signed_by_delegate(const struct exam *exam, struct revocation_list *list, const struct above *above) {
    size_t n_beside, n_named;
    const struct cert *beside = revocations_certs(blocklist_revoked(exam->examiner->list), &n_beside);
    const struct anchor *named = anchors_named(examiner_anchors(exam->examiner), list->issuer, &n_named);
    enum check state = CHECK_NONE;
    for (size_t i = 0; i < above->n_bag && state != CHECK_GOOD; i++) {
        state = with(state, asked_of(exam, list, &above->bag[i], above));
    }
    for (size_t i = 0; i < n_named && state != CHECK_GOOD; i++) {
        state = with(state, asked_of(exam, list, &named[i].cert, above));
    }
    for (size_t i = 0; i < n_beside && state != CHECK_GOOD; i++) {
        state = with(state, asked_of(exam, list, &beside[i], above));
    }
    return state;
}

/* Whether what the list says of the certificate is the word of who may say it. CHECK_NONE: perhaps; whoever it is is not at hand. */
static enum check believe(const struct exam *exam, struct revocation_list *list, const struct cert *cert, const struct above *above) {
    if (!name_equal(list->crl.issuer, cert->issuer)) {
        return crl_issuer_is_named(cert, list->crl.issuer) ? signed_by_delegate(exam, list, above) : CHECK_BAD;
    }
    return above->issuer != NULL ? revocation_list_signed_by(list, above->issuer) : signed_by_namesake(exam, list, above);
}

static struct above above_match(const struct exam *exam, const struct match *m) {
    return above_cert(&exam->contents.signatures[m->signature], &exam->proven[m->signature], m->cert);
}

static bool is_believed(struct exam *exam, struct match *m) {
    struct revocation_list *list = m->key->rule->revoked_by;
    struct above above = above_match(exam, m);
    enum check state = believe(exam, list, m->cert, &above);
    if (state == CHECK_NONE) {
        m->proof = PROOF_NAME; /* it may be the issuer's */
    } else if (state == CHECK_BAD) {
        const char *detail = arena_printf(exam->arena, "the list %s", list->name);
        anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_FOREIGN_REVOCATION, 0, 0, detail);
    }
    return state != CHECK_BAD;
}

/* Who was on hold is free again when a newer list of the issuer says so: a delta by its word, a whole one by its silence. */
static bool is_released(const struct exam *exam, const struct rule *hold, const struct cert *cert, const struct above *above) {
    struct revocations *set = blocklist_revoked(exam->examiner->list);
    const struct revocation_list *list = hold->revoked_by;
    size_t n = revocations_count(set);
    bool named = false;
    for (size_t i = revocations_find(set, cert->issuer, cert->serial, 0); i < n;
         i = revocations_find(set, cert->issuer, cert->serial, i + 1)) {
        const struct rule *rule = revocations_rule(set, i);
        if (rule == NULL || believe(exam, rule->revoked_by, cert, above) != CHECK_GOOD) {
            continue;
        }
        if (rule->revoked_for == CRL_REMOVE && rule->revoked_by->crl.this_update >= list->crl.this_update) {
            return true;
        }
        named = named || rule->revoked_by == list->successor;
    }
    return !named && list->successor != NULL && believe(exam, list->successor, cert, above) == CHECK_GOOD;
}

/* Whether an entry holds, now that its list is known to be the issuer's, as far as one can know. */
static bool is_in_force(const struct exam *exam, const struct rule *rule, const struct cert *cert, const struct above *above) {
    return rule->revoked_for != CRL_REMOVE &&
           (rule->revoked_for != CRL_HOLD || above->issuer == NULL || !is_released(exam, rule, cert, above));
}

/* Signed for its certificate's life and no longer: no time stamp helps it (1.3.6.1.4.1.311.10.3.13). */
static bool is_for_lifetime(const struct proven *p) {
    return p->signer.signer != NULL && cert_has_eku(p->signer.signer, oid_of(OID_LIFETIME_SIGNING));
}

/* A certificate that only lies in the bag signed nothing; those behind time stamps had their say when these were judged. */
static bool counts(struct exam *exam, struct match *m) {
    if (m->role == ROLE_BAG || m->role == ROLE_TIMESTAMP || !is_believed(exam, m)) {
        return false;
    }
    struct above above = above_match(exam, m);
    return is_in_force(exam, m->key->rule, m->cert, &above);
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
static bool is_revoked_at(const struct exam *exam, const struct cert *cert, const struct above *above, int64_t time) {
    struct revocations *set = blocklist_revoked(exam->examiner->list);
    size_t n = revocations_count(set);
    for (size_t i = revocations_find(set, cert->issuer, cert->serial, 0); i < n;
         i = revocations_find(set, cert->issuer, cert->serial, i + 1)) {
        const struct rule *rule = revocations_rule(set, i);
        if (rule == NULL || (revokes_stamp(rule, time) && believe(exam, rule->revoked_by, cert, above) == CHECK_GOOD)) {
            return true;
        }
    }
    return false;
}

bool revoked_timestamps(struct exam *exam, struct timestamp *stamps, size_t n, struct error *err) {
    bool asked = blocklist_revoked(exam->examiner->list) != NULL;
    for (size_t i = 0; i < n && asked; i++) {
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
        struct above above = above_leaf(&chain, t->certs, t->n_certs);
        for (size_t k = 0; k < chain.n; cert = chain.certs[k++]) {
            above.issuer = chain.certs[k];
            if (is_revoked_at(exam, cert, &above, t->time)) {
                t->state = CHECK_UNTRUSTED;
                t->detail = "the time stamp's certificate, or one above it, is revoked";
            }
        }
    }
    return true;
}

/* The number of a list that is believed, speaks of such certificates and is not out of date; SIZE_MAX. */
static size_t list_for(const struct exam *exam, const struct cert *cert, const struct above *above) {
    struct revocations *set = blocklist_revoked(exam->examiner->list);
    size_t i = above->issuer != NULL ? revocations_speaking(set, cert, 0) : SIZE_MAX;
    while (i != SIZE_MAX && believe(exam, revocations_list(set, i), cert, above) != CHECK_GOOD) {
        i = revocations_speaking(set, cert, i + 1);
    }
    return i;
}

void revoked_state(const struct exam *exam, const struct cert *cert, const struct above *above, struct cert_info *info) {
    struct revocations *set = blocklist_revoked(exam->examiner->list);
    if (set == NULL) {
        return;
    }
    size_t n = revocations_count(set), good = list_for(exam, cert, above);
    info->revocation = good != SIZE_MAX ? REVOCATION_GOOD : REVOCATION_UNKNOWN;
    info->revocation_source = (uint32_t)good;
    for (size_t i = above->issuer != NULL ? revocations_find(set, cert->issuer, cert->serial, 0) : n; i < n;
         i = revocations_find(set, cert->issuer, cert->serial, i + 1)) {
        const struct rule *rule = revocations_rule(set, i);
        if (rule == NULL) { /* without memory nothing is known */
            info->revocation = REVOCATION_UNKNOWN;
            return;
        }
        if (believe(exam, rule->revoked_by, cert, above) == CHECK_GOOD && is_in_force(exam, rule, cert, above)) {
            info->revocation = REVOCATION_REVOKED;
            info->revocation_source = rule->number;
            return;
        }
    }
}
