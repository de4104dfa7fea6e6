/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof, on a match or when asked: the claims against the bytes (one pass over the file for all of them), the signers' keys,
 * the time stamps, the chains. prove_match.c holds each match against it.
 */
#include <time.h>

#include "asn1/name.h"
#include "asn1/x509.h"
#include "crypto/identity.h"
#include "scan/exam.h"

/* The policies' own copies of certificates that matches name, for signatures that leave theirs out. */
static size_t known_certs(const struct exam *exam, size_t signature, struct cert *out, size_t room) {
    size_t n = 0;
    for (size_t i = 0; i < exam->n_matches && n < room; i++) {
        const struct match *m = &exam->matches[i];
        if (m->signature == signature && m->role == ROLE_SIGNER && m->key->rule->cert != NULL) {
            out[n++] = *m->key->rule->cert;
        }
    }
    return n;
}

static void unreadable(struct exam *exam, const struct error *err) {
    contents_unreadable(&exam->contents, err);
}

/* A time before the signer's certificate was made is none at which it signed: whoever stamped it so, no rule is waived by it. */
static bool is_too_early(const struct timestamp *t, const struct cert *signer) {
    return signer != NULL && t->time < signer->not_before;
}

static int64_t earliest_good(const struct proven *p) {
    int64_t earliest = TIME_NONE;
    for (size_t i = 0; i < p->n_timestamps; i++) {
        const struct timestamp *t = &p->timestamps[i];
        if (t->state == CHECK_GOOD && !is_too_early(t, p->signer.signer) && (earliest == TIME_NONE || t->time < earliest)) {
            earliest = t->time;
        }
    }
    return earliest;
}

/* What a time stamp's trouble is called in the report. */
static void note_timestamps(struct exam *exam, const struct signature *s, const struct proven *p) {
    struct anomalies *anomalies = &exam->contents.anomalies;
    const struct cert *signer = p->signer.signer;
    for (size_t i = 0; i < p->n_timestamps; i++) {
        const struct timestamp *t = &p->timestamps[i];
        if (t->foreign) {
            anomaly_note(anomalies, exam->arena, ANOMALY_FOREIGN_TIMESTAMP, s->signer->at, 0, t->detail);
        } else if (t->state == CHECK_UNTRUSTED) {
            anomaly_note(anomalies, exam->arena, ANOMALY_UNTRUSTED_TIMESTAMP, s->signer->at, 0, t->detail);
        }
        if (t->state == CHECK_GOOD && is_too_early(t, signer)) {
            anomaly_note(anomalies, exam->arena, ANOMALY_TIMESTAMP_BEFORE_CERTIFICATE, s->signer->at, 0, NULL);
        }
    }
    if (p->n_timestamps == 0 && s->signer != NULL && s->signer->signing_time != TIME_NONE) {
        anomaly_note(anomalies, exam->arena, ANOMALY_CLAIMED_TIME_ONLY, s->signer->at, 0, NULL);
    }
}

bool prove_twin(const struct cert *signer, const struct cert *cert) {
    return !cert->broken && bytes_equal(signer->tbs, cert->tbs) && !bytes_equal(signer->der, cert->der);
}

/* A signer's certificate beside a twin of itself, or one that its issuer, which is at hand, did not sign so. */
static void note_certificate(struct exam *exam, const struct signature *s, const struct proven *p) {
    const struct cert *signer = p->signer.signer, *bag = s->sd != NULL ? s->sd->certs : s->certs;
    size_t n = s->sd != NULL ? s->sd->n_certs : s->n_certs, named = 0, issued = 0;
    if (signer != NULL && signer->not_minimal && !anomaly_has(&exam->contents.anomalies, ANOMALY_CERTIFICATE_REENCODED)) {
        anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_CERTIFICATE_REENCODED, signer->at, signer->der.n,
                     "lengths that are no DER, or bytes behind its signature");
    }
    for (size_t i = 0; signer != NULL && i < n; i++) {
        if (prove_twin(signer, &bag[i])) {
            anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_CERTIFICATE_REENCODED, bag[i].at, bag[i].der.n,
                         "the signer's certificate stands there twice, with one signature by its issuer and another");
        }
        if (!bag[i].broken && issued == 0 && bytes_equal(bag[i].subject, signer->issuer)) {
            named++;
            issued += cert_signed_by(signer, &bag[i], exam->arena->limits);
        }
    }
    if (named != 0 && issued == 0 && p->has_chain && p->chain.n == 0) {
        anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_CERTIFICATE_REENCODED, signer->at, signer->der.n,
                     "the certificate of its issuer, which is here, did not sign it");
    }
}

