/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the members unpack to. Where two headers, or a header and the data, disagree about a member, each reading of it is looked at.
 */
#include "source/unpack.h"
#include "source/whole.h"
#include "source/zip.h"

enum {
    EMPTY_PACKED = 32, /* no packer makes more of nothing than xz does */
    METHOD_STORED = 0,
    METHOD_AES = 99,
    CODEC_NONE = -1, /* it is stored */
    CODEC_LEFT = -2, /* to a helper */
};

static const struct {
    uint16_t method;
    int codec; /* enum unpack_method, or CODEC_LEFT */
    const char *name;
} methods[] = {
    {8, UNPACK_DEFLATE, "deflate"}, {12, UNPACK_BZIP2, "bzip2"}, {14, UNPACK_ZIP_LZMA, "LZMA"},
    {95, UNPACK_XZ, "xz"},          {1, CODEC_LEFT, "shrunk"},   {6, CODEC_LEFT, "imploded"},
    {9, CODEC_LEFT, "deflate64"},   {93, CODEC_LEFT, "zstd"},    {98, CODEC_LEFT, "PPMd"},
};
enum { METHODS = sizeof methods / sizeof *methods };

const char *zip_method_name(uint16_t method) {
    size_t i = 0;
    while (i < METHODS && methods[i].method != method) {
        i++;
    }
    return i < METHODS ? methods[i].name : "unknown";
}

static bool is_encrypted(const struct zip_reading *reading) {
    return (reading->flags & (ZIP_ENCRYPTED | ZIP_MASKED)) != 0 || reading->method == METHOD_AES;
}

/* Why a member can't be read; true when it can, by that codec. CODEC_LEFT: nothing but its method is in the way. */
static bool readable(struct zip *zip, const struct zip_member *m, const struct zip_reading *reading, int *codec, struct error *why) {
    *codec = CODEC_NONE;
    if (m->disk != zip->directories[m->directory].disk && !m->hidden) {
        return error_set(why, ERR_UNSUPPORTED, "on another volume (%u) of a split archive", m->disk);
    }
    if (m->data_at == 0) {
        return error_set(why, ERR_MALFORMED, "no local header at 0x%llx", (unsigned long long)m->at);
    }
    if (is_encrypted(reading)) {
        zip_tally_add(&zip->encrypted, m->at, m->name);
        return error_set(why, ERR_UNSUPPORTED, "encrypted: can't be read without the password");
    }
    if (reading->sized && reading->packed > zip->source->size - m->data_at) {
        return error_set(why, ERR_MALFORMED, "%llu bytes of packed data at 0x%llx pass the end of the archive",
                         (unsigned long long)reading->packed, (unsigned long long)m->data_at);
    }
    for (size_t i = 0; i < METHODS; i++) {
        *codec = methods[i].method == reading->method ? methods[i].codec : *codec;
    }
    if (*codec == CODEC_LEFT || (*codec == CODEC_NONE && reading->method != METHOD_STORED)) {
        return error_set(why, ERR_UNSUPPORTED, "compression method %u (%s)", reading->method, zip_method_name(reading->method));
    }
    return true;
}

/* ---- what is beside a member ---- */

static const struct zip_member *find_beside(const struct zip_beside *b, const char *name) {
    for (size_t i = 0; i < b->zip->n; i++) {
        if (member_is_beside(b->member->name, b->zip->members[i].name, name)) {
            return &b->zip->members[i];
        }
    }
    return NULL;
}

static bool open_beside(struct beside *beside, const char *name, struct source **out, struct error *err) {
    struct zip_beside *b = (struct zip_beside *)beside;
    struct zip *zip = b->zip;
    const struct zip_member *m = find_beside(b, name);
    int codec;
    if (m == NULL) {
        return error_set(err, ERR_MALFORMED, "it is not in the archive");
    }
    struct window_source *window = arena_alloc(zip->scratch, sizeof *window);
    struct unpacker *u = arena_alloc(zip->scratch, sizeof *u);
    struct stream_source *s = arena_alloc(zip->scratch, sizeof *s);
    if (window == NULL || u == NULL || s == NULL) {
        return arena_full(zip->scratch, err);
    }
    if (!readable(zip, m, &m->central, &codec, err)) {
        return false;
    }
    window_source_init(window, m->name, zip->source, m->data_at, m->central.packed);
    *out = &window->source;
    if (codec < 0) {
        return true;
    }
    if (b->n == limit_most(zip->budget->limits, LIMIT_BESIDE)) {
        return limit_reached(zip->budget->limits, LIMIT_BESIDE, err);
    }
    unpack_init(u, (enum unpack_method)codec, &window->source, zip->budget->limits);
    b->open[b->n++] = u;
    stream_source_init(s, m->name, m->central.size, m->central.packed, &u->stream, zip->budget, zip->scratch);
    *out = &s->source;
    return true;
}

