/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: bytes of any kind. A SignedData begins with
 *   0  1  30
 *   1  …  length: 80, or 81 to 84 with as many octets
 *   …  11 06 09 2a 86 48 86 f7 0d 01 07 02    OBJECT IDENTIFIER signedData
 * and a certificate as asn1/cert_search says. Time is linear: a SignedData that can't be read is charged to a budget.
 */
#include "asn1/carve.h"

#include <stdlib.h>

#include "asn1/cert_search.h"
#include "asn1/cms.h"
#include "asn1/der_text.h"
#include "base/base64.h"
#include "base/reader.h"

enum {
    PIECE = 4 << 20,     /* a source is searched in pieces of this size, which overlap by a certificate */
    HEADER_MAX = 6 + 11, /* what tells a SignedData */
};

static const uint8_t signed_data_oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};

struct carving {
    struct contents *contents;
    struct arena *arena;
    struct source *source;       /* what b is a piece of; NULL when b lasts as long as the arena */
    struct carve_filter *filter; /* NULL: all is kept */
    uint64_t base;               /* the offset that the source's first octet has */
    uint64_t end;                /* where the search in source ends */
    uint64_t skip;               /* everything before this offset was found already */
    unsigned tries, cert_tries;
    uint64_t budget;
    struct error failed; /* of the source */
};

static bool is_loose(const struct signature *signature) {
    return signature->carved && signature->signer == NULL && signature->sd != NULL && signature->sd->whole.n == 0;
}

/* The signature that holds the loose certificates of the file; made when there is none yet. NULL at the limit. */
static struct signature *loose(struct contents *contents, struct arena *arena, uint64_t at) {
    for (size_t i = 0; i < contents->n_signatures; i++) {
        if (is_loose(&contents->signatures[i])) {
            return &contents->signatures[i];
        }
    }
    struct error err = {0};
    struct signed_data *sd = arena_alloc(arena, sizeof *sd);
    const char *part = arena_printf(arena, "carved@%llu", (unsigned long long)at);
    struct signature *signature = sd != NULL && part != NULL ? contents_add(contents, arena, &err) : NULL;
    if (signature == NULL) {
        if (err.kind != ERR_NONE) {
            contents_unreadable(contents, &err);
        } else {
            contents_limited(contents, arena, LIMIT_MEMORY);
        }
        return NULL;
    }
    *sd = (struct signed_data){.content_type = bytes_none(), .content = bytes_none(), .at = at};
    signature->part = part;
    signature->kind = KIND_AUTHENTICODE;
    signature->sd = sd;
    signature->carved = true;
    anomaly_note(&contents->anomalies, arena, ANOMALY_CARVED, at, 0, "certificates");
    return signature;
}

/* Keeps one certificate; its room doubles at each power of two. Doubles are dropped. */
static bool keep(struct contents *contents, struct arena *arena, const struct cert *cert) {
    struct signature *signature = loose(contents, arena, cert->at);
    if (signature == NULL) {
        return false;
    }
    struct signed_data *sd = signature->sd;
    for (size_t i = 0; i < sd->n_certs; i++) {
        if (bytes_equal(sd->certs[i].der, cert->der)) {
            return true;
        }
    }
    if (sd->n_certs >= limit_most(arena->limits, LIMIT_CARVE_CERTIFICATES)) {
        contents_limited(contents, arena, LIMIT_CARVE_CERTIFICATES);
        return false;
    }
    if ((sd->n_certs & (sd->n_certs - 1)) == 0) {
        struct cert *more = arena_array(arena, sd->n_certs == 0 ? 1 : sd->n_certs * 2, sizeof *more);
        if (more == NULL) {
            contents_limited(contents, arena, LIMIT_MEMORY);
            return false;
        }
        if (sd->n_certs != 0) {
            memcpy(more, sd->certs, sd->n_certs * sizeof *more);
        }
        sd->certs = more;
    }
    sd->certs[sd->n_certs++] = *cert;
    return true;
}

