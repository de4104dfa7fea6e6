/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/slice.h"

enum {
    EACH = 64 << 10,  /* what a member costs beyond its bytes, in bytes */
    STRIPE = 1 << 20, /* of a volume: as much as disk images pack together, or a multiple of it */
};

/* FNV-1a: no secret, and nobody gains by a collision, since a reader that can be made to lie can lie about the mark, too. */
static void mark(uint64_t *hash, const void *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        *hash = (*hash ^ ((const uint8_t *)p)[i]) * UINT64_C(0x100000001b3);
    }
}

bool slice_takes(struct slice *slice, const struct member *member) {
    uint64_t size = member->source != NULL ? member->source->size : 0;
    unsigned least = 0;
    mark(&slice->mark, member->path, strlen(member->path) + 1);
    mark(&slice->mark, &size, sizeof size);
    if (member->where != 0) {
        return member->where / STRIPE % slice->of == slice->which;
    }
    for (unsigned i = 1; i < slice->of; i++) {
        least = slice->load[i] < slice->load[least] ? i : least;
    }
    uint64_t room = UINT64_MAX - slice->load[least];
    slice->load[least] += size < room - EACH ? size + EACH : 0;
    return least == slice->which;
}
