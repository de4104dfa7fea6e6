/* SPDX-License-Identifier: Apache-2.0 */
#include "source/zip_part.h"

#include <stdlib.h>

#include "source/unpack.h"

enum { STORED = 0, DEFLATED = 8, ENCRYPTED = 1 };

static bool readable(const struct zip_part *part, struct error *err) {
    bool yes = (part->flags & ENCRYPTED) == 0 && (part->method == STORED || part->method == DEFLATED);
    return yes || error_set(err, ERR_UNSUPPORTED, "a part that is encrypted or packed by method %u", part->method);
}

static bool unpack(struct source *packed, uint8_t *to, size_t size, struct error *err) {
    struct unpacker *u = malloc(sizeof *u);
    if (u == NULL) {
        return error_set(err, ERR_LIMIT, "memory for unpacking");
    }
    unpack_init(u, UNPACK_DEFLATE, packed, NULL);
    size_t at = 0, got = 1;
    bool good = true;
    while (good && at < size && got != 0) {
        good = u->stream.next(&u->stream, to + at, size - at, &got, err);
        at += got;
    }
    unpack_end(u);
    free(u);
    return good && (at == size || error_set(err, ERR_MALFORMED, "unpacks to less than its size"));
}

bool zip_part_read(struct source *source, const struct zip_part *part, enum limit most, struct arena *arena, struct bytes *out,
                   struct error *err) {
    if (!readable(part, err)) {
        return false;
    }
    if (part->size > limit_most(arena->limits, most) || (part->method == STORED && part->packed > limit_most(arena->limits, most))) {
        return limit_reached(arena->limits, most, err);
    }
    if (part->method == STORED) {
        return source_read(source, arena, part->data_at, part->packed, out, err);
    }
    struct window_source packed;
    uint8_t *to = arena_alloc(arena, (size_t)part->size);
    if (to == NULL) {
        return arena_full(arena, err);
    }
    window_source_init(&packed, source->name, source, part->data_at, part->packed);
    if (!unpack(&packed.source, to, (size_t)part->size, err)) {
        return false;
    }
    *out = bytes_make(to, (size_t)part->size);
    return true;
}

struct part_source {
    struct source source;
    struct window_source packed;
    struct unpacker *unpacker; /* NULL: not begun, or over */
    uint64_t at;               /* unpacked so far */
};

static void end_part(struct part_source *p) {
    if (p->unpacker != NULL) {
        unpack_end(p->unpacker);
        free(p->unpacker);
    }
    p->unpacker = NULL;
    p->at = 0;
}

static bool begin_part(struct part_source *p, struct error *err) {
    end_part(p);
    p->unpacker = malloc(sizeof *p->unpacker);
    if (p->unpacker == NULL) {
        return error_set(err, ERR_LIMIT, "memory for unpacking");
    }
    unpack_init(p->unpacker, UNPACK_DEFLATE, &p->packed.source, NULL);
    return true;
}

static bool read_on(struct part_source *p, uint8_t *to, size_t n, struct error *err) {
    for (size_t got = 0; n != 0; to += got, n -= got, p->at += got) {
        if (!p->unpacker->stream.next(&p->unpacker->stream, to, n, &got, err)) {
            return false;
        }
        if (got == 0) {
            return error_set(err, ERR_MALFORMED, "unpacks to less than its size");
        }
    }
    return true;
}

static bool part_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct part_source *p = (struct part_source *)source;
    if (at == 0 && !begin_part(p, err)) {
        return false;
    }
    bool good = p->unpacker != NULL && p->at == at ? read_on(p, buf, n, err)
                                                   : error_set(err, ERR_UNSUPPORTED, "a packed part is read from its beginning on");
    if (!good || p->at == p->source.size) {
        end_part(p);
    }
    return good;
}

struct source *zip_part_source(struct source *source, const struct zip_part *part, struct arena *arena, struct error *err) {
    if (!readable(part, err)) {
        return NULL;
    }
    struct part_source *p = arena_alloc(arena, sizeof *p);
    if (p == NULL) {
        arena_full(arena, err);
        return NULL;
    }
    window_source_init(&p->packed, source->name, source, part->data_at, part->packed);
    if (part->method == STORED) {
        return &p->packed.source;
    }
    p->source = (struct source){.name = source->name, .size = part->size, .pread = part_pread, .sequential = true};
    return &p->source;
}
