/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: what a Signature element covers: its References, those of the Manifests that it signs, and a license. Of algorithms the part
 * behind
 * '#' counts, since Microsoft writes SHA-256 under the namespace of 2000.
 * ClickOnce's signature by a publisher stands in a license (the element r:license, which it takes for its document) inside of the
 * manifest's own one and names the manifest's digest there, as hex, last octet first.
 * Refused: transforms other than enveloped signatures, canonical forms and relations; digests behind them prove nothing.
 */
#include "format/xmldsig_claims.h"

#include "base/hex.h"

const char xmldsig_ns[] = "http://www.w3.org/2000/09/xmldsig#";

static const char opc_digsig[] = "http://schemas.openxmlformats.org/package/2006/digital-signature",
                  license_ns[] = "urn:mpeg:mpeg21:2003:01-REL-R-NS";

/* The claims of one signature under construction. */
struct claims {
    struct claim *all;
    size_t n, room;
    bool broken; /* one that can't be checked: the signature then covers nothing that is known */
};

static bool ends_with(struct bytes text, const char *end) {
    size_t n = strlen(end);
    return text.n >= n && memcmp(text.p + text.n - n, end, n) == 0;
}

/* The word behind '#', in the arena; "" when there is none. */
static const char *word_of(struct bytes uri) {
    const char *hash = strrchr((const char *)uri.p, '#');
    return hash != NULL ? hash + 1 : "";
}

enum hash xmldsig_hash(const xmlNode *method, struct arena *arena, bool *pair) {
    const char *word = word_of(xml_attribute(method, "Algorithm", arena)), *dash = strrchr(word, '-');
    *pair = strstr(word, "dsa") != NULL;
    return hash_by_name(dash != NULL ? dash + 1 : word);
}

bool xmldsig_form(struct xmldsig_reading *r, const struct xml_subset *subset, struct bytes *out, struct error *err) {
    if (r->left < r->size) {
        return limit_reached(r->arena->limits, LIMIT_XML_FORMS, err);
    }
    r->left -= r->size;
    return xml_canonical(r->doc, subset, r->arena, out, err);
}

void xmldsig_set_form(struct bytes algorithm, struct xml_subset *subset) {
    subset->exclusive = strstr((const char *)algorithm.p, "xml-exc-c14n") != NULL;
    subset->comments = ends_with(algorithm, "WithComments");
}

static bool is_form(struct bytes algorithm) {
    const char *text = (const char *)algorithm.p;
    return strstr(text, "xml-exc-c14n#") != NULL || strstr(text, "REC-xml-c14n-20010315") != NULL;
}

static struct claim *claim_new(struct xmldsig_reading *r, struct claims *claims, enum hash hash, struct bytes expected, struct error *err) {
    if (claims->n == limit_most(r->arena->limits, LIMIT_XML_REFERENCES)) {
        limit_reached(r->arena->limits, LIMIT_XML_REFERENCES, err);
        return NULL;
    }
    if (claims->n == claims->room) {
        size_t room = claims->room != 0 ? 2 * claims->room : 16;
        struct claim *all = arena_array(r->arena, room, sizeof *all);
        if (all == NULL) {
            arena_full(r->arena, err);
            return NULL;
        }
        if (claims->n != 0) {
            memcpy(all, claims->all, claims->n * sizeof *all);
        }
        claims->all = all;
        claims->room = room;
    }
    struct claim *claim = &claims->all[claims->n++];
    *claim = (struct claim){.hash = hash, .digest_size = expected.n, .expected = expected, .what = "a signed element"};
    return claim;
}

static bool literal_span(struct xmldsig_reading *r, struct claim *claim, struct bytes text, struct error *err) {
    claim->spans = arena_array(r->arena, 1, sizeof *claim->spans);
    if (claim->spans == NULL) {
        return arena_full(r->arena, err);
    }
    claim->spans[0] = (struct span){.literal = text};
    claim->n_spans = 1;
    return true;
}

