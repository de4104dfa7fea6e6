/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/catalog.h"

#include "asn1/cms.h"
#include "asn1/ctl.h"
#include "base/hex.h"

static const char catalog_usage[] = "1.3.6.1.4.1.311.12.1.1";

static void add(struct catalog_member *member, struct bytes digest) {
    if (hash_by_size(digest.n) == HASH_NONE || digest.n < hash_size(HASH_SHA1) || member->n == CATALOG_DIGESTS_MAX) {
        return;
    }
    for (size_t i = 0; i < member->n; i++) {
        if (bytes_equal(bytes_make(member->digests[i].value, member->digests[i].n), digest)) {
            return;
        }
    }
    struct catalog_digest *to = &member->digests[member->n++];
    to->n = digest.n;
    memcpy(to->value, digest.p, digest.n);
}

/* Hexadecimal text in UTF-16LE, with or without its NUL. */
static void add_text(struct catalog_member *member, struct bytes utf16) {
    char hex[2 * HASH_SIZE_MAX];
    uint8_t value[HASH_SIZE_MAX];
    size_t n = 0;
    for (size_t i = 0; i + 2 <= utf16.n && n < sizeof hex && utf16.p[i + 1] == 0 && utf16.p[i] != 0; i += 2) {
        hex[n++] = (char)utf16.p[i];
    }
    bool whole = utf16.n == 2 * n || (utf16.n == 2 * n + 2 && utf16.p[2 * n] == 0 && utf16.p[2 * n + 1] == 0);
    size_t size;
    if (whole && hex_decode(bytes_make(hex, n), value, sizeof value, &size)) {
        add(member, bytes_make(value, size));
    }
}

/* Attribute ::= SEQUENCE { type OID, values SET OF ANY }: of those that Windows knows, one alone tells a digest. */
static bool read_attribute(struct der_cursor *all, struct catalog_member *member) {
    struct der_cursor one, values;
    struct der type, value;
    if (!der_enter(all, DER_SEQUENCE, &one, NULL) || !der_expect(&one, DER_OID, &type, NULL) || !der_enter(&one, DER_SET, &values, NULL)) {
        return false;
    }
    bool tells = oid_is(type.content, OID_SPC_INDIRECT_DATA);
    while (tells && der_next(&values, &value, NULL)) {
        struct signed_data carrier = {.content_type = oid_of(OID_SPC_INDIRECT_DATA), .content = value.whole};
        struct spc_indirect spc;
        if (spc_parse(&carrier, &spc, NULL)) {
            member->image = member->image || oid_is(spc.data_type, OID_SPC_PE_IMAGE_DATA);
            add(member, spc.digest);
        }
    }
    return !values.failed;
}

bool catalog_open(struct bytes der, struct der_cursor *members, bool *is_catalog, struct error *err) {
    struct ctl ctl;
    if (!ctl_parse(der, &ctl, err)) {
        return false;
    }
    *is_catalog = ctl_has_usage(&ctl, catalog_usage);
    *members = der_cursor_make(*is_catalog ? ctl.subjects : bytes_none(), 0);
    return true;
}

/* TrustedSubject ::= SEQUENCE { subjectIdentifier OCTET STRING, subjectAttributes SET OF Attribute? } */
bool catalog_next(struct der_cursor *members, struct catalog_member *member, struct error *err) {
    struct der_cursor in, all;
    struct der e, identifier;
    *member = (struct catalog_member){0};
    if (!der_next(members, &e, err)) {
        return false;
    }
    if (e.tag != DER_SEQUENCE || !der_inside(members, &e, &in, NULL) || !der_expect(&in, DER_OCTET_STRING, &identifier, NULL)) {
        return true;
    }
    add(member, identifier.content);
    add_text(member, identifier.content);
    if (der_enter(&in, DER_SET, &all, NULL)) {
        while (all.left.n != 0 && read_attribute(&all, member)) {
        }
    }
    return true;
}

bool catalog_lists(struct bytes der, struct bytes digest) {
    struct der_cursor members;
    struct catalog_member member;
    bool is_catalog, found = false;
    if (!catalog_open(der, &members, &is_catalog, NULL)) {
        return false;
    }
    while (!found && catalog_next(&members, &member, NULL)) {
        for (size_t i = 0; i < member.n && !found; i++) {
            found = bytes_equal(bytes_make(member.digests[i].value, member.digests[i].n), digest);
        }
    }
    return found;
}
