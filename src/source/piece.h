/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file that stands somewhere in another one: how it begins, and how long it is by its own word. One row a kind. */
#ifndef CERTBAN_SOURCE_PIECE_H
#define CERTBAN_SOURCE_PIECE_H

#include "base/source.h"

struct piece {
    const char *kind; /* "cabinet"; NULL: none begins there */
    uint64_t n;       /* its bytes, no more than there are */
    uint64_t own;     /* so many of them are its own, by its word: nothing but its members is to be looked for in them */
};

/* piece_at looks whether one begins at an offset; it ends at end at the latest. Kinds whose beginning says little must make sense
 * beyond it. False only when the source can't be read, or without memory. */
CERTBAN_MUST_USE bool piece_at(struct source *source, uint64_t at, uint64_t end, struct arena *scratch, struct piece *out,
                               struct error *err);

/* piece_find is the offset of the next place in b, at or after from, where one might begin; b.n when there is none. */
size_t piece_find(struct bytes b, size_t from);

#endif
