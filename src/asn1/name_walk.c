/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: Name ::= SEQUENCE OF RelativeDistinguishedName; RelativeDistinguishedName ::= SET OF SEQUENCE { type OID, value ANY }
 * (RFC 5280 4.1.2.4).
 * Refuses: nothing up to the first element that is not of that shape.
 */
#include "asn1/name_walk.h"

#include <string.h>

#include "asn1/oid.h"
#include "base/hex.h"

struct name_walk name_walk_begin(struct bytes name) {
    struct name_walk walk = {.set = der_cursor_make(bytes_none(), 0)};
    struct der_cursor c = der_cursor_make(name, 0);
    walk.good = der_enter(&c, DER_SEQUENCE, &walk.rdns, NULL);
    if (!walk.good) {
        walk.rdns = walk.set;
    }
    return walk;
}

bool name_walk_next(struct name_walk *walk, struct name_attribute *out) {
    struct der_cursor in;
    struct der e, oid;
    bool joins = true;
    while (walk->good) {
        if (der_next(&walk->set, &e, NULL)) {
            walk->good = e.tag == DER_SEQUENCE && der_inside(&walk->set, &e, &in, NULL) && der_expect(&in, DER_OID, &oid, NULL) &&
                         der_next(&in, &out->value, NULL);
            if (walk->good) {
                out->oid = oid.content;
                out->joins_previous = joins;
            }
            return walk->good;
        }
        if (walk->set.failed || !der_next(&walk->rdns, &e, NULL)) {
            walk->good = !walk->set.failed && !walk->rdns.failed;
            return false;
        }
        walk->good = e.tag == DER_SET && der_inside(&walk->rdns, &e, &walk->set, NULL);
        joins = false;
    }
    return false;
}

/* Attribute types: X.520, RFC 4519, PKCS#9, and the EV guidelines' jurisdictions. The first row of a type is the one printed; the
 * spelling is OpenSSL's, since that is what people compare with. */
static const struct {
    const char *text, *dotted;
} types[] = {
    {"CN", "2.5.4.3"},
    {"SN", "2.5.4.4"},
    {"serialNumber", "2.5.4.5"},
    {"C", "2.5.4.6"},
    {"L", "2.5.4.7"},
    {"ST", "2.5.4.8"},
    {"S", "2.5.4.8"},
    {"street", "2.5.4.9"},
    {"streetAddress", "2.5.4.9"},
    {"O", "2.5.4.10"},
    {"OU", "2.5.4.11"},
    {"title", "2.5.4.12"},
    {"T", "2.5.4.12"},
    {"description", "2.5.4.13"},
    {"businessCategory", "2.5.4.15"},
    {"postalAddress", "2.5.4.16"},
    {"postalCode", "2.5.4.17"},
    {"postOfficeBox", "2.5.4.18"},
    {"telephoneNumber", "2.5.4.20"},
    {"name", "2.5.4.41"},
    {"GN", "2.5.4.42"},
    {"G", "2.5.4.42"},
    {"givenName", "2.5.4.42"},
    {"initials", "2.5.4.43"},
    {"generationQualifier", "2.5.4.44"},
    {"x500UniqueIdentifier", "2.5.4.45"},
    {"dnQualifier", "2.5.4.46"},
    {"pseudonym", "2.5.4.65"},
    {"organizationIdentifier", "2.5.4.97"},
    {"UID", "0.9.2342.19200300.100.1.1"},
    {"userId", "0.9.2342.19200300.100.1.1"},
    {"DC", "0.9.2342.19200300.100.1.25"},
    {"emailAddress", "1.2.840.113549.1.9.1"},
    {"email", "1.2.840.113549.1.9.1"},
    {"E", "1.2.840.113549.1.9.1"},
    {"unstructuredName", "1.2.840.113549.1.9.2"},
    {"unstructuredAddress", "1.2.840.113549.1.9.8"},
    {"jurisdictionL", "1.3.6.1.4.1.311.60.2.1.1"},
    {"jurisdictionLocalityName", "1.3.6.1.4.1.311.60.2.1.1"},
    {"jurisdictionST", "1.3.6.1.4.1.311.60.2.1.2"},
    {"jurisdictionStateOrProvinceName", "1.3.6.1.4.1.311.60.2.1.2"},
    {"jurisdictionC", "1.3.6.1.4.1.311.60.2.1.3"},
    {"jurisdictionCountryName", "1.3.6.1.4.1.311.60.2.1.3"},
};
enum { TYPES = sizeof types / sizeof *types, TYPE_OCTETS = 32 };

const char *name_type_text(struct bytes oid) {
    for (size_t i = 0; i < TYPES; i++) {
        uint8_t octets[TYPE_OCTETS];
        size_t n;
        if (oid_encode(types[i].dotted, octets, sizeof octets, &n) && bytes_equal(oid, bytes_make(octets, n))) {
            return types[i].text;
        }
    }
    return NULL;
}

bool name_type_oid(const char *text, size_t n, uint8_t *out, size_t room, size_t *size) {
    char dotted[128];
    for (size_t i = 0; i < TYPES; i++) {
        if (strlen(types[i].text) == n && strncasecmp(types[i].text, text, n) == 0) {
            return oid_encode(types[i].dotted, out, room, size);
        }
    }
    if (n > 4 && strncasecmp(text, "OID.", 4) == 0) {
        text += 4;
        n -= 4;
    }
    if (n == 0 || n >= sizeof dotted) {
        return false;
    }
    memcpy(dotted, text, n);
    dotted[n] = '\0';
    return oid_encode(dotted, out, room, size);
}
