/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a disc, of which one may stand in several pieces. */
#include "source/iso.h"

/* A file in several pieces. */
struct pieces {
    struct source source;
    struct source *image;
    const struct iso_item *first;
};

static bool pieces_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct pieces *p = (struct pieces *)source;
    uint8_t *to = buf;
    for (const struct iso_item *i = p->first; i != NULL && n != 0; i = i->more) {
        if (at >= i->n) {
            at -= i->n;
            continue;
        }
        size_t some = i->n - at < n ? (size_t)(i->n - at) : n;
        if (!source_into(p->image, to, some, i->at + at, err)) {
            return false;
        }
        to += some;
        n -= some;
        at = 0;
    }
    return true;
}

bool iso_file_visit(struct source *image, const struct iso_item *file, struct visitor *visitor, struct error *err) {
    struct pieces pieces = {
        .source = {.name = file->path, .pread = pieces_pread, .sequential = image->sequential}, .image = image, .first = file};
    struct member member = {.path = file->path, .source = &pieces.source};
    struct error why = {0};
    for (const struct iso_item *i = file; i != NULL; i = i->more) {
        pieces.source.size += i->n;
        if (i->at > image->size || i->n > image->size - i->at) {
            error_set(&why, ERR_MALFORMED, "%llu bytes at 0x%llx pass the end of the image", (unsigned long long)i->n,
                      (unsigned long long)i->at);
        } else if (i->interleaved) {
            error_set(&why, ERR_UNSUPPORTED, "an interleaved file");
        }
    }
    if (why.kind != ERR_NONE) {
        member.source = NULL;
        member.problem = &why;
    }
    return visitor->visit(visitor, &member, err);
}
