/* SPDX-License-Identifier: Apache-2.0 */
/* Lines with depths, drawn as a tree once all are known. */
#ifndef CERTBAN_CLI_TREE_H
#define CERTBAN_CLI_TREE_H

#include <stdio.h>

#include "base/text.h"

/* Deeper lines are drawn at this depth. */
enum { TREE_DEPTH_MAX = 63 };

struct tree_line;

/* Zero-initialise it; tree_free gives the lines back. */
struct tree {
    struct tree_line *lines;
    size_t n, room;
    bool failed; /* memory ran out: a line is missing */
};

/* tree_add adds a line and returns its text, which may be appended to until the next call. */
struct text *tree_add(struct tree *tree, unsigned depth);

/* tree_value adds a line "name  value" with a value of unknown origin; nothing when it is empty or NULL. */
void tree_value(struct tree *tree, unsigned depth, const char *name, const char *value);

/* tree_hex is tree_value for octets. */
void tree_hex(struct tree *tree, unsigned depth, const char *name, struct bytes b);

/* tree_first is the text of the first line; NULL when there is none. */
struct text *tree_first(struct tree *tree);

/* tree_graft moves all lines of branch, each so much deeper, to the end of tree. The branch is empty then. */
void tree_graft(struct tree *tree, struct tree *branch, unsigned deeper);

/* tree_print draws it; tree_free gives its memory back and leaves it empty. */
void tree_print(const struct tree *tree, FILE *stream);
void tree_free(struct tree *tree);

#endif
