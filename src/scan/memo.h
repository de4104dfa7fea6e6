/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates already looked up in vain, and with nothing odd about them: most of what is signed carries some that others carry, too. A
 * fixed table of whole certificates that forgets the older of two in one place. They are told apart by all their octets, so that nobody can
 * make one pass for another, and comparing them takes a tenth of the time that hashing takes. */
#ifndef CERTBAN_SCAN_MEMO_H
#define CERTBAN_SCAN_MEMO_H

#include "base/bytes.h"

enum { MEMO_SLOTS = 256, MEMO_LONGEST = 4096 /* octets of a certificate that is kept */ };

struct memo {
    struct {
        uint8_t *der;
        size_t n;
    } slots[MEMO_SLOTS];
};

/* memo_has says whether that certificate is known to match no rule and to be as usual; memo may be NULL. */
bool memo_has(const struct memo *memo, struct bytes der);

/* memo_add keeps a copy, if it is not too long and there is memory for it; memo may be NULL. */
void memo_add(struct memo *memo, struct bytes der);

#endif
