/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: Signature elements and their certificates; what they cover is for xmldsig_claims.c. */
#include "format/xmldsig.h"

#include "asn1/x509.h"
#include "base/base64.h"
#include "format/xmldsig_claims.h"

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

static void take_cert(struct xmldsig_reading *r, struct bytes der, struct signature *s) {
    if (der.n != 0 && s->n_certs == limit_most(r->arena->limits, LIMIT_CERTIFICATES)) {
        contents_limited(r->contents, r->arena, LIMIT_CERTIFICATES);
    } else if (der.n != 0 && cert_parse(der, 0, r->arena, &s->certs[s->n_certs], NULL)) {
        s->n_certs++;
    }
}

/* The certificates of a Signature, without those of another one in it, and those beside the document. */
static bool read_certs(struct xmldsig_reading *r, xmlNodePtr signature, struct signature *s, struct error *err) {
    s->certs = arena_array(r->arena, (size_t)limit_most(r->arena->limits, LIMIT_CERTIFICATES), sizeof *s->certs);
    if (s->certs == NULL) {
        return arena_full(r->arena, err);
    }
    for (xmlNodePtr node = signature->children, next; node != NULL; node = next) {
        next = xml_next(signature, node);
        if (xml_is(node, xmldsig_ns, "Signature")) {
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

/* What the key signed: SignedInfo in canonical form. */
static bool read_signed(struct xmldsig_reading *r, xmlNodePtr signature, xmlNodePtr info, struct signature *s, struct error *err) {
    struct xml_subset subset = {.apex = info};
    xmldsig_set_form(xml_attribute(xml_child(info, xmldsig_ns, "CanonicalizationMethod"), "Algorithm", r->arena), &subset);
    s->raw_signature = xml_decoded(xml_child(signature, xmldsig_ns, "SignatureValue"), r->arena);
    s->raw_hash = xmldsig_hash(xml_child(info, xmldsig_ns, "SignatureMethod"), r->arena, &s->raw_pair);
    return xmldsig_form(r, &subset, &s->content, err);
}

static bool add_one(struct xmldsig_reading *r, xmlNodePtr signature, struct error *err) {
    struct signature read = {.kind = r->outside->kind, .content = bytes_none(), .raw_signature = bytes_none(), .claimed = bytes_none()};
    xmlNodePtr info = xml_child(signature, xmldsig_ns, "SignedInfo");
    if (!read_certs(r, signature, &read, err)) {
        return false;
    }
    if (read.n_certs == 0) {
        return true; /* a strong name: a key that nobody vouches for */
    }
    struct error why = {0};
    if (info != NULL && (!read_signed(r, signature, info, &read, &why) || !xmldsig_claims(r, signature, info, &read, &why))) {
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
    struct xmldsig_reading r = {.outside = outside,
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
        if (xml_is(node, xmldsig_ns, "Signature")) {
            *found = true;
            good = r.n < limit_most(arena->limits, LIMIT_XML_SIGNATURES) ? add_one(&r, node, err)
                                                                         : limit_reached(arena->limits, LIMIT_XML_SIGNATURES, err);
        }
    }
    xml_tree_free(r.doc);
    return good;
}

void xmldsig_salvage(struct bytes xml, struct arena *arena, struct contents *contents) {
    struct xmldsig_reading r = {.arena = arena, .contents = contents};
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
