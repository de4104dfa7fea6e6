/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/ctl.h"

#include "asn1/oid.h"

enum { OID_ROOM = 32, PROPERTY_FRIENDLY_NAME = 11, PROPERTY_DISALLOWED_FILETIME = 104 };

static bool is_time(struct der_cursor *c, struct der *time) {
    return der_optional(c, DER_UTC_TIME, time) || der_optional(c, DER_GENERALIZED_TIME, time);
}

/* CertificateTrustList ::= SEQUENCE { version INTEGER DEFAULT v1, subjectUsage SEQUENCE OF OID, listIdentifier OCTET STRING?,
 *   sequenceNumber INTEGER?, ctlThisUpdate Time, ctlNextUpdate Time?, subjectAlgorithm AlgorithmIdentifier,
 *   trustedSubjects SEQUENCE OF TrustedSubject?, ctlExtensions [0] EXPLICIT Extensions? } */
bool ctl_parse(struct bytes der, struct ctl *ctl, struct error *err) {
    struct der_cursor c = der_cursor_make(der, 0), in, algorithm;
    struct der e;
    struct ctl read = {.usage = bytes_none(), .identifier = bytes_none(), .subject_algorithm = bytes_none(), .subjects = bytes_none()};
    if (!der_enter(&c, DER_SEQUENCE, &in, err)) {
        return false;
    }
    der_optional(&in, DER_INTEGER, &e);
    if (!der_expect(&in, DER_SEQUENCE, &e, err)) {
        return false;
    }
    read.usage = e.content;
    if (der_optional(&in, DER_OCTET_STRING, &e)) {
        read.identifier = e.content;
    }
    der_optional(&in, DER_INTEGER, &e);
    if (!is_time(&in, &e)) {
        return error_set(err, ERR_MALFORMED, "no ctlThisUpdate");
    }
    if (!der_time(&e, &read.this_update, err)) {
        return false;
    }
    (void)is_time(&in, &e);
    if (!der_enter(&in, DER_SEQUENCE, &algorithm, err) || !der_expect(&algorithm, DER_OID, &e, err)) {
        return false;
    }
    read.subject_algorithm = e.content;
    if (der_optional(&in, DER_SEQUENCE, &e)) {
        read.subjects = e.content;
    }
    *ctl = read;
    return true;
}

bool ctl_has_usage(const struct ctl *ctl, const char *dotted) {
    uint8_t oid[OID_ROOM];
    size_t n;
    struct der_cursor c = der_cursor_make(ctl->usage, 0);
    struct der e;
    bool found = false;
    while (oid_encode(dotted, oid, sizeof oid, &n) && !found && der_next(&c, &e, NULL)) {
        found = e.tag == DER_OID && bytes_equal(e.content, bytes_make(oid, n));
    }
    return found;
}

/* The number of a property, 1.3.6.1.4.1.311.10.11.N (N below 16384); 0 when it is another OID. */
static unsigned property(struct bytes oid) {
    static const uint8_t arc[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0a, 0x0b};
    if (!bytes_starts(oid, bytes_make(arc, sizeof arc))) {
        return 0;
    }
    struct bytes last = bytes_cut(oid, sizeof arc, oid.n);
    return last.n == 1 ? last.p[0] : last.n == 2 && last.p[0] >= 0x80 ? (last.p[0] & 0x7fu) << 7 | last.p[1] : 0;
}

/* Attribute ::= SEQUENCE { type OID, values SET OF OCTET STRING } */
static bool read_attribute(struct der_cursor *all, struct ctl_subject *subject) {
    struct der_cursor one, values;
    struct der type, value;
    if (!der_enter(all, DER_SEQUENCE, &one, NULL) || !der_expect(&one, DER_OID, &type, NULL) || !der_enter(&one, DER_SET, &values, NULL) ||
        !der_expect(&values, DER_OCTET_STRING, &value, NULL)) {
        return false;
    }
    switch (property(type.content)) {
    case PROPERTY_FRIENDLY_NAME:
        subject->name = value.content;
        break;
    case PROPERTY_DISALLOWED_FILETIME:
        subject->disallowed = value.content;
        break;
    default:
        subject->has_other = true;
    }
    return true;
}

/* TrustedSubject ::= SEQUENCE { subjectIdentifier OCTET STRING, subjectAttributes SET OF Attribute? } */
bool ctl_next(struct der_cursor *cursor, size_t *number, struct ctl_subject *subject, struct error *err) {
    struct der_cursor in, all;
    struct der e, identifier;
    if (!der_next(cursor, &e, err)) {
        return false;
    }
    *subject = (struct ctl_subject){.identifier = bytes_none(), .name = bytes_none(), .disallowed = bytes_none(), .number = ++*number};
    bool ok = e.tag == DER_SEQUENCE && der_inside(cursor, &e, &in, NULL) && der_expect(&in, DER_OCTET_STRING, &identifier, NULL);
    if (ok && in.left.n != 0) {
        ok = der_enter(&in, DER_SET, &all, NULL);
        while (ok && all.left.n != 0) {
            ok = read_attribute(&all, subject);
        }
    }
    subject->identifier = ok ? identifier.content : bytes_none();
    return true;
}
