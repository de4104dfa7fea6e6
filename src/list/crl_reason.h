/* SPDX-License-Identifier: Apache-2.0 */
/* What the reason of a revocation makes of it: one table for lists that become policies and for lists that are asked in place. */
#ifndef CERTBAN_LIST_CRL_REASON_H
#define CERTBAN_LIST_CRL_REASON_H

#include "asn1/crl.h"
#include "model/rule.h"

struct crl_reason_row {
    const char *words; /* "key compromise"; "" for no reason given */
    enum severity severity;
    enum action action; /* the most that may be done */
};

/* crl_reason_row is the row of an entry's reason; reasons that nobody knows have one, too. */
const struct crl_reason_row *crl_reason_row(int reason);

/* crl_since is when what was signed stops to count: the revocation, or the date from which the key is known to have been bad, whichever
 * is earlier. */
int64_t crl_since(const struct crl_entry *entry);

#endif
