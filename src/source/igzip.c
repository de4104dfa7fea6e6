/* SPDX-License-Identifier: Apache-2.0 */
#include "source/igzip.h"

#include <stdlib.h>
#include <string.h>

#ifdef CERTBAN_ISAL
#include <isa-l/igzip_lib.h>

/* A copy takes 90 KB: there are so many at most, first at this distance, then at twice and twice again. */
enum { COPIES_MAX = 32, DISTANCE_FIRST = 1 << 20 };

struct igzip {
    struct inflate_state state;
    uint64_t distance;
    size_t n;
    struct copy {
        uint64_t made, used;
        struct inflate_state *state;
    } copies[COPIES_MAX]; /* in the order of made */
};

void igzip_begin(struct igzip *z) {
    isal_inflate_init(&z->state);
    z->state.crc_flag = ISAL_DEFLATE;
}

struct igzip *igzip_new(void) {
    struct igzip *z = calloc(1, sizeof *z);
    if (z != NULL) {
        z->distance = DISTANCE_FIRST;
        igzip_begin(z);
    }
    return z;
}

void igzip_free(struct igzip *z) {
    for (size_t i = 0; z != NULL && i < z->n; i++) {
        free(z->copies[i].state);
    }
    free(z);
}

enum igzip_step igzip_step(struct igzip *z, struct bytes *in, uint8_t *to, size_t room, size_t *got) {
    uint32_t most = room < (1u << 30) ? (uint32_t)room : 1u << 30;
    memcpy(&z->state.next_in, &in->p, sizeof in->p); /* read only, whatever its type says */
    z->state.avail_in = (uint32_t)in->n;
    z->state.next_out = to;
    z->state.avail_out = most;
    int code = isal_inflate(&z->state);
    *got = most - z->state.avail_out;
    *in = bytes_cut(*in, in->n - z->state.avail_in, in->n);
    return z->state.block_state == ISAL_BLOCK_FINISH ? IGZIP_END : code < 0 ? IGZIP_BAD : IGZIP_ON;
}

size_t igzip_spare(const struct igzip *z) {
    return z->state.read_in_length > 0 ? (size_t)z->state.read_in_length / 8 : 0;
}

static void thin_out(struct igzip *z) {
    size_t n = 0;
    for (size_t i = 0; i < z->n; i++) {
        if (i % 2 == 0) {
            free(z->copies[i].state);
        } else {
            z->copies[n++] = z->copies[i];
        }
    }
    z->n = n;
    z->distance *= 2;
}

void igzip_keep(struct igzip *z, uint64_t made, uint64_t used) {
    uint64_t last = z->n != 0 ? z->copies[z->n - 1].made : 0;
    if (made < last || made - last < z->distance) {
        return;
    }
    if (z->n == COPIES_MAX) {
        thin_out(z);
        return;
    }
    struct inflate_state *state = malloc(sizeof *state);
    if (state != NULL) { /* without memory it is a longer way back */
        *state = z->state;
        z->copies[z->n++] = (struct copy){made, used, state};
    }
}

bool igzip_seek(struct igzip *z, uint64_t from, uint64_t to, uint64_t *made, uint64_t *used) {
    size_t i = z->n;
    while (i != 0 && z->copies[i - 1].made > to) {
        i--;
    }
    if (i == 0 || z->copies[i - 1].made <= from) {
        return false;
    }
    z->state = *z->copies[i - 1].state;
    *made = z->copies[i - 1].made;
    *used = z->copies[i - 1].used;
    return true;
}

#else

struct igzip *igzip_new(void) {
    return NULL;
}

void igzip_free(struct igzip *igzip) {
    (void)igzip;
}

void igzip_begin(struct igzip *igzip) {
    (void)igzip;
}

enum igzip_step igzip_step(struct igzip *igzip, struct bytes *in, uint8_t *to, size_t room, size_t *got) {
    (void)igzip;
    (void)in;
    (void)to;
    (void)room;
    *got = 0;
    return IGZIP_BAD;
}

size_t igzip_spare(const struct igzip *igzip) {
    (void)igzip;
    return 0;
}

void igzip_keep(struct igzip *igzip, uint64_t made, uint64_t used) {
    (void)igzip;
    (void)made;
    (void)used;
}

bool igzip_seek(struct igzip *igzip, uint64_t from, uint64_t to, uint64_t *made, uint64_t *used) {
    (void)igzip;
    (void)from;
    (void)to;
    (void)made;
    (void)used;
    return false;
}
#endif
