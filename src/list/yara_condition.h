/* SPDX-License-Identifier: Apache-2.0 */
/* What the condition of a YARA rule asks of a file's signatures, or of the file, as alternatives. */
#ifndef CERTBAN_LIST_YARA_CONDITION_H
#define CERTBAN_LIST_YARA_CONDITION_H

#include "list/yara.h"

/* One way in which a condition can hold: all that is given must. String tokens, as they stand in the rule; empty when not asked for. */
struct yara_way {
    struct bytes serial, thumbprint, subject, issuer;
    struct bytes subject_too;                     /* a second part of the subject */
    bool more;                                    /* it asks for a further part of the subject or issuer */
    struct bytes md5, sha1, sha256;               /* of the whole file */
    struct bytes product, original_name, company; /* of the version resource, whole and whatever their case */
    uint64_t file_size;                           /* 0: not asked for */
};

enum { YARA_WAYS_MAX = 32 };
struct yara_ways {
    struct yara_way all[YARA_WAYS_MAX];
    size_t n;
};

/*
 * yara_condition reads the condition at which yara stands, to the end of its content. NULL when all is well: then every way names
 * something. Else why it can't be taken, a literal: it asks for something else than serials, thumbprints, subjects and issuers of
 * signatures, hashes of whole files, and names in the version resource. Bounds of the validity, and what holds for every signed program,
 * are left aside.
 */
const char *yara_condition(struct yara yara, struct yara_ways *ways);

#endif
