/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of xmldsig.h: what one Signature element covers. */
#ifndef CERTBAN_FORMAT_XMLDSIG_CLAIMS_H
#define CERTBAN_FORMAT_XMLDSIG_CLAIMS_H

#include "format/xml_tree.h"
#include "format/xmldsig.h"

extern const char xmldsig_ns[];

struct xmldsig_reading {
    struct xmldsig_outside *outside;
    struct arena *arena;
    struct contents *contents;
    const char *part;
    xmlDocPtr doc;
    size_t size;
    uint64_t left; /* of LIMIT_XML_FORMS: octets that canonical forms may go over yet */
    unsigned n;    /* signatures added */
};

/* xmldsig_hash is the digest that a SignatureMethod or DigestMethod names, HASH_NONE when nobody knows it; *pair: the signature's value is
 * r and s, without DER. */
enum hash xmldsig_hash(const xmlNode *method, struct arena *arena, bool *pair);

/* xmldsig_set_form takes over the canonical form that an algorithm names. xmldsig_form is the subset of the document in that form; false
 * (err) past LIMIT_XML_FORMS, or where libxml2 can't make it. */
void xmldsig_set_form(struct bytes algorithm, struct xml_subset *subset);
CERTBAN_MUST_USE bool xmldsig_form(struct xmldsig_reading *r, const struct xml_subset *subset, struct bytes *out, struct error *err);

/* xmldsig_claims reads what the SignedInfo of a signature covers into s: its claims, or covers_part when something of it can't be checked.
 */
CERTBAN_MUST_USE bool xmldsig_claims(struct xmldsig_reading *r, xmlNodePtr signature, xmlNodePtr info, struct signature *s,
                                     struct error *err);

#endif
