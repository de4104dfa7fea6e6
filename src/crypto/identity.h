/* SPDX-License-Identifier: Apache-2.0 */
/* What lists name a certificate by: hashes of its parts, computed only when asked for, each once. */
#ifndef CERTBAN_CRYPTO_IDENTITY_H
#define CERTBAN_CRYPTO_IDENTITY_H

#include "base/arena.h"
#include "model/cert.h"
#include "model/verdict.h"

/* identity_hash writes the certificate's hash of that kind: KEY_CERT_* over der, KEY_SPKI over spki, KEY_TBS over tbs with
 * algorithm hash. out has hash_size bytes. */
CERTBAN_MUST_USE bool identity_hash(const struct cert *cert, enum key_kind kind, enum hash hash, uint8_t *out, struct error *err);

/* identity_canonical_key is SHA-256 of a canonical form of the key (RSA: modulus and exponent; EC: curve by its numbers and
 * uncompressed point): equal for all encodings of one key. *explicit_curve is set for parameters that are no named curve.
 * False when the key can't be read. */
CERTBAN_MUST_USE bool identity_canonical_key(struct bytes spki, uint8_t out[32], bool *explicit_curve, struct error *err);

/* identity_usual_key is SHA-256 of the SubjectPublicKeyInfo as authorities encode that key, which lists have: RSA under rsaEncryption
 * with NULL, EC with a named curve and an uncompressed point. *odd is false, and out untouched, when spki is so already. False when
 * the key can't be read. */
CERTBAN_MUST_USE bool identity_usual_key(struct bytes spki, uint8_t out[32], bool *odd, struct error *err);

/* identity_explicit_curve says whether the key is on a curve that is written out in numbers, which may be anybody's (RFC 5480 2.1.1 forbids
 * it in certificates). */
bool identity_explicit_curve(struct bytes spki);

/* cert_info_fill describes a certificate in words and hashes; strings live in the arena. */
CERTBAN_MUST_USE bool cert_info_fill(struct cert_info *info, const struct cert *cert, struct arena *arena, struct error *err);

#endif
