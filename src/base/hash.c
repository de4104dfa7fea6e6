/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <strings.h>

static const struct {
    const char *name;
    size_t size;
} hashes[HASH_COUNT] = {
    [HASH_NONE] = {"unknown", 0},       [HASH_MD2] = {"md2", 16},           [HASH_MD4] = {"md4", 16},
    [HASH_MD5] = {"md5", 16},           [HASH_SHA1] = {"sha1", 20},         [HASH_SHA224] = {"sha224", 28},
    [HASH_SHA256] = {"sha256", 32},     [HASH_SHA384] = {"sha384", 48},     [HASH_SHA512] = {"sha512", 64},
    [HASH_SHA3_256] = {"sha3-256", 32}, [HASH_SHA3_384] = {"sha3-384", 48}, [HASH_SHA3_512] = {"sha3-512", 64},
};

const char *hash_name(enum hash hash) {
    return hashes[(unsigned)hash < HASH_COUNT ? hash : HASH_NONE].name;
}

enum hash hash_by_name(const char *name) {
    for (int i = HASH_NONE + 1; i < HASH_COUNT; i++) {
        if (strcasecmp(name, hashes[i].name) == 0) {
            return (enum hash)i;
        }
    }
    return HASH_NONE;
}

size_t hash_size(enum hash hash) {
    return hashes[(unsigned)hash < HASH_COUNT ? hash : HASH_NONE].size;
}

enum hash hash_by_size(size_t n) {
    switch (n) {
    case 16:
        return HASH_MD5;
    case 20:
        return HASH_SHA1;
    case 32:
        return HASH_SHA256;
    case 48:
        return HASH_SHA384;
    case 64:
        return HASH_SHA512;
    default:
        return HASH_NONE;
    }
}
