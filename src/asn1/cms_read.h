/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the SignedData parser share; for cms.c and cms_signer.c only. */
#ifndef CERTBAN_ASN1_CMS_READ_H
#define CERTBAN_ASN1_CMS_READ_H

#include "asn1/cms.h"

/* Oddities, counted while reading and noted once each. */
enum cms_tally { CMS_STUFFED, CMS_NO_CRL, CMS_LARGE_EXTENSION, CMS_CERT_IN_CRLS, CMS_DUPLICATE, CMS_TRAILING, CMS_ODD_SERIAL, CMS_TALLIES };

struct cms_count {
    size_t n;
    uint64_t at, size; /* where the first one stands; octets of all of them */
};

struct cms_reading {
    struct arena *arena;
    struct anomalies *anomalies; /* NULL: nobody asks */
    struct signed_data *sd;      /* NULL for a bare SignerInfo */
    size_t room_certs;
    bool signers_read;
    unsigned tries; /* of the search for certificates in what is broken */
    struct cms_count counts[CMS_TALLIES];
};

void cms_tally(struct cms_reading *r, enum cms_tally what, uint64_t at, uint64_t size);

/* cms_most is a limit that holds for what is read. cms_cut notes that it left something out. */
uint64_t cms_most(const struct cms_reading *r, enum limit which);
void cms_cut(struct cms_reading *r, enum limit which);

/* cms_salvage puts every certificate that b holds somewhere into the bag. False without memory. */
CERTBAN_MUST_USE bool cms_salvage(struct cms_reading *r, struct bytes b, uint64_t at);

/* cms_grow is an array in the arena with room for at least one more than n; NULL without memory. */
void *cms_grow(struct arena *arena, void *old, size_t n, size_t *room, size_t size);

/* cms_read_signer reads the SignerInfo element that was just taken from c. ERR_LIMIT only for want of memory. */
CERTBAN_MUST_USE bool cms_read_signer(struct cms_reading *r, const struct der_cursor *c, const struct der *element, struct signer_info *out,
                                      struct error *err);

#endif
