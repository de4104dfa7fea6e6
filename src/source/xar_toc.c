/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the table of contents of a XAR archive from libxml2's SAX events: <xar><toc> with <checksum>, <signature>, <x-signature>
 * and <file>, which stand in each other like folders. Elements that mean nothing here are passed over. Refused: a document type
 * declaration (no archive has one), entities of its own. What was read before an error counts.
 */
#include "source/xar_toc.h"

#include <libxml/parserInternals.h>
#include <strings.h>

enum { STYLE_ROOM = 64 }; /* for the value of an attribute */

#define IN(element) (1u << (element))
static const struct row {
    const char *name;
    enum element element;
    unsigned parents; /* IN(…) of the elements that it may stand in */
    bool text;        /* its text means something */
} rows[] = {
    {"xar", ARCHIVE, IN(NONE), false},
    {"toc", TOC, IN(ARCHIVE), false},
    {"checksum", CHECKSUM, IN(TOC), false},
    {"signature", SIGNATURE, IN(TOC), false},
    {"x-signature", SIGNATURE, IN(TOC), false},
    {"KeyInfo", KEY_INFO, IN(SIGNATURE), false},
    {"X509Data", X509_DATA, IN(KEY_INFO), false},
    {"X509Certificate", CERTIFICATE, IN(X509_DATA), true},
    {"file", FILE_, IN(TOC) | IN(FILE_), false},
    {"name", NAME, IN(FILE_), true},
    {"type", TYPE, IN(FILE_), true},
    {"data", DATA, IN(FILE_), false},
    {"ea", ATTRIBUTE, IN(FILE_), false},
    {"name", ATTRIBUTE_NAME, IN(ATTRIBUTE), true},
    {"offset", OFFSET, IN(CHECKSUM) | IN(SIGNATURE) | IN(DATA) | IN(ATTRIBUTE), true},
    {"length", LENGTH, IN(DATA) | IN(ATTRIBUTE), true},
    {"size", SIZE, IN(CHECKSUM) | IN(SIGNATURE) | IN(DATA) | IN(ATTRIBUTE), true},
    {"encoding", ENCODING, IN(DATA) | IN(ATTRIBUTE), false},
    {"archived-checksum", ARCHIVED, IN(DATA) | IN(ATTRIBUTE), true},
};

void xar_toc_stop(struct xar_toc *t, enum error_kind kind, const char *why) {
    if (!t->failed && t->xar->problem.kind == ERR_NONE) {
        error_set(&t->xar->problem, kind, "table of contents: %s", why);
    }
    t->failed = true;
    xmlStopParser(t->parser);
}

void xar_toc_stop_at(struct xar_toc *t, enum limit which) {
    if (!t->failed && t->xar->problem.kind == ERR_NONE) {
        limit_reached(t->arena->limits, which, &t->xar->problem);
    }
    t->failed = true;
    xmlStopParser(t->parser);
}

void xar_toc_odd(struct xar_toc *t, const char *detail) {
    anomaly_note(t->anomalies, t->arena, ANOMALY_BAD_DIRECTORY, t->xar->toc_at, t->xar->toc_packed, detail);
}

void *xar_toc_room(struct xar_toc *t, void *all, size_t n, size_t *room, size_t each, enum limit most) {
    if (n >= limit_most(t->arena->limits, most)) {
        xar_toc_stop_at(t, most);
        return NULL;
    }
    if (n < *room) {
        return all;
    }
    size_t wanted = *room == 0 ? 8 : *room * 2;
    void *more = arena_array(t->arena, wanted, each);
    if (more == NULL) {
        xar_toc_stop(t, ERR_LIMIT, "out of memory");
        return NULL;
    }
    if (n != 0) {
        memcpy(more, all, n * each);
    }
    *room = wanted;
    return more;
}

/* The attributes of an element as libxml2 gives them: local name, prefix, URI, first and last octet of the value, each. */
struct attributes {
    const xmlChar **all;
    size_t n;
};

