/* SPDX-License-Identifier: Apache-2.0 */
/* X.501 Names: printed (RFC 4514), picked apart, and compared as RFC 5280 7.1 says: never as text. */
#ifndef CERTBAN_ASN1_NAME_H
#define CERTBAN_ASN1_NAME_H

#include "asn1/oid.h"
#include "base/arena.h"
#include "base/error.h"

/* name_text is "CN=…,O=…,C=…" (RFC 4514, most specific first) in UTF-8; "" for what is no Name; NULL without memory. */
const char *name_text(struct bytes name, struct arena *arena);

/* name_attribute is the most specific (last encoded) value of that attribute type in UTF-8; "" when absent; NULL without memory. */
const char *name_attribute(struct bytes name, enum oid type, struct arena *arena);

/* name_attributes are all values of that attribute type in UTF-8, the most specific ones that there is room for; one "" when it is absent
 * or without memory. Returns how many. */
size_t name_attributes(struct bytes name, enum oid type, struct arena *arena, const char **out, size_t room);

/* name_equal compares attribute by attribute: string types unified, case folded, white space collapsed (RFC 5280 7.1). */
bool name_equal(struct bytes a, struct bytes b);

/* name_equal_either_end is name_equal for a name that somebody wrote down: lists write names from either end, so that b may have its
 * RDNs in the opposite order. Names of more than 32 RDNs are compared in their own order only. */
bool name_equal_either_end(struct bytes a, struct bytes b);

/* name_matches_text compares a Name with one written as text, from either end (RFC 4514 or as encoded). Attribute types by
 * short name or dotted OID: C ST L STREET O OU CN SERIALNUMBER POSTALCODE DC UID EMAIL(ADDRESS) TITLE GN SN … */
bool name_matches_text(struct bytes name, const char *text);

/* name_from_text encodes a Name written as RFC 4514 text (most specific first when it begins with CN, or ends with C or DC and does
 * not begin with one; as encoded otherwise) with UTF8String values, so that it can be compared with name_equal. False when the text is no
 * name. */
CERTBAN_MUST_USE bool name_from_text(const char *text, struct arena *arena, struct bytes *name, struct error *err);

/* name_hash is equal for names that name_equal calls equal, whatever their order of RDNs: a key for tables. */
uint64_t name_hash(struct bytes name);

/* name_odd says whether it is no Name, or whether a value holds NUL, control characters, invisible or bidirectional ones, or a word that
 * mixes scripts that look alike. */
bool name_odd(struct bytes name);

#endif
