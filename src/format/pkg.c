/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installer packages and other XAR archives. What is signed is the checksum of the packed table of contents (xar/lib/archive.c and
 * xar/lib/signature.c of Apple's xar): by plain RSA over the checksum as digest, by a detached CMS over the checksum as content, or
 * by both. The table gives a checksum for what each file takes of the heap, and so ties the files to the signature.
 * Every signature of the table is read, whichever of them macOS would take.
 */
#include <stdlib.h>
#include <strings.h>

#include "asn1/carve.h"
#include "asn1/cms.h"
#include "asn1/name.h"
#include "asn1/x509.h"
#include "base/reader.h"
#include "format/codesign.h"
#include "format/format.h"
#include "source/xar.h"

enum {
    REMAINS = 1 << 20, /* octets at the heap's start that are searched when the table can't be read */
    TICKETS_MAX = 16,  /* trailers behind the heap: the rest is told as data behind the archive */
    TICKET_TRAILER = 16,
};

struct pkg {
    struct source *source;
    struct arena *arena;
    struct contents *contents;
    struct xar xar;
    enum hash hash;        /* of the checksum */
    struct bytes checksum; /* as it stands in the heap */
    bool mismatch;         /* header and table name different algorithms */
    struct claim *claims;
    size_t n_claims;
    bool covers_part;
    uint64_t end; /* behind what the table takes of the heap, in the source */
};

static bool probe(const struct probe *probe) {
    return xar_probe(probe->head);
}

static struct anomaly *note(struct pkg *p, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    return anomaly_note(&p->contents->anomalies, p->arena, name, at, size, detail);
}

/* The checksum that is signed, and by which algorithm. */
static bool checksum_read(struct pkg *p, struct error *err) {
    const struct xar *x = &p->xar;
    p->hash = x->hash != HASH_NONE ? x->hash : x->header_hash;
    p->mismatch = x->hash != HASH_NONE && x->header_hash != HASH_NONE && x->hash != x->header_hash;
    p->checksum = bytes_none();
    if (p->mismatch) {
        note(p, ANOMALY_ALGORITHM_MISMATCH, 24, 4, "header and table of contents name different checksums");
    }
    if (!x->checksum.given || x->checksum.n > HASH_SIZE_MAX || x->checksum.outside) {
        if (x->n_signatures != 0 || x->checksum.given) {
            note(p, ANOMALY_BAD_DIRECTORY, x->toc_at, x->toc_packed, "no checksum where the table of contents says");
        }
        return true;
    }
    if (!source_read(p->source, p->arena, x->checksum.at, x->checksum.n, &p->checksum, err)) {
        return false;
    }
    if (p->checksum.n != hash_size(p->hash)) {
        note(p, ANOMALY_BAD_DIRECTORY, x->checksum.at, x->checksum.n, "the checksum has not the size of its algorithm");
        p->hash = hash_by_size(p->checksum.n);
    }
    return true;
}

static bool claim_add(struct pkg *p, enum hash hash, struct bytes expected, uint64_t at, uint64_t n, const char *what, struct error *err) {
    struct span *span = arena_array(p->arena, 1, sizeof *span);
    if (span == NULL) {
        return arena_full(p->arena, err);
    }
    *span = (struct span){.at = at, .n = n, .literal = bytes_none()};
    p->claims[p->n_claims++] =
        (struct claim){.hash = hash, .digest_size = expected.n, .expected = expected, .spans = span, .n_spans = 1, .what = what};
    return true;
}

static int piece_order(const void *x, const void *y) {
    const struct xar_piece *const *a = x, *const *b = y;
    const struct xar_range *r = &(*a)->range, *s = &(*b)->range;
    if (r->at != s->at) {
        return r->at < s->at ? -1 : 1;
    }
    return r->n < s->n ? -1 : r->n > s->n;
}

static bool same_claim(const struct xar_piece *a, const struct xar_piece *b) {
    return a->range.at == b->range.at && a->range.n == b->range.n && a->hash == b->hash && bytes_equal(a->checksum, b->checksum);
}

/* Oddities that may come by the thousand: each is told once. */
struct told {
    bool overlap, outside, unbound;
};

static void tell(struct pkg *p, bool *told, enum anomaly_name name, const struct xar_range *range, const char *detail) {
    if (!*told) {
        note(p, name, range->at, range->n, detail);
        *told = true;
    }
}

/* The claim of one file's piece of the heap, in order of their places. hashed counts what would be hashed for all of them. */
static bool piece_claim(struct pkg *p, const struct xar_piece *piece, uint64_t *hashed, struct told *told, struct error *err) {
    const struct xar_range *range = &piece->range;
    if (range->outside) {
        tell(p, &told->outside, ANOMALY_BAD_DIRECTORY, range, "a file in the table of contents that passes the end");
    } else if (range->n != 0 && range->at < p->end) {
        tell(p, &told->overlap, ANOMALY_BAD_DIRECTORY, range, "files in the table of contents that share bytes of the heap");
    }
    if (!range->outside && range->at + range->n > p->end) {
        p->end = range->at + range->n;
    }
    if (piece->checksum.n == 0) {
        p->covers_part = p->covers_part || range->n != 0;
        if (range->n != 0 && p->xar.n_signatures != 0) {
            tell(p, &told->unbound, ANOMALY_COVERS_PART, range, "a file without a checksum in the signed table of contents");
        }
        return true;
    }
    *hashed += range->outside ? 0 : range->n;
    if (*hashed / limit_most(p->arena->limits, LIMIT_XAR_SHARED) > p->source->size) { /* hashing them all would take too long */
        return limit_reached(p->arena->limits, LIMIT_XAR_SHARED, err);
    }
    return claim_add(p, piece->hash, piece->checksum, range->at, range->n, "archived checksum of a file", err);
}

/* What must hold: the checksum of the table, and the checksums in it. */
static bool claims_make(struct pkg *p, struct error *err) {
    const struct xar *x = &p->xar;
    const struct xar_piece **order = arena_array(p->arena, x->n_pieces, sizeof *order);
    p->claims = arena_array(p->arena, x->n_pieces + 1, sizeof *p->claims);
    if (order == NULL || p->claims == NULL) {
        return arena_full(p->arena, err);
    }
    for (size_t i = 0; i < x->n_pieces; i++) {
        order[i] = &x->pieces[i];
    }
    if (x->n_pieces != 0) {
        qsort(order, x->n_pieces, sizeof *order, piece_order);
    }
    if (p->checksum.n != 0 && !claim_add(p, p->hash, p->checksum, x->toc_at, x->toc_packed, "table of contents", err)) {
        return false;
    }
    p->end = x->heap_at;
    for (size_t i = 0; i <= x->n_signatures; i++) {
        const struct xar_range *range = i == 0 ? &x->checksum : &x->signatures[i - 1].range;
        if (range->given && !range->outside && range->at + range->n > p->end) {
            p->end = range->at + range->n;
        }
    }
    struct told told = {0};
    struct error why = {0};
    uint64_t hashed = 0;
    for (size_t i = 0; i < x->n_pieces; i++) {
        if (i != 0 && same_claim(order[i], order[i - 1])) {
            continue; /* archives keep equal files once */
        }
        if (!piece_claim(p, order[i], &hashed, &told, &why)) {
            contents_unreadable(p->contents, &why);
            p->n_claims = 0; /* less than all proves nothing */
            return why.kind == ERR_LIMIT || error_again(err, &why);
        }
    }
    return true;
}

static bool certs_read(struct pkg *p, const struct xar_signature *from, struct signature *s, struct error *err) {
    s->certs = arena_array(p->arena, from->n_certs, sizeof *s->certs);
    if (s->certs == NULL) {
        return arena_full(p->arena, err);
    }
    for (size_t i = 0; i < from->n_certs; i++) {
        struct cert *cert = &s->certs[s->n_certs++];
        struct error why = {0};
        if (cert_parse(from->certs[i], p->xar.toc_at, p->arena, cert, &why)) {
            continue;
        }
        if (why.kind == ERR_LIMIT) {
            return error_again(err, &why);
        }
        struct anomaly *odd = note(p, ANOMALY_STUFFED_CERTIFICATE, p->xar.toc_at, p->xar.toc_packed, "no certificate in its place");
        odd->weighty = odd->weighty || i == 0; /* the signer's: without it nobody knows whose signature this is */
    }
    return true;
}

/* The signature that both kinds begin with; NULL with err at a limit. */
static struct signature *signature_new(struct pkg *p, const struct xar_signature *from, struct error *err) {
    struct signature *s = contents_add(p->contents, p->arena, err);
    const char *part = s != NULL ? codesign_part(p->contents, p->arena, "signature") : NULL;
    if (part == NULL) {
        p->contents->n_signatures -= s != NULL;
        if (s != NULL) {
            arena_full(p->arena, err);
        }
        return NULL;
    }
    s->kind = KIND_XAR;
    s->part = part;
    s->content = p->checksum;
    s->claims = p->claims;
    s->n_claims = p->checksum.n != 0 ? p->n_claims : 0;
    s->hash = p->hash;
    s->claimed = p->checksum;
    s->covers_part = p->covers_part;
    s->algorithm_mismatch = p->mismatch;
    return certs_read(p, from, s, err) ? s : NULL;
}

/* The team of the leaf: its organizational unit, where Apple's certificates have it. */
static void team_read(struct pkg *p, struct signature *s, const struct cert *certs, size_t n) {
    for (size_t i = 0; i < n && s->team_id == NULL; i++) {
        bool is_leaf = s->signer != NULL ? cert_named_by(&certs[i], s->signer->issuer, s->signer->serial, s->signer->key_id) : i == 0;
        if (!certs[i].broken && is_leaf) {
            const char *unit = name_attribute(certs[i].subject, OID_AT_ORGANIZATIONAL_UNIT, p->arena);
            s->team_id = codesign_is_team(unit) ? unit : NULL;
        }
    }
}

/* Plain RSA: the checksum is the digest that was signed (PKCS#1 v1.5 with DigestInfo). */
static bool raw_add(struct pkg *p, const struct xar_signature *from, struct bytes raw, struct error *err) {
    struct signature *s = signature_new(p, from, err);
    if (s == NULL) {
        return false;
    }
    s->raw_signature = raw;
    s->raw_hash = p->hash;
    s->raw_prehashed = true;
    team_read(p, s, s->certs, s->n_certs);
    return true;
}

static bool cms_add(struct pkg *p, const struct xar_signature *from, struct bytes payload, struct error *err) {
    struct signed_data *sd;
    struct error why = {0};
    if (!cms_parse(payload, from->range.at, p->arena, &p->contents->anomalies, &sd, &why)) {
        if (why.kind == ERR_LIMIT) {
            return error_again(err, &why);
        }
        contents_unreadable(p->contents, &why);
        carve_bytes(p->contents, p->arena, payload, from->range.at);
        return raw_add(p, from, bytes_none(), err); /* the certificates of the table are there all the same */
    }
    for (size_t i = 0; i < sd->n_signers || i == 0; i++) {
        struct signature *s = signature_new(p, from, err);
        if (s == NULL) {
            return false;
        }
        s->sd = sd;
        s->signer = sd->n_signers != 0 ? &sd->signers[i] : NULL;
        team_read(p, s, sd->certs, sd->n_certs);
    }
    if (sd->n_signers != 1) {
        note(p, sd->n_signers == 0 ? ANOMALY_NO_SIGNER : ANOMALY_SEVERAL_SIGNERS, from->range.at, sd->whole.n, NULL);
    }
    struct bytes rest = bytes_cut(payload, sd->whole.n, payload.n);
    if (!bytes_zero(rest)) {
        note(p, ANOMALY_APPENDED_DATA, from->range.at + sd->whole.n, rest.n, "behind the CMS, in the place for the signature");
        carve_bytes(p->contents, p->arena, rest, from->range.at + sd->whole.n);
    }
    return true;
}

/* One <signature> or <x-signature>: which kind it is says its style; where that says nothing, its first octet. */
static bool signature_add(struct pkg *p, const struct xar_signature *from, struct error *err) {
    struct bytes b = bytes_none();
    if (!from->range.given || from->range.outside) {
        struct error why;
        note(p, ANOMALY_BAD_DIRECTORY, from->range.at, from->range.n, "a signature of the table of contents that passes the end");
        error_set(&why, ERR_MALFORMED, "no signature where the table of contents says");
        contents_unreadable(p->contents, &why);
        return raw_add(p, from, b, err);
    }
    bool rsa = strcasecmp(from->style, "RSA") == 0;
    uint64_t most = limit_most(p->arena->limits, LIMIT_SIGNATURE_SIZE);
    if (from->range.n > most) {
        contents_limited(p->contents, p->arena, LIMIT_SIGNATURE_SIZE);
    }
    if (!source_read(p->source, p->arena, from->range.at, from->range.n < most ? from->range.n : most, &b, err)) {
        return false;
    }
    bool cms = strcasecmp(from->style, "CMS") == 0 || (!rsa && b.n != 0 && b.p[0] == 0x30);
    return cms ? cms_add(p, from, b, err) : raw_add(p, from, b, err);
}

/*
 * Notarization tickets behind the heap, read from the file's end: ticket data, then this trailer; the first of all has no data.
 *   0   4  "t8lr"
 *   4   2  version 1, little-endian as all of it
 *   6   2  type: 1 the first trailer, 2 a ticket
 *   8   4  length of the data before it
 *  12   4  reserved
 */
static bool tickets_read(struct pkg *p, uint64_t *end, struct error *err) {
    for (unsigned i = 0; i < TICKETS_MAX && *end >= p->end + TICKET_TRAILER; i++) {
        struct bytes b;
        if (!source_read(p->source, p->arena, *end - TICKET_TRAILER, TICKET_TRAILER, &b, err)) {
            return false;
        }
        struct reader r = reader_make(b, *end - TICKET_TRAILER);
        struct bytes mark = reader_bytes(&r, 4);
        reader_skip(&r, 2);
        uint16_t type = reader_u16le(&r);
        uint32_t length = reader_u32le(&r);
        uint64_t left = *end - TICKET_TRAILER - p->end;
        if (!bytes_is(mark, "t8lr") || length > left) {
            return true;
        }
        if (type == 2) {
            struct bytes begin;
            if (!source_read_some(p->source, p->arena, *end - TICKET_TRAILER - length, length < 4 ? length : 4, &begin, err)) {
                return false;
            }
            p->contents->stapled_ticket = p->contents->stapled_ticket || bytes_is(begin, "s8ch");
        }
        *end -= TICKET_TRAILER + (type == 1 ? 0 : length);
        if (type == 1) {
            return true;
        }
    }
    return true;
}

static bool tail_check(struct pkg *p, struct error *err) {
    uint64_t end = p->source->size;
    if (p->xar.problem.kind != ERR_NONE || !tickets_read(p, &end, err)) {
        return p->xar.problem.kind != ERR_NONE;
    }
    if (end > p->end) {
        struct anomaly *tail = anomaly_note(&p->contents->anomalies, p->arena, ANOMALY_DATA_AFTER_CONTAINER, p->end, end - p->end,
                                            "behind the last byte that the table of contents takes");
        /* Old writers leave some of their buffers there, which matters in no archive that nobody signed. */
        tail->weighty = p->contents->n_signatures != 0;
    }
    return true;
}

static bool read_all(struct pkg *p, struct error *err) {
    struct xar *x = &p->xar;
    struct error why = {0};
    if (!xar_read(p->source, p->arena, &p->contents->anomalies, x, &why)) {
        if (why.kind != ERR_MALFORMED) {
            return error_again(err, &why);
        }
        x->problem = why;
    }
    if (x->problem.kind != ERR_NONE) {
        contents_unreadable(p->contents, &x->problem);
    }
    if (!checksum_read(p, err) || !claims_make(p, err)) {
        return false;
    }
    for (size_t i = 0; i < x->n_signatures; i++) {
        if (!signature_add(p, &x->signatures[i], err)) {
            return false;
        }
    }
    if (x->problem.kind != ERR_NONE) {
        size_t added;
        uint64_t from = x->heap_at < p->source->size ? x->heap_at : 0;
        uint64_t n = p->source->size - from < REMAINS ? p->source->size - from : REMAINS;
        return carve_source(p->contents, p->arena, p->source, from, n, &added, err);
    }
    return tail_check(p, err);
}

/* Where a limit ends the reading, what was found until then stays. */
static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct pkg p = {.source = source, .arena = arena, .contents = contents};
    struct error why = {0};
    if (read_all(&p, &why)) {
        return true;
    }
    contents_unreadable(contents, &why);
    if (err != NULL) {
        *err = why;
    }
    return why.kind == ERR_LIMIT && contents->n_signatures != 0;
}

const struct format format_pkg = {.name = "pkg",
                                  .long_name = "macOS installer package (XAR)",
                                  .first = FIRST_OCTETS("x"),
                                  .acts_on_members = true,
                                  .members_only = true,
                                  .probe = probe,
                                  .read = read};
