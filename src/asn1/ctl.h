/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate trust lists (Microsoft, "CTL_INFO"; the ASN.1 stands above ctl_parse), as disallowedcert.stl and authroot.stl are: the
 * content of a SignedData of type 1.3.6.1.4.1.311.10.1. Subjects are walked one by one.
 */
#ifndef CERTBAN_ASN1_CTL_H
#define CERTBAN_ASN1_CTL_H

#include "asn1/der.h"

struct ctl {
    struct bytes usage;             /* content of SubjectUsage: OID elements */
    struct bytes identifier;        /* content octets of listIdentifier; empty when there is none */
    struct bytes subject_algorithm; /* OID content octets: what the subjects' identifiers are */
    struct bytes subjects;          /* content of trustedSubjects; empty when there are none */
    int64_t this_update;            /* seconds since 1970 */
};

/* ctl_parse reads the element at the start of der. Nothing is copied. */
CERTBAN_MUST_USE bool ctl_parse(struct bytes der, struct ctl *ctl, struct error *err);

/* ctl_has_usage says whether the list's usages name that dotted OID. */
bool ctl_has_usage(const struct ctl *ctl, const char *dotted);

struct ctl_subject {
    struct bytes identifier; /* content octets */
    struct bytes name;       /* property 11, UTF-16LE with its NUL; empty when not given */
    struct bytes disallowed; /* property 104, a FILETIME; empty when not given */
    bool has_other;          /* it has properties of other kinds */
    size_t number;           /* from 1 */
};

/* ctl_next takes the next subject from a cursor over ctl->subjects; *number counts. False at the end, or with err and cursor->failed. One
 * that is wrong inside comes with identifier empty. */
bool ctl_next(struct der_cursor *cursor, size_t *number, struct ctl_subject *subject, struct error *err);

#endif
