/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include "crypto/openssl.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX *context;
static EVP_MD *digests[HASH_COUNT];

static const char *const openssl_names[HASH_COUNT] = {
    [HASH_MD5] = "MD5",           [HASH_SHA1] = "SHA1",         [HASH_SHA224] = "SHA2-224",
    [HASH_SHA256] = "SHA2-256",   [HASH_SHA384] = "SHA2-384",   [HASH_SHA512] = "SHA2-512",
    [HASH_SHA3_256] = "SHA3-256", [HASH_SHA3_384] = "SHA3-384", [HASH_SHA3_512] = "SHA3-512",
};

static void start(void) {
    /* The system's openssl.cnf may forbid MD5 and SHA-1 or load engines: old signatures must stay readable. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ATEXIT, NULL);
    OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();
    if (made == NULL || OSSL_PROVIDER_load(made, "default") == NULL) {
        OSSL_LIB_CTX_free(made);
        return;
    }
    for (int i = 0; i < HASH_COUNT; i++) {
        if (openssl_names[i] != NULL) {
            digests[i] = EVP_MD_fetch(made, openssl_names[i], NULL);
        }
    }
    context = made;
}

OSSL_LIB_CTX *openssl_context(void) {
    pthread_once(&once, start);
    return context;
}

const EVP_MD *openssl_md(enum hash hash) {
    pthread_once(&once, start);
    return (unsigned)hash < HASH_COUNT ? digests[hash] : NULL;
}

bool crypto_init(struct error *err) {
    if (openssl_context() == NULL || openssl_md(HASH_SHA256) == NULL || openssl_md(HASH_SHA1) == NULL) {
        return error_set(err, ERR_UNSUPPORTED, "OpenSSL can't be started without its default provider");
    }
    return true;
}
