/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A .xz file (tukaani.org/xz/xz-file-format.txt) that is large and whose index says where its blocks are: what several processors packed,
 * as Debian's packages are. It is unpacked from the nearest block on, and its size is known beforehand. What the index says is held
 * against each block. Of a file whose end can't be read so, or is of several opinions, nothing is said here: it is for libarchive.
 */
#ifndef CERTBAN_SOURCE_XZ_FILE_H
#define CERTBAN_SOURCE_XZ_FILE_H

#include <lzma.h>

#include "source/stream.h"

struct xz_file {
    struct stream stream;
    struct stream_source source; /* the unpacked bytes */
    struct source *packed;
    const struct limits *limits;
    struct arena arena; /* what source keeps */
    lzma_index *index;
    lzma_index_iter at; /* the block in hand */
    bool begun, ended;  /* z unpacks it; there is none behind it */
    uint64_t packed_at; /* of the next packed byte to read */
    lzma_block block;   /* what z holds it against */
    lzma_stream z;
    uint8_t buffer[32 << 10];
};

/* xz_file_open says whether a source is such a file; xz_file_close is for one that is. The source and the budget outlive it. */
bool xz_file_open(struct xz_file *xz, struct source *packed, struct budget *budget);
void xz_file_close(struct xz_file *xz);

#endif
