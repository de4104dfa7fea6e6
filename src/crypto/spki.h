/* SPDX-License-Identifier: Apache-2.0 */
/* SubjectPublicKeyInfo taken apart, and opened for OpenSSL. */
#ifndef CERTBAN_CRYPTO_SPKI_H
#define CERTBAN_CRYPTO_SPKI_H

#include "asn1/der.h"
#include "model/limits.h"

#include <openssl/evp.h>

/* AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } (RFC 5280 4.1.1.2) */
struct algorithm {
    struct bytes oid;
    struct der parameters;
    bool has_parameters;
};

/* algorithm_read takes one from the cursor. */
CERTBAN_MUST_USE bool algorithm_read(struct der_cursor *c, struct algorithm *out, struct error *err);

/* algorithm_is_rsa, _is_pss and _is_ec: what kind of key (or signature) the OID names. PSS is RSA too. */
bool algorithm_is_rsa(struct bytes oid);
bool algorithm_is_pss(struct bytes oid);
bool algorithm_is_ec(struct bytes oid);

/* spki_read takes a SubjectPublicKeyInfo apart; bits gets the BIT STRING's content without the unused-bits octet. */
CERTBAN_MUST_USE bool spki_read(struct bytes spki, struct algorithm *algorithm, struct bytes *bits, struct error *err);

/* rsa_read takes an RSAPublicKey apart: modulus and exponent without leading zero octets. */
CERTBAN_MUST_USE bool rsa_read(struct bytes bits, struct bytes *n, struct bytes *e, struct error *err);

/* rsa_make is a key of these numbers; NULL when OpenSSL refuses. The caller frees it. */
EVP_PKEY *rsa_make(struct bytes n, struct bytes e);

/* spki_open is the key, when it is within the limits (NULL: the usual); else NULL with *detail saying why. The caller frees it, and clears
 * OpenSSL's errors. */
EVP_PKEY *spki_open(struct bytes spki, const struct limits *limits, const char **detail);

#endif
