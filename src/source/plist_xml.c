/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads XML property lists (PropertyList-1.0.dtd: plist, dict, key, array, string, data, integer, real, date, true, false) from
 * libxml2's SAX events. Refused: entities of its own (the document type declaration itself is harmless and always there),
 * unknown elements, values that stand where none may.
 */
#include "source/plist.h"

#include "base/base64.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

static const struct row {
    const char *name;
    enum plist_type type;
    bool text; /* the element has text */
} rows[] = {
    {"dict", PLIST_DICT, false},  {"array", PLIST_ARRAY, false},   {"string", PLIST_STRING, true}, {"data", PLIST_DATA, true},
    {"real", PLIST_NUMBER, true}, {"integer", PLIST_NUMBER, true}, {"date", PLIST_DATE, true},     {"true", PLIST_BOOLEAN, false},
    {"key", PLIST_STRING, true},  {"false", PLIST_BOOLEAN, false},
};

struct level {
    struct plist *value;
    struct plist **tail;     /* where the next child goes */
    const struct plist *key; /* the key that waits for its value */
    bool is_key;
};

struct xml {
    struct arena *arena;
    struct error *err;
    xmlParserCtxtPtr parser;
    struct level levels[PLIST_DEPTH_MAX];
    size_t depth;
    struct plist *root;
    unsigned left; /* of LIMIT_PLIST_VALUES */
    const struct row *row;
    uint8_t *text; /* of the element that is open */
    size_t n, room;
    bool in_plist, failed;
};

static void stop(struct xml *x, enum error_kind kind, const char *why) {
    if (!x->failed) {
        error_set(x->err, kind, "property list, line %d: %s", xmlSAX2GetLineNumber(x->parser), why);
    }
    x->failed = true;
    xmlStopParser(x->parser);
}

static void stop_at(struct xml *x, enum limit which) {
    if (!x->failed) {
        limit_reached(x->arena->limits, which, x->err);
    }
    x->failed = true;
    xmlStopParser(x->parser);
}

static const struct row *row_of(const xmlChar *name) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, (const char *)name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Puts a new value where it belongs; NULL (stopped) when it belongs nowhere. */
static struct plist *place(struct xml *x, const struct row *row, bool is_key) {
    struct level *in = x->depth != 0 ? &x->levels[x->depth - 1] : NULL;
    bool in_dict = in != NULL && in->value->type == PLIST_DICT;
    if (x->row != NULL || (in == NULL && x->root != NULL) || is_key != (in_dict && in->key == NULL)) {
        stop(x, ERR_MALFORMED, "a value stands where none may");
        return NULL;
    }
    struct plist *value = x->left != 0 ? arena_array(x->arena, 1, sizeof *value) : NULL;
    if (value == NULL) {
        if (x->left == 0) {
            stop_at(x, LIMIT_PLIST_VALUES);
        } else {
            stop(x, ERR_LIMIT, "out of memory");
        }
        return NULL;
    }
    x->left--;
    *value = (struct plist){.type = row->type, .bytes = bytes_none()};
    if (is_key) {
        in->key = value;
    } else if (in == NULL) {
        x->root = value;
    } else {
        value->key = in->key;
        in->key = NULL;
        *in->tail = value;
        in->tail = &value->next;
    }
    return value;
}

static void start_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                          const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes) {
    (void)prefix, (void)uri, (void)n_namespaces, (void)namespaces, (void)n_attributes, (void)n_defaulted, (void)attributes;
    struct xml *x = data;
    if (x->failed) {
        return;
    }
    if (!x->in_plist && x->depth == 0 && strcmp((const char *)name, "plist") == 0) {
        x->in_plist = true;
        return;
    }
    const struct row *row = row_of(name);
    if (row == NULL) {
        stop(x, ERR_MALFORMED, "an unknown element");
        return;
    }
    if (x->depth == limit_most(x->arena->limits, LIMIT_PLIST_DEPTH)) {
        stop_at(x, LIMIT_PLIST_DEPTH);
        return;
    }
    struct plist *value = place(x, row, strcmp(row->name, "key") == 0);
    if (value == NULL) {
        return;
    }
    value->number = strcmp(row->name, "true") == 0;
    x->levels[x->depth++] = (struct level){.value = value, .tail = &value->first};
    x->row = row->text || row->type == PLIST_BOOLEAN ? row : NULL;
    x->n = 0;
}

