/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, certificates and signatures made on the spot, for the tests of crypto/. Everything lives in test_arena. */
#ifndef CERTBAN_TESTS_CRYPTO_PKI_H
#define CERTBAN_TESTS_CRYPTO_PKI_H

#include "asn1/x509.h"
#include "model/signature.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

extern struct arena test_arena;

/* 2020-01-01, 2025-01-01 and 2030-01-01: certificates made here are valid from the first to the last. */
enum { FROM = 1577836800, NOW = 1735689600, TO = 1893456000 };

struct identity {
    EVP_PKEY *key;
    X509 *x509;
    struct cert cert;
};

/* What a certificate is to be; zero is a leaf for everything. */
struct wish {
    const char *name; /* common name */
    bool ca;
    const char *eku; /* as in openssl.cnf; NULL for none */
    long serial;     /* 0: counted up */
};

struct bytes tlv(uint8_t tag, struct bytes a, struct bytes b);
struct bytes join(struct bytes a, struct bytes b);
struct bytes dotted(const char *oid); /* an OBJECT IDENTIFIER element */

/* key_new: "RSA", "EC", "ED25519", "DSA", or "RSA-384" and the like. */
EVP_PKEY *key_new(const char *kind);
struct bytes key_spki(EVP_PKEY *key);

/* identity_new makes a certificate for key (which it takes over), signed by issuer or, with NULL, by itself. */
struct identity identity_new(EVP_PKEY *key, struct wish wish, const struct identity *issuer);
void identity_free(struct identity *identity);

/* sign signs data with a digest of that name (NULL for Ed25519), PSS when wanted. */
struct bytes sign(EVP_PKEY *key, const char *md, bool pss, struct bytes data);

/* attribute_der is Attribute { oid, SET { value } }. */
struct bytes attribute_der(const char *oid, struct bytes value);

/* signer_new signs content through signed attributes (with_attrs) or plainly. time: a signingTime, "" for none. */
struct signer_info signer_new(const struct identity *by, const char *md, enum hash hash, bool pss, bool with_attrs, struct bytes content,
                              const char *time);

/* The SignerInfo element of such a signer, and a CMS token over content of a type. */
struct bytes signer_der(const struct signer_info *signer);
struct bytes token_new(const struct identity *by, const char *type, struct bytes content);

/* tst_new is a TSTInfo over that imprint (SHA-256) at 2024-06-01 12:00:00Z. */
struct bytes tst_new(const uint8_t imprint[32]);
enum { TST_TIME = 1717243200 };

#endif
