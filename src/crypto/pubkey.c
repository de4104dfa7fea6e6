/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures by the algorithms of RFC 3279, 4055, 5758 and 8410. */
#include "crypto/pubkey.h"

#include "asn1/oid.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"
#include "crypto/spki.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>

/* The half of a pair of numbers: those of P-521 have 66 octets. */
enum { SALT_MAX = 4096, PAIR_HALF_MAX = 80, PAIR_DER_MAX = 2 * (PAIR_HALF_MAX + 3) + 3 };

/* Parameters of RSASSA-PSS with their defaults. */
struct pss {
    enum hash hash, mask_hash;
    int salt;
};

/*
 * RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm DEFAULT sha1, [1] maskGenAlgorithm DEFAULT mgf1SHA1,
 * [2] saltLength INTEGER DEFAULT 20, [3] trailerField DEFAULT 1 } (RFC 4055 3.1), each tag explicit.
 */
static bool pss_read(const struct algorithm *algorithm, struct pss *out) {
    *out = (struct pss){HASH_SHA1, HASH_SHA1, 20};
    if (!algorithm->has_parameters || algorithm->parameters.tag != DER_SEQUENCE) {
        return !algorithm->has_parameters || algorithm->parameters.tag == DER_NULL;
    }
    struct der_cursor c = der_cursor_make(algorithm->parameters.content, 0), in;
    struct algorithm inner, mask;
    struct der tagged, salt;
    if (der_optional(&c, DER_CONTEXT_0_CONS, &tagged)) {
        if (!der_inside(&c, &tagged, &in, NULL) || !algorithm_read(&in, &inner, NULL)) {
            return false;
        }
        out->hash = oid_hash(inner.oid);
    }
    if (der_optional(&c, DER_CONTEXT_1_CONS, &tagged)) {
        if (!der_inside(&c, &tagged, &in, NULL) || !algorithm_read(&in, &inner, NULL) || !inner.has_parameters) {
            return false;
        }
        struct der_cursor hash = der_cursor_make(inner.parameters.whole, 0);
        if (!algorithm_read(&hash, &mask, NULL)) {
            return false;
        }
        out->mask_hash = oid_hash(mask.oid);
    }
    if (der_optional(&c, DER_CONTEXT_2_CONS, &tagged)) {
        if (!der_inside(&c, &tagged, &in, NULL) || !der_expect(&in, DER_INTEGER, &salt, NULL)) {
            return false;
        }
        out->salt = 0;
        for (size_t i = 0; i < salt.content.n && out->salt <= SALT_MAX; i++) {
            out->salt = out->salt * 256 + salt.content.p[i];
        }
    }
    return out->salt <= SALT_MAX && digest_supported(out->hash) && digest_supported(out->mask_hash);
}

/*
 * Time stamps by VeriSign and Symantec, up to 2019, are RSA over the bare digest: PKCS#1 padding without the DigestInfo that
 * RFC 8017 9.2 wants around it. Windows takes them.
 */
static bool verify_bare(EVP_PKEY *key, struct bytes signature, struct bytes digest) {
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(openssl_context(), key, NULL);
    bool good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_verify(ctx, signature.p, signature.n, digest.p, digest.n) == 1;
    EVP_PKEY_CTX_free(ctx);
    return good;
}

/* SEQUENCE { r INTEGER, s INTEGER } of numbers that stand side by side (XML-Signature 6.4.3); 0 where they can't be told apart. */
static size_t pair_to_der(struct bytes pair, uint8_t *out) {
    size_t half = pair.n / 2, n = 2;
    if (pair.n == 0 || pair.n % 2 != 0 || half > PAIR_HALF_MAX) {
        return 0;
    }
    for (size_t i = 0; i < 2; i++) {
        struct bytes number = bytes_cut(pair, i * half, half);
        while (number.n > 1 && number.p[0] == 0) {
            number = bytes_cut(number, 1, number.n);
        }
        size_t sign = number.p[0] >= 0x80;
        out[n++] = 0x02;
        out[n++] = (uint8_t)(number.n + sign);
        out[n] = 0;
        memcpy(out + n + sign, number.p, number.n);
        n += number.n + sign;
    }
    if (n - 2 < 0x80) {
        out[0] = 0x30;
        out[1] = (uint8_t)(n - 2);
        return n;
    }
    memmove(out + 3, out + 2, n - 2);
    out[0] = 0x30;
    out[1] = 0x81;
    out[2] = (uint8_t)(n - 2);
    return n + 1;
}

