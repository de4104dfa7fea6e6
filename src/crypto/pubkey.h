/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as certificates hold them, and what their owners signed. */
#ifndef CERTBAN_CRYPTO_PUBKEY_H
#define CERTBAN_CRYPTO_PUBKEY_H

#include "base/hash.h"
#include "model/limits.h"
#include "model/verdict.h"

/* A signature and what it is over. */
struct signed_thing {
    struct bytes spki;      /* the SubjectPublicKeyInfo element whose key is tried */
    struct bytes algorithm; /* the AlgorithmIdentifier element of the signature; empty: by the key's kind alone */
    enum hash hash;         /* of the content; HASH_NONE: the one that the algorithm names */
    struct bytes a, b;      /* the content is a then b */
    bool prehashed;         /* a is already the digest of the content */
    bool pair;              /* (EC)DSA: r and s side by side, each half of signature, instead of their DER SEQUENCE */
    struct bytes signature;
    const struct limits *limits; /* of the key's size; NULL: the usual */
};

/*
 * pubkey_verify checks one signature: RSA PKCS#1 v1.5 and PSS, ECDSA, DSA, Ed25519. CHECK_BAD: the key did not sign it.
 * CHECK_NONE: it can't be checked (an unknown algorithm, a key past the limits); *detail says why, "" for CHECK_GOOD.
 */
enum check pubkey_verify(const struct signed_thing *thing, const char **detail);

/* pubkey_warm_up runs RSA, ECDSA and the key reader once: the processes that are forked afterwards find their methods fetched. */
void pubkey_warm_up(void);

#endif
