/* SPDX-License-Identifier: Apache-2.0 */
/* Deflated data (RFC 1951), bare or in the frame of zlib (RFC 1950) or gzip (RFC 1952), in memory whole, unpacked by libdeflate in half of
 * zlib's time. */
#ifndef CERTBAN_SOURCE_DEFLATE_H
#define CERTBAN_SOURCE_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* deflate_there says whether this build has the library. */
bool deflate_there(void);

/* deflate_whole unpacks n bytes to size bytes. False without the library, and when it is not exactly so: what it is then, and what is
 * wrong with it, is for zlib to say. */
bool deflate_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size);

/* deflate_zlib_whole and deflate_gzip_whole are the same for a zlib stream and for a gzip file of one piece, with header and checksum. */
bool deflate_zlib_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size);
bool deflate_gzip_whole(const uint8_t *in, size_t n, uint8_t *out, size_t size);

#endif
