/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nest.h"

#include <stdlib.h>

enum { LINES_MAX = 50000 };

struct nested {
    char *path, *inside; /* of the outermost file; in it */
    struct tree tree;
};

void nest_path(const struct report *report, struct tree *tree, struct bytes path) {
    struct text *first = tree_first(tree), words = {0};
    if (first == NULL) {
        return;
    }
    report_path(report, &words, path);
    text_add(&words, text_c(first));
    text_free(first);
    *first = words;
}

static void drop(struct nest *nest, size_t from) {
    for (size_t i = from; i < nest->n; i++) {
        nest->lines -= nest->members[i].tree.n;
        free(nest->members[i].path);
        free(nest->members[i].inside);
        tree_free(&nest->members[i].tree);
    }
    nest->n = from;
}

/* Brings what lies in a bundle together: between its files others may have been told. */
static void gather(struct nest *nest, const char *path) {
    size_t kept = 0, n = 0;
    struct nested *mine = calloc(nest->n + 1, sizeof *mine);
    for (size_t i = 0; mine != NULL && i < nest->n; i++) {
        if (strcmp(nest->members[i].path, path) == 0) {
            mine[n++] = nest->members[i];
        } else {
            nest->members[kept++] = nest->members[i];
        }
    }
    if (n != 0) {
        memcpy(nest->members + kept, mine, n * sizeof *mine);
    }
    free(mine);
}

void nest_take(struct nest *nest, const struct report *report, const char *path, const char *inside, struct tree *tree) {
    size_t first = nest->n, skip = inside[0] != '\0' ? strlen(inside) + 2 : 0;
    if (skip == 0) {
        gather(nest, path);
    }
    for (; first > 0; first--) {
        const struct nested *m = &nest->members[first - 1];
        bool in = skip == 0 || (strncmp(m->inside, inside, skip - 2) == 0 && strncmp(m->inside + skip - 2, "!/", 2) == 0);
        if (!in || strcmp(m->path, path) != 0) {
            break;
        }
    }
    for (size_t i = first; i < nest->n; i++) {
        nest_path(report, &nest->members[i].tree, bytes_text(nest->members[i].inside + skip));
        nest->lines -= nest->members[i].tree.n;
        tree_graft(tree, &nest->members[i].tree, 1);
    }
    drop(nest, first);
}

bool nest_keep(struct nest *nest, const char *path, const char *inside, struct tree *tree) {
    if (nest->lines + tree->n > LINES_MAX) {
        return false;
    }
    if (nest->n == nest->room) {
        size_t room = nest->room * 2 + 64;
        struct nested *members = realloc(nest->members, room * sizeof *members);
        if (members == NULL) {
            return false;
        }
        nest->members = members;
        nest->room = room;
    }
    struct nested m = {.path = strdup(path), .inside = strdup(inside), .tree = *tree};
    if (m.path == NULL || m.inside == NULL) {
        free(m.path);
        free(m.inside);
        return false;
    }
    nest->members[nest->n++] = m;
    nest->lines += tree->n;
    return true;
}

void nest_free(struct nest *nest) {
    drop(nest, 0);
    free(nest->members);
    *nest = (struct nest){0};
}
