/* SPDX-License-Identifier: Apache-2.0 */
/* Members packed by a method that only 7z has: deflate64, as Windows packs what is large, PPMd, zstd, … */
#include "source/helped.h"
#include "source/zip.h"

bool zip_visit_left(struct zip *zip, struct visitor *visitor, struct error *err) {
    size_t n = 0;
    if (zip->n_left == 0) {
        return true;
    }
    struct helped_left *all = arena_array(zip->arena, zip->n_left, sizeof *all);
    if (all == NULL) {
        return arena_full(zip->arena, err);
    }
    for (size_t i = 0; i < zip->n && n < zip->n_left; i++) {
        if (zip->members[i].left != 0) {
            all[n++] = (struct helped_left){.name = zip->members[i].name, .how = zip_method_name(zip->members[i].left)};
        }
    }
    return helped_visit(HELPER_ZIP, zip->source, zip->budget, all, n, visitor, err);
}
