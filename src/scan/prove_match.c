/* SPDX-License-Identifier: Apache-2.0 */
/* What a match is worth: where the certificate really stands now that it is known who signed, and whether that is what its rule demands. */
#include "scan/match_inside.h"

/* One authority may have several certificates, of one name and one key: whichever the chain goes through, each of them issued the leaf. */
static bool same_authority(const struct cert *a, const struct cert *b) {
    return bytes_equal(a->der, b->der) || (!b->broken && b->is_ca && bytes_equal(a->spki, b->spki) && bytes_equal(a->subject, b->subject));
}

static bool in_chain(const struct proven *p, const struct cert *cert) {
    for (size_t i = 0; p->has_chain && i < p->chain.n; i++) {
        if (same_authority(p->chain.certs[i], cert)) {
            return true;
        }
    }
    return false;
}

/* Where a matched certificate really stands, now that it is known who signed. */
static enum role proven_role(const struct proven *p, const struct match *m) {
    if (m->role == ROLE_TIMESTAMP || m->cert == NULL) {
        return m->role;
    }
    if (p->signer.state == CHECK_GOOD && (bytes_equal(p->signer.signer->der, m->cert->der) || prove_twin(p->signer.signer, m->cert))) {
        return ROLE_SIGNER;
    }
    if (p->signer.state == CHECK_GOOD) {
        return in_chain(p, m->cert) ? ROLE_CHAIN : ROLE_BAG;
    }
    return m->role;
}

static bool timestamp_good(const struct proven *p, const struct cert *cert) {
    for (size_t i = 0; i < p->n_timestamps; i++) {
        const struct timestamp *t = &p->timestamps[i];
        if ((t->state == CHECK_GOOD || t->state == CHECK_UNTRUSTED) && t->signer != NULL && cert != NULL &&
            bytes_equal(t->signer->der, cert->der)) {
            return true;
        }
    }
    return false;
}

/* Whether the certificate has the key of the one that the rule holds itself. */
static bool is_held(const struct rule *rule, const struct cert *cert) {
    return rule->cert != NULL && bytes_equal(rule->cert->spki, cert->spki);
}

/* Serial with issuer is a name that anybody can write; it is an identity where the issuer's key verifies the certificate. Anybody can make
 * an authority of any name, too: where it calls upon a root that is known, but is not its own, it is not the issuer that is meant. */
static bool issuer_verified(const struct proven *p, const struct match *m) {
    const struct chain *chain = &p->chain;
    size_t above = 0;
    bool found = p->has_chain && m->role == ROLE_SIGNER;
    for (size_t i = 0; !found && p->has_chain && m->role == ROLE_CHAIN && i < chain->n; i++) {
        found = bytes_equal(chain->certs[i]->der, m->cert->der);
        above = i + 1;
    }
    return found && (chain->anchored || is_held(m->key->rule, m->cert) || (above < chain->n && !chain->namesake));
}

/* The rule knows more of that certificate than its issuer and serial, and it is another one: anybody can make an authority of any name. */
static bool is_namesake(const struct exam *exam, const struct match *m) {
    const unsigned hashes = 1U << KEY_CERT_SHA256 | 1U << KEY_CERT_SHA1 | 1U << KEY_CERT_MD5 | 1U << KEY_TBS | 1U << KEY_SPKI;
    const struct rule *rule = m->key->rule;
    bool knows = rule->cert != NULL && bytes_equal(rule->cert->serial, m->key->value);
    if (m->key->kind != KEY_SERIAL || m->cert == NULL || is_held(rule, m->cert)) {
        return false;
    }
    for (size_t i = 0; i < rule->n_keys; i++) {
        knows = knows || (rule->keys[i].thing == m->key->thing && (hashes >> rule->keys[i].kind & 1) != 0);
    }
    for (size_t i = 0; knows && i < exam->n_matches; i++) {
        const struct match *other = &exam->matches[i];
        if (other->key->rule == rule && (hashes >> other->key->kind & 1) != 0 && other->signature == m->signature &&
            other->cert == m->cert) {
            return false;
        }
    }
    return knows;
}

bool prove_role_fits(enum role wanted, enum role is) {
    return wanted == is || (wanted == ROLE_ANY && (is == ROLE_SIGNER || is == ROLE_CHAIN));
}