static xmlNodePtr by_id(struct xmldsig_reading *r, const char *id) {
    for (xmlNodePtr node = xmlDocGetRootElement(r->doc); node != NULL; node = xml_next(NULL, node)) {
        static const char *const names[] = {"Id", "ID", "id"};
        for (size_t i = 0; node->type == XML_ELEMENT_NODE && i < sizeof names / sizeof *names; i++) {
            xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)names[i]);
            bool is = value != NULL && strcmp((const char *)value, id) == 0;
            xmlFree(value);
            if (is) {
                return node;
            }
        }
    }
    return NULL;
}

static const xmlNode *license_of(const xmlNode *signature) {
    while (signature != NULL && !xml_is(signature, license_ns, "license")) {
        signature = signature->parent;
    }
    return signature;
}

/* Filters of a RelationshipTransform: RelationshipReference SourceId, RelationshipsGroupReference SourceType. */
static bool read_relations(struct xmldsig_reading *r, xmlNodePtr transform, struct xmldsig_reference *out, struct error *err) {
    size_t n = 0;
    for (xmlNodePtr c = transform->children; c != NULL; c = c->next) {
        n += c->type == XML_ELEMENT_NODE;
    }
    out->relations = true;
    out->ids = arena_array(r->arena, n, sizeof *out->ids);
    out->types = arena_array(r->arena, n, sizeof *out->types);
    if (out->ids == NULL || out->types == NULL) {
        return arena_full(r->arena, err);
    }
    for (xmlNodePtr c = transform->children; c != NULL; c = c->next) {
        if (xml_is(c, opc_digsig, "RelationshipReference")) {
            out->ids[out->n_ids++] = xml_attribute(c, "SourceId", r->arena);
        } else if (xml_is(c, opc_digsig, "RelationshipsGroupReference")) {
            out->types[out->n_types++] = xml_attribute(c, "SourceType", r->arena);
        }
    }
    return true;
}

/* The transforms of a Reference. *known is false where one can't be done here. */
static bool read_transforms(struct xmldsig_reading *r, xmlNodePtr reference, const xmlNode *signature, struct xml_subset *subset,
                            struct xmldsig_reference *out, bool *known, struct error *err) {
    xmlNodePtr all = xml_child(reference, xmldsig_ns, "Transforms");
    *known = true;
    for (xmlNodePtr t = all != NULL ? all->children : NULL; t != NULL; t = t->next) {
        if (!xml_is(t, xmldsig_ns, "Transform")) {
            continue;
        }
        struct bytes algorithm = xml_attribute(t, "Algorithm", r->arena);
        if (ends_with(algorithm, "#enveloped-signature")) {
            subset->without = signature;
        } else if (is_form(algorithm)) {
            xmldsig_set_form(algorithm, subset);
            *known = *known && xml_child(t, NULL, "InclusiveNamespaces") == NULL;
        } else if (ends_with(algorithm, "/RelationshipTransform")) {
            if (!read_relations(r, t, out, err)) {
                return false;
            }
        } else {
            *known = false;
        }
    }
    return true;
}

static bool manifest_claims(struct xmldsig_reading *r, xmlNodePtr object, const xmlNode *signature, struct claims *claims,
                            struct error *err);

