/* SPDX-License-Identifier: Apache-2.0 */
#include "list/policy_schema.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>

#include "base/embedded.h"

struct complaint {
    const char *origin;
    struct error *err;
};

/* The first complaint is the one that is told. */
static void complain(void *data, xmlErrorPtr error) {
    struct complaint *complaint = data;
    if (complaint->err->kind == ERR_NONE) {
        int n = error->message != NULL ? (int)strcspn(error->message, "\n") : 0;
        error_set(complaint->err, ERR_MALFORMED, "%.100s:%d: %.*s", complaint->origin, error->line, n, n != 0 ? error->message : "");
    }
}

static void quiet(void *data, const char *format, ...) {
    (void)data, (void)format;
}

bool policy_validate(struct bytes xml, const char *origin, struct error *err) {
    struct error own = {0};
    struct complaint complaint = {origin, &own};
    struct bytes rng = embedded_policy_schema[0].content;
    if (xml.n > INT32_MAX) {
        return error_set(err, ERR_LIMIT, "%s: too large", origin);
    }
    xmlDocPtr document =
        xmlReadMemory((const char *)xml.p, (int)xml.n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewMemParserCtxt((const char *)rng.p, (int)rng.n);
    xmlRelaxNGSetParserErrors(parser, quiet, quiet, NULL);
    xmlRelaxNGPtr schema = parser != NULL ? xmlRelaxNGParse(parser) : NULL;
    xmlRelaxNGValidCtxtPtr valid = schema != NULL ? xmlRelaxNGNewValidCtxt(schema) : NULL;
    bool ok = false;
    if (document == NULL) {
        error_set(&own, ERR_MALFORMED, "%.100s:1: no well-formed XML", origin);
    } else if (document->intSubset != NULL) {
        error_set(&own, ERR_MALFORMED, "%.100s:1: DOCTYPE declarations are refused", origin);
    } else if (valid == NULL) {
        error_set(&own, ERR_LIMIT, "no memory for the schema");
    } else {
        xmlRelaxNGSetValidStructuredErrors(valid, complain, &complaint);
        ok = xmlRelaxNGValidateDoc(valid, document) == 0;
    }
    xmlRelaxNGFreeValidCtxt(valid);
    xmlRelaxNGFree(schema);
    xmlRelaxNGFreeParserCtxt(parser);
    xmlFreeDoc(document);
    if (!ok && err != NULL) {
        *err = own;
    }
    return ok;
}
