/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/memo.h"

#include <stdlib.h>

/* The last octets are those of a signature value, which differ as if by chance. */
static size_t place(struct bytes der) {
    uint64_t end = 0;
    memcpy(&end, der.p + der.n - sizeof end, sizeof end);
    return (size_t)(end * UINT64_C(0x9e3779b97f4a7c15) >> 56) % MEMO_SLOTS;
}

static bool can_be_kept(const struct memo *memo, struct bytes der) {
    return memo != NULL && der.n >= sizeof(uint64_t) && der.n <= MEMO_LONGEST;
}

bool memo_has(const struct memo *memo, struct bytes der) {
    if (!can_be_kept(memo, der)) {
        return false;
    }
    size_t at = place(der);
    return memo->slots[at].n == der.n && memcmp(memo->slots[at].der, der.p, der.n) == 0;
}

void memo_add(struct memo *memo, struct bytes der) {
    if (!can_be_kept(memo, der)) {
        return;
    }
    size_t at = place(der);
    uint8_t *copy = realloc(memo->slots[at].der, der.n);
    if (copy == NULL) { /* what was there stays */
        return;
    }
    memcpy(copy, der.p, der.n);
    memo->slots[at].der = copy;
    memo->slots[at].n = der.n;
}
