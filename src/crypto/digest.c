/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include "crypto/digest_lane.h"

#include <stdlib.h>
#include <time.h>

enum {
    READ_SIZE = 256 * 1024, /* of one read of the source */
    LANES_MAX = 64,         /* claims fed by one pass: more of them take further passes */
    DIGEST_SIZE_MIN = 16,   /* a digest cut shorter than this proves nothing */
};

/* Bytes a claim may make us hash beyond four times its source: hostile spans may repeat. */
#define SPANS_SLACK ((uint64_t)256 << 20)

bool digest_supported(enum hash hash) {
    return openssl_md(hash) != NULL;
}

static bool no_digest(enum hash hash, struct error *err) {
    return error_set(err, ERR_UNSUPPORTED, "the hash algorithm %s can't be computed", hash_name(hash));
}

bool digest_two(enum hash hash, struct bytes a, struct bytes b, uint8_t *out, struct error *err) {
    const EVP_MD *md = openssl_md(hash);
    if (md == NULL) {
        return no_digest(hash, err);
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1 && EVP_DigestUpdate(ctx, a.p, a.n) == 1 &&
              EVP_DigestUpdate(ctx, b.p, b.n) == 1 && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok || error_set(err, ERR_LIMIT, "out of memory for hashing");
}

bool digest_bytes(enum hash hash, struct bytes b, uint8_t *out, struct error *err) {
    return digest_two(hash, b, bytes_none(), out, err);
}

/* The whole state of a pass. */
struct pass {
    struct source *source;
    struct span whole; /* the span of whole-file digests */
    uint8_t *buffer;
    struct lane lanes[LANES_MAX];
    size_t n;
};

/*
 * Reads what the lanes want in rising order, each stretch once. The lane that stands first sets the place; a lane whose spans
 * go back simply stands first again.
 */
static bool pass_run(struct pass *pass, struct error *err) {
    for (size_t i = 0; i < pass->n; i++) {
        if (!lane_advance(&pass->lanes[i], err)) {
            return false;
        }
    }
    for (;;) {
        uint64_t at = UINT64_MAX;
        for (size_t i = 0; i < pass->n; i++) {
            if (lane_waits(&pass->lanes[i]) && lane_at(&pass->lanes[i]) < at) {
                at = lane_at(&pass->lanes[i]);
            }
        }
        if (at == UINT64_MAX) {
            break;
        }
        uint64_t end = at;
        for (size_t i = 0; i < pass->n; i++) {
            const struct lane *lane = &pass->lanes[i];
            if (lane_waits(lane) && lane_at(lane) <= end && lane_end(lane) > end) {
                end = lane_end(lane);
            }
        }
        size_t n = end - at < READ_SIZE ? (size_t)(end - at) : READ_SIZE;
        if (!source_into(pass->source, pass->buffer, n, at, err)) {
            return false;
        }
        for (size_t i = 0; i < pass->n; i++) {
            if (!lane_feed(&pass->lanes[i], pass->buffer, at, n, err)) {
                return false;
            }
        }
    }
    for (size_t i = 0; i < pass->n; i++) {
        if (!lane_finish(&pass->lanes[i], err)) {
            return false;
        }
    }
    return true;
}

static bool pass_add(struct pass *pass, enum hash hash, const struct span *spans, size_t n_spans, const struct claim *paged,
                     struct error *err) {
    struct lane *lane = &pass->lanes[pass->n];
    *lane = (struct lane){.hash = hash, .spans = spans, .n_spans = n_spans, .paged = paged, .bad_page = UINT64_MAX};
    lane->ctx = EVP_MD_CTX_new();
    if (lane->ctx == NULL || EVP_DigestInit_ex2(lane->ctx, openssl_md(hash), NULL) != 1) {
        EVP_MD_CTX_free(lane->ctx);
        return error_set(err, ERR_LIMIT, "out of memory for hashing");
    }
    pass->n++;
    return true;
}

/* What can be said of a claim without hashing; CHECK_GOOD when it must be hashed. */
static enum check claim_check(const struct claim *claim, const struct source *source) {
    if (!digest_supported(claim->hash)) {
        return CHECK_NONE;
    }
    if (claim->digest_size < DIGEST_SIZE_MIN || claim->digest_size > hash_size(claim->hash) ||
        (claim->page == 0 && claim->expected.n != claim->digest_size)) {
        return CHECK_BAD;
    }
    uint64_t left = source->size > (UINT64_MAX - SPANS_SLACK) / 4 ? UINT64_MAX : source->size * 4 + SPANS_SLACK;
    for (size_t i = 0; i < claim->n_spans; i++) {
        const struct span *span = &claim->spans[i];
        if (span->literal.n != 0) {
            continue;
        }
        if (span->from != NULL) {
            if (span->at > span->from->size || span->n > span->from->size - span->at) {
                return CHECK_BAD;
            }
            continue;
        }
        if (!span->zeros && (span->at > source->size || span->n > source->size - span->at)) {
            return CHECK_BAD;
        }
        if (span->n > left) {
            return CHECK_NONE;
        }
        left -= span->n;
    }
    return CHECK_GOOD;
}

static void claim_judge(const struct claim *claim, const struct lane *lane, enum check *state, uint64_t *bad_page) {
    bool good = !lane->bad && (claim->page != 0 || memcmp(lane->value, claim->expected.p, claim->digest_size) == 0);
    *state = good ? CHECK_GOOD : CHECK_BAD;
    if (bad_page != NULL) {
        *bad_page = lane->bad_page;
    }
}

static void pass_clear(struct pass *pass) {
    for (size_t i = 0; i < pass->n; i++) {
        EVP_MD_CTX_free(pass->lanes[i].ctx);
    }
    pass->n = 0;
}

/* One pass over claims[0, n) and file digests; which[i] is the lane of claim i, SIZE_MAX for one that needed none. */
static bool digest_pass(struct pass *pass, const struct claim *claims, size_t n, enum check *states, uint64_t *bad_page,
                        struct file_digest *files, size_t n_files, struct error *err) {
    size_t which[LANES_MAX];
    for (size_t i = 0; i < n; i++) {
        which[i] = SIZE_MAX;
        states[i] = claim_check(&claims[i], pass->source);
        if (states[i] != CHECK_GOOD) {
            continue;
        }
        for (size_t k = 0; k < pass->n && which[i] == SIZE_MAX; k++) {
            which[i] = lane_same(&pass->lanes[k], &claims[i]) ? k : SIZE_MAX;
        }
        if (which[i] == SIZE_MAX) {
            which[i] = pass->n;
            if (!pass_add(pass, claims[i].hash, claims[i].spans, claims[i].n_spans, claims[i].page != 0 ? &claims[i] : NULL, err)) {
                return false;
            }
        }
    }
    size_t first_file = pass->n;
    for (size_t i = 0; i < n_files; i++) {
        if (!digest_supported(files[i].hash)) {
            return no_digest(files[i].hash, err);
        }
        bool whole = files[i].spans == NULL;
        if (!pass_add(pass, files[i].hash, whole ? &pass->whole : files[i].spans, whole ? 1 : files[i].n_spans, NULL, err)) {
            return false;
        }
    }
    if (!pass_run(pass, err)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (which[i] != SIZE_MAX) {
            claim_judge(&claims[i], &pass->lanes[which[i]], &states[i], bad_page != NULL ? &bad_page[i] : NULL);
        } else if (bad_page != NULL) {
            bad_page[i] = UINT64_MAX;
        }
    }
    for (size_t i = 0; i < n_files; i++) {
        memcpy(files[i].value, pass->lanes[first_file + i].value, hash_size(files[i].hash));
    }
    return true;
}

static int64_t hashing_ns;

const int64_t *digest_cpu_ns(void) {
    return &hashing_ns;
}

static int64_t cpu_ns(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool check_claims(struct source *source, const struct claim *claims, size_t n, enum check *states, uint64_t *bad_page,
                         struct file_digest *files, size_t n_files, struct error *err) {
    if (n_files > HASH_COUNT) {
        return error_set(err, ERR_LIMIT, "%zu file digests at once are more than there are algorithms", n_files);
    }
    struct pass *pass = calloc(1, sizeof *pass);
    uint8_t *buffer = malloc(READ_SIZE);
    bool ok = (pass != NULL && buffer != NULL) || error_set(err, ERR_LIMIT, "out of memory for hashing");
    if (ok) {
        pass->source = source;
        pass->buffer = buffer;
        pass->whole = (struct span){.n = source->size, .literal = bytes_none()};
    }
    size_t done = 0;
    while (ok) {
        size_t room = LANES_MAX - n_files;
        size_t now = n - done < room ? n - done : room;
        ok = digest_pass(pass, now != 0 ? claims + done : claims, now, now != 0 ? states + done : states,
                         bad_page != NULL ? bad_page + done : NULL, files, n_files, err);
        pass_clear(pass);
        done += now;
        n_files = 0;
        if (done == n) {
            break;
        }
    }
    free(buffer);
    free(pass);
    return ok;
}

bool digest_claims(struct source *source, const struct claim *claims, size_t n, enum check *states, uint64_t *bad_page,
                   struct file_digest *files, size_t n_files, struct error *err) {
    int64_t before = source->sequential ? 0 : cpu_ns();
    bool ok = check_claims(source, claims, n, states, bad_page, files, n_files, err);
    hashing_ns += source->sequential ? 0 : cpu_ns() - before;
    return ok;
}
