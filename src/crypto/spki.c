/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads SubjectPublicKeyInfo (RFC 5280 4.1.2.7) with the keys of RFC 3279, 5480 and 8410. RSA keys are taken apart here, so
 * that every encoding of one key is that key; others by OpenSSL. Refused: keys past the limits below.
 */
#include "crypto/spki.h"

#include "crypto/openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

enum {
    SPKI_MAX = 16384, /* octets: an RSA key of 16384 bits needs about 2100 */
    RSA_BITS_MIN = 512,
};

static const uint8_t oid_rsa_encryption[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}; /* RFC 8017: 1.2.840.113549.1.1.1 */
static const uint8_t oid_rsassa_pss[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};     /* RFC 8017: 1.2.840.113549.1.1.10 */
static const uint8_t oid_old_rsa[] = {0x55, 0x08, 0x01, 0x01};                                      /* X.509 (1988): 2.5.8.1.1 */
static const uint8_t oid_ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};              /* RFC 5480: 1.2.840.10045.2.1 */

#define OID_IS(oid, known) bytes_equal((oid), bytes_make((known), sizeof(known)))

bool algorithm_read(struct der_cursor *c, struct algorithm *out, struct error *err) {
    struct der_cursor in;
    struct der oid;
    *out = (struct algorithm){.oid = bytes_none()};
    if (!der_enter(c, DER_SEQUENCE, &in, err) || !der_expect(&in, DER_OID, &oid, err)) {
        return false;
    }
    out->oid = oid.content;
    out->has_parameters = der_next(&in, &out->parameters, err);
    return !in.failed;
}

/*
 * SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }; bits gets the BIT STRING's
 * content without the unused-bits octet.
 */
bool spki_read(struct bytes spki, struct algorithm *algorithm, struct bytes *bits, struct error *err) {
    struct der_cursor c = der_cursor_make(spki, 0), in;
    struct der key;
    if (!der_enter(&c, DER_SEQUENCE, &in, err) || !algorithm_read(&in, algorithm, err) || !der_expect(&in, DER_BIT_STRING, &key, err)) {
        return false;
    }
    if (key.content.n == 0) {
        return error_set(err, ERR_MALFORMED, "an empty public key");
    }
    *bits = bytes_cut(key.content, 1, key.content.n);
    return true;
}

bool algorithm_is_rsa(struct bytes oid) {
    return OID_IS(oid, oid_rsa_encryption) || OID_IS(oid, oid_rsassa_pss) || OID_IS(oid, oid_old_rsa);
}

bool algorithm_is_pss(struct bytes oid) {
    return OID_IS(oid, oid_rsassa_pss);
}

bool algorithm_is_ec(struct bytes oid) {
    return OID_IS(oid, oid_ec_public_key);
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 A.1.1), both without leading zero octets. */
bool rsa_read(struct bytes bits, struct bytes *n, struct bytes *e, struct error *err) {
    struct der_cursor c = der_cursor_make(bits, 0), in;
    struct der modulus, exponent;
    if (!der_enter(&c, DER_SEQUENCE, &in, err) || !der_expect(&in, DER_INTEGER, &modulus, err) ||
        !der_expect(&in, DER_INTEGER, &exponent, err)) {
        return false;
    }
    *n = der_serial(modulus.content);
    *e = der_serial(exponent.content);
    return true;
}

static size_t bits_of(struct bytes number) {
    size_t bits = number.n * 8;
    for (unsigned mask = 0x80; number.n != 0 && mask != 0 && (number.p[0] & mask) == 0; mask >>= 1) {
        bits--;
    }
    return bits;
}

EVP_PKEY *rsa_make(struct bytes n, struct bytes e) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(n.p, (int)n.n, NULL), *exponent = BN_bin2bn(e.p, (int)e.n, NULL);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(openssl_context(), "RSA", NULL);
    OSSL_PARAM *params = NULL;
    if (build != NULL && modulus != NULL && exponent != NULL && ctx != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    BN_free(modulus);
    BN_free(exponent);
    OSSL_PARAM_BLD_free(build);
    return key;
}

/* The key, within the limits; else NULL with *detail. The caller frees it. */
EVP_PKEY *spki_open(struct bytes spki, const struct limits *limits, const char **detail) {
    struct algorithm algorithm;
    struct bytes bits, n, e;
    if (spki.n > SPKI_MAX) {
        *detail = "the public key is larger than any that can be checked";
        return NULL;
    }
    if (!spki_read(spki, &algorithm, &bits, NULL)) {
        *detail = "the public key can't be read";
        return NULL;
    }
    if (algorithm_is_rsa(algorithm.oid)) {
        if (!rsa_read(bits, &n, &e, NULL)) {
            *detail = "the RSA key can't be read";
            return NULL;
        }
        if (bits_of(n) < RSA_BITS_MIN) {
            *detail = "the RSA key has less than 512 bits";
            return NULL;
        }
        if (bits_of(n) > limit_most(limits, LIMIT_RSA_BITS)) {
            *detail = "the RSA key has more bits than the limit rsa-bits allows (--limit rsa-bits=N)";
            return NULL;
        }
        if (bits_of(e) > limit_most(limits, LIMIT_RSA_EXPONENT)) {
            *detail = "the RSA key's exponent has more bits than the limit rsa-exponent-bits allows (--limit rsa-exponent-bits=N)";
            return NULL;
        }
        EVP_PKEY *rsa = rsa_make(n, e);
        *detail = rsa == NULL ? "the RSA key can't be used" : "";
        return rsa;
    }
    /* On curves OpenSSL takes no field of more than 661 bits; a curve in numbers that is none with a name is trusted by nobody. */
    const unsigned char *p = spki.p;
    EVP_PKEY *key = d2i_PUBKEY_ex(NULL, &p, (long)spki.n, openssl_context(), NULL);
    if (key == NULL) {
        *detail = "the public key's kind is not known";
        return NULL;
    }
    bool dsa = EVP_PKEY_is_a(key, "DSA"), bare = dsa && EVP_PKEY_missing_parameters(key) == 1;
    if (dsa && (bare || (uint64_t)EVP_PKEY_get_bits(key) > limit_most(limits, LIMIT_DSA_BITS))) {
        *detail = bare ? "the DSA key has no parameters" : "the DSA key has more bits than the limit dsa-bits allows (--limit dsa-bits=N)";
        EVP_PKEY_free(key);
        return NULL;
    }
    *detail = "";
    return key;
}
