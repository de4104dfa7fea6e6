/* SPDX-License-Identifier: Apache-2.0 */
/* The names and sizes of hash algorithms. Nothing is hashed here: that is crypto/digest. */
#ifndef CERTBAN_BASE_HASH_H
#define CERTBAN_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>

enum hash {
    HASH_NONE, /* unknown or missing algorithm */
    HASH_MD2,  /* named only: OpenSSL has no MD2 */
    HASH_MD4,  /* named only, as MD2 */
    HASH_MD5,
    HASH_SHA1,
    HASH_SHA224,
    HASH_SHA256,
    HASH_SHA384,
    HASH_SHA512,
    HASH_SHA3_256,
    HASH_SHA3_384,
    HASH_SHA3_512,
    HASH_COUNT
};

enum { HASH_SIZE_MAX = 64 };

/* hash_name is "sha256" and so on; "unknown" for HASH_NONE. */
const char *hash_name(enum hash hash);

/* hash_by_name is the reverse, case folded; HASH_NONE when there is none of that name. */
enum hash hash_by_name(const char *name);

/* hash_size is the digest's size in bytes; 0 for HASH_NONE. */
size_t hash_size(enum hash hash);

/* hash_by_size is the thumbprint rule of lists: 16 MD5, 20 SHA-1, 32 SHA-256, 48 SHA-384, 64 SHA-512; else HASH_NONE. */
enum hash hash_by_size(size_t n);

#endif