static void note_signer(struct exam *exam, const struct signature *s, const struct proven *p) {
    struct anomalies *anomalies = &exam->contents.anomalies;
    uint64_t at = s->signer != NULL ? s->signer->at : 0;
    if (p->signer.lookalike) {
        anomaly_note(anomalies, exam->arena, ANOMALY_LOOKALIKE_CERTIFICATE, at, 0, NULL);
    }
    if (p->signer.missing && s->signer == NULL) { /* else the search for identities said so */
        anomaly_note(anomalies, exam->arena, ANOMALY_MISSING_CERTIFICATE, at, 0, NULL);
    }
    if (p->signer.state == CHECK_BAD) {
        anomaly_note(anomalies, exam->arena, ANOMALY_BAD_SIGNATURE, at, 0, p->signer.detail);
    }
    if (p->digest == CHECK_BAD) {
        anomaly_note(anomalies, exam->arena, ANOMALY_BAD_SIGNATURE, at, 0, "the signed digest is of other bytes than these");
    }
    if (p->pages == CHECK_BAD) {
        anomaly_note(anomalies, exam->arena, ANOMALY_PAGE_HASH_MISMATCH, at, 0, NULL);
    }
}

/*
 * More CodeDirectories than one: only the first is what the CMS signs. The others count when the signed attributes name their
 * hashes; one that is not named makes the set unproven where the kernel would take that very one.
 */
static bool directories_bound(const struct signature *s, struct exam *exam) {
    for (size_t i = 0; i < s->n_directories && s->n_directories > 1 && s->n_bound != 0; i++) {
        uint8_t value[HASH_SIZE_MAX];
        bool found = false;
        if (!digest_supported(s->directories[i].hash) || !digest_bytes(s->directories[i].hash, s->directories[i].blob, value, NULL)) {
            return false;
        }
        for (size_t k = 0; k < s->n_bound; k++) {
            found = found || (s->bound_cdhashes[k].n >= 20 && memcmp(s->bound_cdhashes[k].p, value, 20) == 0);
        }
        if (!found) {
            anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_CD_UNBOUND, 0, 0, "a CodeDirectory other than those signed");
            return false;
        }
    }
    return s->n_directories <= 1 || s->alternates_bound;
}

/* Who vouches for a signature vouches for what that one covers, if it does. */
static void check_countered(struct exam *exam, const struct signature *s, struct proven *p) {
    const struct proven *outer = s->counters ? &exam->proven[s->outer - exam->contents.signatures] : NULL;
    if (outer != NULL && outer->signer.state != CHECK_GOOD) {
        p->digest = p->digest == CHECK_GOOD ? CHECK_NONE : p->digest;
        p->detail = "the signature that it vouches for does not hold";
    }
}

static bool prove_signer(struct exam *exam, size_t i, struct error *err) {
    const struct signature *s = &exam->contents.signatures[i];
    struct proven *p = &exam->proven[i];
    struct cert known[8];
    size_t n_known = known_certs(exam, i, known, sizeof known / sizeof known[0]);
    struct cert *copies = arena_array(exam->arena, n_known, sizeof *copies);
    if (copies == NULL) {
        return arena_full(exam->arena, err);
    }
    memcpy(copies, known, n_known * sizeof *copies);
    p->signer.detail = "";
    if ((s->signer != NULL || s->raw_signature.n != 0) && !signer_verify(s, copies, n_known, exam->arena, &p->signer, err)) {
        return false;
    }
    check_countered(exam, s, p);
    if (s->signer == NULL) {
        return true;
    }
    bool more;
    if (!timestamps_verify(s, examiner_anchors(exam->examiner), exam->arena, &p->timestamps, &p->n_timestamps, &more, err) ||
        !revoked_timestamps(exam, p->timestamps, p->n_timestamps, err)) {
        return false;
    }
    if (more) {
        struct error why;
        limit_reached(exam->arena->limits, LIMIT_TIMESTAMPS, &why);
        contents_unreadable(&exam->contents, &why);
    }
    p->signed_at = earliest_good(p);
    if (s->kind == KIND_APPLE && p->signer.state == CHECK_GOOD && !directories_bound(s, exam) && !s->best_is_first) {
        p->digest = p->digest == CHECK_GOOD ? CHECK_NONE : p->digest;
        p->detail = "a CodeDirectory that the signature does not bind";
    }
    return true;
}

static bool prove_chain(struct exam *exam, size_t i, struct error *err) {
    const struct signature *s = &exam->contents.signatures[i];
    struct proven *p = &exam->proven[i];
    if (p->signer.signer == NULL) {
        return true;
    }
    const struct cert *bag = s->sd != NULL ? s->sd->certs : s->certs;
    size_t n = s->sd != NULL ? s->sd->n_certs : s->n_certs;
    int64_t when = p->signed_at != TIME_NONE ? p->signed_at : (int64_t)time(NULL);
    if (!chain_build(examiner_anchors(exam->examiner), p->signer.signer, bag, n, PURPOSE_CODE, when, exam->arena, &p->chain, err)) {
        return false;
    }
    p->has_chain = true;
    return true;
}

/* Gathers every claim of every signature, so that the file is read once. Page hashes go along only when all is verified. */
static size_t gather(const struct exam *exam, struct claim *all, size_t *owner, bool *is_page) {
    size_t n = 0;
    for (size_t i = 0; i < exam->contents.n_signatures; i++) {
        const struct signature *s = &exam->contents.signatures[i];
        size_t pages = exam->examiner->verify ? s->n_pages : 0;
        for (size_t k = 0; k < s->n_claims + pages; k++) {
            bool page = k >= s->n_claims;
            if (all != NULL) {
                all[n] = page ? s->pages[k - s->n_claims] : s->claims[k];
                owner[n] = i;
                is_page[n] = page;
            }
            n++;
        }
    }
    return n;
}