/* Signature schemes that take a digest: RSA, ECDSA, DSA. */
static enum check verify_digest(EVP_PKEY *key, const struct signed_thing *thing, enum hash hash, const struct pss *pss,
                                const char **detail) {
    uint8_t digest[HASH_SIZE_MAX];
    const EVP_MD *md = openssl_md(hash);
    if (md == NULL || (!thing->prehashed && !digest_two(hash, thing->a, thing->b, digest, NULL))) {
        *detail = hash == HASH_NONE ? "the signature's hash algorithm is not known" : "the signature's hash algorithm can't be computed";
        return CHECK_NONE;
    }
    struct bytes hashed = thing->prehashed ? thing->a : bytes_make(digest, hash_size(hash));
    if (hashed.n != hash_size(hash)) {
        *detail = "the signed digest has the wrong size";
        return CHECK_BAD;
    }
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(openssl_context(), key, NULL);
    bool ready = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1;
    if (ready && EVP_PKEY_is_a(key, "RSA")) {
        ready = EVP_PKEY_CTX_set_rsa_padding(ctx, pss != NULL ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1;
    }
    ready = ready && EVP_PKEY_CTX_set_signature_md(ctx, md) == 1;
    if (ready && pss != NULL) {
        ready = EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, openssl_md(pss->mask_hash)) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, pss->salt) == 1;
    }
    enum check state = CHECK_NONE;
    *detail = "the signature's algorithm can't be checked with this key";
    uint8_t der[PAIR_DER_MAX];
    struct bytes signature = thing->signature;
    if (thing->pair && !EVP_PKEY_is_a(key, "RSA")) {
        signature = bytes_make(der, pair_to_der(signature, der));
    }
    if (ready) {
        bool good = EVP_PKEY_verify(ctx, signature.p, signature.n, hashed.p, hashed.n) == 1;
        good = good || (pss == NULL && EVP_PKEY_is_a(key, "RSA") && verify_bare(key, thing->signature, hashed));
        state = good ? CHECK_GOOD : CHECK_BAD;
        *detail = good ? "" : "the key did not make the signature";
    }
    EVP_PKEY_CTX_free(ctx);
    return state;
}

/* Ed25519 and Ed448 sign the content itself (RFC 8032). */
static enum check verify_whole(EVP_PKEY *key, const struct signed_thing *thing, const char **detail) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t *joined = malloc(thing->a.n + thing->b.n + 1);
    enum check state = CHECK_NONE;
    *detail = "the signature's algorithm can't be checked with this key";
    if (ctx != NULL && joined != NULL && !thing->prehashed &&
        EVP_DigestVerifyInit_ex(ctx, NULL, NULL, openssl_context(), NULL, key, NULL) == 1) {
        memcpy(joined, thing->a.p, thing->a.n);
        memcpy(joined + thing->a.n, thing->b.p, thing->b.n);
        bool good = EVP_DigestVerify(ctx, thing->signature.p, thing->signature.n, joined, thing->a.n + thing->b.n) == 1;
        state = good ? CHECK_GOOD : CHECK_BAD;
        *detail = good ? "" : "the key did not make the signature";
    }
    free(joined);
    EVP_MD_CTX_free(ctx);
    return state;
}

enum check pubkey_verify(const struct signed_thing *thing, const char **detail) {
    struct algorithm algorithm = {.oid = bytes_none()};
    struct pss pss;
    if (thing->algorithm.n != 0) {
        struct der_cursor c = der_cursor_make(thing->algorithm, 0);
        if (!algorithm_read(&c, &algorithm, NULL)) {
            *detail = "the signature's algorithm can't be read";
            return CHECK_NONE;
        }
    }
    enum hash hash = thing->hash;
    bool is_pss = algorithm_is_pss(algorithm.oid);
    if (is_pss && !pss_read(&algorithm, &pss)) {
        *detail = "the signature's PSS parameters can't be used";
        return CHECK_NONE;
    }
    if (hash == HASH_NONE) {
        hash = is_pss ? pss.hash : oid_hash(algorithm.oid);
    }
    EVP_PKEY *key = spki_open(thing->spki, thing->limits, detail);
    enum check state = CHECK_NONE;
    if (key != NULL) {
        bool whole = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
        state = whole ? verify_whole(key, thing, detail) : verify_digest(key, thing, hash, is_pss ? &pss : NULL, detail);
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return state;
}

void pubkey_warm_up(void) {
    /* The generator of P-256 (FIPS 186-4 D.1.2.3) and an arbitrary odd modulus: the answers are of no interest. */
    static const uint8_t ec[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
                                 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1,
                                 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d,
                                 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe,
                                 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b,
                                 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
    static const uint8_t ec_signature[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
    static const uint8_t exponent[] = {1, 0, 1};
    static const uint8_t empty[64] = {0};
    uint8_t modulus[64];
    const char *detail;
    (void)pubkey_verify(&(struct signed_thing){.spki = bytes_make(ec, sizeof ec),
                                               .algorithm = bytes_none(),
                                               .hash = HASH_SHA256,
                                               .a = bytes_none(),
                                               .b = bytes_none(),
                                               .signature = bytes_make(ec_signature, sizeof ec_signature)},
                        &detail);
    memset(modulus, 0xff, sizeof modulus);
    EVP_PKEY *rsa = rsa_make(bytes_make(modulus, sizeof modulus), bytes_make(exponent, sizeof exponent));
    if (rsa != NULL) {
        struct pss pss = {HASH_SHA256, HASH_SHA256, 32};
        struct signed_thing thing = {
            .spki = bytes_none(), .a = bytes_none(), .b = bytes_none(), .signature = bytes_make(empty, sizeof empty)};
        (void)verify_digest(rsa, &thing, HASH_SHA256, NULL, &detail);
        (void)verify_digest(rsa, &thing, HASH_SHA1, &pss, &detail);
    }
    EVP_PKEY_free(rsa);
    ERR_clear_error();
}
