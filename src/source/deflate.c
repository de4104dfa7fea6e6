/* SPDX-License-Identifier: Apache-2.0 */
#include "source/deflate.h"

#ifdef CERTBAN_LIBDEFLATE
#include <libdeflate.h>

bool deflate_there(void) {
    return true;
}

bool deflate_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    static struct libdeflate_decompressor *unpacker; /* of the process */
    size_t used, made;
    if (unpacker == NULL) {
        unpacker = libdeflate_alloc_decompressor();
    }
    return unpacker != NULL && libdeflate_deflate_decompress_ex(unpacker, in, n, out, size, &used, &made) == LIBDEFLATE_SUCCESS &&
           used == n && made == size;
}
#else
bool deflate_there(void) {
    return false;
}

bool deflate_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    (void)in;
    (void)n;
    (void)out;
    (void)size;
    return false;
}
#endif
