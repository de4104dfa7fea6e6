/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tree.h"

#include <stdlib.h>

enum { VALUE_MAX = 2000 };

struct tree_line {
    unsigned depth;
    struct text words;
};

static struct tree_line *make_line(struct tree *tree) {
    if (tree->n == tree->room) {
        size_t room = tree->room * 2 + 64;
        struct tree_line *lines = realloc(tree->lines, room * sizeof *lines);
        if (lines == NULL) {
            tree->failed = true;
            return NULL;
        }
        tree->lines = lines;
        tree->room = room;
    }
    return &tree->lines[tree->n++];
}

struct text *tree_add(struct tree *tree, unsigned depth) {
    static struct text lost;
    struct tree_line *line = make_line(tree);
    if (line == NULL) {
        text_clear(&lost);
        return &lost;
    }
    *line = (struct tree_line){.depth = depth < TREE_DEPTH_MAX ? depth : TREE_DEPTH_MAX};
    return &line->words;
}

void tree_value(struct tree *tree, unsigned depth, const char *name, const char *value) {
    if (value != NULL && value[0] != '\0') {
        struct text *t = tree_add(tree, depth);
        text_addf(t, "%-10s ", name);
        text_add_safe(t, bytes_text(value), VALUE_MAX);
    }
}

void tree_hex(struct tree *tree, unsigned depth, const char *name, struct bytes b) {
    if (b.n != 0) {
        struct text *t = tree_add(tree, depth);
        text_addf(t, "%-10s ", name);
        text_add_hex(t, b);
    }
}

struct text *tree_first(struct tree *tree) {
    return tree->n != 0 ? &tree->lines[0].words : NULL;
}

void tree_graft(struct tree *tree, struct tree *branch, unsigned deeper) {
    tree->failed = tree->failed || branch->failed;
    for (size_t i = 0; i < branch->n; i++) {
        struct tree_line *line = make_line(tree);
        if (line == NULL) {
            text_free(&branch->lines[i].words);
            continue;
        }
        *line = branch->lines[i];
        line->depth = line->depth + deeper < TREE_DEPTH_MAX ? line->depth + deeper : TREE_DEPTH_MAX;
    }
    branch->n = 0;
    tree_free(branch);
}

/* For each line a bit for each depth whose branch goes on below it; NULL without memory. */
static uint64_t *find_branches(const struct tree *tree) {
    uint64_t *all = calloc(tree->n + 1, sizeof *all), below = 0;
    for (size_t i = tree->n; all != NULL && i > 0; i--) {
        unsigned depth = tree->lines[i - 1].depth;
        all[i - 1] = below;
        below = (below & ((UINT64_C(1) << depth) - 1)) | UINT64_C(1) << depth;
    }
    return all;
}

void tree_print(const struct tree *tree, FILE *stream) {
    uint64_t *branches = find_branches(tree);
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_line *line = &tree->lines[i];
        for (unsigned depth = 1; depth <= line->depth; depth++) {
            bool more = branches != NULL && (branches[i] >> depth & 1) != 0;
            fputs(depth == line->depth ? more ? "├─ " : "└─ " : more ? "│  " : "   ", stream);
        }
        fputs(text_c(&line->words), stream);
        putc('\n', stream);
    }
    free(branches);
}

void tree_free(struct tree *tree) {
    for (size_t i = 0; i < tree->n; i++) {
        text_free(&tree->lines[i].words);
    }
    free(tree->lines);
    *tree = (struct tree){0};
}
