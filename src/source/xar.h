/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XAR archives (Apple's .pkg, .xip, .xar): the header and the table of contents that it leads to. The format asks who signed it,
 * the container what is in it. Sources: xar/include/xar.h.in and xar/lib/archive.c of Apple's xar.
 */
#ifndef CERTBAN_SOURCE_XAR_H
#define CERTBAN_SOURCE_XAR_H

#include "base/hash.h"
#include "base/source.h"
#include "model/anomaly.h"

enum {
    XAR_DEPTH_MAX = LIMIT_XAR_DEPTH_GREATEST, /* elements in each other */
    XAR_NAME_MAX = 4096,
};

enum xar_encoding { XAR_STORED, XAR_ZLIB, XAR_BZIP2, XAR_LZMA, XAR_XZ, XAR_UNKNOWN };

/* A stretch of the heap, as offsets in the source. What passes the source's end keeps its length and has outside set. */
struct xar_range {
    uint64_t at, n;
    bool given;   /* the table has an offset and a length */
    bool outside; /* not in the source */
};

/* What a file's data or one of its extended attributes takes of the heap. */
struct xar_piece {
    uint32_t file;    /* index of its file */
    bool attribute;   /* an extended attribute, */
    const char *name; /* whose name that is; NULL when absent, or of data */
    struct xar_range range;
    uint64_t size; /* unpacked */
    enum xar_encoding encoding;
    enum hash hash;        /* of checksum */
    struct bytes checksum; /* of the octets in the heap (archived-checksum); empty when absent */
};

#define XAR_ROOT UINT32_MAX
enum xar_type { XAR_FILE, XAR_DIRECTORY, XAR_OTHER };
struct xar_file {
    uint32_t parent;  /* index; XAR_ROOT */
    const char *name; /* "" when absent */
    enum xar_type type;
};

/* <signature> or <x-signature> */
struct xar_signature {
    const char *style; /* "RSA", "CMS" …; "" when absent */
    struct xar_range range;
    struct bytes *certs; /* X509Certificate, decoded: the leaf first */
    size_t n_certs;
};

struct xar {
    uint64_t toc_at, toc_packed; /* the table as it stands: what the checksum is of */
    uint64_t heap_at;
    enum hash header_hash; /* by the header; HASH_NONE when unknown */
    enum hash hash;        /* by the table; HASH_NONE when unknown */
    struct xar_range checksum;
    struct xar_signature *signatures;
    size_t n_signatures, room_signatures;
    struct xar_file *files;
    size_t n_files, room_files;
    struct xar_piece *pieces;
    size_t n_pieces, room_pieces;
    struct error problem; /* why the table was not read to its end; kind ERR_NONE when it was */
};

/* xar_probe says whether a file begins like an archive. */
bool xar_probe(struct bytes head);

/* xar_read reads header and table. What is wrong with the table stands in xar->problem, with all that was read before it; oddities
 * go to anomalies. False only when there is no header, no memory, or the source can't be read. */
CERTBAN_MUST_USE bool xar_read(struct source *source, struct arena *arena, struct anomalies *anomalies, struct xar *xar, struct error *err);

/* xar_path is the path of a file in the archive, "a.pkg/Payload"; NULL without memory. */
const char *xar_path(const struct xar *xar, uint32_t file, struct arena *arena);

/* xar_heap makes a range of an offset and a length in the heap. */
struct xar_range xar_heap(const struct xar *xar, uint64_t source_size, uint64_t offset, uint64_t n);

#endif
