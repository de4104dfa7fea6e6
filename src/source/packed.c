/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packed.h"

static bool visit(const struct packed *packed, struct unpacker *u, struct stream_source *s, uint64_t size, struct budget *budget,
                  struct arena *scratch, struct visitor *visitor, struct error *err) {
    stream_source_init(s, packed->path, size, packed->source->size, &u->stream, budget, scratch);
    const struct member member = {.path = packed->path, .source = &s->source};
    return size == 0 || visitor->visit(visitor, &member, err);
}

/* Unpacks on to the end, to know the size. What breaks on the way ends it there: who reads so far is told so. */
static bool measure(struct stream_source *s, struct budget *budget, uint64_t *size, struct error *err) {
    uint8_t buffer[16 << 10];
    struct error why;
    size_t got = 1;
    *size = s->at;
    while (!s->ended && got != 0 && s->stream->next(s->stream, buffer, sizeof buffer, &got, &why)) {
        *size += got;
        if (!budget_spend(budget, got, err) || !budget_ratio(budget, *size, s->packed, err)) {
            return false;
        }
    }
    return true;
}

bool packed_visit(const struct packed *packed, struct budget *budget, struct arena *scratch, struct visitor *visitor, bool *differs,
                  struct error *err) {
    struct unpacker *u = arena_alloc(scratch, sizeof *u);
    struct stream_source *s = arena_alloc(scratch, sizeof *s);
    struct error why;
    uint64_t size = 0;
    *differs = false;
    if (u == NULL || s == NULL) {
        return arena_full(scratch, err);
    }
    unpack_init(u, packed->method, packed->source, budget->limits);
    bool ok = visit(packed, u, s, packed->size, budget, scratch, visitor, err) && measure(s, budget, &size, err);
    *differs = ok && size > packed->size; /* one that is shorter was told when it was read */
    if (*differs && u->stream.restart(&u->stream, &why)) {
        ok = visit(packed, u, s, size, budget, scratch, visitor, err);
    }
    unpack_end(u);
    return ok;
}
