/* SPDX-License-Identifier: Apache-2.0 */
/* What name.c and name_text.c share: the attributes of a Name one by one, and how their types are called. */
#ifndef CERTBAN_ASN1_NAME_WALK_H
#define CERTBAN_ASN1_NAME_WALK_H

#include "asn1/der.h"

struct name_attribute {
    struct bytes oid;    /* content octets */
    struct der value;    /* the element */
    bool joins_previous; /* it belongs to the same RDN as the one before it ("+") */
};

struct name_walk {
    struct der_cursor rdns, set;
    bool good; /* false: what was given is no Name, or ends in something that is none */
};

/* name_walk_begin looks at an encoded Name. */
struct name_walk name_walk_begin(struct bytes name);

/* name_walk_next gives the next attribute, in the order of encoding; false at the end, and where the Name breaks. */
bool name_walk_next(struct name_walk *walk, struct name_attribute *out);

/* name_type_text is the short name that an attribute type is printed with; NULL when it has none. */
const char *name_type_text(struct bytes oid);

/* name_type_oid is the OID content octets for a short name, n bytes of it, in any case, or for a dotted OID (written to out). */
bool name_type_oid(const char *text, size_t n, uint8_t *out, size_t room, size_t *size);

#endif
