/* SPDX-License-Identifier: Apache-2.0 */
#include "source/whole.h"

#include <stdlib.h>

#include "source/deflate.h"
#include "source/stream.h"

/* What is read of every member: its probes look at so much. For that alone nothing is unpacked whole that is not small. */
enum { BEGINNING = 4096, SMALL = 128 << 10 };

static void unpack_whole(struct whole_source *w) {
    size_t size = (size_t)w->source.size, n = (size_t)w->packed->size;
    uint8_t *in = malloc(n), *out = malloc(size);
    w->tried = true;
    if (in != NULL && out != NULL && source_into(w->packed, in, n, 0, NULL) && deflate_whole(in, n, out, size)) {
        w->out = out;
        out = NULL;
    }
    free(in);
    free(out);
}

static bool whole_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct whole_source *w = (struct whole_source *)source;
    if (!w->tried && (source->size <= SMALL || at + n > BEGINNING) && budget_ratio(w->budget, source->size, w->packed->size, NULL)) {
        if (!budget_spend(w->budget, source->size, err)) {
            return false;
        }
        unpack_whole(w);
    }
    if (w->out == NULL) {
        return source_into(w->slow, buf, n, at, err);
    }
    memcpy(buf, w->out + at, n);
    return true;
}

void whole_source_init(struct whole_source *w, struct source *slow, struct source *packed, struct budget *budget) {
    *w = (struct whole_source){.source = {.name = slow->name, .size = slow->size, .pread = whole_pread, .sequential = true},
                               .slow = slow,
                               .packed = packed,
                               .budget = budget};
    w->tried = !deflate_there() || slow->size > WHOLE_MAX || packed->size > WHOLE_MAX;
}

bool whole_source_end(struct whole_source *w) {
    bool whole = w->out != NULL;
    free(w->out);
    w->out = NULL;
    return whole;
}
