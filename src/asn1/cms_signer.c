/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: SignerInfo (RFC 5652 5.3, RFC 2315 9.2) and its attributes.
 * Refuses: a SignerInfo without identifier, algorithms or signature. Attributes are taken one by one; what is none stands as
 * one attribute without an OID, whose value is all of the rest, so that callers see it and can search it.
 */
#include "asn1/cms_read.h"
#include "asn1/x509.h"

void *cms_grow(struct arena *arena, void *old, size_t n, size_t *room, size_t size) {
    if (n < *room) {
        return old;
    }
    size_t wanted = *room == 0 ? 4 : *room * 2;
    void *fresh = arena_array(arena, wanted, size);
    if (fresh != NULL) {
        if (n != 0) {
            memcpy(fresh, old, n * size);
        }
        *room = wanted;
    }
    return fresh;
}

/* Attributes under construction. */
struct list {
    struct attribute *all;
    size_t n, room;
};

static bool append(struct cms_reading *r, struct list *list, struct attribute attribute) {
    struct attribute *to = cms_grow(r->arena, list->all, list->n, &list->room, sizeof *list->all);
    if (to == NULL) {
        return false;
    }
    list->all = to;
    to[list->n++] = attribute;
    return true;
}

/* All of b as the value of an attribute without an OID. */
static bool append_rest(struct cms_reading *r, struct list *list, struct bytes b, uint64_t at) {
    struct bytes *value = arena_array(r->arena, 1, sizeof *value);
    if (value == NULL) {
        return false;
    }
    *value = b;
    return append(r, list, (struct attribute){.oid = bytes_none(), .values = value, .n_values = 1, .at = at, .size = b.n});
}

/* attrValues SET OF ANY. What is past the limit, or no element, is left in c. False without memory. */
static bool read_values(struct cms_reading *r, struct der_cursor *c, struct attribute *attribute) {
    struct der_cursor ahead = *c;
    struct der e;
    size_t n = 0;
    while (n < cms_most(r, LIMIT_VALUES) && der_next(&ahead, &e, NULL)) {
        n++;
    }
    attribute->values = arena_array(r->arena, n, sizeof *attribute->values);
    if (attribute->values == NULL) {
        return false;
    }
    while (attribute->n_values < n && der_next(c, &e, NULL)) {
        attribute->values[attribute->n_values++] = e.whole;
    }
    return true;
}

/* Attribute ::= SEQUENCE { attrType OID, attrValues SET OF ANY } */
static bool read_attribute(struct cms_reading *r, const struct der_cursor *c, const struct der *element, struct list *list) {
    struct der_cursor in, values;
    struct der oid;
    uint64_t at = c->at - element->whole.n;
    struct attribute attribute = {.at = at, .size = element->whole.n};
    if (element->tag != DER_SEQUENCE || !der_inside(c, element, &in, NULL) || !der_expect(&in, DER_OID, &oid, NULL) ||
        !der_enter(&in, DER_SET, &values, NULL)) {
        return append_rest(r, list, element->whole, at);
    }
    attribute.oid = oid.content;
    if (!read_values(r, &values, &attribute) || !append(r, list, attribute)) {
        return false;
    }
    if (attribute.n_values == cms_most(r, LIMIT_VALUES) && values.left.n > 0) {
        cms_cut(r, LIMIT_VALUES);
    }
    return (values.left.n == 0 || append_rest(r, list, values.left, values.at)) && (in.left.n == 0 || append_rest(r, list, in.left, in.at));
}

/* The content of [0] or [1]: SET OF Attribute. False without memory. */
static bool read_attributes(struct cms_reading *r, struct der_cursor *c, struct attribute **out, size_t *n) {
    struct list list = {0};
    for (;;) {
        struct bytes rest = c->left;
        uint64_t at = c->at;
        struct der e;
        bool full = list.n >= cms_most(r, LIMIT_ATTRIBUTES) && rest.n > 0;
        if (full) {
            cms_cut(r, LIMIT_ATTRIBUTES);
        }
        if (full || !der_next(c, &e, NULL)) {
            if ((full || c->failed) && !append_rest(r, &list, rest, at)) {
                return false;
            }
            break;
        }
        if (!read_attribute(r, c, &e, &list)) {
            return false;
        }
    }
    *out = list.all;
    *n = list.n;
    return true;
}

/* The value of a signed attribute that must stand once with one value (RFC 5652 11.1 to 11.3); false when it is absent or doubled. */
static bool single(struct signer_info *signer, enum oid type, struct der *value) {
    const struct attribute *found = NULL;
    for (size_t i = 0; i < signer->n_attrs; i++) {
        if (!oid_is(signer->attrs[i].oid, type)) {
            continue;
        }
        if (found != NULL || signer->attrs[i].n_values > 1) {
            signer->duplicate_attribute = true;
            return false;
        }
        found = &signer->attrs[i];
    }
    return found != NULL && found->n_values == 1 && der_read(found->values[0], value, NULL);
}

