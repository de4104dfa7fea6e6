/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of our own by Ed25519 (RFC 8032), with keys as OpenSSL writes them: PEM of PKCS#8 and of SubjectPublicKeyInfo (RFC 8410). */
#ifndef CERTBAN_CRYPTO_ED25519_H
#define CERTBAN_CRYPTO_ED25519_H

#include "base/bytes.h"
#include "base/error.h"

enum { ED25519_KEY_SIZE = 32, ED25519_SIGNATURE_SIZE = 64, ED25519_ID_SIZE = 8 };

struct ed25519_key {
    uint8_t raw[ED25519_KEY_SIZE]; /* the public key */
    uint8_t id[ED25519_ID_SIZE];   /* what it is called: the beginning of its SHA-256 */
};

/* ed25519_public reads a public key. ERR_MALFORMED for what is no PEM of an Ed25519 key (a private one is none). */
CERTBAN_MUST_USE bool ed25519_public(struct bytes pem, struct ed25519_key *out, struct error *err);

/* ed25519_sign signs a then b with a private key without a passphrase; *key gets its public half. */
CERTBAN_MUST_USE bool ed25519_sign(struct bytes pem, struct bytes a, struct bytes b, uint8_t signature[ED25519_SIGNATURE_SIZE],
                                   struct ed25519_key *key, struct error *err);

/* ed25519_verify says whether the key signed a then b. */
CERTBAN_MUST_USE bool ed25519_verify(const struct ed25519_key *key, struct bytes a, struct bytes b,
                                     const uint8_t signature[ED25519_SIGNATURE_SIZE]);

#endif