/* A short attribute's value, cut to the room; "" when absent. */
static const char *attribute(const struct attributes *attributes, const char *name, char value[STYLE_ROOM]) {
    value[0] = '\0';
    for (size_t i = 0; i < attributes->n; i++) {
        const xmlChar **a = attributes->all + i * 5;
        if (strcmp((const char *)a[0], name) == 0) {
            struct bytes b = bytes_cut(bytes_make(a[3], (size_t)(a[4] - a[3])), 0, STYLE_ROOM - 1);
            memcpy(value, b.p, b.n);
            value[b.n] = '\0';
            break;
        }
    }
    return value;
}

static enum xar_encoding encoding(const char *style) {
    static const struct {
        const char *style;
        enum xar_encoding encoding;
    } styles[] = {
        {"application/octet-stream", XAR_STORED}, {"application/x-gzip", XAR_ZLIB}, {"application/x-bzip2", XAR_BZIP2},
        {"application/x-lzma", XAR_LZMA},         {"application/x-xz", XAR_XZ},
    };
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        if (strcasecmp(style, styles[i].style) == 0) {
            return styles[i].encoding;
        }
    }
    return XAR_UNKNOWN;
}

static void file_begin(struct xar_toc *t) {
    struct xar *x = t->xar;
    struct xar_file *files = xar_toc_room(t, x->files, x->n_files, &x->room_files, sizeof *files, LIMIT_XAR_FILES);
    if (files != NULL) {
        x->files = files;
        files[x->n_files] = (struct xar_file){.parent = t->file, .name = "", .type = XAR_FILE};
        t->file = (uint32_t)x->n_files++;
    }
}

static void signature_begin(struct xar_toc *t, const char *style) {
    struct xar *x = t->xar;
    struct xar_signature *all = xar_toc_room(t, x->signatures, x->n_signatures, &x->room_signatures, sizeof *all, LIMIT_XAR_SIGNATURES);
    struct bytes copy;
    if (all != NULL) {
        x->signatures = all;
        if (!arena_copy(t->arena, bytes_text(style), &copy, NULL)) {
            xar_toc_stop(t, ERR_LIMIT, "out of memory");
            return;
        }
        all[x->n_signatures++] = (struct xar_signature){.style = (const char *)copy.p};
    }
}

/* What an element's beginning does. */
static void begin(struct xar_toc *t, const struct row *row, const struct attributes *attributes) {
    char value[STYLE_ROOM];
    switch (row->element) {
    case CHECKSUM:
        if (t->xar->checksum.given) {
            xar_toc_odd(t, "a second checksum");
        } else {
            t->xar->hash = hash_by_name(attribute(attributes, "style", value));
        }
        break;
    case SIGNATURE:
        signature_begin(t, attribute(attributes, "style", value));
        break;
    case FILE_:
        file_begin(t);
        break;
    case DATA:
    case ATTRIBUTE:
        t->piece = (struct xar_piece){.file = t->file, .attribute = row->element == ATTRIBUTE, .checksum = bytes_none()};
        break;
    case ENCODING:
        t->piece.encoding = encoding(attribute(attributes, "style", value));
        break;
    case ARCHIVED:
        t->piece.hash = hash_by_name(attribute(attributes, "style", value));
        break;
    case NAME:
        t->base64 = strcmp(attribute(attributes, "enctype", value), "base64") == 0;
        break;
    default:
        break;
    }
    if (IN(row->element) & (IN(CHECKSUM) | IN(SIGNATURE) | IN(DATA) | IN(ATTRIBUTE))) {
        t->offset = t->length = t->size = (struct number){0};
    }
    t->wants_text = row->text;
    text_clear(&t->text);
}

