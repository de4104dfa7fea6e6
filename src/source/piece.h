/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file that stands somewhere in another one: how it begins, and how long it is by its own word. One row a kind. */
#ifndef CERTBAN_SOURCE_PIECE_H
#define CERTBAN_SOURCE_PIECE_H

#include "source/container.h"

struct piece {
    const char *kind; /* "cabinet"; NULL: none begins there */
    uint64_t n;       /* its bytes, no more than there are */
    uint64_t own;     /* so many of them are its own, by its word: nothing but its members is to be looked for in them */
};

/* piece_at looks whether one begins at an offset; it ends at end at the latest. Kinds whose beginning says little must make sense
 * beyond it. False only when the source can't be read, or without memory. */
CERTBAN_MUST_USE bool piece_at(struct source *source, uint64_t at, uint64_t end, struct arena *scratch, struct piece *out,
                               struct error *err);

/* piece_begins says whether one may begin with these bytes. */
bool piece_begins(struct bytes head);

/* piece_next finds the next one that begins in [*at, to) and ends at end at the latest: *at is then its offset, else to, with
 * piece->kind NULL. What is stored in a ZIP archive is passed over: it is shown with its name where the archive is. The scratch arena is
 * given back before. False (err) when that can't be said: past LIMIT_PLACES, too. */
CERTBAN_MUST_USE bool piece_next(struct source *source, struct budget *budget, struct arena *scratch, uint64_t *at, uint64_t to,
                                 uint64_t end, struct piece *piece, struct error *err);

/* A file that is searched whole is so up to as many times LIMIT_CARVE_WINDOW; of a larger one that much from both its ends is. */
enum { PIECE_WHOLE = 16 };

#endif
