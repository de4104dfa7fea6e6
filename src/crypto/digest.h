/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing. Every EVP_MD is fetched once a process; MD5 and SHA-1 stay usable: old signatures must stay readable. */
#ifndef CERTBAN_CRYPTO_DIGEST_H
#define CERTBAN_CRYPTO_DIGEST_H

#include "base/source.h"
#include "model/signature.h"
#include "model/verdict.h"

/* digest_supported says whether this build can compute it (not MD2, MD4). */
bool digest_supported(enum hash hash);

/* digest_bytes hashes b; out must have hash_size(hash) bytes. ERR_UNSUPPORTED for what digest_supported denies. */
CERTBAN_MUST_USE bool digest_bytes(enum hash hash, struct bytes b, uint8_t *out, struct error *err);

/* digest_two hashes a then b as one. */
CERTBAN_MUST_USE bool digest_two(enum hash hash, struct bytes a, struct bytes b, uint8_t *out, struct error *err);

/* digest_cpu_ns is where this process counts the processor time (nanoseconds) that digest_claims took for files and members that
 * are not unpacked as they are read: it grows with their size alone. */
const int64_t *digest_cpu_ns(void);

/* A digest of the whole file, or of spans of it, asked for along with the claims. */
struct file_digest {
    enum hash hash;
    const struct span *spans; /* NULL: the whole file */
    size_t n_spans;
    uint8_t value[HASH_SIZE_MAX];
};

/*
 * digest_claims checks n claims of a source and computes n_files whole-file digests, reading each byte of the source at most
 * once for all of them where they ask for it in rising order (PE and Mach-O claims do). states[i] becomes CHECK_GOOD,
 * CHECK_BAD or, for an algorithm that can't be computed, CHECK_NONE. bad_page (may be NULL): for a claim by pages, the index
 * of the first that differs, else UINT64_MAX. False when the source can't be read.
 */
CERTBAN_MUST_USE bool digest_claims(struct source *source, const struct claim *claims, size_t n, enum check *states, uint64_t *bad_page,
                                    struct file_digest *files, size_t n_files, struct error *err);

#endif
