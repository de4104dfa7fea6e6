/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three libraries unpack deflated data: zlib, igzip and libdeflate. What is sound for zlib is the same for all, to the byte, however it
 * is cut into pieces and from whichever copy it goes on. The first two bytes say how much is given, and how much is asked for, at once.
 */
#include <stdlib.h>
#include <zlib.h>

#include "source/deflate.h"
#include "source/igzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 3 << 20 };

static uint8_t *plain, *other;

static void must(bool holds) {
    if (!holds) {
        __builtin_trap();
    }
}

/* How much zlib unpacks; *used and true when it came to the end. */
static bool by_zlib(struct bytes in, size_t *made, size_t *used) {
    z_stream z = {.next_out = plain, .avail_out = ROOM, .avail_in = (uInt)in.n};
    memcpy(&z.next_in, &in.p, sizeof in.p);
    must(inflateInit2(&z, -MAX_WBITS) == Z_OK);
    int code = inflate(&z, Z_NO_FLUSH);
    *made = z.total_out;
    *used = z.total_in;
    inflateEnd(&z);
    return code == Z_STREAM_END;
}

/* Goes on from where z stands, and compares with what zlib made. True when it came to the end. */
static bool go_on(struct igzip *z, struct bytes in, size_t piece, size_t step, size_t *made, size_t *used, size_t known) {
    for (;;) {
        struct bytes some = bytes_cut(in, *used, piece);
        size_t given = some.n, got = 0, room = ROOM - *made < step ? ROOM - *made : step;
        enum igzip_step what = igzip_step(z, &some, other, room, &got);
        must(got <= room && some.n <= given);
        for (size_t i = 0; i < got && *made + i < known; i++) {
            must(other[i] == plain[*made + i]);
        }
        *made += got;
        *used += given - some.n;
        if (what != IGZIP_ON || *made == ROOM || (got == 0 && given == some.n)) {
            *used -= what == IGZIP_END ? igzip_spare(z) : 0;
            return what == IGZIP_END;
        }
        igzip_keep(z, *made, *used);
    }
}

static void compare(struct igzip *z, struct bytes in, size_t piece, size_t step) {
    size_t known, known_used, made = 0, used = 0;
    uint64_t at, from;
    bool sound = by_zlib(in, &known, &known_used);
    bool ended = go_on(z, in, piece, step, &made, &used, known);
    must(!sound || known == ROOM || (ended && made == known && used == known_used));
    for (uint64_t back = made; igzip_seek(z, 0, back, &at, &from); back = at - 1) {
        size_t again = (size_t)at, again_used = (size_t)from;
        must(at <= back && go_on(z, in, step, piece + 300, &again, &again_used, known) == ended && again == made);
    }
    if (sound && deflate_there()) {
        must(deflate_whole(in.p, known_used, other, known));
        must(memcmp(other, plain, known) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    plain = plain != NULL ? plain : malloc(ROOM);
    other = other != NULL ? other : malloc(ROOM);
    struct igzip *z = igzip_new();
    if (plain != NULL && other != NULL && z != NULL && size >= 2) {
        size_t piece = data[0] < 128 ? data[0] + (size_t)1 : (size_t)(data[0] - 127) << 10;
        size_t step = data[1] < 64 ? data[1] + (size_t)1 : (size_t)(data[1] - 63) << 11;
        compare(z, bytes_make(data + 2, size - 2), piece, step);
    }
    igzip_free(z);
    return 0;
}
