/* SPDX-License-Identifier: Apache-2.0 */
#include "source/spool.h"

#include "base/reader.h"
#include "source/archive_read.h"
#include "source/deflate.h"

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

bool spool_gzip(struct source *source, const struct budget *budget, struct arena *arena, struct bytes *out) {
    enum { SMALL = 4 << 20, LEAST = 18 /* header and trailer */ };
    struct bytes packed;
    struct error why;
    size_t n = (size_t)source->size;
    if (!deflate_there() || source->size > SMALL || n < LEAST || !source_read(source, arena, 0, n, &packed, &why)) {
        return false;
    }
    struct reader r = reader_make(bytes_cut(packed, n - 4, 4), n - 4);
    uint32_t size = reader_u32le(&r);
    bool fits = size != 0 && size <= SPOOL_MAX && size <= budget->bytes_left;
    uint8_t *p = fits ? arena_raw(arena, size) : NULL;
    *out = bytes_make(p, p != NULL ? size : 0);
    return p != NULL && deflate_gzip_whole(packed.p, n, p, size) && !archive_reader_goes_on(*out);
}
