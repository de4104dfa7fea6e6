/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apple's "pbzx": what a package's payload is packed as: chunks of .xz or of plain bytes, end to end. There is no document of it;
 * the source is the "pbzx" reader of 7-Zip and xar's users' tools.
 */
#ifndef CERTBAN_SOURCE_PBZX_H
#define CERTBAN_SOURCE_PBZX_H

#include "source/unpack.h"

struct pbzx {
    struct stream stream;
    struct source *packed;
    const struct limits *limits;
    uint64_t at;   /* of the next chunk's header */
    uint64_t left; /* of a stored chunk */
    bool more;     /* the last header said that another chunk follows */
    bool in_chunk; /* an .xz chunk is open */
    struct window_source chunk;
    struct unpacker unpacker;
};

/* pbzx_probe says whether bytes begin like one. */
bool pbzx_probe(struct bytes head);

/* pbzx_init makes a stream over packed, which must outlive it. Nothing is read yet. */
void pbzx_init(struct pbzx *p, struct source *packed, const struct limits *limits);

/* pbzx_end gives the memory back. */
void pbzx_end(struct pbzx *p);

#endif
