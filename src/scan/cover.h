/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that stand in a catalog and not in the file that they cover. Runs inside reader processes. */
#ifndef CERTBAN_SCAN_COVER_H
#define CERTBAN_SCAN_COVER_H

#include "scan/catalogs.h"
#include "scan/exam.h"

/* One digest that a catalog lists, on its way to the main process. Octets alone: there is nothing in it to be aligned. */
struct cover_record {
    uint8_t key[CATALOG_KEY]; /* the digest's first octets */
    uint8_t size;             /* of the whole digest */
    uint8_t flags;
};
enum { COVER_IMAGE = 1 /* of a program */, COVER_RULE = 2 /* a rule may name the catalog's signer */ };

struct cover_sink {
    void (*records)(struct cover_sink *sink, struct bytes records);
};

/* cover_list reads a catalog and hands out what it lists, some records at a time; nothing, when nobody will ask for it. ERR_UNSUPPORTED
 * for what is no catalog. */
CERTBAN_MUST_USE bool cover_list(struct examiner *examiner, struct source *source, struct arena *arena, struct cover_sink *sink,
                                 struct error *err);

/* cover_add gives a file without signatures those of the catalogs that list it. named: the user asked for this very file. */
void cover_add(struct exam *exam, bool named);

#endif
