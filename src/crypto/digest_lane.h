/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of digest.c: a pass reads a source once and feeds what it read to many lanes, each of which hashes its own spans. */
#ifndef CERTBAN_CRYPTO_DIGEST_LANE_H
#define CERTBAN_CRYPTO_DIGEST_LANE_H

#include "crypto/digest.h"
#include "crypto/openssl.h"

/* One run of bytes being hashed, for one or more claims or for a whole-file digest. */
struct lane {
    enum hash hash;
    const struct span *spans;
    size_t n_spans;
    const struct claim *paged; /* the claim, when it is one by pages */
    EVP_MD_CTX *ctx;
    size_t span;      /* the one being fed */
    uint64_t done;    /* octets of it that were fed */
    uint64_t in_page; /* octets of the current page that were fed */
    uint64_t page;    /* index of the current page */
    uint64_t bad_page;
    uint8_t value[HASH_SIZE_MAX]; /* the finished digest; unused by pages */
    bool bad;                     /* can't come out right: pages differ, or a span passes the end */
};

/* lane_advance moves over everything that needs no file: afterwards the lane stands at a file span, or at its end. False (err) only when
 * nothing can be hashed any more. */
CERTBAN_MUST_USE bool lane_advance(struct lane *lane, struct error *err);

/* lane_waits says whether the lane stands at a file span; lane_at is then the offset that it wants next, lane_end where the span ends. */
bool lane_waits(const struct lane *lane);
uint64_t lane_at(const struct lane *lane);
uint64_t lane_end(const struct lane *lane);

/* lane_feed takes what the lane wants of the source's octets [at, at + n), span after span. */
CERTBAN_MUST_USE bool lane_feed(struct lane *lane, const uint8_t *p, uint64_t at, size_t n, struct error *err);

/* lane_finish ends the last page, or the digest: lane->value. */
CERTBAN_MUST_USE bool lane_finish(struct lane *lane, struct error *err);

/* lane_same says whether the lane's digest is that of a claim, too. */
bool lane_same(const struct lane *lane, const struct claim *claim);

#endif
