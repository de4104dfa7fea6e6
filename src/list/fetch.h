/* SPDX-License-Identifier: Apache-2.0 */
/* Lists from the network, where the build has libcurl. */
#ifndef CERTBAN_LIST_FETCH_H
#define CERTBAN_LIST_FETCH_H

#include "base/bytes.h"
#include "base/error.h"

/* fetch_is_url says whether a word is a URL rather than a path. */
bool fetch_is_url(const char *word);

/* What may be fetched, and how much of it. */
struct fetch {
    const char *ca;        /* a PEM file of CAs that servers may be certified by, instead of the system's; NULL: the system's */
    size_t size_max;       /* bytes */
    long seconds;          /* for all of it */
    bool http;             /* http too; redirections may go from either to either */
    bool public_only;      /* no address of a private range (list/address.h), at whatever redirection it comes up */
    struct bytes post;     /* sent in a POST request when it is not empty */
    const char *post_type; /* its media type */
};

/* fetch_get gets what is behind a URL; file_forget gives the memory back. Redirections stay on the schemes allowed. ERR_UNSUPPORTED for
 * other schemes and in a build without libcurl, ERR_DENIED for a private address, ERR_LIMIT past size_max. */
CERTBAN_MUST_USE bool fetch_get(const char *url, const struct fetch *rules, struct bytes *out, struct error *err);

/* fetch_url is fetch_get from https only and from anywhere: for an address that the user gave. */
CERTBAN_MUST_USE bool fetch_url(const char *url, const char *ca, size_t size_max, struct bytes *out, struct error *err);

#endif
