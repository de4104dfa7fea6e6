/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One large archive, looked into by several readers at once, each of which takes some of its members: a slice. Slices only say that there
 * is nothing to say: where one meets anything that is worth a word, or a limit, it gives up, and the archive is examined again by one
 * reader, whole. So what is reported does not hang on how many readers there are.
 */
#ifndef CERTBAN_SCAN_SLICE_H
#define CERTBAN_SCAN_SLICE_H

#include "source/container.h"

enum { SLICES_MAX = 8 };

/* The reader's side. All slices see the same members in the same order, and each knows by itself which are its own: those that come when
 * it is the one with the fewest bytes; or of a volume, those that lie in its stripes. */
struct slice {
    unsigned which, of; /* of 0 or 1: the file is examined whole */
    uint64_t load[SLICES_MAX];
    uint64_t mark; /* of the members seen: the same in all slices, or they did not share the same out */
};

/* slice_takes says whether the next member is this slice's. */
bool slice_takes(struct slice *slice, const struct member *member);

#endif
