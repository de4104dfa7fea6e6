/* SPDX-License-Identifier: Apache-2.0 */
#include "source/unpack.h"

#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/reader.h"
#include "source/igzip.h"

/* Packed bytes from which on igzip is worth its beginning: of less often only the first bytes are wanted, and it unpacks more. */
enum { FAST_FROM = 1 << 20 };

/* Packed bytes that are read at once. */
enum { BUFFER = 64 << 10 };

enum { LZMA_PROPERTIES = 5 };

enum step { STEP_ON, STEP_END, STEP_BAD, STEP_MEMORY /* there is none */, STEP_LIMIT /* of LZMA's memory */ };

/* begin starts over, at the first packed byte (u->in holds what was read of it). step consumes u->in and gives up to room bytes. */
struct codec {
    const char *name;
    bool ends_itself; /* packed data that stops without an end mark is cut short */
    enum step (*begin)(struct unpacker *u);
    enum step (*step)(struct unpacker *u, uint8_t *to, size_t room, size_t *got);
    void (*end)(struct unpacker *u);
};

/* ---- deflate ---- */

static enum step deflate_begin(struct unpacker *u) {
    int window = u->method == UNPACK_ZLIB ? MAX_WBITS + 32 : -MAX_WBITS; /* zlib.h: 32 tells zlib from gzip by the header */
    if (u->started) {
        return inflateReset(u->state) == Z_OK ? STEP_ON : STEP_BAD;
    }
    u->state = calloc(1, sizeof(z_stream));
    if (u->state == NULL) {
        return STEP_MEMORY;
    }
    u->started = inflateInit2(u->state, window) == Z_OK;
    return u->started ? STEP_ON : STEP_MEMORY;
}

static enum step deflate_step(struct unpacker *u, uint8_t *to, size_t room, size_t *got) {
    z_stream *z = u->state;
    uInt most = (uInt)(room < (1u << 30) ? room : 1u << 30);
    memcpy(&z->next_in, &u->in.p, sizeof u->in.p); /* read only, whatever its type says */
    z->avail_in = (uInt)u->in.n;
    z->next_out = to;
    z->avail_out = most;
    int code = inflate(z, Z_NO_FLUSH);
    *got = most - z->avail_out;
    u->in = bytes_cut(u->in, u->in.n - z->avail_in, u->in.n);
    return code == Z_STREAM_END ? STEP_END : code == Z_OK || code == Z_BUF_ERROR ? STEP_ON : code == Z_MEM_ERROR ? STEP_MEMORY : STEP_BAD;
}

static void deflate_end(struct unpacker *u) {
    if (u->started) {
        inflateEnd(u->state);
    }
}

/* ---- deflate, much of it ---- */

static enum step fast_begin(struct unpacker *u) {
    if (!u->started) {
        u->state = igzip_new();
        u->started = u->state != NULL;
        return u->started ? STEP_ON : STEP_BAD;
    }
    igzip_begin(u->state);
    return STEP_ON;
}

static enum step fast_step(struct unpacker *u, uint8_t *to, size_t room, size_t *got) {
    enum igzip_step step = igzip_step(u->state, &u->in, to, room, got);
    if (step == IGZIP_END) {
        u->spare = igzip_spare(u->state);
    }
    return step == IGZIP_END ? STEP_END : step == IGZIP_ON ? STEP_ON : STEP_BAD;
}

static void fast_end(struct unpacker *u) {
    igzip_free(u->state);
    u->state = NULL;
}

/* ---- bzip2 ---- */

static enum step bzip2_begin(struct unpacker *u) {
    if (u->started) {
        BZ2_bzDecompressEnd(u->state);
        u->started = false;
    }
    free(u->state);
    u->state = calloc(1, sizeof(bz_stream));
    if (u->state == NULL) {
        return STEP_MEMORY;
    }
    u->started = BZ2_bzDecompressInit(u->state, 0, 0) == BZ_OK;
    return u->started ? STEP_ON : STEP_MEMORY;
}

static enum step bzip2_step(struct unpacker *u, uint8_t *to, size_t room, size_t *got) {
    bz_stream *z = u->state;
    unsigned most = (unsigned)(room < (1u << 30) ? room : 1u << 30);
    memcpy(&z->next_in, &u->in.p, sizeof u->in.p);
    z->avail_in = (unsigned)u->in.n;
    memcpy(&z->next_out, &to, sizeof to);
    z->avail_out = most;
    int code = BZ2_bzDecompress(z);
    *got = most - z->avail_out;
    u->in = bytes_cut(u->in, u->in.n - z->avail_in, u->in.n);
    return code == BZ_STREAM_END ? STEP_END : code == BZ_OK ? STEP_ON : code == BZ_MEM_ERROR ? STEP_MEMORY : STEP_BAD;
}

