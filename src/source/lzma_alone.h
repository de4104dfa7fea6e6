/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A .lzma file whose header gives a dictionary of a size that no packer writes: unpackers differ in whether they take it, and any at least
 * as large will do. It is shown here with a usual one (at 1, u32), of at most 32 MiB.
 */
#ifndef CERTBAN_SOURCE_LZMA_ALONE_H
#define CERTBAN_SOURCE_LZMA_ALONE_H

#include "base/source.h"

struct lzma_alone {
    struct source source;
    struct source *under;
    uint8_t dictionary[4];
};

/* lzma_alone_is_odd says whether a file that begins as ARCHIVE_LZMA has such a size. */
bool lzma_alone_is_odd(struct bytes head);

/* lzma_alone_open shows such a file. *is is false where it does not unpack: the beginning alone says little. */
CERTBAN_MUST_USE bool lzma_alone_open(struct lzma_alone *lzma, struct source *under, struct bytes head, const struct limits *limits,
                                      bool *is, struct error *err);

#endif
