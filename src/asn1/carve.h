/* SPDX-License-Identifier: Apache-2.0 */
/* The last resort: SignedData and certificates found by searching bytes that no structure reaches. */
#ifndef CERTBAN_ASN1_CARVE_H
#define CERTBAN_ASN1_CARVE_H

#include "base/source.h"
#include "model/signature.h"

/* carve_bytes searches b (which stands at offset at) for SignedData (30 80/82/83/84 … 1.2.840.113549.1.7.2) and, outside of
 * those, for X.509 certificates; appends them as carved signatures ("carved@OFFSET"; loose certificates as one signature
 * without signer holding all of the file) and notes ANOMALY_CARVED. Returns how many signatures were added. At most LIMIT_CARVE_CANDIDATES
 * are tried. Authenticode signatures get hash and claimed set, no claims: a format that knows how to hash may add them. */
size_t carve_bytes(struct contents *contents, struct arena *arena, struct bytes b, uint64_t at);

/* carve_certificates appends every certificate of b, also those inside of SignedData, to the file's one carved
 * signature without signer. Returns how many it found. For what is past a limit. */
size_t carve_certificates(struct contents *contents, struct arena *arena, struct bytes b, uint64_t at);

/* carve_source does the same over [at, at + n) of a source, in overlapping pieces, LIMIT_CARVE_WINDOW from either end. */
CERTBAN_MUST_USE bool carve_source(struct contents *contents, struct arena *arena, struct source *source, uint64_t at, uint64_t n,
                                   size_t *added, struct error *err);

/* What of that which is found is kept. */
struct carve_filter {
    /* wants is asked for each find: a SignedData (blob), or a certificate outside of one (cert, else NULL). */
    bool (*wants)(struct carve_filter *filter, struct bytes blob, const struct cert *cert, uint64_t at);
    bool base64_only; /* nothing is looked for but what is wrapped in base64 */
};

/* carve_wanted is carve_source, for what the filter wants; in base64, too, of UTF-16LE as well. */
CERTBAN_MUST_USE bool carve_wanted(struct contents *contents, struct arena *arena, struct source *source, uint64_t at, uint64_t n,
                                   struct carve_filter *filter, struct error *err);

#endif