/* Certificates of b; from a piece of a source they are copied. */
static size_t find_certificates(struct carving *c, struct bytes b, uint64_t at) {
    struct arena scratch = arena_like(c->arena, ARENA_FILE_CAP);
    struct cert_search search = {
        .b = b, .at = at, .tries = c->cert_tries, .most = (unsigned)limit_most(c->arena->limits, LIMIT_CARVE_PLACES)};
    struct cert cert;
    struct bytes der;
    size_t n = 0;
    while (cert_search_next(&search, c->source != NULL ? &scratch : c->arena, &cert)) {
        c->skip = cert.at + cert.der.n > c->skip ? cert.at + cert.der.n : c->skip;
        if (c->filter != NULL && !c->filter->wants(c->filter, bytes_none(), &cert, cert.at)) {
            continue;
        }
        if (c->source != NULL && (!arena_copy(c->arena, cert.der, &der, NULL) || !cert_parse(der, cert.at, c->arena, &cert, NULL))) {
            contents_limited(c->contents, c->arena, LIMIT_MEMORY);
            break;
        }
        if (!keep(c->contents, c->arena, &cert)) {
            break;
        }
        n++;
    }
    if (search.cut) {
        contents_limited(c->contents, c->arena, LIMIT_CARVE_PLACES);
    }
    if (search.long_serial) {
        contents_limited(c->contents, c->arena, LIMIT_SERIAL);
    }
    c->cert_tries = search.tries;
    arena_free(&scratch);
    return n;
}

/* Whether a SignedData begins at b; *declared gets the size it claims, 0 for an indefinite one. */
static bool begins(struct bytes b, uint64_t *declared) {
    struct reader r = reader_make(bytes_cut(b, 0, HEADER_MAX), 0);
    uint8_t tag = reader_u8(&r), first = reader_u8(&r);
    uint64_t n = first < 0x80 ? first : 0;
    if (tag != DER_SEQUENCE || first > 0x84) {
        return false;
    }
    for (unsigned i = 0x80; i < first; i++) {
        n = n << 8 | reader_u8(&r);
    }
    struct bytes oid = reader_bytes(&r, sizeof signed_data_oid);
    *declared = first == 0x80 ? 0 : n + (first > 0x80 ? first - 0x80u : 0) + 2;
    return bytes_equal(oid, bytes_make(signed_data_oid, sizeof signed_data_oid));
}

/* A SignedData without certificates and signers, as that of a catalog before it is signed: nothing is present in it. */
static bool is_bare(const struct carving *c, struct bytes blob) {
    struct arena scratch = arena_like(c->arena, 2 * ARENA_FILE_CAP);
    struct signed_data *sd;
    bool bare = cms_parse(blob, 0, &scratch, NULL, &sd, NULL) && sd->n_certs == 0 && sd->n_signers == 0 && sd->cut == 0;
    arena_free(&scratch);
    return bare;
}

/* Adds what the SignedData at the start of blob holds; false when it is none. */
static bool add(struct carving *c, struct bytes blob, uint64_t at) {
    size_t first = c->contents->n_signatures, added = 0;
    const char *part = arena_printf(c->arena, "carved@%llu", (unsigned long long)at);
    if (part == NULL || contents_full(c->contents, c->arena) || is_bare(c, blob) ||
        !authenticode_add(c->contents, c->arena, part, blob, at, &added, NULL)) {
        return false;
    }
    if (added == 0) {
        return false;
    }
    for (size_t i = first; i < first + added; i++) {
        c->contents->signatures[i].carved = true;
    }
    size_t size = c->contents->signatures[first].sd->whole.n;
    anomaly_note(&c->contents->anomalies, c->arena, ANOMALY_CARVED, at, size, NULL);
    c->skip = at + size;
    return true;
}

/* Reads the candidate at an offset of the source, first into memory that is given back when it is none. */
static bool add_from_source(struct carving *c, uint64_t at, uint64_t n) {
    struct arena scratch = arena_like(c->arena, 2 * ARENA_FILE_CAP);
    struct bytes trial, blob;
    struct signed_data *sd;
    bool good = false;
    if (source_read(c->source, &scratch, at - c->base, n, &trial, &c->failed) && cms_parse(trial, at, &scratch, NULL, &sd, NULL)) {
        if (c->filter != NULL && !c->filter->wants(c->filter, bytes_cut(trial, 0, sd->whole.n), NULL, at)) {
            c->skip = at + sd->whole.n;
            good = true;
        } else if (arena_copy(c->arena, bytes_cut(trial, 0, sd->whole.n), &blob, NULL)) {
            good = add(c, blob, at);
        } else {
            contents_limited(c->contents, c->arena, LIMIT_MEMORY);
        }
    }
    arena_free(&scratch);
    return good;
}

