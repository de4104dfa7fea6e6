/* SPDX-License-Identifier: Apache-2.0 */
#include "source/deflate.h"

#ifdef CERTBAN_LIBDEFLATE
#include <libdeflate.h>

bool deflate_there(void) {
    return true;
}

typedef enum libdeflate_result unpack(struct libdeflate_decompressor *unpacker, const void *in, size_t n, void *out, size_t size,
                                      size_t *used, size_t *made);

static bool unpack_whole(unpack *with, const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    static struct libdeflate_decompressor *unpacker; /* of the process */
    size_t used, made;
    if (unpacker == NULL) {
        unpacker = libdeflate_alloc_decompressor();
    }
    return unpacker != NULL && with(unpacker, in, n, out, size, &used, &made) == LIBDEFLATE_SUCCESS && used == n && made == size;
}

bool deflate_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    return unpack_whole(libdeflate_deflate_decompress_ex, in, n, out, size);
}

bool deflate_zlib_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    return unpack_whole(libdeflate_zlib_decompress_ex, in, n, out, size);
}

bool deflate_gzip_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    return unpack_whole(libdeflate_gzip_decompress_ex, in, n, out, size);
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

bool deflate_zlib_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    return deflate_whole(in, n, out, size);
}

bool deflate_gzip_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    return deflate_whole(in, n, out, size);
}
#endif
