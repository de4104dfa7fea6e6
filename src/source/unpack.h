/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed bytes as a stream: one row a method, whatever container they stand in. zlib, libbz2 and liblzma do the work; their
 * memory is bounded here (32 KiB window, 4 MiB, 160 MiB). What is deflated and large is igzip's (igzip.h), as long as it is sound.
 */
#ifndef CERTBAN_SOURCE_UNPACK_H
#define CERTBAN_SOURCE_UNPACK_H

#include "source/stream.h"

enum unpack_method {
    UNPACK_DEFLATE,  /* raw (RFC 1951) */
    UNPACK_BZIP2,    /* a .bz2 file; a second one behind the first is not looked at */
    UNPACK_XZ,       /* a .xz file */
    UNPACK_ZIP_LZMA, /* as ZIP holds it: u16 version, u16 n, n octets of properties, raw LZMA1 with or without end mark */
    UNPACK_ZLIB,     /* a zlib (RFC 1950) or gzip (RFC 1952) stream; what stands behind it is not looked at */
    UNPACK_LZMA,     /* a .lzma file: LZMA1 with its 13-byte header */
    UNPACK_COUNT
};

struct unpacker {
    struct stream stream;
    enum unpack_method method;
    struct source *packed;
    const struct limits *limits;
    uint64_t at;     /* of the next packed byte to read */
    uint64_t made;   /* bytes unpacked so far */
    size_t spare;    /* packed bytes that the library took beyond the end */
    bool fast;       /* state is igzip's */
    bool started;    /* state is the library's */
    bool done;       /* the packed data said that it ends here */
    struct bytes in; /* read, not unpacked yet */
    void *state;
    uint8_t *buffer; /* of packed bytes; NULL: none were read yet */
};

/* unpack_init makes a stream over packed, which must outlive it, as must the limits (NULL: the usual ones), which bound what LZMA may take.
 * Nothing is read yet. */
void unpack_init(struct unpacker *u, enum unpack_method method, struct source *packed, const struct limits *limits);

/* unpack_used is how many packed bytes the unpacked ones came from. */
uint64_t unpack_used(const struct unpacker *u);

/* unpack_end gives the library's memory back; always after unpack_init, once the stream is done with. */
void unpack_end(struct unpacker *u);

#endif