/* The candidate at pos of b, which has the offset at. */
static bool try_candidate(struct carving *c, struct bytes b, size_t pos, uint64_t at, uint64_t declared) {
    uint64_t left = c->source != NULL ? c->end - at : b.n - pos;
    uint64_t most = limit_most(c->arena->limits, LIMIT_SIGNATURE_SIZE), n = declared != 0 ? declared : left < most ? left : most;
    if (n > left || n > most) {
        return false;
    }
    bool many = c->tries >= limit_most(c->arena->limits, LIMIT_CARVE_CANDIDATES);
    if (many || c->budget < n) {
        contents_limited(c->contents, c->arena, many ? LIMIT_CARVE_CANDIDATES : LIMIT_CARVE_BUDGET);
        return false;
    }
    c->tries++;
    if (c->source != NULL ? add_from_source(c, at, n) : add(c, bytes_cut(b, pos, (size_t)n), at)) {
        return true;
    }
    c->budget -= n;
    return false;
}

/* Searches b, whose first new octet stands at offset at: SignedData, and certificates between them. */
static void carve(struct carving *c, struct bytes b, uint64_t at) {
    size_t gap = c->skip > at ? (size_t)(c->skip - at < b.n ? c->skip - at : b.n) : 0;
    size_t found = bytes_find(b, bytes_make(signed_data_oid, sizeof signed_data_oid), gap);
    while (found < b.n && c->failed.kind == ERR_NONE) {
        /* The OID stands 2 to 6 octets behind the beginning. */
        size_t next = found + 1;
        for (size_t header = 2; header <= 6 && header <= found - gap; header++) {
            size_t pos = found - header;
            uint64_t declared;
            struct bytes candidate = bytes_cut(b, pos, b.n);
            bool exact = candidate.p[1] <= 0x80 ? header == 2 : header == candidate.p[1] - 0x80u + 2u;
            if (exact && begins(candidate, &declared) && try_candidate(c, b, pos, at + pos, declared)) {
                find_certificates(c, bytes_cut(b, gap, pos - gap), at + gap);
                gap = next = (size_t)(c->skip - at < b.n ? c->skip - at : b.n);
                break;
            }
        }
        found = bytes_find(b, bytes_make(signed_data_oid, sizeof signed_data_oid), next);
    }
    find_certificates(c, bytes_cut(b, gap, b.n), at + gap);
}

static struct carving begin(struct contents *contents, struct arena *arena) {
    return (struct carving){.contents = contents, .arena = arena, .budget = limit_most(arena->limits, LIMIT_CARVE_BUDGET)};
}

/* DER is wrapped in base64 where text is wanted. */
static void carve_base64(struct carving *outer, struct bytes b, uint64_t at) {
    size_t end;
    unsigned runs = 0;
    for (size_t pos = 0; (end = der_text_next(b, &pos, b.n, 1)) != 0; pos = end) {
        struct bytes text = bytes_cut(b, pos, end);
        bool many = runs++ == limit_most(outer->arena->limits, LIMIT_CARVE_TEXTS);
        if (many || text.n > limit_most(outer->arena->limits, LIMIT_CARVE_TEXT_SIZE)) {
            contents_limited(outer->contents, outer->arena, many ? LIMIT_CARVE_TEXTS : LIMIT_CARVE_TEXT_SIZE);
            return;
        }
        uint8_t *octets = arena_alloc(outer->arena, text.n);
        if (octets == NULL) {
            contents_limited(outer->contents, outer->arena, LIMIT_MEMORY);
            return;
        }
        memcpy(octets, text.p, text.n);
        struct carving c = *outer; /* one budget for all of it */
        c.skip = 0;
        carve(&c, bytes_make(octets, base64_decode(octets, text.n)), at + pos);
        outer->tries = c.tries;
        outer->cert_tries = c.cert_tries;
        outer->budget = c.budget;
    }
}

