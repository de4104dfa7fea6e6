/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust anchors against the blocklist. A file seldom carries the root that its chain ends in: a rule that names one hits what is below it
 * only where the chain is built, which is proof. So it is asked once whether a rule names any; without one nothing is done.
 */
#include "crypto/trust.h"
#include "scan/match_inside.h"

/* A rule about signers is not about who stands above them. */
static bool may_stand_above(const struct key *key) {
    return key->role == ROLE_CHAIN || key->role == ROLE_ANY;
}

/* Looks up a certificate that stands above the signer. */
static void match_above(struct exam *exam, const struct cert *cert, size_t signature) {
    size_t before = exam->n_matches, kept = before;
    match_cert(exam, cert, ROLE_CHAIN, signature);
    for (size_t i = before; i < exam->n_matches; i++) {
        if (may_stand_above(exam->matches[i].key)) {
            exam->matches[kept++] = exam->matches[i];
        }
    }
    exam->n_matches = kept;
}

static bool rules_ask_above(const struct blocklist *list) {
    bool asked = blocklist_revoked(list) != NULL;
    for (size_t i = 0; !asked && i < blocklist_count(list); i++) {
        const struct rule *rule = blocklist_rule(list, (uint32_t)i);
        for (size_t k = 0; !asked && rule != NULL && !rule->allow && k < rule->n_keys; k++) {
            asked = rule->keys[k].kind <= KEY_SUBSCRIBER && may_stand_above(&rule->keys[k]);
        }
    }
    return asked;
}

/* Without memory to say it, one may be. */
static bool is_any_named(struct examiner *examiner) {
    const struct anchors *anchors = examiner_anchors(examiner);
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct exam trial = {.examiner = examiner, .arena = &arena, .path = ""};
    for (size_t i = 0; anchors != NULL && i < anchors_count(anchors) && trial.n_matches == 0 && !arena.ran_out; i++) {
        match_above(&trial, anchors_cert(anchors, i), NO_SIGNATURE);
    }
    bool named = trial.n_matches != 0 || arena.ran_out;
    arena_free(&arena);
    return named;
}

bool match_names_anchor(struct examiner *examiner) {
    if (!examiner->anchors_asked) {
        examiner->anchors_asked = true;
        examiner->anchor_named = rules_ask_above(examiner->list) && is_any_named(examiner);
    }
    return examiner->anchor_named;
}

static bool is_carried(const struct signature *s, const struct cert *cert) {
    const struct cert *bag = s->sd != NULL ? s->sd->certs : s->certs;
    size_t n = s->sd != NULL ? s->sd->n_certs : s->n_certs;
    for (size_t i = 0; i < n; i++) {
        if (bytes_equal(bag[i].der, cert->der)) {
            return true;
        }
    }
    return false;
}

void match_anchors(struct exam *exam) {
    for (size_t i = 0; exam->proven != NULL && i < exam->contents.n_signatures; i++) {
        const struct proven *p = &exam->proven[i];
        for (size_t k = 0; p->signer.state == CHECK_GOOD && p->has_chain && k < p->chain.n; k++) {
            if (!is_carried(&exam->contents.signatures[i], p->chain.certs[k])) {
                match_above(exam, p->chain.certs[k], i);
            }
        }
    }
}
