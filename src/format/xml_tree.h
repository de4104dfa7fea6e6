/* SPDX-License-Identifier: Apache-2.0 */
/* XML documents as trees, for the formats that are signed in XML's canonical form. Nothing is fetched, no entity replaced, and a document
 * type declaration is refused. libxml2's memory is the heap's: xml_tree_free gives it back. */
#ifndef CERTBAN_FORMAT_XML_TREE_H
#define CERTBAN_FORMAT_XML_TREE_H

#include "base/arena.h"

#include <libxml/tree.h>

/* xml_tree_read parses b. NULL (err set: ERR_MALFORMED, ERR_LIMIT) when it is no such document. */
xmlDocPtr xml_tree_read(struct bytes b, struct error *err);
void xml_tree_free(xmlDocPtr doc);

/* xml_is says whether node is the element of that name; namespace NULL: any. */
bool xml_is(const xmlNode *node, const char *namespace, const char *name);

/* xml_child is node's first child element of that name; NULL. */
xmlNodePtr xml_child(xmlNodePtr node, const char *namespace, const char *name);

/* xml_next is the next node of a walk over apex and what is in it, in the document's order; NULL at its end. */
xmlNodePtr xml_next(const xmlNode *apex, xmlNodePtr node);

/* xml_attribute and xml_text copy the value of an attribute, or an element's text, into the arena; empty where there is none, and
 * without memory. */
struct bytes xml_attribute(const xmlNode *node, const char *name, struct arena *arena);
struct bytes xml_text_of(xmlNodePtr node, struct arena *arena);

/* xml_decoded is an element's text out of base64. */
struct bytes xml_decoded(xmlNodePtr node, struct arena *arena);

/* What of a document is made canonical, and how. */
struct xml_subset {
    const xmlNode *apex;    /* NULL: all of the document */
    const xmlNode *without; /* left out of it; NULL: nothing */
    bool exclusive;         /* Exclusive XML Canonicalization 1.0, else Canonical XML 1.0 */
    bool comments;
};

/* xml_canonical is that in canonical form, in the arena. */
CERTBAN_MUST_USE bool xml_canonical(xmlDocPtr doc, const struct xml_subset *subset, struct arena *arena, struct bytes *out,
                                    struct error *err);

#endif
