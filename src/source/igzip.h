/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deflated data (RFC 1951) unpacked by Intel's ISA-L, in half of zlib's time. Its state is plain bytes, so that copies of it are kept on
 * the way: whoever asks for bytes further back gets them from the copy before, not from the beginning. What ISA-L refuses is for
 * zlib to judge. Without the library there is no igzip.
 */
#ifndef CERTBAN_SOURCE_IGZIP_H
#define CERTBAN_SOURCE_IGZIP_H

#include "base/bytes.h"

struct igzip;

enum igzip_step { IGZIP_ON, IGZIP_END, IGZIP_BAD };

/* igzip_new stands at the beginning of some data; NULL without the library, or without memory. */
struct igzip *igzip_new(void);

/* igzip_free gives its memory and the copies back; NULL is allowed. */
void igzip_free(struct igzip *igzip);

/* igzip_begin goes back to the beginning. The copies stay. */
void igzip_begin(struct igzip *igzip);

/* igzip_step takes of *in and gives up to room bytes. */
enum igzip_step igzip_step(struct igzip *igzip, struct bytes *in, uint8_t *to, size_t room, size_t *got);

/* igzip_spare is how many of the bytes that it took are not part of the data, once that has ended. */
size_t igzip_spare(const struct igzip *igzip);

/* igzip_keep copies its state now and then, so that it can go on from here again: made bytes came of the first used ones. */
void igzip_keep(struct igzip *igzip, uint64_t made, uint64_t used);

/* igzip_seek takes up the latest copy made behind from and not behind to, and says where it stands; false when there is none. */
bool igzip_seek(struct igzip *igzip, uint64_t from, uint64_t to, uint64_t *made, uint64_t *used);

#endif