static void bzip2_end(struct unpacker *u) {
    if (u->started) {
        BZ2_bzDecompressEnd(u->state);
    }
}

/* ---- xz, LZMA ---- */

static bool lzma_state(struct unpacker *u) {
    if (u->state == NULL) {
        u->state = calloc(1, sizeof(lzma_stream)); /* the same as LZMA_STREAM_INIT */
    }
    return u->state != NULL;
}

static enum step lzma_step_of(lzma_ret code) {
    return code == LZMA_STREAM_END                     ? STEP_END
           : code == LZMA_OK || code == LZMA_BUF_ERROR ? STEP_ON
           : code == LZMA_MEM_ERROR                    ? STEP_MEMORY
           : code == LZMA_MEMLIMIT_ERROR               ? STEP_LIMIT
                                                       : STEP_BAD;
}

static enum step xz_begin(struct unpacker *u) {
    if (!lzma_state(u)) {
        return STEP_MEMORY;
    }
    u->started = true;
    return lzma_step_of(lzma_stream_decoder(u->state, limit_most(u->limits, LIMIT_LZMA_MEMORY), 0));
}

static enum step lzma_begin(struct unpacker *u) {
    if (!lzma_state(u)) {
        return STEP_MEMORY;
    }
    u->started = true;
    return lzma_step_of(lzma_alone_decoder(u->state, limit_most(u->limits, LIMIT_LZMA_MEMORY)));
}

static enum step zip_lzma_begin(struct unpacker *u) {
    struct reader r = reader_make(u->in, 0);
    reader_skip(&r, 2);
    uint16_t n = reader_u16le(&r);
    struct bytes properties = reader_bytes(&r, n);
    if (!reader_ok(&r) || n != LZMA_PROPERTIES) {
        return STEP_BAD;
    }
    if (!lzma_state(u)) {
        return STEP_MEMORY;
    }
    lzma_filter filters[2] = {{.id = LZMA_FILTER_LZMA1}, {.id = LZMA_VLI_UNKNOWN}};
    if (lzma_properties_decode(&filters[0], NULL, properties.p, properties.n) != LZMA_OK) {
        return STEP_BAD;
    }
    enum step step = STEP_LIMIT;
    if (lzma_raw_decoder_memusage(filters) <= limit_most(u->limits, LIMIT_LZMA_MEMORY)) {
        u->started = true;
        step = lzma_step_of(lzma_raw_decoder(u->state, filters));
    }
    free(filters[0].options);
    u->in = r.left;
    return step;
}

static enum step lzma_step(struct unpacker *u, uint8_t *to, size_t room, size_t *got) {
    lzma_stream *z = u->state;
    z->next_in = u->in.p;
    z->avail_in = u->in.n;
    z->next_out = to;
    z->avail_out = room;
    lzma_ret code = lzma_code(z, LZMA_RUN);
    *got = room - z->avail_out;
    u->in = bytes_cut(u->in, u->in.n - z->avail_in, u->in.n);
    return lzma_step_of(code);
}

static void lzma_finish(struct unpacker *u) {
    if (u->started) {
        lzma_end(u->state);
    }
}

/* ---- all of them ---- */

static const struct codec codecs[UNPACK_COUNT] = {
    [UNPACK_DEFLATE] = {"deflate", true, deflate_begin, deflate_step, deflate_end},
    [UNPACK_BZIP2] = {"bzip2", true, bzip2_begin, bzip2_step, bzip2_end},
    [UNPACK_XZ] = {"xz", true, xz_begin, lzma_step, lzma_finish},
    [UNPACK_ZLIB] = {"zlib", true, deflate_begin, deflate_step, deflate_end},
    [UNPACK_LZMA] = {"LZMA", true, lzma_begin, lzma_step, lzma_finish},
    [UNPACK_ZIP_LZMA] = {"LZMA", false, zip_lzma_begin, lzma_step, lzma_finish},
};

static const struct codec fast = {"deflate", true, fast_begin, fast_step, fast_end};

static const struct codec *codec_of(const struct unpacker *u) {
    return u->fast ? &fast : &codecs[u->method];
}

/* Reads on when nothing is left to unpack. At the end of the packed bytes in stays empty. */
static bool fill(struct unpacker *u, struct error *err) {
    if (u->in.n != 0) {
        return true;
    }
    uint64_t left = u->packed->size - u->at;
    size_t n = left < BUFFER ? (size_t)left : BUFFER;
    u->buffer = u->buffer != NULL ? u->buffer : malloc(BUFFER);
    if (u->buffer == NULL) {
        return error_memory(err, "for packed bytes");
    }
    if (!source_into(u->packed, u->buffer, n, u->at, err)) {
        return false;
    }
    u->at += n;
    u->in = bytes_make(u->buffer, n);
    return true;
}