static int64_t number(struct bytes text) {
    uint64_t v = 0;
    bool minus = text.n != 0 && text.p[0] == '-';
    for (size_t i = minus ? 1 : 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
        v = v * 10 + (uint64_t)(text.p[i] - '0');
    }
    return (int64_t)(minus ? 0 - v : v);
}

static void end_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
    (void)name, (void)prefix, (void)uri;
    struct xml *x = data;
    if (x->failed || x->depth == 0) {
        return;
    }
    struct level *level = &x->levels[--x->depth];
    struct plist *value = level->value;
    if (x->row != NULL && x->row->text) {
        size_t n = value->type == PLIST_DATA && x->text != NULL ? base64_decode(x->text, x->n) : x->n;
        if (!arena_copy(x->arena, bytes_make(x->text, x->text != NULL ? n : 0), &value->bytes, x->err)) {
            stop(x, ERR_LIMIT, "out of memory");
            return;
        }
        value->number = value->type == PLIST_NUMBER ? number(value->bytes) : 0;
    } else if (level->key != NULL) {
        stop(x, ERR_MALFORMED, "a key without a value");
    }
    x->row = NULL;
}

static void characters(void *data, const xmlChar *p, int n) {
    struct xml *x = data;
    if (x->failed || x->row == NULL || !x->row->text || n <= 0) {
        return;
    }
    size_t more = (size_t)n;
    if (more > x->room - x->n) {
        size_t room = (x->n + more) * 2;
        uint8_t *text = arena_alloc(x->arena, room);
        if (text == NULL) {
            stop(x, ERR_LIMIT, "out of memory");
            return;
        }
        if (x->n != 0) {
            memcpy(text, x->text, x->n);
        }
        x->text = text;
        x->room = room;
    }
    memcpy(x->text + x->n, p, more);
    x->n += more;
}

static void entity(void *data, const xmlChar *name, int type, const xmlChar *public_id, const xmlChar *system_id, xmlChar *content) {
    (void)name, (void)type, (void)public_id, (void)system_id, (void)content;
    stop(data, ERR_MALFORMED, "an entity of its own");
}

static xmlEntityPtr get_entity(void *data, const xmlChar *name) {
    (void)data;
    return xmlGetPredefinedEntity(name);
}

static void not_xml(void *data, xmlErrorPtr error) {
    (void)error;
    stop(data, ERR_MALFORMED, "no XML");
}

bool plist_parse_xml(struct bytes b, struct arena *arena, const struct plist **out, struct error *err) {
    /* A new parser has chosen events with namespaces before it gets this handler: those without would never come. */
    xmlSAXHandler handler = {.startElementNs = start_element,
                             .endElementNs = end_element,
                             .characters = characters,
                             .cdataBlock = characters,
                             .ignorableWhitespace = characters,
                             .entityDecl = entity,
                             .getEntity = get_entity,
                             .serror = not_xml,
                             .initialized = XML_SAX2_MAGIC};
    struct xml *x = arena_array(arena, 1, sizeof *x);
    if (x == NULL) {
        return arena_full(arena, err);
    }
    /* An embedded list is often followed by NULs. */
    while (b.n != 0 && b.p[b.n - 1] == 0) {
        b = bytes_cut(b, 0, b.n - 1);
    }
    if (b.n == 0 || b.n > LIMIT_PLIST_SIZE_GREATEST) {
        return error_set(err, ERR_MALFORMED, "property list of %zu bytes", b.n);
    }
    *x = (struct xml){.arena = arena, .err = err, .left = (unsigned)limit_most(arena->limits, LIMIT_PLIST_VALUES)};
    x->parser = xmlCreateMemoryParserCtxt((const char *)b.p, (int)b.n);
    if (x->parser == NULL || x->parser->sax == NULL) {
        xmlFreeParserCtxt(x->parser);
        return error_set(err, ERR_LIMIT, "out of memory for a property list");
    }
    *x->parser->sax = handler;
    x->parser->userData = x;
    xmlCtxtUseOptions(x->parser, XML_PARSE_NONET);
    int bad = xmlParseDocument(x->parser);
    if (!x->failed && (bad != 0 || !x->parser->wellFormed || x->root == NULL)) {
        stop(x, ERR_MALFORMED, "no property list");
    }
    bool ok = !x->failed;
    if (x->parser->myDoc != NULL) {
        xmlFreeDoc(x->parser->myDoc);
        x->parser->myDoc = NULL;
    }
    xmlFreeParserCtxt(x->parser);
    if (ok) {
        *out = x->root;
    }
    return ok;
}