static bool read_signed_values(struct cms_reading *r, struct signer_info *signer) {
    struct der e;
    struct error why = {0};
    if (single(signer, OID_MESSAGE_DIGEST, &e) && (e.tag & ~0x20) == DER_OCTET_STRING &&
        !der_octets(&e, r->arena, &signer->message_digest, &why) && why.kind == ERR_LIMIT) {
        return false;
    }
    if (single(signer, OID_CONTENT_TYPE, &e) && e.tag == DER_OID) {
        signer->content_type = e.content;
    }
    if (single(signer, OID_SIGNING_TIME, &e) && !der_time(&e, &signer->signing_time, NULL)) {
        signer->signing_time = INT64_MIN;
    }
    return true;
}

/* sid CHOICE { issuerAndSerialNumber SEQUENCE { issuer Name, serialNumber INTEGER }, subjectKeyIdentifier [0] OCTET STRING } */
static bool read_identifier(struct cms_reading *r, struct der_cursor *c, struct signer_info *signer, struct error *err) {
    struct der_cursor in;
    struct der e, serial;
    if (!der_next(c, &e, err)) {
        return c->failed ? false : error_set(err, ERR_MALFORMED, "a SignerInfo without an identifier");
    }
    if ((e.tag & ~0x20) == DER_CONTEXT_0) {
        return der_octets(&e, r->arena, &signer->key_id, err);
    }
    if (e.tag != DER_SEQUENCE) {
        return error_set(err, ERR_MALFORMED, "a SignerInfo whose identifier has tag 0x%02x", e.tag);
    }
    if (!der_inside(c, &e, &in, err) || !der_expect(&in, DER_SEQUENCE, &e, err) || !der_expect(&in, DER_INTEGER, &serial, err)) {
        return false;
    }
    signer->issuer = e.whole;
    signer->serial = der_serial(serial.content);
    if (signer->serial.n + 1 < serial.content.n || (signer->serial.n < serial.content.n && signer->serial.p[0] < 0x80)) {
        cms_tally(r, CMS_ODD_SERIAL, in.at - serial.whole.n, serial.whole.n);
    }
    return true;
}

/* SignerInfo ::= SEQUENCE {
 *   version INTEGER, sid, digestAlgorithm SEQUENCE, signedAttrs [0] IMPLICIT SET OF Attribute?, signatureAlgorithm SEQUENCE,
 *   signature OCTET STRING, unsignedAttrs [1] IMPLICIT SET OF Attribute? }
 */
static bool read_fields(struct cms_reading *r, struct der_cursor *c, struct signer_info *signer, struct error *err) {
    struct der_cursor in;
    struct der e;
    if (!der_expect(c, DER_INTEGER, &e, err) || !read_identifier(r, c, signer, err) || !der_enter(c, DER_SEQUENCE, &in, err)) {
        return false;
    }
    if (der_expect(&in, DER_OID, &e, NULL)) {
        signer->hash = oid_hash(e.content);
    }
    if (der_optional(c, DER_CONTEXT_0_CONS, &e)) {
        signer->signed_attrs = e.whole;
        if (!der_inside(c, &e, &in, err)) {
            return false;
        }
        if (!read_attributes(r, &in, &signer->attrs, &signer->n_attrs)) {
            return arena_full(r->arena, err);
        }
    }
    if (!der_expect(c, DER_SEQUENCE, &e, err)) {
        return false;
    }
    signer->algorithm = e.whole;
    if (!der_next(c, &e, err) || (e.tag & ~0x20) != DER_OCTET_STRING) {
        return c->failed ? false : error_set(err, ERR_MALFORMED, "a SignerInfo without a signature");
    }
    if (!der_octets(&e, r->arena, &signer->signature, err)) {
        return false;
    }
    if (der_optional(c, DER_CONTEXT_1_CONS, &e)) {
        if (!der_inside(c, &e, &in, err)) {
            return false;
        }
        if (!read_attributes(r, &in, &signer->unsigned_attrs, &signer->n_unsigned_attrs)) {
            return arena_full(r->arena, err);
        }
    }
    return read_signed_values(r, signer) || arena_full(r->arena, err);
}

bool cms_read_signer(struct cms_reading *r, const struct der_cursor *c, const struct der *element, struct signer_info *out,
                     struct error *err) {
    struct der_cursor in;
    struct bytes none = bytes_none();
    struct signer_info signer = {.issuer = none,
                                 .serial = none,
                                 .key_id = none,
                                 .algorithm = none,
                                 .signature = none,
                                 .signed_attrs = none,
                                 .message_digest = none,
                                 .content_type = none,
                                 .signing_time = INT64_MIN,
                                 .at = c->at - element->whole.n};
    if (!der_inside(c, element, &in, err) || !read_fields(r, &in, &signer, err)) {
        return error_within(err, "SignerInfo");
    }
    if (in.left.n > 0) {
        cms_tally(r, CMS_TRAILING, in.at, in.left.n);
        if (!cms_salvage(r, in.left, in.at)) {
            return arena_full(r->arena, err);
        }
    }
    *out = signer;
    return true;
}

bool cms_parse_signer(struct bytes element, uint64_t at, struct arena *arena, struct signer_info *out, struct error *err) {
    struct cms_reading r = {.arena = arena};
    struct der_cursor c = der_cursor_of(arena, element, at);
    struct der e;
    return der_expect(&c, DER_SEQUENCE, &e, err) && cms_read_signer(&r, &c, &e, out, err);
}
