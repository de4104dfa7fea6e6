/* SPDX-License-Identifier: Apache-2.0 */
/* Lists from the network, where the build has libcurl. */
#ifndef CERTBAN_LIST_FETCH_H
#define CERTBAN_LIST_FETCH_H

#include "base/bytes.h"
#include "base/error.h"

/* fetch_is_url says whether a word is a URL rather than a path. */
bool fetch_is_url(const char *word);

/*
 * fetch_url gets what is behind an https URL, at most size_max bytes; file_forget gives the memory back. Redirections stay on https. ca: a
 * PEM file of CAs that servers may be certified by, instead of the system's; NULL: the system's. ERR_UNSUPPORTED for other schemes and
 * in a build without libcurl.
 */
CERTBAN_MUST_USE bool fetch_url(const char *url, const char *ca, size_t size_max, struct bytes *out, struct error *err);

#endif
