/* SPDX-License-Identifier: Apache-2.0 */
/* What the condition of a YARA rule asks of a file's signatures, as alternatives. */
#ifndef CERTBAN_LIST_YARA_CONDITION_H
#define CERTBAN_LIST_YARA_CONDITION_H

#include "list/yara.h"

/* One way in which a condition can hold: all that is given must. String tokens, as they stand in the rule; empty when not asked for. */
struct yara_way {
    struct bytes serial, thumbprint, subject, issuer;
    bool more; /* it asks for a further part of the subject or issuer */
};

enum { YARA_WAYS_MAX = 32 };
struct yara_ways {
    struct yara_way all[YARA_WAYS_MAX];
    size_t n;
};

/*
 * yara_condition reads the condition at which yara stands, to the end of its content. NULL when all is well: then every way names
 * something. Else why it can't be taken, a literal: it asks for something else than serials, thumbprints, subjects and issuers of
 * signatures. Bounds of the validity, and what holds for every signed program, are left aside.
 */
const char *yara_condition(struct yara yara, struct yara_ways *ways);

#endif
