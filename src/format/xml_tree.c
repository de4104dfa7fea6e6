/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: XML 1.0 through libxml2; canonical forms by its C14N. Refused: document type declarations, depth past libxml2's limit. */
#include "format/xml_tree.h"

#include "base/base64.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>

xmlDocPtr xml_tree_read(struct bytes b, struct error *err) {
    int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES;
    if (b.n > INT32_MAX) {
        error_set(err, ERR_LIMIT, "a document of %zu bytes", b.n);
        return NULL;
    }
    xmlDocPtr doc = xmlReadMemory((const char *)b.p, (int)b.n, NULL, NULL, options);
    if (doc == NULL || doc->intSubset != NULL || xmlDocGetRootElement(doc) == NULL) {
        error_set(err, ERR_MALFORMED, doc == NULL ? "no well-formed XML" : "XML with a document type declaration");
        xmlFreeDoc(doc);
        return NULL;
    }
    return doc;
}

void xml_tree_free(xmlDocPtr doc) {
    xmlFreeDoc(doc);
}

bool xml_is(const xmlNode *node, const char *namespace, const char *name) {
    return node != NULL && node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0 &&
           (namespace == NULL || (node->ns != NULL && node->ns->href != NULL && strcmp((const char *)node->ns->href, namespace) == 0));
}

xmlNodePtr xml_child(xmlNodePtr node, const char *namespace, const char *name) {
    for (xmlNodePtr child = node != NULL ? node->children : NULL; child != NULL; child = child->next) {
        if (xml_is(child, namespace, name)) {
            return child;
        }
    }
    return NULL;
}

xmlNodePtr xml_next(const xmlNode *apex, xmlNodePtr node) {
    if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
        return node->children;
    }
    while (node != NULL && node != apex && node->next == NULL) {
        node = node->parent;
    }
    return node == NULL || node == apex || node->type == XML_DOCUMENT_NODE ? NULL : node->next;
}

static struct bytes take(xmlChar *text, struct arena *arena) {
    struct bytes copy = bytes_none();
    if (text != NULL && !arena_copy(arena, bytes_text((const char *)text), &copy, NULL)) {
        copy = bytes_none();
    }
    xmlFree(text);
    return copy;
}

struct bytes xml_attribute(const xmlNode *node, const char *name, struct arena *arena) {
    return node != NULL ? take(xmlGetNoNsProp(node, (const xmlChar *)name), arena) : bytes_none();
}

struct bytes xml_text_of(xmlNodePtr node, struct arena *arena) {
    return node != NULL ? take(xmlNodeGetContent(node), arena) : bytes_none();
}

struct bytes xml_decoded(xmlNodePtr node, struct arena *arena) {
    struct bytes text = xml_text_of(node, arena);
    uint8_t *octets = arena_alloc(arena, text.n);
    if (octets == NULL || text.n == 0) {
        return bytes_none();
    }
    memcpy(octets, text.p, text.n);
    return bytes_make(octets, base64_decode(octets, text.n));
}

/* What libxml2 asks of each node, attribute and namespace; of the latter, parent is the element. */
static int is_visible(void *context, xmlNodePtr node, xmlNodePtr parent) {
    const struct xml_subset *subset = context;
    const xmlNode *at = node != NULL && node->type != XML_NAMESPACE_DECL ? node : parent;
    bool inside = subset->apex == NULL;
    for (; at != NULL && at->type != XML_DOCUMENT_NODE; at = at->parent) {
        if (at == subset->without) {
            return 0;
        }
        inside = inside || at == subset->apex;
    }
    return inside;
}

bool xml_canonical(xmlDocPtr doc, const struct xml_subset *subset, struct arena *arena, struct bytes *out, struct error *err) {
    struct xml_subset context = *subset;
    xmlOutputBufferPtr buffer = xmlAllocOutputBuffer(NULL);
    if (buffer == NULL) {
        return error_memory(err, "for a canonical form");
    }
    int mode = subset->exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0;
    bool good = xmlC14NExecute(doc, is_visible, &context, mode, NULL, subset->comments, buffer) >= 0;
    if (good) {
        struct bytes text = bytes_make(xmlOutputBufferGetContent(buffer), xmlOutputBufferGetSize(buffer));
        good = arena_copy(arena, text, out, err);
    } else {
        error_set(err, ERR_MALFORMED, "XML that has no canonical form");
    }
    xmlOutputBufferClose(buffer);
    return good;
}
