/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ed25519.h"

#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"
#include "crypto/pubkey.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

enum { PEM_SIZE_MAX = 64 << 10 };

/* SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING } up to the key's own octets (RFC 8410 4) */
static const uint8_t spki_head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

/* A key with a passphrase is refused: nobody is asked. */
static int no_passphrase(char *out, int size, int writing, void *user) {
    (void)out, (void)size, (void)writing, (void)user;
    return -1;
}

static bool describe(EVP_PKEY *pkey, struct ed25519_key *out, struct error *err) {
    uint8_t hash[HASH_SIZE_MAX];
    struct ed25519_key key;
    size_t n = sizeof key.raw;
    if (!EVP_PKEY_is_a(pkey, "ED25519") || EVP_PKEY_get_raw_public_key(pkey, key.raw, &n) != 1 || n != ED25519_KEY_SIZE) {
        return error_set(err, ERR_MALFORMED, "is no Ed25519 key; openssl genpkey -algorithm ed25519 makes one");
    }
    if (!digest_bytes(HASH_SHA256, bytes_make(key.raw, sizeof key.raw), hash, err)) {
        return false;
    }
    memcpy(key.id, hash, sizeof key.id);
    *out = key;
    return true;
}

static EVP_PKEY *read_pem(struct bytes pem, bool private) {
    BIO *bio = pem.n <= PEM_SIZE_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    EVP_PKEY *key = NULL;
    if (bio != NULL) {
        key = private ? PEM_read_bio_PrivateKey_ex(bio, NULL, no_passphrase, NULL, openssl_context(), NULL)
                      : PEM_read_bio_PUBKEY_ex(bio, NULL, no_passphrase, NULL, openssl_context(), NULL);
    }
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

bool ed25519_public(struct bytes pem, struct ed25519_key *out, struct error *err) {
    struct ed25519_key key;
    if (!crypto_init(err)) {
        return false;
    }
    EVP_PKEY *pkey = read_pem(pem, false);
    if (pkey == NULL) {
        return error_set(err, ERR_MALFORMED, "is no public key in PEM; openssl pkey -pubout writes one");
    }
    bool ok = describe(pkey, &key, err);
    EVP_PKEY_free(pkey);
    if (ok) {
        *out = key;
    }
    return ok;
}

bool ed25519_sign(struct bytes pem, struct bytes a, struct bytes b, uint8_t signature[ED25519_SIGNATURE_SIZE], struct ed25519_key *key,
                  struct error *err) {
    if (!crypto_init(err)) {
        return false;
    }
    EVP_PKEY *pkey = read_pem(pem, true);
    if (pkey == NULL) {
        return error_set(err, ERR_MALFORMED, "is no private key in PEM without a passphrase");
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t *joined = malloc(a.n + b.n + 1);
    size_t n = ED25519_SIGNATURE_SIZE;
    bool ok = describe(pkey, key, err);
    if (ok && (ctx == NULL || joined == NULL)) {
        ok = error_set(err, ERR_LIMIT, "no memory to sign");
    }
    if (ok) {
        memcpy(joined, a.p, a.n);
        memcpy(joined + a.n, b.p, b.n);
        ok = EVP_DigestSignInit_ex(ctx, NULL, NULL, openssl_context(), NULL, pkey, NULL) == 1 &&
             EVP_DigestSign(ctx, signature, &n, joined, a.n + b.n) == 1 && n == ED25519_SIGNATURE_SIZE;
        ok = ok || error_set(err, ERR_UNSUPPORTED, "OpenSSL can't sign with it");
    }
    free(joined);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return ok;
}

bool ed25519_verify(const struct ed25519_key *key, struct bytes a, struct bytes b, const uint8_t signature[ED25519_SIGNATURE_SIZE]) {
    uint8_t spki[sizeof spki_head + ED25519_KEY_SIZE];
    const char *detail;
    memcpy(spki, spki_head, sizeof spki_head);
    memcpy(spki + sizeof spki_head, key->raw, ED25519_KEY_SIZE);
    struct signed_thing thing = {.spki = bytes_make(spki, sizeof spki),
                                 .algorithm = bytes_none(),
                                 .a = a,
                                 .b = b,
                                 .signature = bytes_make(signature, ED25519_SIGNATURE_SIZE)};
    return crypto_init(NULL) && pubkey_verify(&thing, &detail) == CHECK_GOOD;
}
