/* SPDX-License-Identifier: Apache-2.0 */
/* The CodeDirectories that a signer's attributes name, in both ways in which Apple's tools write them. */
#include "asn1/cms.h"
#include "format/codesign_directory.h"
#include "source/plist.h"

/* 1.2.840.113635.100.9.1: OCTET STRING with a property list { cdhashes = ( <20 octets>, … ) } */
static size_t bound_plist(const struct attribute *attribute, struct bytes *out, size_t room, struct arena *arena) {
    struct der octets;
    struct bytes xml;
    const struct plist *plist;
    if (attribute == NULL || attribute->n_values == 0 || !der_read(attribute->values[0], &octets, NULL) ||
        !der_octets(&octets, arena, &xml, NULL) || !plist_parse(xml, arena, &plist, NULL)) {
        return 0;
    }
    const struct plist *all = plist_get(plist, "cdhashes");
    size_t n = 0;
    for (const struct plist *p = all != NULL ? all->first : NULL; p != NULL && n < room; p = p->next) {
        if (p->type == PLIST_DATA) {
            out[n++] = p->bytes;
        }
    }
    return n;
}

/* 1.2.840.113635.100.9.2: values SEQUENCE { OID of the hash, OCTET STRING } with whole digests */
static size_t bound_digests(const struct attribute *attribute, struct bytes *out, size_t room, struct arena *arena) {
    size_t n = 0;
    for (size_t i = 0; attribute != NULL && i < attribute->n_values && n < room; i++) {
        struct der_cursor c = der_cursor_make(attribute->values[i], 0), inner;
        struct der oid, octets;
        if (der_enter(&c, DER_SEQUENCE, &inner, NULL) && der_expect(&inner, DER_OID, &oid, NULL) &&
            der_expect(&inner, DER_OCTET_STRING, &octets, NULL) && der_octets(&octets, arena, &out[n], NULL)) {
            n++;
        }
    }
    return n;
}

bool codesign_bound(struct signature *s, struct arena *arena, size_t *most, struct error *err) {
    enum { ROOM = 64 };
    struct bytes *bound = arena_array(arena, ROOM, sizeof *bound);
    if (bound == NULL) {
        return arena_full(arena, err);
    }
    const struct signer_info *signer = s->signer;
    size_t n = 0;
    *most = 0;
    if (signer != NULL) {
        n = bound_plist(cms_attribute(signer->attrs, signer->n_attrs, OID_APPLE_CDHASHES_PLIST), bound, ROOM, arena);
        size_t digests = bound_digests(cms_attribute(signer->attrs, signer->n_attrs, OID_APPLE_CDHASHES), bound + n, ROOM - n, arena);
        *most = n > digests ? n : digests;
        n += digests;
    }
    s->bound_cdhashes = bound;
    s->n_bound = n;
    return true;
}