static enum proof certificate_proof(const struct exam *exam, struct match *m) {
    const struct proven *p = &exam->proven[m->signature];
    m->role = proven_role(p, m);
    bool by_name = m->weak;
    if (m->key->kind == KEY_SERIAL && !by_name && m->cert != NULL) {
        by_name = !issuer_verified(p, m) || is_namesake(exam, m);
    }
    if (m->key->kind == KEY_SUBSCRIBER) {
        by_name = by_name || p->chain.state != CHAIN_TRUSTED || !p->has_chain;
    }
    bool proven = p->signer.state == CHECK_GOOD && p->digest == CHECK_GOOD && prove_role_fits(m->key->role, m->role) && m->role != ROLE_BAG;
    if (m->role == ROLE_TIMESTAMP) {
        proven = proven && timestamp_good(p, m->cert);
    }
    if (m->role == ROLE_SIGNER && m->cert == NULL && m->key->rule->cert != NULL && p->signer.signer != NULL) {
        /* left out of the bag: only the policy's own copy can prove it */
        proven = proven && bytes_equal(p->signer.signer->der, m->key->rule->cert->der);
    } else if (m->cert == NULL && m->key->kind == KEY_SERIAL) {
        proven = false;
    }
    return by_name ? PROOF_NAME : proven ? PROOF_PROVEN : PROOF_PRESENT;
}

static bool signature_holds(const struct proven *p) {
    return p->signer.state == CHECK_GOOD && p->digest == CHECK_GOOD;
}

static enum proof match_proof(const struct exam *exam, struct match *m) {
    switch (m->key->kind) {
    case KEY_FILE_MD5:
    case KEY_FILE_SHA1:
    case KEY_FILE_SHA256:
        return PROOF_PROVEN;
    case KEY_AUTHENTICODE:
    case KEY_CDHASH:
        return exam->proven[m->signature].digest == CHECK_GOOD ? PROOF_PROVEN : PROOF_PRESENT;
    case KEY_FIRST_PAGE:
        return m->weak ? PROOF_PRESENT : PROOF_PROVEN;
    case KEY_ORIGINAL_NAME:
        return m->weak ? PROOF_NAME : PROOF_PROVEN;
    case KEY_PROGRAM:
        return m->weak ? PROOF_NAME : signature_holds(&exam->proven[m->signature]) ? PROOF_PROVEN : PROOF_PRESENT;
    case KEY_TEAM_ID:
        return m->weak ? PROOF_NAME : certificate_proof(exam, m);
    default:
        return certificate_proof(exam, m);
    }
}

static int64_t signed_at(const struct exam *exam, const struct match *m) {
    return m->signature == NO_SIGNATURE ? TIME_NONE : exam->proven[m->signature].signed_at;
}

bool prove_dates_excuse(const struct conditions *only, int64_t when) {
    if (when == TIME_NONE) {
        return false;
    }
    return (only->has_after && when < only->signed_after) || (only->has_before && when >= only->signed_before);
}

/* Anybody can stuff a bag with certificates that name the signer, or have its key, until there is no room for more matches. What is known
 * by now to have signed comes first then, and the file's own hash. */
static void signers_first(struct exam *exam) {
    const struct match *all = exam->matches;
    size_t n = exam->n_matches;
    if (n < limit_most(exam->arena->limits, LIMIT_MATCHES)) {
        return;
    }
    exam->matches = NULL;
    exam->n_matches = exam->room_matches = 0;
    match_file(exam);
    for (size_t i = 0; i < exam->contents.n_signatures; i++) {
        const struct proven *p = &exam->proven[i];
        if (p->signer.state != CHECK_GOOD) {
            continue;
        }
        match_cert(exam, p->signer.signer, ROLE_SIGNER, i);
        for (size_t k = 0; p->has_chain && k < p->chain.n; k++) {
            match_cert(exam, p->chain.certs[k], ROLE_CHAIN, i);
        }
    }
    for (size_t i = 0; i < n; i++) {
        match_keep(exam, &all[i]);
    }
}

void prove_matches(struct exam *exam) {
    size_t kept = 0;
    signers_first(exam);
    for (size_t i = 0; i < exam->n_matches; i++) {
        struct match m = exam->matches[i];
        const struct rule *rule = m.key->rule;
        m.weak = m.key->weak && !rule->weak_accepted;
        m.proof = match_proof(exam, &m);
        if (is_namesake(exam, &m)) {
            anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_LOOKALIKE_CERTIFICATE, m.cert->at, m.cert->der.n,
                         "the issuer and serial of a banned certificate, but not the banned key");
        }
        if (!prove_conditions(exam, &rule->only, m.signature)) {
            continue;
        }
        bool by_dates = m.proof == PROOF_PROVEN && prove_dates_excuse(&rule->only, signed_at(exam, &m));
        m.excuse = by_dates || prove_exceptions(exam, &rule->only, m.signature) ? rule : NULL;
        exam->matches[kept++] = m;
    }
    exam->n_matches = kept;
    revoked_matches(exam);
}
