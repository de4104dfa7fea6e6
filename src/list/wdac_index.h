/* SPDX-License-Identifier: Apache-2.0 */
/* What an App Control policy refers to, found by id. */
#ifndef CERTBAN_LIST_WDAC_INDEX_H
#define CERTBAN_LIST_WDAC_INDEX_H

#include "list/wdac.h"

/* References by id, sorted. */
struct wdac_refs {
    const struct wdac_ref **all;
    size_t n;
};

struct wdac_index {
    struct wdac_refs denied, in_force;
    const struct wdac_file **files;
    size_t n_files;
};

/* wdac_index_make sorts the policy's references and files; all memory is the arena's. False without memory. */
CERTBAN_MUST_USE bool wdac_index_make(const struct wdac *wdac, struct arena *arena, struct wdac_index *out);

/* wdac_find_ref is a reference with that id, wdac_find_file the file of that kind and id; NULL when there is none. */
const struct wdac_ref *wdac_find_ref(const struct wdac_refs *refs, struct bytes id);
const struct wdac_file *wdac_find_file(const struct wdac_index *index, enum wdac_file_kind kind, struct bytes id);

#endif
