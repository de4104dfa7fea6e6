/* SPDX-License-Identifier: Apache-2.0 */
/* A file whose size nobody says, unpacked: into memory, as far as it is small, and counted. */
#ifndef CERTBAN_SOURCE_SPOOL_H
#define CERTBAN_SOURCE_SPOOL_H

#include "source/stream.h"

enum { SPOOL_MAX = 16 << 20 };

struct spool {
    uint8_t *p; /* in the arena; NULL: there is more than SPOOL_MAX, or no memory */
    size_t room;
    uint64_t n;       /* what was unpacked before an error counts */
    struct error why; /* why there is not more */
};

/* spool_fill unpacks the stream to its end. False (err) when the budget is spent. */
CERTBAN_MUST_USE bool spool_fill(struct spool *spool, struct stream *stream, struct budget *budget, struct arena *arena, struct error *err);

/* spool_gzip unpacks a gzip file at once that is small, sound, of one piece and no archive, as nearly all are: its last field is how long
 * that is (RFC 1952 ISIZE). False: libarchive is to look at it. */
bool spool_gzip(struct source *source, const struct budget *budget, struct arena *arena, struct bytes *out);

#endif
