/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates already looked up in vain, by SHA-256: a fixed table that forgets the older of two in one place. */
#ifndef CERTBAN_SCAN_MEMO_H
#define CERTBAN_SCAN_MEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MEMO_SLOTS = 1024 };

struct memo {
    uint8_t sha256[MEMO_SLOTS][32];
};

static inline uint8_t *memo_slot(struct memo *memo, const uint8_t sha256[32]) {
    return memo->sha256[((unsigned)sha256[0] << 8 | sha256[1]) % MEMO_SLOTS];
}

/* memo_has says whether that certificate is known to match no rule; memo may be NULL. */
static inline bool memo_has(struct memo *memo, const uint8_t sha256[32]) {
    return memo != NULL && memcmp(memo_slot(memo, sha256), sha256, 32) == 0;
}

static inline void memo_add(struct memo *memo, const uint8_t sha256[32]) {
    if (memo != NULL) {
        memcpy(memo_slot(memo, sha256), sha256, 32);
    }
}

#endif
