/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains from a certificate to an anchor (RFC 5280 6, in the part that Windows minds for code signatures): names, signatures,
 * validity at one time, CA flags, the leaf's extended key usage and the anchors' limits. Revocation is no matter here.
 */
#include "crypto/trust.h"

#include "asn1/name.h"
#include "crypto/anchors.h"
#include "crypto/digest.h"
#include "crypto/identity.h"
#include "crypto/pubkey.h"

enum { DEPTH_MAX = LIMIT_CHAIN_GREATEST };

/* Links of chains that held: many files share theirs, and a hash costs little beside a signature. Kept by the SHA-256 of the key and the
 * whole certificate; a newer one takes the place of an older one. */
enum { LINKS = 512, LINK_SIZE = 32 };
static _Thread_local uint8_t links[LINKS][LINK_SIZE];

static uint8_t *link_slot(const uint8_t *sum) {
    return links[((unsigned)sum[0] << 8 | sum[1]) % LINKS];
}

bool cert_signed_by(const struct cert *cert, const struct cert *issuer, const struct limits *limits) {
    const char *detail;
    uint8_t sum[HASH_SIZE_MAX];
    if (cert->broken || issuer->broken) {
        return false;
    }
    bool summed = digest_two(HASH_SHA256, issuer->spki, cert->der, sum, NULL);
    if (summed && memcmp(link_slot(sum), sum, LINK_SIZE) == 0) {
        return true;
    }
    struct signed_thing thing = {.limits = limits,
                                 .spki = issuer->spki,
                                 .algorithm = cert->algorithm,
                                 .hash = HASH_NONE,
                                 .a = cert->tbs,
                                 .b = bytes_none(),
                                 .signature = cert->signature};
    bool good = pubkey_verify(&thing, &detail) == CHECK_GOOD;
    if (good && summed) {
        memcpy(link_slot(sum), sum, LINK_SIZE);
    }
    return good;
}

/* A walk over all paths. path[0] is the leaf. */
struct search {
    const struct limits *limits;
    const struct anchors *anchors;
    const struct cert *bag;
    const uint64_t *hashes; /* name_hash of each subject of the bag */
    size_t n_bag;
    enum purpose purpose;
    int64_t time;
    const struct cert *path[DEPTH_MAX + 1];
    size_t n;
    unsigned checks;
    bool out_of_checks, too_long;
    /* The best so far: trusted, then to an anchor, then the longest, then untrusted before incomplete. */
    const struct cert *best[DEPTH_MAX + 1];
    size_t n_best;
    bool anchored;
    enum chain_state state;
    const char *detail;
};

static unsigned rank(enum chain_state state) {
    return state == CHAIN_TRUSTED ? 3 : state == CHAIN_UNTRUSTED ? 2 : state == CHAIN_INCOMPLETE ? 1 : 0;
}

/* Whether the path at hand is better than the best so far. Anybody can make one that is longer; none but the anchor's owner one to it. */
static bool is_better(const struct search *search, enum chain_state state, bool anchored) {
    if (search->state == CHAIN_TRUSTED || state == CHAIN_TRUSTED) {
        return search->state != CHAIN_TRUSTED;
    }
    if (search->anchored != anchored) {
        return anchored;
    }
    return search->n > search->n_best || (search->n == search->n_best && rank(state) > rank(search->state));
}

static void keep(struct search *search, enum chain_state state, bool anchored, const char *detail) {
    if (!is_better(search, state, anchored)) {
        return;
    }
    search->state = state;
    search->anchored = anchored;
    search->detail = detail;
    search->n_best = search->n;
    memcpy(search->best, search->path, sizeof search->best);
}

/* Whether the leaf may be used for the purpose: its extended key usages, if any, name it. */
static bool leaf_fits(const struct cert *leaf, enum purpose purpose) {
    static const uint8_t any[] = {0x55, 0x1d, 0x25, 0x00};                                      /* 2.5.29.37.0 */
    static const uint8_t apple_installer[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 4, 13}; /* 1.2.840.113635.100.4.13 */
    return !leaf->has_eku || cert_has_eku(leaf, bytes_make(any, sizeof any)) ||
           cert_has_eku(leaf, oid_of(purpose == PURPOSE_TIME ? OID_EKU_TIME_STAMPING : OID_EKU_CODE_SIGNING)) ||
           (purpose == PURPOSE_CODE && cert_has_eku(leaf, bytes_make(apple_installer, sizeof apple_installer)));
}

