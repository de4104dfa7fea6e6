/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of members, which are told before the container that they are in: they wait until they can be hung below it. */
#ifndef CERTBAN_CLI_NEST_H
#define CERTBAN_CLI_NEST_H

#include "cli/report.h"
#include "cli/tree.h"

struct nested;

/* Zero-initialise it. */
struct nest {
    struct nested *members;
    size_t n, room, lines;
};

/* nest_path puts a path in front of a tree's first line. */
void nest_path(const struct report *report, struct tree *tree, struct bytes path);

/* nest_take hangs what waits and lies in a container, which is told right behind it, below the container's tree. path is the outermost
 * file's, inside the container's in it: "" for the file itself. */
void nest_take(struct nest *nest, const struct report *report, const char *path, const char *inside, struct tree *tree);

/* nest_keep lets a member's tree wait. False when too much waits, or there is no memory: it is then to be drawn by itself. */
bool nest_keep(struct nest *nest, const char *path, const char *inside, struct tree *tree);

/* nest_free forgets what still waits. */
void nest_free(struct nest *nest);

#endif
