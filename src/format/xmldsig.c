/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: Signature elements. Of algorithms the part behind '#' counts, since Microsoft writes SHA-256 under the namespace of 2000.
 * ClickOnce's signature by a publisher stands in a license (the element r:license, which it takes for its document) inside of the
 * manifest's own one and names the manifest's digest there, as hex, last octet first.
 * Refused: transforms other than enveloped signatures, canonical forms and relations; digests behind them prove nothing.
 */
#include "format/xmldsig.h"

#include "asn1/x509.h"
#include "base/base64.h"
#include "base/hex.h"
#include "format/xml_tree.h"

static const char dsig[] = "http://www.w3.org/2000/09/xmldsig#",
                  opc_digsig[] = "http://schemas.openxmlformats.org/package/2006/digital-signature",
                  license_ns[] = "urn:mpeg:mpeg21:2003:01-REL-R-NS";

struct reading {
    struct xmldsig_outside *outside;
    struct arena *arena;
    struct contents *contents;
    const char *part;
    xmlDocPtr doc;
    size_t size;
    uint64_t left; /* of LIMIT_XML_FORMS: octets that canonical forms may go over yet */
    unsigned n;    /* signatures added */
};

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

static enum hash method_hash(const xmlNode *method, struct arena *arena, bool *pair) {
    const char *word = word_of(xml_attribute(method, "Algorithm", arena)), *dash = strrchr(word, '-');
    *pair = strstr(word, "dsa") != NULL;
    return hash_by_name(dash != NULL ? dash + 1 : word);
}

static bool form(struct reading *r, const struct xml_subset *subset, struct bytes *out, struct error *err) {
    if (r->left < r->size) {
        return limit_reached(r->arena->limits, LIMIT_XML_FORMS, err);
    }
    r->left -= r->size;
    return xml_canonical(r->doc, subset, r->arena, out, err);
}

static void set_form(struct bytes algorithm, struct xml_subset *subset) {
    subset->exclusive = strstr((const char *)algorithm.p, "xml-exc-c14n") != NULL;
    subset->comments = ends_with(algorithm, "WithComments");
}

static bool is_form(struct bytes algorithm) {
    const char *text = (const char *)algorithm.p;
    return strstr(text, "xml-exc-c14n#") != NULL || strstr(text, "REC-xml-c14n-20010315") != NULL;
}