/* Why the path to that anchor is not trusted; "" when it is. */
static const char *path_fault(const struct search *search, const struct anchor *anchor) {
    const struct cert *leaf = search->path[0];
    for (size_t i = 0; i < search->n; i++) {
        if (search->time < search->path[i]->not_before || search->time > search->path[i]->not_after) {
            return i == 0 ? "the certificate was not valid at that time" : "an issuer's certificate was not valid at that time";
        }
    }
    if (!leaf_fits(leaf, search->purpose)) {
        return "the certificate is not made for this purpose";
    }
    if (!anchor->trusted[search->purpose]) {
        return "the root is not trusted for this purpose";
    }
    if (search->time >= anchor->disabled_from) {
        return "the root was distrusted by that time";
    }
    if (leaf->not_before >= anchor->not_before_limit[search->purpose]) {
        return "the root is not trusted for certificates that young";
    }
    return "";
}

static void reach(struct search *search, const struct anchor *anchor) {
    const char *fault = path_fault(search, anchor);
    keep(search, *fault == '\0' ? CHAIN_TRUSTED : CHAIN_UNTRUSTED, true, fault);
}

static const struct anchor *as_anchor(const struct anchors *anchors, const struct cert *cert) {
    size_t n;
    const struct anchor *named = anchors_named(anchors, name_hash(cert->subject), &n);
    for (size_t i = 0; i < n; i++) {
        if (bytes_equal(named[i].cert.der, cert->der)) {
            return &named[i];
        }
    }
    return NULL;
}

static bool on_path(const struct search *search, const struct cert *cert) {
    for (size_t i = 0; i < search->n; i++) {
        if (search->path[i] == cert || bytes_equal(search->path[i]->der, cert->der)) {
            return true;
        }
    }
    return false;
}

/* Whether issuer, which has the right name, made cert: one of the counted checks. */
static bool issued(struct search *search, const struct cert *cert, const struct cert *issuer) {
    if (search->checks >= limit_most(search->limits, LIMIT_CHAIN_CHECKS)) {
        search->out_of_checks = true;
        return false;
    }
    search->checks++;
    return cert_signed_by(cert, issuer, search->limits);
}

static bool key_id_fits(const struct cert *cert, const struct cert *issuer) {
    return cert->aki.n == 0 || issuer->ski.n == 0 || bytes_equal(cert->aki, issuer->ski);
}

static bool bag_candidate(const struct search *search, size_t i, const struct cert *cert, uint64_t wanted) {
    const struct cert *issuer = &search->bag[i];
    if (issuer->broken || !issuer->is_ca || search->hashes[i] != wanted || on_path(search, issuer) ||
        !name_equal(issuer->subject, cert->issuer)) {
        return false;
    }
    for (size_t k = 0; k < i; k++) {
        if (search->hashes[k] == wanted && bytes_equal(search->bag[k].der, issuer->der)) {
            return false; /* a copy of one before it */
        }
    }
    return true;
}

