/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an Authenticode signature of a compound file covers. Microsoft publishes no text of it; osslsigncode (msi.c) and jsign
 * (MSIFile) agree: the members of each storage in the order of their names' bytes, streams by their content, storages by their
 * members, and behind the members the storage's CLSID. The two signature streams of the root are left out.
 *
 * With a stream MsiDigitalSignatureEx a digest of names, sizes, states and times comes before all that, and the stream holds it:
 * for the root CLSID and state; for a storage name, CLSID, state, times; for a stream name, size, state, times.
 */
#include <stdlib.h>

#include "format/msi.h"

enum { EX_MAX = 4096 };

/* A growing list of spans. */
struct run {
    struct span *spans;
    size_t n, room;
};

struct covering {
    struct cfb *cfb;
    struct run content, names;
};

static bool put(struct arena *arena, struct run *run, struct span span, struct error *err) {
    struct span *last = run->n != 0 ? &run->spans[run->n - 1] : NULL;
    if (last != NULL && last->literal.n != 0 && span.literal.n != 0 && last->literal.p + last->literal.n == span.literal.p) {
        last->literal.n += span.literal.n;
        return true;
    }
    if (last != NULL && last->literal.n == 0 && span.literal.n == 0 && last->at + last->n == span.at) {
        last->n += span.n;
        return true;
    }
    if (run->spans == NULL || run->n == run->room) {
        size_t room = run->room == 0 ? 64 : run->room * 2;
        struct span *more = arena_array(arena, room, sizeof *more);
        if (more == NULL) {
            return arena_full(arena, err);
        }
        if (run->spans != NULL) {
            memcpy(more, run->spans, run->n * sizeof *more);
        }
        run->spans = more;
        run->room = room;
    }
    run->spans[run->n++] = span;
    return true;
}

static bool put_literal(struct arena *arena, struct run *run, struct bytes b, struct error *err) {
    return b.n == 0 || put(arena, run, (struct span){.literal = b}, err);
}

/* What the digest of names says of one entry. */
static bool put_names(struct covering *c, const struct cfb_entry *e, struct error *err) {
    struct arena *arena = c->cfb->arena;
    bool root = e == &c->cfb->entries[0];
    struct bytes kind = e->type == CFB_STREAM ? e->low_size : e->clsid;
    return (root || put_literal(arena, &c->names, e->name, err)) && put_literal(arena, &c->names, kind, err) &&
           put_literal(arena, &c->names, e->state, err) && (root || put_literal(arena, &c->names, e->times, err));
}

static bool put_stream(struct covering *c, const struct cfb_entry *e, struct error *err) {
    struct span *spans;
    size_t n;
    if (!cfb_spans(c->cfb, e, &spans, &n, err)) {
        const char *path = cfb_path_text(c->cfb, e, c->cfb->arena);
        return error_within(err, "stream %s", path != NULL ? path : "");
    }
    for (size_t i = 0; i < n; i++) {
        if (!put(c->cfb->arena, &c->content, spans[i], err)) {
            return false;
        }
    }
    return put_names(c, e, err);
}

/* Names by their bytes as they stand in the file; of two equal ones the first in the file. */
static int order(const void *a, const void *b) {
    const struct cfb_entry *x = *(const struct cfb_entry *const *)a, *y = *(const struct cfb_entry *const *)b;
    int by_name = bytes_order(x->name, y->name);
    return by_name != 0 ? by_name : x->at < y->at ? -1 : x->at > y->at;
}

static bool is_left_out(const struct cfb_entry *e) {
    return e->parent == 0 && (cfb_name_is(e, MSI_SIGNATURE) || cfb_name_is(e, MSI_SIGNATURE_EX));
}

