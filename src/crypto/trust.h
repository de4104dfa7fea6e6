/* SPDX-License-Identifier: Apache-2.0 */
/* Trust anchors with their purposes and limits, and the building of chains to them. */
#ifndef CERTBAN_CRYPTO_TRUST_H
#define CERTBAN_CRYPTO_TRUST_H

#include "asn1/x509.h"
#include "model/verdict.h"

enum purpose { PURPOSE_CODE, PURPOSE_TIME };

struct anchors;

/* anchors_new is an empty set; anchors_free takes NULL. */
struct anchors *anchors_new(void);
void anchors_free(struct anchors *anchors);

/* anchors_add_builtin adds the compiled-in roots (certs/roots.pem with certs/roots.csv). */
CERTBAN_MUST_USE bool anchors_add_builtin(struct anchors *anchors, struct error *err);

/* anchors_add_pem adds every certificate of a PEM text, for all purposes and without limits. ERR_MALFORMED when it holds none. */
CERTBAN_MUST_USE bool anchors_add_pem(struct anchors *anchors, struct bytes pem, struct error *err);

/* The anchors, in no order that means anything. */
size_t anchors_count(const struct anchors *anchors);
const struct cert *anchors_cert(const struct anchors *anchors, size_t i);

struct chain {
    enum chain_state state;
    bool anchored;             /* it ends in an anchor, signature by signature, trusted or not; of no certificates: the leaf is one */
    bool namesake;             /* it does not, and one in it has an anchor's name or says that an anchor issued it */
    const struct cert **certs; /* issuers from the leaf's up, in the arena; the leaf not included */
    size_t n;
    const char *detail; /* why it is not trusted; "" when it is */
    unsigned limit;     /* the number of the limit that ended the search (as in struct error); 0: none did */
};

/*
 * chain_build finds a path from leaf to an anchor that is trusted for the purpose at that time, trying every issuer of the
 * bag and of the anchors by name, key id and signature (LIMIT_CHAIN deep, LIMIT_CHAIN_CHECKS signatures; then CHAIN_UNCHECKED). The time
 * is that of a verified time stamp, or now. CHAIN_UNTRUSTED: a path ends in something that is no anchor for it (or not valid
 * then); CHAIN_INCOMPLETE: an issuer is missing. A path to an anchor is given before any other, then the longest one.
 */
CERTBAN_MUST_USE bool chain_build(const struct anchors *anchors, const struct cert *leaf, const struct cert *bag, size_t n_bag,
                                  enum purpose purpose, int64_t time, struct arena *arena, struct chain *out, struct error *err);

/* cert_signed_by says whether issuer's key verifies cert's signature. limits are those of the keys; NULL: the usual. */
bool cert_signed_by(const struct cert *cert, const struct cert *issuer, const struct limits *limits);

#endif
