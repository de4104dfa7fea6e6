/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest_lane.h"

static bool lane_page_end(struct lane *lane, struct error *err) {
    const struct claim *claim = lane->paged;
    uint8_t value[HASH_SIZE_MAX];
    if (EVP_DigestFinal_ex(lane->ctx, value, NULL) != 1 || EVP_DigestInit_ex2(lane->ctx, openssl_md(lane->hash), NULL) != 1) {
        return error_set(err, ERR_LIMIT, "out of memory for hashing");
    }
    uint64_t room = claim->expected.n / claim->digest_size;
    if (!lane->bad && (lane->page >= room || memcmp(value, claim->expected.p + lane->page * claim->digest_size, claim->digest_size) != 0)) {
        lane->bad = true;
        lane->bad_page = lane->page;
    }
    lane->page++;
    lane->in_page = 0;
    return true;
}

/* Feeds octets to the hash, cut into pages where the claim has them. */
static bool lane_update(struct lane *lane, const uint8_t *p, size_t n, struct error *err) {
    while (n != 0) {
        size_t take = n;
        if (lane->paged != NULL && take > lane->paged->page - lane->in_page) {
            take = (size_t)(lane->paged->page - lane->in_page);
        }
        if (EVP_DigestUpdate(lane->ctx, p, take) != 1) {
            return error_set(err, ERR_LIMIT, "out of memory for hashing");
        }
        p += take;
        n -= take;
        lane->in_page += take;
        if (lane->paged != NULL && lane->in_page == lane->paged->page && !lane_page_end(lane, err)) {
            return false;
        }
    }
    return true;
}

static bool lane_zeros(struct lane *lane, uint64_t n, struct error *err) {
    static const uint8_t zeros[4096];
    while (n != 0) {
        size_t take = n < sizeof zeros ? (size_t)n : sizeof zeros;
        if (!lane_update(lane, zeros, take, err)) {
            return false;
        }
        n -= take;
    }
    return true;
}

/* A span of another source. One that can't be read is no reason to say nothing of the others: the claim does not hold. */
static bool lane_other(struct lane *lane, const struct span *span, struct error *err) {
    uint8_t buffer[16384];
    for (uint64_t at = 0; at < span->n && !lane->bad;) {
        struct error why = {0};
        size_t n = span->n - at < sizeof buffer ? (size_t)(span->n - at) : sizeof buffer;
        if (!source_into(span->from, buffer, n, span->at + at, &why)) {
            lane->bad = true;
            return why.kind != ERR_IO && why.kind != ERR_CHANGED ? true : error_again(err, &why);
        }
        if (!lane_update(lane, buffer, n, err)) {
            return false;
        }
        at += n;
    }
    return true;
}

bool lane_advance(struct lane *lane, struct error *err) {
    for (; lane->span < lane->n_spans; lane->span++, lane->done = 0) {
        const struct span *span = &lane->spans[lane->span];
        if (span->literal.n != 0) {
            if (!lane_update(lane, span->literal.p, span->literal.n, err)) {
                return false;
            }
        } else if (span->zeros) {
            if (!lane_zeros(lane, span->n, err)) {
                return false;
            }
        } else if (span->from != NULL) {
            if (!lane_other(lane, span, err)) {
                return false;
            }
        } else if (lane->done < span->n) {
            return true;
        }
    }
    return true;
}

bool lane_waits(const struct lane *lane) {
    return lane->span < lane->n_spans;
}

uint64_t lane_at(const struct lane *lane) {
    return lane->spans[lane->span].at + lane->done;
}

uint64_t lane_end(const struct lane *lane) {
    return lane->spans[lane->span].at + lane->spans[lane->span].n;
}

bool lane_feed(struct lane *lane, const uint8_t *p, uint64_t at, size_t n, struct error *err) {
    while (lane_waits(lane) && lane_at(lane) >= at && lane_at(lane) < at + n) {
        uint64_t from = lane_at(lane);
        uint64_t to = lane_end(lane) < at + n ? lane_end(lane) : at + n;
        if (!lane_update(lane, p + (from - at), (size_t)(to - from), err)) {
            return false;
        }
        lane->done += to - from;
        if (!lane_advance(lane, err)) {
            return false;
        }
    }
    return true;
}

bool lane_finish(struct lane *lane, struct error *err) {
    if (lane->paged == NULL) {
        return EVP_DigestFinal_ex(lane->ctx, lane->value, NULL) == 1 || error_set(err, ERR_LIMIT, "out of memory for hashing");
    }
    if (lane->in_page != 0 && !lane_page_end(lane, err)) {
        return false;
    }
    if (!lane->bad && lane->page * lane->paged->digest_size != lane->paged->expected.n) {
        lane->bad = true;
        lane->bad_page = lane->page;
    }
    return true;
}

bool lane_same(const struct lane *lane, const struct claim *claim) {
    if (lane->paged != NULL || claim->page != 0 || lane->hash != claim->hash || lane->n_spans != claim->n_spans) {
        return false;
    }
    for (size_t i = 0; i < claim->n_spans; i++) {
        const struct span *a = &lane->spans[i], *b = &claim->spans[i];
        if (a->at != b->at || a->n != b->n || a->from != b->from || a->zeros != b->zeros || a->literal.n != b->literal.n ||
            (a->literal.n != 0 && a->literal.p != b->literal.p)) {
            return false;
        }
    }
    return true;
}
