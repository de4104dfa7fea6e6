/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTBAN_SOURCE_ZIP_PART_H
#define CERTBAN_SOURCE_ZIP_PART_H

#include "layout/zip_index.h"
#include "model/limits.h"

/* zip_part_read unpacks a part into the arena. ERR_LIMIT for one of more than most bytes, ERR_UNSUPPORTED for an encrypted one and for
 * other methods than stored and deflate, ERR_MALFORMED when it does not unpack to its size. */
CERTBAN_MUST_USE bool zip_part_read(struct source *source, const struct zip_part *part, enum limit most, struct arena *arena,
                                    struct bytes *out, struct error *err);

/* zip_part_source is a source over a part, unpacked as it is read: once from its beginning on; reading from 0 again begins anew. It
 * lives in the arena and holds memory of zlib's from the first read up to the last byte or an error. NULL (err set) as zip_part_read. */
struct source *zip_part_source(struct source *source, const struct zip_part *part, struct arena *arena, struct error *err);

#endif
