/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this layer share of OpenSSL: one library context, every algorithm fetched once. */
#ifndef CERTBAN_CRYPTO_OPENSSL_H
#define CERTBAN_CRYPTO_OPENSSL_H

#include "base/hash.h"

#include <openssl/evp.h>

/* openssl_context is the library context: only the built-in default provider, no configuration. NULL when OpenSSL can't start. */
OSSL_LIB_CTX *openssl_context(void);

/* openssl_md is the fetched digest; NULL for one that this build lacks. It is never freed. */
const EVP_MD *openssl_md(enum hash hash);

#endif
