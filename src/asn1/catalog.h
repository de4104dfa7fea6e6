/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security catalogs (.cat): a certificate trust list (asn1/ctl.h) of usage 1.3.6.1.4.1.311.12.1.1 whose subjects are files. A
 * subject's identifier is the digest of its file, as octets (version 2) or as hexadecimal text in UTF-16 (version 1), or a name;
 * its attribute 1.3.6.1.4.1.311.2.1.4, an SpcIndirectDataContent, says the digest again, and of what it is. Members are walked one
 * by one: there may be 100,000 of them.
 */
#ifndef CERTBAN_ASN1_CATALOG_H
#define CERTBAN_ASN1_CATALOG_H

#include "asn1/der.h"
#include "base/hash.h"

struct catalog_digest {
    size_t n; /* 20, 32, 48 or 64 */
    uint8_t value[HASH_SIZE_MAX];
};

/* The digests that a member is listed by: its identifier's and its attributes'; none for one that is only a name, or damaged. */
enum { CATALOG_DIGESTS_MAX = 4 };
struct catalog_member {
    struct catalog_digest digests[CATALOG_DIGESTS_MAX];
    size_t n;
    bool image; /* they are of a program (SpcPeImageData), without its checksum and signature; else nothing is known of what they are of */
};

/* catalog_open gives a cursor over the members of the list at the start of der. *is_catalog is false, and there are no members, when
 * it is a list of anything else. ERR_MALFORMED when it is no list. */
CERTBAN_MUST_USE bool catalog_open(struct bytes der, struct der_cursor *members, bool *is_catalog, struct error *err);

/* catalog_next takes the next member. False at the end, or with err and members->failed. */
bool catalog_next(struct der_cursor *members, struct catalog_member *member, struct error *err);

/* catalog_lists says whether the list at the start of der has a member with that digest. */
bool catalog_lists(struct bytes der, struct bytes digest);

#endif
