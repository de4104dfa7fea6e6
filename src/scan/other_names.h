/* SPDX-License-Identifier: Apache-2.0 */
/* The other names of a file with several hard links, wherever they are on its file system. */
#ifndef CERTBAN_SCAN_OTHER_NAMES_H
#define CERTBAN_SCAN_OTHER_NAMES_H

#include "base/text.h"

/* One question: a file by one of its names (absolute, without links), and all its names that were found, that one among them. */
struct names_ask {
    uint64_t volume, number; /* st_dev, st_ino */
    const char *path;
    uint32_t links; /* no more than that are looked for, */
    uint64_t most;  /* and no more than that kept */
    struct text *found;
    size_t n_found;
};

/* other_names_find walks the mount on which each file lies, once for all files of one; other mounts are not entered, links not followed. */
void other_names_find(struct names_ask *asks, size_t n);
void other_names_free(struct names_ask *ask);

#endif
