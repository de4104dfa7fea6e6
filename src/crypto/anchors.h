/* SPDX-License-Identifier: Apache-2.0 */
/* What the builder of chains sees of a set of trust anchors. */
#ifndef CERTBAN_CRYPTO_ANCHORS_H
#define CERTBAN_CRYPTO_ANCHORS_H

#include "crypto/trust.h"

enum { PURPOSE_COUNT = PURPOSE_TIME + 1 };

/* One anchor and its limits. Times are INT64_MAX where there is no limit. */
struct anchor {
    struct cert cert;
    uint64_t hash;                           /* name_hash of the subject */
    bool trusted[PURPOSE_COUNT];             /* for what */
    int64_t disabled_from;                   /* what was signed before it still counts */
    int64_t not_before_limit[PURPOSE_COUNT]; /* certificates issued at or after it do not count */
};

/* anchors_named is the first anchor whose subject has that name_hash, *n of them in a row; NULL with *n 0 when there is none. */
const struct anchor *anchors_named(const struct anchors *anchors, uint64_t hash, size_t *n);

#endif
