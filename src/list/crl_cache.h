/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists from the network, kept in a folder until they are due: one file an address, which appears whole or not at all. */
#ifndef CERTBAN_LIST_CRL_CACHE_H
#define CERTBAN_LIST_CRL_CACHE_H

#include "base/text.h"
#include "list/fetch.h"

/* CACHED_FETCHED: it is there now. CACHED_CURRENT: what was there is not due yet, or newer than what the server has. */
enum cached { CACHED_FETCHED, CACHED_CURRENT };

struct crl_cache {
    const char *folder; /* it is made when it is missing */
    int64_t now;        /* seconds since 1970 */
    struct fetch rules;
};

/* What is known of a list after it was asked for. The words are the caller's: crl_cached_free. */
struct crl_cached {
    enum cached state;
    struct text path, who; /* its file; its issuer */
    int64_t next_update;   /* INT64_MAX when it does not say */
    size_t entries;
};
void crl_cached_free(struct crl_cached *cached);

/* crl_cache_get has the list behind that address in the folder. A list that says when the next one comes is not asked for again until
 * then, but for a week at most. Refused is what is no list, has a date in the future, or can't be had by the rules; what was there before
 * stays. */
CERTBAN_MUST_USE bool crl_cache_get(const struct crl_cache *cache, const char *url, struct crl_cached *out, struct error *err);

#endif
