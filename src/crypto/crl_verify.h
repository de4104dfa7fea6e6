/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed a revocation list. */
#ifndef CERTBAN_CRYPTO_CRL_VERIFY_H
#define CERTBAN_CRYPTO_CRL_VERIFY_H

#include "asn1/crl.h"
#include "crypto/trust.h"

/* crl_signed_by says whether a certificate's key signed the list. CHECK_NONE: it is another issuer's (by its name), or the algorithm
 * can't be checked. */
enum check crl_signed_by(const struct crl *crl, const struct cert *issuer);

/* crl_signed_by_anchor asks every anchor of the list's issuer's name. CHECK_BAD: there are some, and none of them signed it. */
enum check crl_signed_by_anchor(const struct crl *crl, const struct anchors *anchors);

#endif