static bool complain(const struct unpacker *u, enum step step, struct error *err) {
    const char *name = codecs[u->method].name;
    if (step == STEP_LIMIT) {
        return limit_reached(u->limits, LIMIT_LZMA_MEMORY, err);
    }
    if (step == STEP_MEMORY) {
        return error_memory(err, "to unpack");
    }
    return error_set(err, ERR_MALFORMED, "%s data that can't be unpacked (near packed byte %llu)", name,
                     (unsigned long long)unpack_used(u));
}

static bool begin(struct unpacker *u, struct error *err) {
    u->at = u->made = 0;
    u->spare = 0;
    u->in = bytes_none();
    u->done = false;
    if (!fill(u, err)) {
        return false;
    }
    enum step step = codec_of(u)->begin(u);
    return step == STEP_ON || complain(u, step, err);
}

/* Some more bytes; *got 0 at the end. */
static bool produce(struct unpacker *u, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    const struct codec *codec = codec_of(u);
    *got = 0;
    while (*got == 0 && room != 0 && !u->done) {
        if (!fill(u, err)) {
            return false;
        }
        size_t before = u->in.n;
        bool last = before == 0;
        enum step step = codec->step(u, buf, room, got);
        if (step == STEP_ON && !last && *got == 0 && u->in.n == before) {
            step = STEP_BAD; /* stands still */
        }
        if (step == STEP_BAD || step == STEP_MEMORY || step == STEP_LIMIT) {
            return complain(u, step, err);
        }
        u->done = step == STEP_END || (last && *got == 0);
        if (last && *got == 0 && step != STEP_END && codec->ends_itself) {
            return error_set(err, ERR_MALFORMED, "%s data cut short after %llu bytes", codec->name, (unsigned long long)u->at);
        }
    }
    u->made += *got;
    return true;
}

/* igzip could not go on: what is wrong, and whether anything is, zlib says, from the beginning. */
static bool give_way(struct unpacker *u, struct error *err) {
    uint64_t made = u->made;
    unpack_end(u);
    u->fast = false;
    u->stream.seek = NULL;
    if (!begin(u, err)) {
        return false;
    }
    for (size_t got = 1; u->made < made && got != 0;) {
        uint8_t skipped[16 << 10];
        size_t room = made - u->made < sizeof skipped ? (size_t)(made - u->made) : sizeof skipped;
        if (!produce(u, skipped, room, &got, err)) {
            return false;
        }
    }
    return true;
}

static bool restart(struct stream *stream, struct error *err) {
    struct unpacker *u = (struct unpacker *)stream;
    return begin(u, err) || (u->fast && give_way(u, err));
}

static bool next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct unpacker *u = (struct unpacker *)stream;
    *got = 0;
    if (!u->started && !u->done && !restart(stream, err)) {
        return false;
    }
    struct error why = {0};
    if (!produce(u, buf, room, got, &why)) {
        if (!u->fast) {
            return error_again(err, &why);
        }
        return give_way(u, err) && produce(u, buf, room, got, err);
    }
    if (u->fast && !u->done) {
        igzip_keep(u->state, u->made, unpack_used(u));
    }
    return true;
}

static bool seek(struct stream *stream, uint64_t from, uint64_t to, uint64_t *at) {
    struct unpacker *u = (struct unpacker *)stream;
    if (!u->fast || !u->started || !igzip_seek(u->state, from, to, at, &u->at)) {
        return false;
    }
    u->made = *at;
    u->in = bytes_none();
    u->done = false;
    u->spare = 0;
    return true;
}

void unpack_init(struct unpacker *u, enum unpack_method method, struct source *packed, const struct limits *limits) {
    u->limits = limits;
    u->method = method;
    u->packed = packed;
    u->at = u->made = 0;
    u->spare = 0;
    u->started = u->done = false;
    u->fast = method == UNPACK_DEFLATE && packed->size >= FAST_FROM;
    u->stream = (struct stream){.next = next, .restart = restart, .seek = u->fast ? seek : NULL};
    u->in = bytes_none();
    u->state = NULL;
    u->buffer = NULL;
}

uint64_t unpack_used(const struct unpacker *u) {
    return u->at - u->in.n - u->spare;
}

void unpack_end(struct unpacker *u) {
    codec_of(u)->end(u);
    free(u->state);
    free(u->buffer);
    u->state = NULL;
    u->buffer = NULL;
    u->in = bytes_none();
    u->started = false;
    u->done = true;
}
