/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property lists in XML (Apple's DTD PropertyList-1.0), as lists of rules come in them: each dict that stands in an array is handed out
 * with its texts and numbers, and then forgotten. What list/sax.h refuses is refused, but for the DOCTYPE that such documents have.
 */
#ifndef CERTBAN_LIST_PLIST_DICTS_H
#define CERTBAN_LIST_PLIST_DICTS_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"

/* Hears of a dict: key is what the array is called ("" when it is the root), dict an object of strings, good during the call. False ends
 * the reading. */
struct plist_listener {
    bool (*dict)(struct plist_listener *listener, const char *key, const json_t *dict, size_t line);
};

CERTBAN_MUST_USE bool plist_dicts(struct bytes xml, struct plist_listener *listener, struct error *err);

#endif
