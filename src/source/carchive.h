/* SPDX-License-Identifier: Apache-2.0 */
/* What PyInstaller appends to a program: an archive of the libraries and data that it unpacks when it runs. */
#ifndef CERTBAN_SOURCE_CARCHIVE_H
#define CERTBAN_SOURCE_CARCHIVE_H

#include "source/container.h"

/* carchive_walk looks for such an archive that ends at end, behind from, and visits its files; no archive there is no error.
 * scratch is given back for each file. */
CERTBAN_MUST_USE bool carchive_walk(struct source *program, uint64_t from, uint64_t end, struct arena *scratch, struct budget *budget,
                                    struct visitor *visitor, struct error *err);

#endif
