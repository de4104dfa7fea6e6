/* SPDX-License-Identifier: Apache-2.0 */
/* PEM (RFC 7468): blocks of base64 between two lines, whatever stands around them. */
#ifndef CERTBAN_LIST_PEM_H
#define CERTBAN_LIST_PEM_H

#include "base/bytes.h"

/* The blocks of a text; begin with pem_make. */
struct pem {
    struct bytes content;
    size_t at, counted, line;
};

struct pem_block {
    struct bytes label, base64; /* "CERTIFICATE", and what stands between the lines */
    size_t line;                /* where it begins, from 1 */
};

struct pem pem_make(struct bytes content);

/* pem_next takes the next block; false when there is none. One that does not end reaches to the end of the text. */
bool pem_next(struct pem *pem, struct pem_block *block);

#endif