/* Walks up from the last certificate of the path: anchors first, key ids that fit first. */
static void climb(struct search *search) {
    const struct cert *cert = search->path[search->n - 1];
    const struct anchor *self = as_anchor(search->anchors, cert);
    if (self != NULL) {
        reach(search, self);
        return;
    }
    if (search->n > limit_most(search->limits, LIMIT_CHAIN)) {
        search->too_long = true;
        keep(search, CHAIN_UNTRUSTED, false, "the chain is longer than the limit chain allows (--limit chain=N)");
        return;
    }
    uint64_t wanted = name_hash(cert->issuer);
    bool found = false;
    size_t n;
    const struct anchor *named = anchors_named(search->anchors, wanted, &n);
    for (int fitting = 1; fitting >= 0 && search->state != CHAIN_TRUSTED; fitting--) {
        for (size_t i = 0; i < n && search->state != CHAIN_TRUSTED; i++) {
            if (key_id_fits(cert, &named[i].cert) == (fitting == 1) && name_equal(named[i].cert.subject, cert->issuer) &&
                issued(search, cert, &named[i].cert)) {
                found = true;
                search->path[search->n++] = &named[i].cert;
                reach(search, &named[i]);
                search->n--;
            }
        }
        for (size_t i = 0; i < search->n_bag && search->state != CHAIN_TRUSTED; i++) {
            if (key_id_fits(cert, &search->bag[i]) == (fitting == 1) && bag_candidate(search, i, cert, wanted) &&
                issued(search, cert, &search->bag[i])) {
                found = true;
                search->path[search->n++] = &search->bag[i];
                climb(search);
                search->n--;
            }
        }
    }
    if (!found) {
        bool root = name_equal(cert->subject, cert->issuer) && issued(search, cert, cert);
        keep(search, root ? CHAIN_UNTRUSTED : CHAIN_INCOMPLETE, false,
             root ? "the chain ends in a root that is no trust anchor" : "an issuer is missing");
    }
}

static bool is_anchors_name(const struct anchors *anchors, struct bytes name) {
    size_t n;
    const struct anchor *named = anchors_named(anchors, name_hash(name), &n);
    for (size_t i = 0; i < n; i++) {
        if (name_equal(named[i].cert.subject, name)) {
            return true;
        }
    }
    return false;
}

/* Whether one above the leaf calls upon an anchor that has nothing to do with it. */
static bool has_namesake(const struct search *search) {
    bool found = false;
    for (size_t i = 1; !search->anchored && !found && i < search->n_best; i++) {
        found = is_anchors_name(search->anchors, search->best[i]->subject) || is_anchors_name(search->anchors, search->best[i]->issuer);
    }
    return found;
}

bool chain_build(const struct anchors *anchors, const struct cert *leaf, const struct cert *bag, size_t n_bag, enum purpose purpose,
                 int64_t time, struct arena *arena, struct chain *out, struct error *err) {
    struct search search = {.limits = arena->limits,
                            .anchors = anchors,
                            .bag = bag,
                            .n_bag = n_bag,
                            .purpose = purpose,
                            .time = time,
                            .path = {leaf},
                            .n = 1,
                            .state = CHAIN_UNCHECKED,
                            .detail = "the certificate can't be read"};
    uint64_t *hashes = arena_array(arena, n_bag, sizeof *hashes);
    if (hashes == NULL) {
        return arena_full(arena, err);
    }
    for (size_t i = 0; i < n_bag; i++) {
        hashes[i] = bag[i].broken ? 0 : name_hash(bag[i].subject);
    }
    search.hashes = hashes;
    if (!leaf->broken) {
        climb(&search);
    }
    if (search.out_of_checks && search.state != CHAIN_TRUSTED) {
        search.state = CHAIN_UNCHECKED;
        search.detail = "more possible issuers than the limit chain-checks allows to try (--limit chain-checks=N)";
    }
    size_t n = search.n_best != 0 ? search.n_best - 1 : 0;
    for (size_t i = 0; search.state == CHAIN_TRUSTED && i < search.n_best; i++) {
        if (identity_explicit_curve(search.best[i]->spki)) {
            search.state = CHAIN_UNTRUSTED;
            search.detail = "a key in the chain is on a curve of its own";
        }
    }
    const struct cert **certs = arena_array(arena, n, sizeof *certs);
    if (certs == NULL) {
        return arena_full(arena, err);
    }
    for (size_t i = 0; i < n; i++) {
        certs[i] = search.best[i + 1];
    }
    *out = (struct chain){.state = search.state,
                          .anchored = search.anchored,
                          .namesake = has_namesake(&search),
                          .certs = certs,
                          .n = n,
                          .detail = search.detail};
    if (search.state != CHAIN_TRUSTED) {
        out->limit = search.out_of_checks ? LIMIT_CHAIN_CHECKS + 1 : search.too_long ? LIMIT_CHAIN + 1 : 0;
    }
    return true;
}
