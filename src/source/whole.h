/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of an archive that is unpacked in one piece once more than its beginning is asked for: libdeflate does that in half the time
 * of a stream. Only where data and sizes are exactly what was told; everything else, and every question what is wrong, is the
 * stream's.
 */
#ifndef CERTBAN_SOURCE_WHOLE_H
#define CERTBAN_SOURCE_WHOLE_H

#include "source/container.h"

/* The most that a member may unpack to, or be packed as. */
enum { WHOLE_MAX = 16 << 20 };

struct whole_source {
    struct source source;
    struct source *slow;   /* the same as a stream */
    struct source *packed; /* deflated (RFC 1951) */
    struct budget *budget;
    uint8_t *out; /* all of it; NULL: not unpacked, or not so */
    bool tried;
};

/* whole_source_init makes a source that is slow until it is worth more. */
void whole_source_init(struct whole_source *whole, struct source *slow, struct source *packed, struct budget *budget);

/* whole_source_end gives its memory back. True when the data was unpacked in one piece: it is then what was told, to the byte. */
bool whole_source_end(struct whole_source *whole);

#endif
