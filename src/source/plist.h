/* SPDX-License-Identifier: Apache-2.0 */
/* Apple's property lists, XML and binary, as a tree in the arena. */
#ifndef CERTBAN_SOURCE_PLIST_H
#define CERTBAN_SOURCE_PLIST_H

#include "model/signature.h"

enum {
    PLIST_DEPTH_MAX = LIMIT_PLIST_DEPTH_GREATEST,
};

enum plist_type { PLIST_STRING, PLIST_DATA, PLIST_NUMBER, PLIST_BOOLEAN, PLIST_DATE, PLIST_ARRAY, PLIST_DICT };

struct plist {
    enum plist_type type;
    struct bytes bytes;      /* PLIST_STRING: UTF-8, a NUL behind it; PLIST_DATA: the octets; in XML also the text of numbers and dates */
    int64_t number;          /* integers and booleans */
    const struct plist *key; /* of a value in a dictionary: its key, a string */
    struct plist *first;     /* of an array or dictionary */
    struct plist *next;      /* in the same array or dictionary */
};

/* plist_parse reads a property list. ERR_MALFORMED for what is none, ERR_LIMIT past the limits. XML: the document type
 * declaration is allowed, entities and the network are not used. */
CERTBAN_MUST_USE bool plist_parse(struct bytes b, struct arena *arena, const struct plist **out, struct error *err);

/* plist_get is the first value of that key; NULL when dict is NULL or no dictionary, or has no such key. */
const struct plist *plist_get(const struct plist *dict, const char *key);

/* plist_string is plist_get as C string; NULL when it is absent, no string, or has a NUL in it. */
const char *plist_string(const struct plist *dict, const char *key);

/* plist_version takes what rules compare from an Info.plist: product and file version; strings stay in the list's arena. */
void plist_version(const struct plist *info, struct version_info *out);

/* The two encodings, for plist_parse alone. */
CERTBAN_MUST_USE bool plist_parse_xml(struct bytes b, struct arena *arena, const struct plist **out, struct error *err);
CERTBAN_MUST_USE bool plist_parse_binary(struct bytes b, struct arena *arena, const struct plist **out, struct error *err);

#endif
