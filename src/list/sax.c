/* SPDX-License-Identifier: Apache-2.0 */
#include "list/sax.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

size_t sax_line(const struct sax *sax) {
    return (size_t)xmlSAX2GetLineNumber(sax->xml);
}

bool sax_refused(const struct sax *sax) {
    return sax->err.kind != ERR_NONE;
}

/* The parse itself is stopped only when the element has been taken: that takes the attributes' memory away. */
void sax_refuse(struct sax *sax, enum error_kind kind, const char *why) {
    if (!sax_refused(sax)) {
        error_set(&sax->err, kind, "line %zu: %s", sax_line(sax), why);
    }
}

void sax_full(struct sax *sax) {
    sax_refuse(sax, ERR_LIMIT, "needs too much memory");
}

struct bytes sax_attribute(struct sax *sax, const char *name) {
    struct bytes copy = bytes_none();
    for (size_t i = 0; i < sax->n_attributes; i++) {
        const unsigned char **a = sax->attributes + 5 * i; /* local name, prefix, namespace, value, its end */
        if (a[1] == NULL && strcmp((const char *)a[0], name) == 0) {
            if (!arena_copy(sax->arena, bytes_make(a[3], (size_t)(a[4] - a[3])), &copy, NULL)) {
                sax_full(sax);
            }
            break;
        }
    }
    return copy;
}

static void start_element(void *data, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                          const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes) {
    struct sax *sax = data;
    (void)prefix, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
    if (sax_refused(sax)) {
        return;
    }
    if (sax->depth == SAX_DEPTH_MAX) {
        sax_refuse(sax, ERR_LIMIT, "elements stand more than 64 levels deep");
        xmlStopParser(sax->xml);
        return;
    }
    sax->depth++;
    sax->attributes = attributes;
    sax->n_attributes = (size_t)n_attributes;
    sax->begin(sax, (const char *)local, uri != NULL ? (const char *)uri : "");
    sax->n_attributes = 0;
    if (sax_refused(sax)) {
        xmlStopParser(sax->xml);
    }
}

static void end_element(void *data, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri) {
    struct sax *sax = data;
    (void)prefix, (void)uri;
    if (!sax_refused(sax)) {
        sax->end(sax, (const char *)local);
        sax->depth -= sax->depth != 0;
    }
    if (sax_refused(sax)) {
        xmlStopParser(sax->xml);
    }
}

static void characters(void *data, const xmlChar *text, int n) {
    struct sax *sax = data;
    if (sax->text != NULL && n > 0 && !sax_refused(sax)) {
        sax->text(sax, bytes_make(text, (size_t)n));
    }
}

static void doctype(void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    struct sax *sax = data;
    (void)name, (void)external, (void)system;
    if (!sax->doctype) {
        sax_refuse(sax, ERR_MALFORMED, "DOCTYPE declarations are refused");
        xmlStopParser(sax->xml);
    }
}

/* A declaration inside of a DOCTYPE: without entities there is nothing to expand. */
static void declaration(void *data, const xmlChar *name, int type, const xmlChar *public_id, const xmlChar *system, xmlChar *content) {
    struct sax *sax = data;
    (void)name, (void)type, (void)public_id, (void)system, (void)content;
    sax_refuse(sax, ERR_MALFORMED, "entities are refused");
    xmlStopParser(sax->xml);
}

/* libxml2 found what is no XML. */
static void not_xml(void *data, xmlErrorPtr error) {
    struct sax *sax = data;
    if (error->level < XML_ERR_ERROR || sax_refused(sax)) {
        return;
    }
    int n = error->message != NULL ? (int)strcspn(error->message, "\n") : 0;
    error_set(&sax->err, ERR_MALFORMED, "line %d: no well-formed XML: %.*s", error->line, n > 100 ? 100 : n, n != 0 ? error->message : "");
    xmlStopParser(sax->xml);
}

bool sax_parse(struct sax *sax, struct bytes xml, struct error *err) {
    xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
                             .startElementNs = start_element,
                             .endElementNs = end_element,
                             .characters = characters,
                             .cdataBlock = characters,
                             .internalSubset = doctype,
                             .entityDecl = declaration,
                             .serror = not_xml};
    if (xml.n == 0 || xml.n > SAX_SIZE_MAX) {
        return error_set(err, xml.n == 0 ? ERR_MALFORMED : ERR_LIMIT, "has %zu bytes; expected 1 to %zu", xml.n, SAX_SIZE_MAX);
    }
    xmlParserCtxtPtr context = xmlCreateMemoryParserCtxt((const char *)xml.p, (int)xml.n);
    if (context == NULL || context->sax == NULL) {
        xmlFreeParserCtxt(context);
        return error_set(err, ERR_LIMIT, "no memory to read it");
    }
    *context->sax = handler;
    context->userData = sax;
    sax->xml = context;
    sax->depth = 0;
    sax->err = (struct error){0};
    xmlCtxtUseOptions(context, XML_PARSE_NONET | XML_PARSE_NOENT); /* NOENT: else &amp; in attributes comes as "&#38;" */
    int status = xmlParseDocument(context);
    if (!sax_refused(sax) && (status != 0 || !context->wellFormed)) {
        sax_refuse(sax, ERR_MALFORMED, "the document ends early");
    }
    xmlFreeDoc(context->myDoc); /* libxml2 makes one for the declarations that it meets */
    context->myDoc = NULL;
    xmlFreeParserCtxt(context);
    sax->xml = NULL;
    if (sax_refused(sax)) {
        if (err != NULL) {
            *err = sax->err;
        }
        return false;
    }
    return true;
}
