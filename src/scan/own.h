/* SPDX-License-Identifier: Apache-2.0 */
/* Certban's own files: they are never moved, whatever a rule says, for nothing would be left to undo it with. */
#ifndef CERTBAN_SCAN_OWN_H
#define CERTBAN_SCAN_OWN_H

#include "scan/scan.h"

/* By who they are, never by a path. */
struct own {
    struct own_file {
        uint64_t volume, number;
    } * all;
    size_t n, room;
};

/* own_find finds the program that runs and everything mapped into it (its libraries), the policies in force, and options->own. False
 * without memory. */
CERTBAN_MUST_USE bool own_find(struct own *own, const struct scan_options *options);
bool own_has(const struct own *own, const struct fs_identity *file);
void own_free(struct own *own);

#endif
