/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the same folder of an archive that is read one way, from its beginning on: each such file is a pass of its own. */
#ifndef CERTBAN_SOURCE_ARCHIVE_BESIDE_H
#define CERTBAN_SOURCE_ARCHIVE_BESIDE_H

#include "source/archive_read.h"
#include "source/container.h"

struct archive_beside {
    struct beside beside; /* first: it is what the driver of a member is given */
    struct source *source;
    enum archive_kind kind;
    struct budget *budget;
    struct arena *arena; /* of the member in hand */
    const char *path;    /* its */
    struct archive_reader *open[LIMIT_BESIDE_GREATEST];
    size_t n;
    unsigned passes;
    uint32_t *keys; /* of the names of all files, once a pass went to the end */
    size_t n_keys, room;
    bool listed;
    struct arena *list; /* where these are */
};

/* archive_beside_init sets one up for all members of an archive, in whose arena list it keeps their names. For each member, whose arena is
 * the other one, path is to be set, and what it opened closed behind it. */
void archive_beside_init(struct archive_beside *b, struct source *source, enum archive_kind kind, struct budget *budget,
                         struct arena *arena, struct arena *list);

#endif