static enum check worse(enum check a, enum check b) {
    return a == CHECK_BAD || b == CHECK_BAD ? CHECK_BAD : a == CHECK_NONE || b == CHECK_NONE ? CHECK_NONE : CHECK_GOOD;
}

/* How many whole-file digests the list can name: SHA-256 always, then SHA-1, then MD5. */
static size_t digests_wanted(const struct exam *exam) {
    const struct blocklist *list = exam->examiner->list;
    return blocklist_wants(list, KEY_FILE_MD5, 0) ? 3 : blocklist_wants(list, KEY_FILE_SHA1, 0) ? 2 : 1;
}

static void keep_digests(struct exam *exam, const struct file_digest *files, size_t n) {
    uint8_t *const out[] = {exam->sha256, exam->sha1, exam->md5};
    for (size_t i = 0; i < n; i++) {
        memcpy(out[i], files[i].value, hash_size(files[i].hash));
    }
    exam->has_digests = n != 0;
    exam->n_digests = n;
}

void hash_file(struct exam *exam) {
    struct error err;
    struct file_digest files[] = {{.hash = HASH_SHA256}, {.hash = HASH_SHA1}, {.hash = HASH_MD5}};
    size_t n = digests_wanted(exam);
    if (!digest_claims(exam->source, NULL, 0, NULL, NULL, files, n, &err)) {
        unreadable(exam, &err);
        return;
    }
    keep_digests(exam, files, n);
}

static bool hash_claims(struct exam *exam, bool file_digests, struct error *err) {
    size_t n = gather(exam, NULL, NULL, NULL);
    struct claim *claims = arena_array(exam->arena, n, sizeof *claims);
    size_t *owner = arena_array(exam->arena, n, sizeof *owner);
    bool *is_page = arena_array(exam->arena, n, sizeof *is_page);
    enum check *states = arena_array(exam->arena, n, sizeof *states);
    uint64_t *bad_page = arena_array(exam->arena, n, sizeof *bad_page);
    if (claims == NULL || owner == NULL || is_page == NULL || states == NULL || bad_page == NULL) {
        return arena_full(exam->arena, err);
    }
    gather(exam, claims, owner, is_page);
    struct file_digest files[] = {{.hash = HASH_SHA256}, {.hash = HASH_SHA1}, {.hash = HASH_MD5}};
    size_t n_files = file_digests ? digests_wanted(exam) : 0;
    if (!digest_claims(exam->source, claims, n, states, bad_page, files, n_files, err)) {
        return false;
    }
    bool *seen = arena_array(exam->arena, exam->contents.n_signatures, sizeof *seen);
    bool *seen_page = arena_array(exam->arena, exam->contents.n_signatures, sizeof *seen_page);
    if (seen == NULL || seen_page == NULL) {
        return arena_full(exam->arena, err);
    }
    for (size_t k = 0; k < n; k++) {
        struct proven *p = &exam->proven[owner[k]];
        enum check *state = is_page[k] ? &p->pages : &p->digest;
        bool *first = is_page[k] ? &seen_page[owner[k]] : &seen[owner[k]];
        *state = *first ? worse(*state, states[k]) : states[k];
        *first = true;
        if (states[k] == CHECK_BAD && !is_page[k] && p->detail[0] == '\0') {
            const char *detail = bad_page[k] != UINT64_MAX
                                     ? arena_printf(exam->arena, "%s: page %llu differs", claims[k].what, (unsigned long long)bad_page[k])
                                     : arena_printf(exam->arena, "%s differs", claims[k].what);
            p->detail = detail != NULL ? detail : "";
        }
    }
    if (n_files != 0) {
        keep_digests(exam, files, n_files);
    }
    return true;
}

void prove_all(struct exam *exam, bool file_digests) {
    struct error err;
    size_t n = exam->contents.n_signatures;
    exam->proven = arena_array(exam->arena, n, sizeof *exam->proven);
    if (exam->proven == NULL) {
        arena_full(exam->arena, &err);
        unreadable(exam, &err);
        for (size_t i = 0; i < exam->n_matches; i++) {
            exam->matches[i].proof = PROOF_PRESENT;
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        exam->proven[i] = (struct proven){.done = true, .detail = "", .signer = {.detail = ""}, .signed_at = TIME_NONE};
    }
    if (!hash_claims(exam, file_digests, &err)) {
        unreadable(exam, &err);
    }
    for (size_t i = 0; i < n; i++) {
        if (!prove_signer(exam, i, &err) || !prove_chain(exam, i, &err)) {
            unreadable(exam, &err);
        }
        note_signer(exam, &exam->contents.signatures[i], &exam->proven[i]);
        note_certificate(exam, &exam->contents.signatures[i], &exam->proven[i]);
        if (exam->contents.signatures[i].signer != NULL) {
            note_timestamps(exam, &exam->contents.signatures[i], &exam->proven[i]);
        }
    }
}