/* The member in hand is done with, or what was opened beside it. */
static void close_beside(struct beside *beside) {
    struct zip_beside *b = (struct zip_beside *)beside;
    while (b->n != 0) {
        unpack_end(b->open[--b->n]);
    }
}

/* ---- what members unpack to ---- */

/* What came of looking at an unpacked member. */
struct outcome {
    bool differs;    /* it unpacks to more or less than size bytes */
    uint64_t size;   /* what it unpacks to, as far as that can be told */
    uint64_t unused; /* packed bytes behind the end that the data itself has; 0 when it was not reached */
};

/* Unpacks to the end, to know the size. What stops half way (why) counts up to there. */
static bool measure(struct zip *zip, struct unpacker *u, uint64_t packed, uint64_t *size, struct error *why, struct error *err) {
    uint8_t buffer[16 << 10];
    size_t got = 1;
    *size = 0;
    if (!u->stream.restart(&u->stream, why)) {
        return true;
    }
    while (got != 0 && u->stream.next(&u->stream, buffer, sizeof buffer, &got, why)) {
        *size += got;
        if (!budget_spend(zip->budget, got, err)) {
            return false;
        }
        if (!budget_ratio(zip->budget, *size, packed, why)) {
            break;
        }
    }
    return true;
}

/* Whether the data goes on behind the size that was told, or ended before. */
static bool compare_size(struct zip *zip, struct stream_source *s, struct unpacker *u, struct outcome *out, struct error *err) {
    uint8_t octet;
    size_t got = 0;
    *out = (struct outcome){0};
    if (s->reached && !s->ended && s->at != s->source.size && !source_into(&s->source, &octet, 1, s->source.size - 1, NULL)) {
        return true; /* it was there, and is lost to some limit */
    }
    if (s->ended) {
        *out = (struct outcome){.differs = true, .size = s->at};
    } else if (s->at == s->source.size && u->stream.next(&u->stream, &octet, 1, &got, NULL) && got != 0) {
        out->differs = true;
        struct error why;
        return measure(zip, u, u->packed->size, &out->size, &why, err);
    }
    if (u->done && u->packed->size > unpack_used(u)) {
        out->unused = u->packed->size - unpack_used(u);
    }
    return true;
}

static bool visit_problem(struct visitor *visitor, const char *path, const struct error *why, struct error *err) {
    const struct member member = {.path = path, .problem = why};
    return visitor->visit(visitor, &member, err);
}

/* Data that unpacks to size bytes, as somebody says; UINT64_MAX: nobody says. */
static bool visit_packed(struct zip *zip, struct visitor *visitor, const struct zip_member *m, struct source *packed, int codec,
                         uint64_t size, struct outcome *out, struct error *err) {
    struct unpacker *u = arena_alloc(zip->scratch, sizeof *u);
    struct stream_source *s = arena_alloc(zip->scratch, sizeof *s);
    struct error why = {0};
    *out = (struct outcome){0};
    if (u == NULL || s == NULL) {
        arena_full(zip->scratch, &why);
        return visit_problem(visitor, m->name, &why, err);
    }
    unpack_init(u, (enum unpack_method)codec, packed, zip->budget->limits);
    bool ok = size != UINT64_MAX || measure(zip, u, packed->size, &size, &why, err);
    if (ok && size != 0 && (!u->started || u->stream.restart(&u->stream, &why))) {
        struct whole_source whole;
        stream_source_init(s, m->name, size, packed->size, &u->stream, zip->budget, zip->scratch);
        whole_source_init(&whole, &s->source, packed, zip->budget);
        whole.tried = whole.tried || codec != UNPACK_DEFLATE;
        const struct member member = {.path = m->name, .source = &whole.source, .beside = &zip->beside.beside};
        ok = visitor->visit(visitor, &member, err);
        close_beside(&zip->beside.beside);
        bool exact = whole_source_end(&whole);
        ok = ok && (exact || compare_size(zip, s, u, out, err));
    } else if (ok && why.kind != ERR_NONE) {
        ok = visit_problem(visitor, m->name, &why, err);
    }
    unpack_end(u);
    return ok;
}

/* Deflated data is at most some bytes a block longer than what it unpacks to. */
static bool size_lies(const struct zip_reading *reading) {
    return (reading->size == 0 && reading->packed > EMPTY_PACKED) ||
           (reading->packed > 64 && reading->packed - 64 > reading->size && (reading->packed - 64 - reading->size) > reading->size / 64);
}

