/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTBAN_ASN1_X509_H
#define CERTBAN_ASN1_X509_H

#include "asn1/der.h"
#include "model/cert.h"

/* An extension, or what stands among certificates and is none, is there to hide something when it has more octets. */
enum { X509_LARGE = 8 << 10 };

/* cert_parse reads one Certificate (RFC 5280 4.1) from the start of der, which stands at offset at of the file. What follows
 * the element is ignored: cert->der ends with it. On failure *cert has broken set, der holding what was given. */
CERTBAN_MUST_USE bool cert_parse(struct bytes der, uint64_t at, struct arena *arena, struct cert *cert, struct error *err);

/* cert_has_eku says whether the certificate's extended key usage names oid (content octets). */
bool cert_has_eku(const struct cert *cert, struct bytes oid);

/* cert_subscriber is the content octets of a subscriber's lasting identity among the EKUs (Microsoft's identity-validated
 * services: 1.3.6.1.4.1.311.97.… with further arcs); empty when none. */
struct bytes cert_subscriber(const struct cert *cert);

/* cert_minimal is the certificate as minimal DER SEQUENCE { TBS, algorithm, signature }: what its thumbprint would be without
 * re-encoding tricks. It is cert->der itself when nothing is odd. */
CERTBAN_MUST_USE bool cert_minimal(const struct cert *cert, struct arena *arena, struct bytes *out, struct error *err);

/* cert_ecdsa_twin is the certificate with another encoding of its issuer's ECDSA signature (r, s), as minimal DER in the arena: way 0
 * with minimal numbers, further ways with s subtracted from the order of one curve each, which verifies just as well. *done is set past
 * the last way, and for certificates that are signed otherwise; out is empty for a way that does not fit. */
CERTBAN_MUST_USE bool cert_ecdsa_twin(const struct cert *cert, size_t way, struct arena *arena, bool *done, struct bytes *out,
                                      struct error *err);

/* cert_names says whether the signer identifier (issuer Name and serial, or key id when issuer is empty) names this certificate. */
bool cert_named_by(const struct cert *cert, struct bytes issuer, struct bytes serial, struct bytes key_id);

#endif
