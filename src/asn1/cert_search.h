/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 certificates among bytes of any kind. */
#ifndef CERTBAN_ASN1_CERT_SEARCH_H
#define CERTBAN_ASN1_CERT_SEARCH_H

#include "asn1/x509.h"

/* A certificate found by searching is no longer than this; no more than so many places are tried. */
enum { CERT_SEARCH_SIZE = 64 << 10 };

/* Zero tries to begin with. */
struct cert_search {
    struct bytes b;
    uint64_t at;      /* offset of b in the file */
    size_t next;      /* where in b to look on */
    bool long_serial; /* one was passed over for its serial (LIMIT_SERIAL) alone */
    unsigned tries;   /* places tried so far */
    unsigned most;    /* of them are tried */
    bool cut;         /* there were more: the search is over */
};

/* cert_search_next finds the next whole and sensible certificate and moves behind it; false when there is none. Its memory, but for
 * joined strings, is b's. */
bool cert_search_next(struct cert_search *search, struct arena *arena, struct cert *cert);

/* cert_search_sensible says whether a parsed certificate can be one that somebody issued: version 1 to 3, an
 * algorithm, names that are Names and not both empty, a validity, a key. */
bool cert_search_sensible(const struct cert *cert);

#endif