size_t carve_bytes(struct contents *contents, struct arena *arena, struct bytes b, uint64_t at) {
    struct carving c = begin(contents, arena);
    size_t before = contents->n_signatures;
    carve(&c, b, at);
    carve_base64(&c, b, at);
    return contents->n_signatures - before;
}

size_t carve_certificates(struct contents *contents, struct arena *arena, struct bytes b, uint64_t at) {
    struct carving c = begin(contents, arena);
    return find_certificates(&c, b, at);
}

/* What of a source's piece is wrapped in base64, where it begins in the first n octets; width 2: in UTF-16LE. */
static void carve_wrapped(struct carving *outer, struct bytes b, size_t n, uint64_t at, size_t width) {
    size_t end;
    for (size_t pos = 0; outer->failed.kind == ERR_NONE && (end = der_text_next(b, &pos, n, width)) != 0; pos = end) {
        uint8_t *octets = malloc(end - pos);
        struct memory_source memory;
        if (octets == NULL) {
            contents_limited(outer->contents, outer->arena, LIMIT_MEMORY);
            return;
        }
        for (size_t i = pos; i < end; i += width) {
            octets[(i - pos) / width] = b.p[i];
        }
        memory_source_init(&memory, "base64", bytes_make(octets, base64_decode(octets, (end - pos) / width)));
        struct carving c = *outer; /* one budget for all of it */
        c.source = &memory.source;
        c.base = at + pos;
        c.end = c.base + memory.data.n;
        c.skip = 0;
        carve(&c, memory.data, c.base);
        outer->tries = c.tries;
        outer->cert_tries = c.cert_tries;
        outer->budget = c.budget;
        free(octets);
    }
}

/* One stretch of the source, in pieces. */
static bool carve_stretch(struct carving *c, uint8_t *buffer, uint64_t at, uint64_t end, struct error *err) {
    while (at < end) {
        uint64_t n = end - at < PIECE + CERT_SEARCH_SIZE ? end - at : PIECE + CERT_SEARCH_SIZE;
        if (!source_into(c->source, buffer, (size_t)n, at, err)) {
            return false;
        }
        if (c->filter == NULL || !c->filter->base64_only) {
            carve(c, bytes_make(buffer, (size_t)n), at);
        }
        for (size_t width = 1; c->filter != NULL && width <= 2; width++) {
            carve_wrapped(c, bytes_make(buffer, (size_t)n), n < PIECE ? (size_t)n : PIECE, at, width);
        }
        if (c->failed.kind != ERR_NONE) {
            *err = c->failed;
            return false;
        }
        at += n < PIECE ? n : PIECE;
    }
    return true;
}

static bool carve_ends(struct carving *c, uint64_t at, uint64_t n, struct error *err) {
    struct error why = {0};
    uint8_t *buffer = malloc(PIECE + CERT_SEARCH_SIZE);
    uint64_t size = c->source->size, window = limit_most(c->arena->limits, LIMIT_CARVE_WINDOW);
    c->end = at > size ? at : n < size - at ? at + n : size;
    if (buffer == NULL) {
        return error_set(err, ERR_LIMIT, "memory for a search");
    }
    bool good;
    if (c->end - at <= 2 * window) {
        good = carve_stretch(c, buffer, at, c->end, &why);
    } else {
        good = carve_stretch(c, buffer, at, at + window, &why) && carve_stretch(c, buffer, c->end - window, c->end, &why);
    }
    free(buffer);
    if (!good && err != NULL) {
        *err = why;
    }
    return good;
}

bool carve_source(struct contents *contents, struct arena *arena, struct source *source, uint64_t at, uint64_t n, size_t *added,
                  struct error *err) {
    struct carving c = begin(contents, arena);
    size_t before = contents->n_signatures;
    c.source = source;
    bool good = carve_ends(&c, at, n, err);
    *added = contents->n_signatures - before;
    return good;
}

bool carve_wanted(struct contents *contents, struct arena *arena, struct source *source, uint64_t at, uint64_t n,
                  struct carve_filter *filter, struct error *err) {
    struct carving c = begin(contents, arena);
    c.source = source;
    c.filter = filter;
    return carve_ends(&c, at, n, err);
}
