/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML of unknown origin, element by element: how lists are read that others publish. Nothing is kept of the document, so that its size
 * costs no memory. Refused are documents of more than 128 MiB, elements deeper than 64 levels, and a DOCTYPE, and with it every entity;
 * of one that sax_doctype lets pass nothing but its name is read, and entities stay refused.
 */
#ifndef CERTBAN_LIST_SAX_H
#define CERTBAN_LIST_SAX_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

enum { SAX_DEPTH_MAX = 64 };
#define SAX_SIZE_MAX ((size_t)128 << 20)

/* A reader's part: set the functions and the arena, zero the rest. Names are local ones; those of the document live during the call. */
struct sax {
    void (*begin)(struct sax *sax, const char *name, const char *space); /* space: the namespace, "" when it has none */
    void (*end)(struct sax *sax, const char *name);
    void (*text)(struct sax *sax, struct bytes text); /* NULL: nobody asks. A run of text may come in pieces */
    struct arena *arena;                              /* for values of attributes */
    bool doctype;                                     /* a DOCTYPE without declarations of its own is passed over */
    /* From here on sax_parse's own. */
    size_t depth; /* of the element that begins or ends: 1 for the root */
    void *xml;
    struct error err;
    const unsigned char **attributes;
    size_t n_attributes;
};

/* sax_parse reads the document. ERR_MALFORMED "line …: …" for what is no XML; else the first sax_refuse's error. */
CERTBAN_MUST_USE bool sax_parse(struct sax *sax, struct bytes xml, struct error *err);

/* For begin: a copy of an attribute's value in the arena, attributes of other namespaces left out; empty when it is not given. */
struct bytes sax_attribute(struct sax *sax, const char *name);

/* sax_line is the line that is being read. sax_refuse ends the reading; sax_full does so for want of memory. */
size_t sax_line(const struct sax *sax);
void sax_refuse(struct sax *sax, enum error_kind kind, const char *why);
void sax_full(struct sax *sax);

/* sax_refused says whether the reading was ended. */
bool sax_refused(const struct sax *sax);

#endif
