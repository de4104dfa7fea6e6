/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the reader of a XAR archive's table of contents: xar_toc.c has the elements, xar_values.c what their texts mean. */
#ifndef CERTBAN_SOURCE_XAR_TOC_H
#define CERTBAN_SOURCE_XAR_TOC_H

#include <libxml/parser.h>

#include "base/text.h"
#include "source/xar.h"

/* NONE is around all, OTHER means nothing here. */
enum element {
    NONE,
    OTHER,
    ARCHIVE,
    TOC,
    CHECKSUM,
    SIGNATURE,
    KEY_INFO,
    X509_DATA,
    CERTIFICATE,
    FILE_,
    NAME,
    TYPE,
    DATA,
    ATTRIBUTE,
    ATTRIBUTE_NAME,
    OFFSET,
    LENGTH,
    SIZE,
    ENCODING,
    ARCHIVED,
};

/* A number that an element gives. */
struct number {
    uint64_t v;
    bool given;
};

struct xar_toc {
    struct xar *xar;
    uint64_t source_size;
    struct arena *arena;
    struct anomalies *anomalies;
    xmlParserCtxtPtr parser;
    enum element stack[XAR_DEPTH_MAX];
    size_t depth;
    struct text text;
    bool wants_text, base64;            /* of the open element */
    struct number offset, length, size; /* of the open checksum, signature, data or ea */
    struct xar_piece piece;             /* the open data or ea */
    uint32_t file;                      /* the open one; XAR_ROOT */
    bool failed;
};

/* xar_toc_new, fed piece by piece, so that the table is never whole in memory. NULL with err without memory. */
struct xar_toc *xar_toc_new(struct xar *xar, uint64_t source_size, struct arena *arena, struct anomalies *anomalies, struct error *err);

/* xar_toc_feed takes the next octets; false when the rest is of no use (xar->problem says why). */
CERTBAN_MUST_USE bool xar_toc_feed(struct xar_toc *toc, struct bytes b);

/* xar_toc_end takes the table's end and gives libxml2's memory back; NULL is allowed. */
void xar_toc_end(struct xar_toc *toc);

/* xar_toc_stop and xar_toc_stop_at, for a limit, end the reading; the first reason given is kept. xar_toc_odd notes an oddity. */
void xar_toc_stop(struct xar_toc *t, enum error_kind kind, const char *why);
void xar_toc_stop_at(struct xar_toc *t, enum limit which);
void xar_toc_odd(struct xar_toc *t, const char *detail);

/* xar_toc_room is room for one more in a growing array; NULL (stopped) when there is none. */
void *xar_toc_room(struct xar_toc *t, void *all, size_t n, size_t *room, size_t each, enum limit most);

/* xar_value takes what an element meant, at its end. */
void xar_value(struct xar_toc *t, enum element element);

#endif
