/* SPDX-License-Identifier: Apache-2.0 */
#include "source/spool.h"

enum { SPOOL_FIRST = 64 << 10 };

static bool grow(struct spool *spool, struct arena *arena) {
    size_t room = spool->room != 0 ? 4 * spool->room : SPOOL_FIRST;
    uint8_t *more = room <= SPOOL_MAX ? arena_raw(arena, room) : NULL;
    if (more != NULL && spool->n != 0) {
        memcpy(more, spool->p, (size_t)spool->n);
    }
    spool->p = more;
    spool->room = more != NULL ? room : 0;
    return more != NULL;
}

bool spool_fill(struct spool *spool, struct stream *stream, struct budget *budget, struct arena *arena, struct error *err) {
    uint8_t step[16 << 10];
    bool whole = true;
    *spool = (struct spool){0};
    for (size_t got = 1; got != 0; spool->n += got) {
        whole = whole && (spool->n < spool->room || grow(spool, arena));
        uint8_t *to = whole ? spool->p + spool->n : step;
        size_t room = whole ? spool->room - (size_t)spool->n : sizeof step;
        if (!stream->next(stream, to, room, &got, &spool->why)) {
            break;
        }
        if (!budget_spend(budget, got, err)) {
            return false;
        }
    }
    spool->p = whole ? spool->p : NULL;
    return true;
}
