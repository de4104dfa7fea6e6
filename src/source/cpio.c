/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpio archives as the payloads of packages have them, plain or packed as pbzx. Of one that is plain, what stands behind the end, as the
 * archives of an initial file system for Linux stand one behind the other, packed or not, is a member, too.
 */
#include "source/cpio.h"

#include <stdlib.h>

#include "source/archive.h"
#include "source/pbzx.h"
#include "source/piece.h"

enum packing { AS_IT_IS, PBZX, NOT_READABLE };

static const struct {
    struct bytes magic;
    enum packing packing;
    const char *name;
} packings[] = {
    {{(const uint8_t *)"07070", 5}, AS_IT_IS, NULL},
    {{(const uint8_t *)"pbzx", 4}, PBZX, NULL},
    {{(const uint8_t *)"AA01", 4}, NOT_READABLE, "an Apple Archive"},
    {{(const uint8_t *)"YAA1", 4}, NOT_READABLE, "an Apple Archive"},
    {{(const uint8_t *)"pbze", 4}, NOT_READABLE, "packed as LZFSE (pbze)"},
    {{(const uint8_t *)"pbzz", 4}, NOT_READABLE, "packed as zlib (pbzz)"},
};
enum { N_PACKINGS = sizeof packings / sizeof *packings };

static size_t packing_of(struct bytes head) {
    size_t i = 0;
    while (i < N_PACKINGS && !bytes_starts(head, packings[i].magic)) {
        i++;
    }
    return i == N_PACKINGS && cpio_is_binary(head) ? 0 : i;
}

/* A source as a stream, for an archive that is not packed. */
struct plain {
    struct stream stream;
    struct source *source;
    uint64_t at;
};

static bool plain_next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct plain *p = (struct plain *)stream;
    uint64_t left = p->source->size - p->at;
    *got = left < room ? (size_t)left : room;
    bool ok = source_into(p->source, buf, *got, p->at, err);
    p->at += *got;
    return ok;
}

static bool plain_restart(struct stream *stream, struct error *err) {
    (void)err;
    ((struct plain *)stream)->at = 0;
    return true;
}

static bool walk_pbzx(struct source *source, struct budget *budget, struct visitor *visitor, struct error *err) {
    struct pbzx *pbzx = malloc(sizeof *pbzx);
    if (pbzx == NULL) {
        return error_set(err, ERR_LIMIT, "out of memory for unpacking");
    }
    pbzx_init(pbzx, source, budget->limits);
    bool ok = cpio_walk(&pbzx->stream, source->size, true, budget, visitor, err);
    pbzx_end(pbzx);
    free(pbzx);
    return ok;
}

bool cpio_goes_on(struct bytes head) {
    return bytes_starts(head, bytes_text("07070")) || archive_kind_of(head) != ARCHIVE_KINDS || piece_begins(head);
}

/* What begins like a file there is a member; else source/carrier.c searches it. */
static bool visit_behind(struct source *source, uint64_t at, struct arena *arena, struct budget *budget, struct visitor *visitor,
                         struct error *err) {
    uint8_t block[4096];
    struct bytes head;
    while (at < source->size) {
        size_t n = source->size - at < sizeof block ? (size_t)(source->size - at) : sizeof block, zeros = 0;
        if (!budget_spend(budget, 0, err) || !source_into(source, block, n, at, err)) {
            return false;
        }
        while (zeros < n && block[zeros] == 0) {
            zeros++;
        }
        at += zeros;
        if (zeros < n) {
            if (!source_read_some(source, arena, at, PROBE_HEAD, &head, err)) {
                return false;
            }
            if (!cpio_goes_on(head)) {
                return true;
            }
            const char *path = arena_printf(arena, "behind@%llu", (unsigned long long)at);
            return visit_window(visitor, source, at, source->size - at, path, arena, err);
        }
    }
    return true;
}

/* gzip and bzip2, which hold anything, have their own container (archive.c). */
static bool probe(const struct probe *probe) {
    return packing_of(probe->head) < N_PACKINGS;
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    uint8_t head[PROBE_HEAD];
    size_t n = source->size < sizeof head ? (size_t)source->size : sizeof head;
    (void)anomalies;
    if (!source_into(source, head, n, 0, err)) {
        return false;
    }
    size_t i = packing_of(bytes_make(head, n));
    if (i == N_PACKINGS) {
        return true;
    }
    if (packings[i].packing == NOT_READABLE) {
        return error_set(err, ERR_UNSUPPORTED, "%s", packings[i].name);
    }
    if (packings[i].packing == PBZX) {
        return walk_pbzx(source, budget, visitor, err);
    }
    struct plain plain = {.stream = {.next = plain_next, .restart = plain_restart}, .source = source};
    return cpio_walk(&plain.stream, source->size, false, budget, visitor, err) &&
           visit_behind(source, plain.at, arena, budget, visitor, err);
}

const struct container container_cpio = {.name = "cpio", .probe = probe, .walk = walk};
