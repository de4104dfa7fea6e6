/* SPDX-License-Identifier: Apache-2.0 */
/* How far a RAR archive goes, which it does not say in one place, and whether it is all: "RAR 4.x archive format" (technote.txt) and
 * "RAR 5.0 archive format". */
#ifndef CERTBAN_SOURCE_RAR_H
#define CERTBAN_SOURCE_RAR_H

#include "base/source.h"

/* rar_extent is how many bytes from the archive's beginning on are headers and the data of its files, so that nothing but its members
 * can be in them. It ends at the first block of another kind (a comment, a recovery record) and where headers make no sense; 0 where the
 * first block is none that comes first. *spans: of one of its files, another volume has a part. False only
 * when the source can't be read. */
CERTBAN_MUST_USE bool rar_extent(struct source *archive, const struct limits *limits, uint64_t *n, bool *spans, struct error *err);

#endif
