/* SPDX-License-Identifier: Apache-2.0 */
/* One certificate against the blocklist, by all its identities. */
#include "asn1/name.h"
#include "asn1/x509.h"
#include "crypto/identity.h"
#include "list/never_ban.h"
#include "list/revocations.h"
#include "scan/match_inside.h"
#include "scan/memo.h"

bool match_issuer(const struct key *key, struct bytes issuer, struct arena *arena) {
    if (key->issuer.n != 0) {
        return name_equal_either_end(issuer, key->issuer);
    }
    if (key->issuer_common_name.n != 0) {
        const char *name = name_attribute(issuer, OID_AT_COMMON_NAME, arena);
        return name != NULL && bytes_is(key->issuer_common_name, name);
    }
    return true;
}

/* What revocation lists say of that certificate. */
static size_t find_revoked(struct exam *exam, struct bytes serial, struct bytes issuer, enum role role, size_t signature,
                           const struct cert *cert) {
    struct revocations *set = blocklist_revoked(exam->examiner->list);
    size_t found = 0, n = set != NULL ? revocations_count(set) : 0;
    for (size_t i = n != 0 ? revocations_find(set, issuer, serial, 0) : 0; i < n; i = revocations_find(set, issuer, serial, i + 1)) {
        const struct rule *rule = revocations_rule(set, i);
        found++;
        if (rule != NULL) {
            match_add(exam, &rule->keys[0], role, signature, cert);
        } else {
            struct error err;
            error_set(&err, ERR_LIMIT, "no memory for what a revocation list says");
            contents_unreadable(&exam->contents, &err);
        }
    }
    return found;
}

size_t match_find_serial(struct exam *exam, struct bytes serial, struct bytes issuer, enum role role, size_t signature,
                         const struct cert *cert) {
    size_t n, found = find_revoked(exam, serial, issuer, role, signature, cert);
    const struct key *const *keys = blocklist_find(exam->examiner->list, KEY_SERIAL, serial, &n);
    for (size_t i = 0; i < n; i++) {
        if (!keys[i]->rule->allow && match_issuer(keys[i], issuer, exam->arena)) {
            match_add(exam, keys[i], role, signature, cert);
            found++;
        }
    }
    return found;
}

static size_t find_subject(struct exam *exam, const char *common, const char *organization, const struct cert *cert, enum role role,
                           size_t signature) {
    size_t found = 0, n;
    const struct key *const *keys = blocklist_find_subject(exam->examiner->list, common, organization, &n);
    for (size_t i = 0; i < n; i++) {
        if (!keys[i]->rule->allow && blocklist_subject_fits(keys[i], common, organization) &&
            match_issuer(keys[i], cert->issuer, exam->arena)) {
            match_add(exam, keys[i], role, signature, cert);
            found++;
        }
    }
    return found;
}

/* A name may have several common names and organizations: tools show one of them, whichever. */
static size_t find_subjects(struct exam *exam, const struct cert *cert, enum role role, size_t signature) {
    enum { VALUES_MAX = 8 };
    const char *common[VALUES_MAX], *organization[VALUES_MAX];
    size_t found = 0;
    size_t n_common = name_attributes(cert->subject, OID_AT_COMMON_NAME, exam->arena, common, VALUES_MAX);
    size_t n_organizations = name_attributes(cert->subject, OID_AT_ORGANIZATION, exam->arena, organization, VALUES_MAX);
    for (size_t i = 0; i < n_common; i++) {
        for (size_t k = 0; k < n_organizations; k++) {
            found += find_subject(exam, common[i], organization[k], cert, role, signature);
        }
    }
    return found;
}

static size_t find_names(struct exam *exam, const struct cert *cert, enum role role, size_t signature) {
    const struct blocklist *list = exam->examiner->list;
    size_t found = blocklist_wants(list, KEY_SUBJECT, 0) ? find_subjects(exam, cert, role, signature) : 0, n;
    struct bytes subscriber = blocklist_wants(list, KEY_SUBSCRIBER, 0) ? cert_subscriber(cert) : bytes_none();
    const struct key *const *keys = blocklist_find(list, KEY_SUBSCRIBER, subscriber, &n);
    for (size_t i = 0; subscriber.n != 0 && i < n; i++) {
        const char *organization = name_attribute(cert->issuer, OID_AT_ORGANIZATION, exam->arena);
        if (!keys[i]->rule->allow && organization != NULL &&
            (keys[i]->issuer_organization.n == 0 || bytes_is(keys[i]->issuer_organization, organization))) {
            match_add(exam, keys[i], role, signature, cert);
            found++;
        }
    }
    return found;
}