/* One Reference: of the document, of an element of it, or of something outside, which counts in a manifest only. */
static bool reference_claim(struct xmldsig_reading *r, xmlNodePtr reference, const xmlNode *signature, bool in_manifest,
                            struct claims *claims, struct error *err) {
    struct xml_subset subset = {.apex = license_of(signature)};
    struct xmldsig_reference outside = {.uri = xml_attribute(reference, "URI", r->arena)};
    bool known, pair;
    enum hash hash = xmldsig_hash(xml_child(reference, xmldsig_ns, "DigestMethod"), r->arena, &pair);
    struct bytes text, expected = xml_decoded(xml_child(reference, xmldsig_ns, "DigestValue"), r->arena);
    if (!read_transforms(r, reference, signature, &subset, &outside, &known, err)) {
        return false;
    }
    struct claim *claim = claim_new(r, claims, known ? hash : HASH_NONE, expected, err);
    if (claim == NULL) {
        return false;
    }
    xmlNodePtr object = NULL;
    if (outside.uri.n != 0 && outside.uri.p[0] == '#') {
        subset.apex = object = by_id(r, (const char *)outside.uri.p + 1);
    } else if (outside.uri.n != 0) {
        bool asked = in_manifest && r->outside->covers != NULL;
        if (asked && !r->outside->covers(r->outside, &outside, claim, err)) {
            return false;
        }
        claims->broken = claims->broken || !asked || claim->n_spans == 0;
        return true;
    }
    if (outside.uri.n != 0 && object == NULL) {
        claims->broken = true;
        return true;
    }
    return xmldsig_form(r, &subset, &text, err) && literal_span(r, claim, text, err) &&
           (object == NULL || in_manifest || manifest_claims(r, object, signature, claims, err));
}

/* The Manifests in an element that is signed: what they list is signed through it. */
static bool manifest_claims(struct xmldsig_reading *r, xmlNodePtr object, const xmlNode *signature, struct claims *claims,
                            struct error *err) {
    for (xmlNodePtr node = object; node != NULL; node = xml_next(object, node)) {
        if (!xml_is(node, xmldsig_ns, "Manifest")) {
            continue;
        }
        for (xmlNodePtr c = node->children; c != NULL; c = c->next) {
            if (xml_is(c, xmldsig_ns, "Reference") && !reference_claim(r, c, signature, true, claims, err)) {
                return false;
            }
        }
    }
    return true;
}

/* The digest of the manifest that a license is for: hex, last octet first, of the document without its own signature. */
static bool license_claim(struct xmldsig_reading *r, const xmlNode *signature, struct claims *claims, struct error *err) {
    const xmlNode *license = license_of(signature), *outer = license;
    struct bytes text, hex = bytes_none();
    for (xmlNodePtr node = license != NULL ? license->children : NULL; node != NULL && hex.n == 0; node = xml_next(license, node)) {
        if (xml_is(node, NULL, "ManifestInformation")) {
            hex = xml_attribute(node, "Hash", r->arena);
        }
    }
    while (outer != NULL && !xml_is(outer, xmldsig_ns, "Signature")) {
        outer = outer->parent;
    }
    if (license == NULL) {
        return true;
    }
    uint8_t *digest = arena_alloc(r->arena, HASH_SIZE_MAX), turned[HASH_SIZE_MAX];
    size_t n = 0;
    if (digest == NULL) {
        return arena_full(r->arena, err);
    }
    n = hex_decode(hex, turned, sizeof turned, &n) ? n : 0;
    for (size_t i = 0; i < n; i++) {
        digest[i] = turned[n - 1 - i];
    }
    struct xml_subset subset = {.without = outer, .exclusive = true};
    struct claim *claim = claim_new(r, claims, hash_by_size(n), bytes_make(digest, n), err);
    claims->broken = claims->broken || n == 0 || outer == NULL;
    if (claim != NULL) {
        claim->what = "the manifest";
    }
    return claim != NULL && xmldsig_form(r, &subset, &text, err) && literal_span(r, claim, text, err);
}

bool xmldsig_claims(struct xmldsig_reading *r, xmlNodePtr signature, xmlNodePtr info, struct signature *s, struct error *err) {
    struct claims claims = {0};
    for (xmlNodePtr c = info->children; c != NULL; c = c->next) {
        if (xml_is(c, xmldsig_ns, "Reference") && !reference_claim(r, c, signature, false, &claims, err)) {
            return false;
        }
    }
    if (!license_claim(r, signature, &claims, err)) {
        return false;
    }
    s->claims = claims.all;
    s->n_claims = claims.broken ? 0 : claims.n;
    s->covers_part = claims.broken;
    return true;
}