static bool visit_reading(struct zip *zip, struct visitor *visitor, const struct zip_member *m, const struct zip_reading *reading,
                          struct error *err) {
    struct error why;
    int codec;
    arena_reset(zip->scratch);
    if (!readable(zip, m, reading, &codec, &why)) {
        zip->left = codec == CODEC_LEFT ? reading->method : zip->left;
        return codec == CODEC_LEFT || visit_problem(visitor, m->name, &why, err);
    }
    struct window_source window;
    window_source_init(&window, m->name, zip->source, m->data_at, reading->sized ? reading->packed : m->end - m->data_at);
    if (codec < 0) {
        const struct member member = {.path = m->name, .source = &window.source, .beside = &zip->beside.beside};
        if (reading->sized && reading->packed != reading->size) {
            zip_tally_add(&zip->mismatches, m->at, m->name);
        }
        bool ok = window.source.size == 0 || visitor->visit(visitor, &member, err);
        close_beside(&zip->beside.beside);
        return ok;
    }
    struct outcome outcome;
    if (!visit_packed(zip, visitor, m, &window.source, codec, reading->sized ? reading->size : UINT64_MAX, &outcome, err)) {
        return false;
    }
    bool lies = reading->sized && !outcome.differs && size_lies(reading);
    if (outcome.differs || lies || (outcome.unused != 0 && reading->sized)) {
        zip_tally_add(&zip->mismatches, m->at, m->name);
    }
    uint64_t end = m->data_at + window.source.size;
    if (outcome.unused != 0 && reading->sized && !zip_search(zip, end - outcome.unused, end, err)) {
        return false;
    }
    if (!outcome.differs && !lies) {
        return true;
    }
    arena_reset(zip->scratch);
    return visit_packed(zip, visitor, m, &window.source, codec, lies ? UINT64_MAX : outcome.size, &outcome, err);
}

static bool readings_differ(const struct zip_member *m) {
    const struct zip_reading *c = &m->central, *l = &m->local;
    return m->data_at != 0 &&
           (c->method != l->method || is_encrypted(c) != is_encrypted(l) || (l->sized && (c->packed != l->packed || c->size != l->size)));
}

/* Folders, and files of no bytes. */
static bool is_empty(const struct zip_reading *reading) {
    return reading->sized && reading->size == 0 && reading->packed <= 2;
}

static bool visit_member(struct zip *zip, struct visitor *visitor, const struct zip_member *m, struct error *err) {
    if (is_empty(&m->central) && !readings_differ(m)) {
        return true;
    }
    if (m->hidden && zip->n_directories != 0) {
        zip_tally_add(&zip->hidden, m->at, m->name);
    }
    if (!is_empty(&m->central) && !visit_reading(zip, visitor, m, &m->central, err)) {
        return false;
    }
    if (!readings_differ(m)) {
        return true;
    }
    zip_tally_add(&zip->mismatches, m->at, m->name);
    return is_empty(&m->local) || visit_reading(zip, visitor, m, &m->local, err);
}

bool zip_visit(struct zip *zip, struct visitor *visitor, struct error *err) {
    uint64_t reach = 0;
    zip->beside = (struct zip_beside){.beside = {open_beside, close_beside}, .zip = zip};
    for (size_t i = 0; i < zip->n; i++) { /* it may grow by what is found on the way */
        struct zip_member m = zip->members[i];
        zip->beside.member = &m;
        if (zip->budget->bytes_left == 0) {
            return limit_reached(zip->budget->limits, LIMIT_UNPACKED, err);
        }
        if (!budget_spend(zip->budget, 0, err)) {
            return false;
        }
        bool overlaps = !m.hidden && m.data_at != 0 && m.at < reach;
        reach = m.end > reach && !m.hidden ? m.end : reach;
        if (overlaps) {
            zip_tally_add(&zip->overlaps, m.at, m.name);
        }
        if (overlaps && zip->overlaps.n > limit_most(zip->budget->limits, LIMIT_ZIP_OVERLAPS)) {
            struct error why;
            limit_reached(zip->budget->limits, LIMIT_ZIP_OVERLAPS, &why);
            if (!visit_problem(visitor, m.name, &why, err)) {
                return false;
            }
        } else if (!visit_member(zip, visitor, &m, err)) {
            return false;
        }
        zip->members[i].left = zip->left;
        zip->n_left += zip->left != 0;
        zip->left = 0;
    }
    return zip_visit_left(zip, visitor, err);
}