/* The thumbprints of a certificate as it stands and, where its encoding is odd, as it would be without the oddity. */
static size_t find_thumbprints(struct exam *exam, const struct cert *cert, const uint8_t sha256[32], enum role role, size_t signature) {
    static const struct {
        enum key_kind kind;
        enum hash hash;
    } kinds[] = {{KEY_CERT_SHA1, HASH_SHA1}, {KEY_CERT_MD5, HASH_MD5}};
    const struct blocklist *list = exam->examiner->list;
    size_t found = match_find(exam, KEY_CERT_SHA256, bytes_make(sha256, 32), role, signature, cert);
    uint8_t value[HASH_SIZE_MAX];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (blocklist_wants(list, kinds[i].kind, 0) && match_hash_of(exam, kinds[i].hash, cert->der, value)) {
            found += match_find(exam, kinds[i].kind, bytes_make(value, hash_size(kinds[i].hash)), role, signature, cert);
        }
    }
    return found;
}

/* The key as it stands and, where its encoding is odd, as lists have it. */
static size_t find_key(struct exam *exam, const struct cert *cert, enum role role, size_t signature) {
    uint8_t value[HASH_SIZE_MAX];
    bool odd;
    if (!blocklist_wants(exam->examiner->list, KEY_SPKI, 0) || !match_hash_of(exam, HASH_SHA256, cert->spki, value)) {
        return 0;
    }
    size_t found = match_find(exam, KEY_SPKI, bytes_make(value, 32), role, signature, cert);
    if (found == 0 && identity_usual_key(cert->spki, value, &odd, NULL) && odd) {
        found = match_find(exam, KEY_SPKI, bytes_make(value, 32), role, signature, cert);
        if (found != 0) {
            anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_KEY_REENCODED, cert->at, cert->der.n, NULL);
        }
    }
    return found;
}

/* What was found since before through another reading of the certificate was found through itself. */
static bool found_through(struct exam *exam, size_t before, const struct cert *cert) {
    for (size_t i = before; i < exam->n_matches; i++) {
        exam->matches[i].cert = cert;
    }
    return exam->n_matches > before;
}

/* The thumbprints that a certificate would have with another encoding of its issuer's signature. */
static size_t find_twins(struct exam *exam, const struct cert *cert, enum role role, size_t signature) {
    struct arena scratch = arena_make(ARENA_FILE_CAP);
    struct bytes twin;
    uint8_t value[HASH_SIZE_MAX];
    bool done = false;
    size_t found = 0, before = exam->n_matches;
    for (size_t way = 0; cert_ecdsa_twin(cert, way, &scratch, &done, &twin, NULL) && !done; way++) {
        if (twin.n != 0 && match_hash_of(exam, HASH_SHA256, twin, value)) {
            struct cert plain = *cert;
            plain.der = twin;
            found += find_thumbprints(exam, &plain, value, role, signature);
        }
    }
    if (found_through(exam, before, cert)) {
        anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_CERTIFICATE_REENCODED, cert->at, cert->der.n,
                     "a banned certificate with its issuer's ECDSA signature written in another way");
    }
    arena_free(&scratch);
    return found;
}

static size_t find_hashes(struct exam *exam, const struct cert *cert, const uint8_t sha256[32], enum role role, size_t signature) {
    static const enum hash tbs_hashes[] = {HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512};
    const struct blocklist *list = exam->examiner->list;
    uint8_t value[HASH_SIZE_MAX];
    size_t found = find_thumbprints(exam, cert, sha256, role, signature);
    struct bytes minimal;
    if (cert->not_minimal && cert_minimal(cert, exam->arena, &minimal, NULL) && match_hash_of(exam, HASH_SHA256, minimal, value)) {
        struct cert plain = *cert;
        plain.der = minimal;
        size_t before = exam->n_matches;
        found += find_thumbprints(exam, &plain, value, role, signature);
        if (found_through(exam, before, cert)) {
            anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_CERTIFICATE_REENCODED, cert->at, cert->der.n,
                         "a banned certificate's thumbprint without the re-encoding");
        }
    }
    found += find_twins(exam, cert, role, signature);
    for (size_t i = 0; i < sizeof tbs_hashes / sizeof tbs_hashes[0]; i++) {
        size_t n = hash_size(tbs_hashes[i]);
        if (blocklist_wants(list, KEY_TBS, n) && match_hash_of(exam, tbs_hashes[i], cert->tbs, value)) {
            found += match_find(exam, KEY_TBS, bytes_make(value, n), role, signature, cert);
        }
    }
    return found + find_key(exam, cert, role, signature);
}

