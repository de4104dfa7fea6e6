/* SPDX-License-Identifier: Apache-2.0 */
#include "source/pe_overlay.h"

bool pe_overlay_find(struct source *source, struct arena *arena, struct pe *pe, struct pe_overlay *out, struct error *err) {
    struct error why = {0};
    *out = (struct pe_overlay){.at = 0, .end = source->size, .after = source->size};
    if (!pe_headers(source, arena, pe, &why)) {
        *pe = (struct pe){.size = source->size};
        return why.kind == ERR_MALFORMED || error_again(err, &why);
    }
    out->at = pe_raw_end(pe);
    if (pe->table_size != 0 && pe->table_at >= out->at && pe->table_at <= source->size) {
        out->end = pe->table_at;
        out->after = pe->table_size < source->size - pe->table_at ? pe->table_at + pe->table_size : source->size;
    }
    return true;
}