/* Storages nest no deeper than LIMIT_CFB_DEPTH: deeper ones have no members. */
static bool put_storage(struct covering *c, const struct cfb_entry *storage, struct error *err) {
    struct cfb *cfb = c->cfb;
    size_t n = 0, k = 0;
    for (uint32_t i = storage->first; i != CFB_NONE; i = cfb->entries[i].next) {
        n++;
    }
    const struct cfb_entry **members = arena_array(cfb->arena, n, sizeof *members);
    if (members == NULL) {
        return arena_full(cfb->arena, err);
    }
    for (uint32_t i = storage->first; i != CFB_NONE; i = cfb->entries[i].next) {
        members[k++] = &cfb->entries[i];
    }
    qsort(members, n, sizeof *members, order);
    if (!put_names(c, storage, err)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct cfb_entry *e = members[i];
        if (is_left_out(e)) {
            continue;
        }
        if (!(e->type == CFB_STREAM ? put_stream(c, e, err) : put_storage(c, e, err))) {
            return false;
        }
    }
    return put_literal(cfb->arena, &c->content, storage->clsid, err);
}

/* The digest of names as the file holds it; *there is false when the file has none. */
static bool read_ex(struct cfb *cfb, struct bytes *ex, bool *there, struct error *err) {
    struct cfb_stream stream;
    *there = false;
    *ex = bytes_none();
    for (uint32_t i = cfb->entries[0].first; i != CFB_NONE; i = cfb->entries[i].next) {
        const struct cfb_entry *e = &cfb->entries[i];
        if (e->type == CFB_STREAM && cfb_name_is(e, MSI_SIGNATURE_EX)) {
            *there = true;
            return cfb_stream_open(cfb, e, cfb->source->name, &stream, err) &&
                   source_read_some(&stream.source, cfb->arena, 0, EX_MAX, ex, err);
        }
    }
    return true;
}

static bool add_claims(struct covering *c, struct signature *s, struct bytes ex, bool has_ex, struct error *err) {
    struct claim *claims = arena_array(c->cfb->arena, 2, sizeof *claims);
    if (claims == NULL) {
        return arena_full(c->cfb->arena, err);
    }
    claims[0] = (struct claim){.hash = s->hash,
                               .digest_size = s->claimed.n,
                               .expected = s->claimed,
                               .spans = c->content.spans,
                               .n_spans = c->content.n,
                               .what = "file digest"};
    claims[1] = (struct claim){.hash = s->hash,
                               .digest_size = hash_size(s->hash),
                               .expected = ex,
                               .spans = c->names.spans,
                               .n_spans = c->names.n,
                               .what = "MsiDigitalSignatureEx, the digest of names and times,"};
    s->claims = claims;
    s->n_claims = has_ex ? 2 : 1;
    s->covers_part = !has_ex;
    return true;
}

static bool wants_claims(const struct signature *s) {
    return s->claimed.n != 0 && s->n_claims == 0;
}

static bool cover(struct covering *c, struct contents *contents, struct error *err) {
    struct bytes ex;
    bool has_ex;
    if (!read_ex(c->cfb, &ex, &has_ex, err) || !put_literal(c->cfb->arena, &c->content, ex, err) ||
        !put_storage(c, &c->cfb->entries[0], err)) {
        return false;
    }
    for (size_t i = 0; i < contents->n_signatures; i++) {
        if (wants_claims(&contents->signatures[i]) && !add_claims(c, &contents->signatures[i], ex, has_ex, err)) {
            return false;
        }
    }
    if (!has_ex) {
        anomaly_note(&contents->anomalies, c->cfb->arena, ANOMALY_COVERS_PART, 0, 0, "the names of streams and their times are not signed");
    }
    return true;
}

bool msi_claims(struct cfb *cfb, struct contents *contents, struct error *err) {
    struct covering c = {.cfb = cfb};
    struct error why = {0};
    bool any = false;
    for (size_t i = 0; i < contents->n_signatures; i++) {
        any = any || wants_claims(&contents->signatures[i]);
    }
    if (!any || cover(&c, contents, &why)) {
        return true;
    }
    if (why.kind == ERR_MALFORMED || why.kind == ERR_LIMIT) {
        contents_unreadable(contents, &why);
        return true;
    }
    if (err != NULL) {
        *err = why;
    }
    return false;
}
