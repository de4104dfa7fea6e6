/* SPDX-License-Identifier: Apache-2.0 */
/* What allow rules excuse, by what was proven of the file. */
#include "scan/exam.h"

/* Whether all holds that an allow rule asks for. Its dates must be proven, as a ban's are before they waive it; it is about who signed, so
 * that one with another role excuses nothing. */
static bool allow_holds(struct exam *exam, const struct key *key, size_t signature) {
    const struct conditions *only = &key->rule->only;
    int64_t when = signature != NO_SIGNATURE ? exam->proven[signature].signed_at : TIME_NONE;
    bool dated = only->has_after || only->has_before;
    return prove_role_fits(key->role, ROLE_SIGNER) && (!dated || (when != TIME_NONE && !prove_dates_excuse(only, when))) &&
           prove_conditions(exam, only, signature) && !prove_exceptions(exam, only, signature);
}

/* The allow rule with a key of that kind and value; NULL when there is none. */
static const struct rule *allowing(struct exam *exam, enum key_kind kind, struct bytes value, size_t signature) {
    size_t n;
    const struct key *const *keys = blocklist_find(exam->examiner->list, kind, value, &n);
    for (size_t i = 0; i < n; i++) {
        if (keys[i]->rule->allow && allow_holds(exam, keys[i], signature)) {
            return keys[i]->rule;
        }
    }
    return NULL;
}

/* Only what is proven may excuse: the file's own SHA-256, a digest that covers it, or the certificate whose key signed it. */
static const struct rule *signature_excuse(struct exam *exam, size_t i) {
    const struct signature *s = &exam->contents.signatures[i];
    const struct proven *p = &exam->proven[i];
    if (p->digest != CHECK_GOOD) {
        return NULL;
    }
    const struct rule *rule = s->claimed.n >= 32 ? allowing(exam, KEY_AUTHENTICODE, s->claimed, i) : NULL;
    const struct cert *cert = p->signer.state == CHECK_GOOD ? p->signer.signer : NULL;
    if (rule != NULL || cert == NULL) {
        return rule;
    }
    const struct {
        enum key_kind kind;
        enum hash hash;
        struct bytes what;
    } identities[] = {{KEY_CERT_SHA256, HASH_SHA256, cert->der},
                      {KEY_TBS, HASH_SHA256, cert->tbs},
                      {KEY_TBS, HASH_SHA384, cert->tbs},
                      {KEY_SPKI, HASH_SHA256, cert->spki}};
    for (size_t k = 0; k < sizeof identities / sizeof identities[0] && rule == NULL; k++) {
        uint8_t value[HASH_SIZE_MAX];
        if (digest_bytes(identities[k].hash, identities[k].what, value, NULL)) {
            rule = allowing(exam, identities[k].kind, bytes_make(value, hash_size(identities[k].hash)), i);
        }
    }
    return rule;
}

void match_allows(struct exam *exam) {
    const struct rule *whole = exam->has_digests ? allowing(exam, KEY_FILE_SHA256, bytes_make(exam->sha256, 32), NO_SIGNATURE) : NULL;
    for (size_t i = 0; i < exam->n_matches; i++) {
        struct match *m = &exam->matches[i];
        const struct rule *excuse = whole;
        if (excuse == NULL && m->signature != NO_SIGNATURE) {
            excuse = signature_excuse(exam, m->signature);
        }
        m->excuse = excuse != NULL ? excuse : m->excuse;
    }
}
