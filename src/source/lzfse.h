/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apple's LZFSE and LZVN, unpacked in memory. The source is Apple's reference implementation (lzfse, 2016: lzfse_internal.h,
 * lzfse_decode_base.c, lzvn_decode_base.c); the two layouts stand above the functions that read them.
 */
#ifndef CERTBAN_SOURCE_LZFSE_H
#define CERTBAN_SOURCE_LZFSE_H

#include "base/bytes.h"
#include "base/error.h"

/* lzfse_decode unpacks a stream of blocks up to its end mark into out, which has room; *got is how much it gave. ERR_MALFORMED when
 * the blocks break the rules or give more than room. */
CERTBAN_MUST_USE bool lzfse_decode(struct bytes in, uint8_t *out, size_t room, size_t *got, struct error *err);

/* lzvn_decode does the same with bare LZVN: operations up to their end mark. */
CERTBAN_MUST_USE bool lzvn_decode(struct bytes in, uint8_t *out, size_t room, size_t *got, struct error *err);

/* What has been unpacked: matches copy from all of it. For the two files of the decoder alone. */
struct lz_out {
    uint8_t *p;
    size_t n, room;
};

/* lz_literals and lz_match append; false when there is no room, or nothing at that distance. */
bool lz_literals(struct lz_out *out, struct bytes b);
bool lz_match(struct lz_out *out, size_t distance, size_t n);

/* lzvn_run appends what the operations in b give. */
bool lzvn_run(struct bytes b, struct lz_out *out);

#endif