/* What is signed of a certificate, written in BER: its issuer signed the DER of it, and that is what lists have. Only certificates that are
 * not known yet come here. */
static size_t find_canonical(struct exam *exam, const struct cert *cert, enum role role, size_t signature) {
    struct arena scratch = arena_make(ARENA_FILE_CAP); /* there may be thousands of them */
    struct bytes der;
    struct cert plain;
    uint8_t sha256[HASH_SIZE_MAX];
    size_t before = exam->n_matches, found = 0;
    if (der_canonical(cert->der, &scratch, &der, NULL) && !bytes_equal(der, cert->der) &&
        cert_parse(der, cert->at, &scratch, &plain, NULL) && !bytes_equal(plain.tbs, cert->tbs) &&
        match_hash_of(exam, HASH_SHA256, plain.der, sha256)) {
        found = find_hashes(exam, &plain, sha256, role, signature);
    }
    if (found_through(exam, before, cert)) {
        anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_CERTIFICATE_REENCODED, cert->at, cert->der.n,
                     "what is signed of a banned certificate, written otherwise than its issuer did");
    }
    arena_free(&scratch);
    return found;
}

/* Takes back what was found since before, if the certificate is one that no rule may hit: a root, a platform's own signer. The
 * keys that name one outright were left out of the list; these came by a name or a number. */
static void spare_never_banned(struct exam *exam, const struct cert *cert, const uint8_t sha256[32], size_t before) {
    uint8_t spki[HASH_SIZE_MAX];
    bool has_spki = match_hash_of(exam, HASH_SHA256, cert->spki, spki);
    if (!never_ban_certificate(sha256, has_spki ? spki : NULL)) {
        return;
    }
    size_t kept = before;
    for (size_t i = before; i < exam->n_matches; i++) {
        if (exam->matches[i].key->rule->never_ban_overridden) {
            exam->matches[kept++] = exam->matches[i];
        } else {
            exam->spared_rule = exam->matches[i].key->rule;
        }
    }
    exam->n_matches = kept;
}

/* What is odd about a certificate, whoever it names; told of those that sign or issue. */
static bool is_odd(struct exam *exam, const struct cert *cert, bool tell) {
    struct anomalies *anomalies = &exam->contents.anomalies;
    bool name = name_odd(cert->subject) || name_odd(cert->issuer), curve = identity_explicit_curve(cert->spki);
    if (tell && name && !anomaly_has(anomalies, ANOMALY_ODD_NAME)) {
        anomaly_note(anomalies, exam->arena, ANOMALY_ODD_NAME, cert->at, cert->der.n, NULL);
    }
    if (tell && curve && !anomaly_has(anomalies, ANOMALY_EXPLICIT_CURVE)) {
        anomaly_note(anomalies, exam->arena, ANOMALY_EXPLICIT_CURVE, cert->at, cert->der.n, NULL);
    }
    return name || curve;
}

void match_cert(struct exam *exam, const struct cert *cert, enum role role, size_t signature) {
    uint8_t sha256[HASH_SIZE_MAX];
    size_t before = exam->n_matches;
    if (cert->broken) {
        return;
    }
    if (exam->examiner->addresses) {
        addresses_note(exam, cert);
    }
    if (memo_has(exam->examiner->memo, cert->der)) {
        return;
    }
    bool odd = is_odd(exam, cert, role != ROLE_BAG);
    if (!match_hash_of(exam, HASH_SHA256, cert->der, sha256)) {
        return;
    }
    size_t found = find_hashes(exam, cert, sha256, role, signature);
    found += find_canonical(exam, cert, role, signature);
    found += match_find_serial(exam, cert->serial, cert->issuer, role, signature, cert);
    found += find_names(exam, cert, role, signature);
    if (found == 0 && !odd) {
        memo_add(exam->examiner->memo, cert->der);
    } else if (found != 0) {
        spare_never_banned(exam, cert, sha256, before);
    }
}
