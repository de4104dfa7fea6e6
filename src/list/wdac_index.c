/* SPDX-License-Identifier: Apache-2.0 */
#include "list/wdac_index.h"

#include <stdlib.h>

static int ref_order(const void *left, const void *right) {
    const struct wdac_ref *const *a = left, *const *b = right;
    return bytes_order((*a)->id, (*b)->id);
}

static int file_order(const void *left, const void *right) {
    const struct wdac_file *const *a = left, *const *b = right;
    return bytes_order((*a)->id, (*b)->id);
}

static bool sort_refs(const struct wdac_ref *ref, size_t n, struct arena *arena, struct wdac_refs *out) {
    out->all = arena_array(arena, n + 1, sizeof(const struct wdac_ref *));
    for (out->n = 0; out->all != NULL && ref != NULL; ref = ref->next) {
        out->all[out->n++] = ref;
    }
    if (out->all != NULL) {
        qsort(out->all, out->n, sizeof(const struct wdac_ref *), ref_order);
    }
    return out->all != NULL;
}

static bool sort_files(const struct wdac *wdac, struct arena *arena, struct wdac_index *out) {
    out->files = arena_array(arena, wdac->n_files + 1, sizeof(const struct wdac_file *));
    out->n_files = 0;
    for (const struct wdac_file *file = wdac->files; out->files != NULL && file != NULL; file = file->next) {
        out->files[out->n_files++] = file;
    }
    if (out->files != NULL) {
        qsort(out->files, out->n_files, sizeof(const struct wdac_file *), file_order);
    }
    return out->files != NULL;
}

bool wdac_index_make(const struct wdac *wdac, struct arena *arena, struct wdac_index *out) {
    return sort_refs(wdac->denied, wdac->n_denied, arena, &out->denied) &&
           sort_refs(wdac->in_force, wdac->n_in_force, arena, &out->in_force) && sort_files(wdac, arena, out);
}

const struct wdac_ref *wdac_find_ref(const struct wdac_refs *refs, struct bytes id) {
    struct wdac_ref wanted = {.id = id};
    const struct wdac_ref *key = &wanted, **found = bsearch(&key, refs->all, refs->n, sizeof(const struct wdac_ref *), ref_order);
    return found != NULL ? *found : NULL;
}

const struct wdac_file *wdac_find_file(const struct wdac_index *index, enum wdac_file_kind kind, struct bytes id) {
    struct wdac_file wanted = {.id = id};
    const struct wdac_file *key = &wanted,
                           **found = bsearch(&key, index->files, index->n_files, sizeof(const struct wdac_file *), file_order);
    return found != NULL && (*found)->kind == kind ? *found : NULL;
}