static struct claim *claim_new(struct reading *r, struct claims *claims, enum hash hash, struct bytes expected, struct error *err) {
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

static bool literal_span(struct reading *r, struct claim *claim, struct bytes text, struct error *err) {
    claim->spans = arena_array(r->arena, 1, sizeof *claim->spans);
    if (claim->spans == NULL) {
        return arena_full(r->arena, err);
    }
    claim->spans[0] = (struct span){.literal = text};
    claim->n_spans = 1;
    return true;
}

static xmlNodePtr by_id(struct reading *r, const char *id) {
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
static bool read_relations(struct reading *r, xmlNodePtr transform, struct xmldsig_reference *out, struct error *err) {
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
static bool read_transforms(struct reading *r, xmlNodePtr reference, const xmlNode *signature, struct xml_subset *subset,
                            struct xmldsig_reference *out, bool *known, struct error *err) {
    xmlNodePtr all = xml_child(reference, dsig, "Transforms");
    *known = true;
    for (xmlNodePtr t = all != NULL ? all->children : NULL; t != NULL; t = t->next) {
        if (!xml_is(t, dsig, "Transform")) {
            continue;
        }
        struct bytes algorithm = xml_attribute(t, "Algorithm", r->arena);
        if (ends_with(algorithm, "#enveloped-signature")) {
            subset->without = signature;
        } else if (is_form(algorithm)) {
            set_form(algorithm, subset);
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

static bool manifest_claims(struct reading *r, xmlNodePtr object, const xmlNode *signature, struct claims *claims, struct error *err);

/* One Reference: of the document, of an element of it, or of something outside, which counts in a manifest only. */
static bool reference_claim(struct reading *r, xmlNodePtr reference, const xmlNode *signature, bool in_manifest, struct claims *claims,
                            struct error *err) {
    struct xml_subset subset = {.apex = license_of(signature)};
    struct xmldsig_reference outside = {.uri = xml_attribute(reference, "URI", r->arena)};
    bool known, pair;
    enum hash hash = method_hash(xml_child(reference, dsig, "DigestMethod"), r->arena, &pair);
    struct bytes text, expected = xml_decoded(xml_child(reference, dsig, "DigestValue"), r->arena);
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
    return form(r, &subset, &text, err) && literal_span(r, claim, text, err) &&
           (object == NULL || in_manifest || manifest_claims(r, object, signature, claims, err));
}

/* The Manifests in an element that is signed: what they list is signed through it. */
static bool manifest_claims(struct reading *r, xmlNodePtr object, const xmlNode *signature, struct claims *claims, struct error *err) {
    for (xmlNodePtr node = object; node != NULL; node = xml_next(object, node)) {
        if (!xml_is(node, dsig, "Manifest")) {
            continue;
        }
        for (xmlNodePtr c = node->children; c != NULL; c = c->next) {
            if (xml_is(c, dsig, "Reference") && !reference_claim(r, c, signature, true, claims, err)) {
                return false;
            }
        }
    }
    return true;
}

/* The digest of the manifest that a license is for: hex, last octet first, of the document without its own signature. */
static bool license_claim(struct reading *r, const xmlNode *signature, struct claims *claims, struct error *err) {
    const xmlNode *license = license_of(signature), *outer = license;
    struct bytes text, hex = bytes_none();
    for (xmlNodePtr node = license != NULL ? license->children : NULL; node != NULL && hex.n == 0; node = xml_next(license, node)) {
        if (xml_is(node, NULL, "ManifestInformation")) {
            hex = xml_attribute(node, "Hash", r->arena);
        }
    }
    while (outer != NULL && !xml_is(outer, dsig, "Signature")) {
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
    return claim != NULL && form(r, &subset, &text, err) && literal_span(r, claim, text, err);
}

/* Puts the certificate first that issued none of the others. */
static void leaf_first(struct cert *certs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        bool issuer = certs[i].broken;
        for (size_t k = 0; k < n && !issuer; k++) {
            issuer = k != i && !certs[k].broken && bytes_equal(certs[k].issuer, certs[i].subject);
        }
        if (!issuer) {
            struct cert leaf = certs[i];
            certs[i] = certs[0];
            certs[0] = leaf;
            return;
        }
    }
}

static void take_cert(struct reading *r, struct bytes der, struct signature *s) {
    if (der.n != 0 && s->n_certs == limit_most(r->arena->limits, LIMIT_CERTIFICATES)) {
        contents_limited(r->contents, r->arena, LIMIT_CERTIFICATES);
    } else if (der.n != 0 && cert_parse(der, 0, r->arena, &s->certs[s->n_certs], NULL)) {
        s->n_certs++;
    }
}

/* The certificates of a Signature, without those of another one in it, and those beside the document. */
static bool read_certs(struct reading *r, xmlNodePtr signature, struct signature *s, struct error *err) {
    s->certs = arena_array(r->arena, (size_t)limit_most(r->arena->limits, LIMIT_CERTIFICATES), sizeof *s->certs);
    if (s->certs == NULL) {
        return arena_full(r->arena, err);
    }
    for (xmlNodePtr node = signature->children, next; node != NULL; node = next) {
        next = xml_next(signature, node);
        if (xml_is(node, dsig, "Signature")) {
            xmlNodePtr last = node;
            while (last->type == XML_ELEMENT_NODE && last->last != NULL) {
                last = last->last;
            }
            next = xml_next(signature, last);
        } else if (xml_is(node, NULL, "X509Certificate")) {
            take_cert(r, xml_decoded(node, r->arena), s);
        }
    }
    leaf_first(s->certs, s->n_certs);
    for (size_t i = 0; i < r->outside->n_certs; i++) {
        take_cert(r, r->outside->certs[i].der, s);
    }
    return true;
}

static bool read_claims(struct reading *r, xmlNodePtr signature, xmlNodePtr info, struct signature *s, struct error *err) {
    struct claims claims = {0};
    for (xmlNodePtr c = info->children; c != NULL; c = c->next) {
        if (xml_is(c, dsig, "Reference") && !reference_claim(r, c, signature, false, &claims, err)) {
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

/* What the key signed: SignedInfo in canonical form. */
static bool read_signed(struct reading *r, xmlNodePtr signature, xmlNodePtr info, struct signature *s, struct error *err) {
    struct xml_subset subset = {.apex = info};
    set_form(xml_attribute(xml_child(info, dsig, "CanonicalizationMethod"), "Algorithm", r->arena), &subset);
    s->raw_signature = xml_decoded(xml_child(signature, dsig, "SignatureValue"), r->arena);
    s->raw_hash = method_hash(xml_child(info, dsig, "SignatureMethod"), r->arena, &s->raw_pair);
    return form(r, &subset, &s->content, err);
}

static bool add_one(struct reading *r, xmlNodePtr signature, struct error *err) {
    struct signature read = {.kind = r->outside->kind, .content = bytes_none(), .raw_signature = bytes_none(), .claimed = bytes_none()};
    xmlNodePtr info = xml_child(signature, dsig, "SignedInfo");
    if (!read_certs(r, signature, &read, err)) {
        return false;
    }
    if (read.n_certs == 0) {
        return true; /* a strong name: a key that nobody vouches for */
    }
    struct error why = {0};
    if (info != NULL && (!read_signed(r, signature, info, &read, &why) || !read_claims(r, signature, info, &read, &why))) {
        if (why.kind != ERR_MALFORMED && why.kind != ERR_LIMIT && why.kind != ERR_UNSUPPORTED) {
            return error_again(err, &why);
        }
        contents_unreadable(r->contents, &why);
        read.n_claims = 0;
    }
    read.hash = read.raw_hash;
    read.part = r->n++ == 0 ? r->part : arena_printf(r->arena, "%s#%u", r->part, r->n - 1);
    struct signature *s = read.part != NULL ? contents_add(r->contents, r->arena, err) : NULL;
    if (s == NULL) {
        return read.part != NULL ? false : arena_full(r->arena, err);
    }
    *s = read;
    return true;
}

bool xmldsig_add(struct bytes xml, const char *part, struct xmldsig_outside *outside, struct arena *arena, struct contents *contents,
                 bool *found, struct error *err) {
    struct reading r = {.outside = outside,
                        .arena = arena,
                        .contents = contents,
                        .part = part,
                        .size = xml.n,
                        .left = limit_most(arena->limits, LIMIT_XML_FORMS)};
    *found = false;
    r.doc = xml_tree_read(xml, err);
    if (r.doc == NULL) {
        return false;
    }
    bool good = true;
    for (xmlNodePtr node = xmlDocGetRootElement(r.doc); node != NULL && good; node = xml_next(NULL, node)) {
        if (xml_is(node, dsig, "Signature")) {
            *found = true;
            good = r.n < limit_most(arena->limits, LIMIT_XML_SIGNATURES) ? add_one(&r, node, err)
                                                                         : limit_reached(arena->limits, LIMIT_XML_SIGNATURES, err);
        }
    }
    xml_tree_free(r.doc);
    return good;
}

void xmldsig_salvage(struct bytes xml, struct arena *arena, struct contents *contents) {
    struct reading r = {.arena = arena, .contents = contents};
    struct signature read = {.kind = KIND_XMLDSIG, .part = "carved", .carved = true, .content = bytes_none(), .claimed = bytes_none()};
    read.raw_signature = bytes_none();
    read.certs = arena_array(arena, (size_t)limit_most(arena->limits, LIMIT_CERTIFICATES), sizeof *read.certs);
    struct bytes mark = bytes_text("X509Certificate>");
    for (size_t at = 0; read.certs != NULL && (at = bytes_find(xml, mark, at)) < xml.n;) {
        at += mark.n;
        struct bytes text = bytes_cut(xml, at, bytes_find(xml, bytes_text("<"), at) - at);
        uint8_t *octets = arena_alloc(arena, text.n);
        if (octets == NULL || text.n == 0) {
            continue;
        }
        memcpy(octets, text.p, text.n);
        take_cert(&r, bytes_make(octets, base64_decode(octets, text.n)), &read);
    }
    struct signature *s = read.n_certs != 0 ? contents_add(contents, arena, NULL) : NULL;
    if (s != NULL) {
        *s = read;
        anomaly_note(&contents->anomalies, arena, ANOMALY_CARVED, 0, 0, "certificates in XML that can't be read");
    }
}
