/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical form of a public key: its numbers, whatever way they were encoded. */
#include "crypto/digest.h"
#include "crypto/identity.h"
#include "crypto/openssl.h"
#include "crypto/spki.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>

/* Each part behind its length, so that no two keys run together. */
static bool add_part(EVP_MD_CTX *ctx, struct bytes part) {
    uint8_t size[4] = {(uint8_t)(part.n >> 24), (uint8_t)(part.n >> 16), (uint8_t)(part.n >> 8), (uint8_t)part.n};
    return EVP_DigestUpdate(ctx, size, sizeof size) == 1 && EVP_DigestUpdate(ctx, part.p, part.n) == 1;
}

static bool add_number(EVP_MD_CTX *ctx, EVP_PKEY *key, const char *name) {
    uint8_t number[128]; /* OpenSSL refuses fields over 661 bits */
    BIGNUM *value = NULL;
    bool ok = EVP_PKEY_get_bn_param(key, name, &value) == 1 && BN_num_bytes(value) <= (int)sizeof number;
    if (ok) {
        int n = BN_bn2bin(value, number);
        ok = n >= 0 && add_part(ctx, bytes_make(number, (size_t)n));
    }
    BN_free(value);
    return ok;
}

/* The generator by x and the parity of y: its encoding may be compressed, hybrid or not (SEC 1 2.3.3). */
static bool add_generator(EVP_MD_CTX *ctx, EVP_PKEY *key) {
    uint8_t point[512];
    size_t n = 0;
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_EC_GENERATOR, point, sizeof point, &n) != 1 || n < 3) {
        return false;
    }
    bool compressed = point[0] == 2 || point[0] == 3;
    uint8_t parity = (compressed ? point[0] : point[n - 1]) & 1;
    struct bytes x = bytes_make(point + 1, compressed ? n - 1 : (n - 1) / 2);
    return add_part(ctx, bytes_make(&parity, 1)) && add_part(ctx, x);
}

static bool add_ec(EVP_MD_CTX *ctx, EVP_PKEY *key) {
    static const char *const numbers[] = {OSSL_PKEY_PARAM_EC_P,     OSSL_PKEY_PARAM_EC_A,     OSSL_PKEY_PARAM_EC_B,
                                          OSSL_PKEY_PARAM_EC_ORDER, OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y};
    bool ok = add_generator(ctx, key);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ok = ok && add_number(ctx, key, numbers[i]);
    }
    return ok;
}

static bool is_explicit(const struct algorithm *algorithm) {
    return algorithm_is_ec(algorithm->oid) && algorithm->has_parameters && algorithm->parameters.tag == DER_SEQUENCE;
}

bool identity_explicit_curve(struct bytes spki) {
    struct algorithm algorithm;
    struct bytes bits;
    return spki_read(spki, &algorithm, &bits, NULL) && is_explicit(&algorithm);
}

bool identity_canonical_key(struct bytes spki, uint8_t out[32], bool *explicit_curve, struct error *err) {
    struct algorithm algorithm;
    struct bytes bits, n, e;
    const char *detail = "";
    if (!spki_read(spki, &algorithm, &bits, err)) {
        return false;
    }
    bool is_ec = algorithm_is_ec(algorithm.oid), rsa = algorithm_is_rsa(algorithm.oid);
    EVP_PKEY *key = is_ec ? spki_open(spki, NULL, &detail) : NULL;
    if (is_ec && key == NULL) {
        ERR_clear_error();
        return error_set(err, ERR_MALFORMED, "%s", detail);
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex2(ctx, openssl_md(HASH_SHA256), NULL) == 1;
    bool readable = true;
    if (ok && rsa) {
        readable = rsa_read(bits, &n, &e, NULL);
        ok = readable && add_part(ctx, bytes_text("rsa")) && add_part(ctx, n) && add_part(ctx, e);
    } else if (ok && is_ec) {
        readable = add_part(ctx, bytes_text("ec")) && add_ec(ctx, key);
        ok = readable;
    } else if (ok) {
        ok = add_part(ctx, bytes_text("other")) && add_part(ctx, algorithm.oid) &&
             add_part(ctx, algorithm.has_parameters ? algorithm.parameters.whole : bytes_none()) && add_part(ctx, bits);
    }
    ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!ok) {
        return readable ? error_set(err, ERR_LIMIT, "out of memory for hashing")
                        : error_set(err, ERR_MALFORMED, "a public key can't be read");
    }
    *explicit_curve = is_explicit(&algorithm);
    return true;
}

static bool is_usual(const struct algorithm *algorithm, struct bytes bits, struct bytes spki) {
    enum { RSA_ENCRYPTION = 9, UNCOMPRESSED = 4 }; /* octets of 1.2.840.113549.1.1.1; how a point begins */
    uint8_t parameters = algorithm->has_parameters ? algorithm->parameters.tag : 0;
    if (der_is_ber(spki)) {
        return false;
    }
    if (algorithm_is_rsa(algorithm->oid)) {
        return algorithm->oid.n == RSA_ENCRYPTION && !algorithm_is_pss(algorithm->oid) && parameters == DER_NULL && !der_is_ber(bits);
    }
    return !algorithm_is_ec(algorithm->oid) || (parameters == DER_OID && bits.n != 0 && bits.p[0] == UNCOMPRESSED);
}

bool identity_usual_key(struct bytes spki, uint8_t out[32], bool *odd, struct error *err) {
    struct algorithm algorithm;
    struct bytes bits;
    const char *detail = "";
    if (!spki_read(spki, &algorithm, &bits, err)) {
        return false;
    }
    *odd = !is_usual(&algorithm, bits, spki);
    if (!*odd) {
        return true;
    }
    EVP_PKEY *key = spki_open(spki, NULL, &detail);
    bool named = key != NULL && (!algorithm_is_ec(algorithm.oid) ||
                                 (EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_GROUP) == 1 &&
                                  EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                                                 OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 1));
    unsigned char *der = NULL;
    int n = named ? i2d_PUBKEY(key, &der) : -1;
    bool ok = n > 0 ? digest_bytes(HASH_SHA256, bytes_make(der, (size_t)n), out, err)
                    : error_set(err, ERR_MALFORMED, "%s", detail[0] != '\0' ? detail : "a public key that has no usual encoding");
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok;
}
