/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: Relationships elements with their Relationship elements. Refused: any other XML, and more relations than LIMIT_RELATIONS. */
#include "format/opc_relations.h"

#include "base/text.h"
#include "format/xml_tree.h"

#include <stdlib.h>

static const char space[] = "http://schemas.openxmlformats.org/package/2006/relationships";

struct relation {
    struct bytes id, target, mode, type;
};

static xmlDocPtr open_relations(struct bytes xml, struct error *err) {
    xmlDocPtr doc = xml_tree_read(xml, err);
    if (doc != NULL && !xml_is(xmlDocGetRootElement(doc), space, "Relationships")) {
        xml_tree_free(doc);
        error_set(err, ERR_MALFORMED, "no relations");
        return NULL;
    }
    return doc;
}

static bool is_one_of(struct bytes value, const struct bytes *all, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (bytes_equal(value, all[i])) {
            return true;
        }
    }
    return false;
}

static int by_id(const void *x, const void *y) {
    const struct relation *a = x, *b = y;
    return bytes_order(a->id, b->id);
}

/* How many there are. */
static bool count(xmlDocPtr doc, const struct arena *arena, size_t *n, struct error *err) {
    *n = 0;
    for (xmlNodePtr c = xmlDocGetRootElement(doc)->children; c != NULL; c = c->next) {
        *n += xml_is(c, space, "Relationship");
    }
    return *n <= limit_most(arena->limits, LIMIT_RELATIONS) || limit_reached(arena->limits, LIMIT_RELATIONS, err);
}

/* Those of the document that are wanted, in order. */
static bool read_all(xmlDocPtr doc, const struct xmldsig_reference *reference, struct arena *arena, struct relation **out, size_t *n,
                     struct error *err) {
    xmlNodePtr root = xmlDocGetRootElement(doc);
    size_t all;
    if (!count(doc, arena, &all, err)) {
        return false;
    }
    *n = 0;
    *out = arena_array(arena, all, sizeof **out);
    if (*out == NULL) {
        return arena_full(arena, err);
    }
    for (xmlNodePtr c = root->children; c != NULL; c = c->next) {
        if (!xml_is(c, space, "Relationship")) {
            continue;
        }
        struct relation one = {xml_attribute(c, "Id", arena), xml_attribute(c, "Target", arena), xml_attribute(c, "TargetMode", arena),
                               xml_attribute(c, "Type", arena)};
        if (is_one_of(one.id, reference->ids, reference->n_ids) || is_one_of(one.type, reference->types, reference->n_types)) {
            (*out)[(*n)++] = one;
        }
    }
    if (*n != 0) {
        qsort(*out, *n, sizeof **out, by_id);
    }
    return true;
}

/* An attribute in canonical form (Canonical XML 2.3). */
static void put(struct text *t, const char *name, struct bytes value) {
    static const struct {
        char c;
        const char *instead;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'"', "&quot;"}, {'\t', "&#x9;"}, {'\n', "&#xA;"}, {'\r', "&#xD;"}};
    text_addf(t, " %s=\"", name);
    for (size_t i = 0; i < value.n; i++) {
        size_t k = 0;
        while (k < sizeof escapes / sizeof *escapes && escapes[k].c != (char)value.p[i]) {
            k++;
        }
        if (k < sizeof escapes / sizeof *escapes) {
            text_add(t, escapes[k].instead);
        } else {
            text_add_char(t, (char)value.p[i]);
        }
    }
    text_add(t, "\"");
}

bool opc_relations(struct bytes xml, const struct xmldsig_reference *reference, struct arena *arena, struct bytes *out, struct error *err) {
    struct relation *all;
    size_t n;
    struct text t = {0};
    xmlDocPtr doc = open_relations(xml, err);
    bool good = doc != NULL && read_all(doc, reference, arena, &all, &n, err);
    xml_tree_free(doc);
    if (!good) {
        return false;
    }
    text_addf(&t, "<Relationships xmlns=\"%s\">", space);
    for (size_t i = 0; i < n; i++) {
        text_add(&t, "<Relationship");
        put(&t, "Id", all[i].id);
        put(&t, "Target", all[i].target);
        put(&t, "TargetMode", all[i].mode.n != 0 ? all[i].mode : bytes_text("Internal"));
        put(&t, "Type", all[i].type);
        text_add(&t, "></Relationship>");
    }
    text_add(&t, "</Relationships>");
    good = text_ok(&t) ? arena_copy(arena, bytes_make(t.p, t.n), out, err) : error_memory(err, "for relations");
    text_free(&t);
    return good;
}

bool opc_targets(struct bytes xml, const char *type, struct arena *arena, struct bytes *out, size_t room, size_t *n, struct error *err) {
    xmlDocPtr doc = open_relations(xml, err);
    *n = 0;
    if (doc == NULL) {
        return false;
    }
    size_t all;
    bool ok = count(doc, arena, &all, err);
    for (xmlNodePtr c = ok ? xmlDocGetRootElement(doc)->children : NULL; c != NULL; c = c->next) {
        struct bytes is = xml_is(c, space, "Relationship") ? xml_attribute(c, "Type", arena) : bytes_none();
        size_t m = strlen(type);
        if (is.n >= m && memcmp(is.p + is.n - m, type, m) == 0) {
            if (*n < room) {
                out[*n] = xml_attribute(c, "Target", arena);
            }
            ++*n;
        }
    }
    xml_tree_free(doc);
    return ok;
}