static void start_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                          const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes) {
    (void)prefix, (void)uri, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
    struct xar_toc *t = data;
    if (t->failed) {
        return;
    }
    if (t->depth == limit_most(t->arena->limits, LIMIT_XAR_DEPTH)) {
        xar_toc_stop_at(t, LIMIT_XAR_DEPTH);
        return;
    }
    enum element in = t->depth != 0 ? t->stack[t->depth - 1] : NONE;
    const struct row *row = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && row == NULL; i++) {
        row = (rows[i].parents & IN(in)) != 0 && strcmp(rows[i].name, (const char *)name) == 0 ? &rows[i] : NULL;
    }
    if (t->depth == 0 && row == NULL) {
        xar_toc_stop(t, ERR_MALFORMED, "it is no XAR table");
        return;
    }
    t->stack[t->depth++] = row != NULL ? row->element : OTHER;
    t->wants_text = false;
    if (row != NULL) {
        begin(t, row, &(struct attributes){attributes, n_attributes > 0 ? (size_t)n_attributes : 0});
    }
}

static void end_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
    (void)name, (void)prefix, (void)uri;
    struct xar_toc *t = data;
    if (t->failed || t->depth == 0) {
        return;
    }
    enum element element = t->stack[--t->depth];
    xar_value(t, element);
    t->wants_text = false;
    text_clear(&t->text);
}

static void characters(void *data, const xmlChar *p, int n) {
    struct xar_toc *t = data;
    if (!t->failed && t->wants_text && n > 0) {
        text_add_bytes(&t->text, bytes_make(p, (size_t)n));
    }
}

static void subset(void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    (void)name, (void)external, (void)system;
    xar_toc_stop(data, ERR_MALFORMED, "a document type declaration");
}

static xmlEntityPtr get_entity(void *data, const xmlChar *name) {
    (void)data;
    return xmlGetPredefinedEntity(name);
}

static void not_xml(void *data, xmlErrorPtr error) {
    if (error != NULL && error->level == XML_ERR_WARNING) {
        return;
    }
    xar_toc_stop(data, ERR_MALFORMED, "no XML");
}

struct xar_toc *xar_toc_new(struct xar *xar, uint64_t source_size, struct arena *arena, struct anomalies *anomalies, struct error *err) {
    xmlSAXHandler handler = {.startElementNs = start_element,
                             .endElementNs = end_element,
                             .characters = characters,
                             .cdataBlock = characters,
                             .internalSubset = subset,
                             .getEntity = get_entity,
                             .serror = not_xml,
                             .initialized = XML_SAX2_MAGIC};
    struct xar_toc *t = arena_array(arena, 1, sizeof *t);
    if (t == NULL) {
        arena_full(arena, err);
        return NULL;
    }
    *t = (struct xar_toc){.xar = xar, .source_size = source_size, .arena = arena, .anomalies = anomalies, .file = XAR_ROOT};
    t->parser = xmlCreatePushParserCtxt(&handler, t, NULL, 0, NULL);
    if (t->parser == NULL) {
        error_set(err, ERR_LIMIT, "out of memory for a table of contents");
        return NULL;
    }
    xmlCtxtUseOptions(t->parser, XML_PARSE_NONET);
    return t;
}

static void parse(struct xar_toc *t, struct bytes b, bool last) {
    if (xmlParseChunk(t->parser, (const char *)b.p, (int)b.n, last) != 0) {
        xar_toc_stop(t, ERR_MALFORMED, "no XML");
    }
}

bool xar_toc_feed(struct xar_toc *t, struct bytes b) {
    if (!t->failed) {
        parse(t, b, false);
    }
    return !t->failed;
}

void xar_toc_end(struct xar_toc *t) {
    if (t == NULL) {
        return;
    }
    if (!t->failed) {
        parse(t, bytes_none(), true);
    }
    if (t->parser->myDoc != NULL) {
        xmlFreeDoc(t->parser->myDoc);
        t->parser->myDoc = NULL;
    }
    xmlFreeParserCtxt(t->parser);
    text_free(&t->text);
}
