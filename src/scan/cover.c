/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/cover.h"

#include "asn1/catalog.h"

enum {
    BATCH = 1024,    /* records handed out together */
    VARIANTS = 3,    /* what a digest can be of: the file, the program in it, that filled up */
    CATALOGS_MAX = 8 /* so many of a file's catalogs are shown that no rule names */
};

static const struct format *cat(void) {
    return format_by_name("cat");
}

/* ---- what a catalog lists ---- */

/* Hands out the members of one list. */
static bool list_members(struct bytes list, uint8_t flags, struct arena *arena, struct cover_sink *sink, struct error *err) {
    struct cover_record *batch = arena_array(arena, BATCH, sizeof *batch);
    struct der_cursor members;
    struct catalog_member member;
    bool is_catalog;
    size_t n = 0;
    if (batch == NULL) {
        return arena_full(arena, err);
    }
    if (!catalog_open(list, &members, &is_catalog, err)) {
        return false;
    }
    while (catalog_next(&members, &member, err)) {
        for (size_t i = 0; i < member.n; i++) {
            struct cover_record *record = &batch[n++];
            record->size = (uint8_t)member.digests[i].n;
            record->flags = flags | (member.image ? COVER_IMAGE : 0);
            memcpy(record->key, member.digests[i].value, sizeof record->key);
        }
        if (n + CATALOG_DIGESTS_MAX > BATCH) {
            sink->records(sink, bytes_make(batch, n * sizeof *batch));
            n = 0;
        }
    }
    if (n != 0) {
        sink->records(sink, bytes_make(batch, n * sizeof *batch));
    }
    return !members.failed;
}

bool cover_list(struct examiner *examiner, struct source *source, struct arena *arena, struct cover_sink *sink, struct error *err) {
    struct exam exam = {.examiner = examiner, .source = source, .arena = arena, .path = source->name};
    struct probe probe = {.head = bytes_none(), .tail = bytes_none(), .middle = bytes_none(), .size = source->size};
    if (!source_read_some(source, arena, 0, PROBE_HEAD, &probe.head, err)) {
        return false;
    }
    if (!cat()->probe(&probe)) {
        return error_set(err, ERR_UNSUPPORTED, "is no security catalog");
    }
    if (!cat()->read(source, arena, &exam.contents, err)) {
        return false;
    }
    if (exam.contents.unreadable.kind != ERR_NONE) {
        *err = exam.contents.unreadable;
        return false;
    }
    match_identities(&exam);
    bool by_rule = exam.n_matches != 0;
    const struct signed_data *before = NULL;
    for (size_t i = 0; i < exam.contents.n_signatures && (by_rule || examiner->verify || examiner->describe); i++) {
        const struct signed_data *sd = exam.contents.signatures[i].sd;
        if (sd != NULL && sd != before && !list_members(sd->content, by_rule ? COVER_RULE : 0, arena, sink, err)) {
            return false;
        }
        before = sd;
    }
    return true;
}

/* ---- which catalogs list a file ---- */

/* A file's digests, and what each is of. */
struct digests {
    struct file_digest all[2 * VARIANTS];
    size_t n;
};

static void want(struct digests *digests, enum hash hash, const struct span *spans, size_t n_spans) {
    digests->all[digests->n++] = (struct file_digest){.hash = hash, .spans = spans, .n_spans = n_spans};
}

/* Everything that a catalog could list the file by. */
static bool take_digests(struct exam *exam, struct digests *digests, struct error *err) {
    const struct catalogs *catalogs = exam->examiner->catalogs;
    const struct format *format = exam->format;
    struct image image = {0};
    struct span *whole = arena_alloc(exam->arena, sizeof *whole), *filled = NULL;
    bool has_image = format != NULL && format->image != NULL && format->image(exam->source, exam->arena, &image, NULL);
    if (has_image && image.zeros != 0) {
        filled = arena_array(exam->arena, image.n + 1, sizeof *filled);
    }
    if (whole == NULL || (has_image && image.zeros != 0 && filled == NULL)) {
        return arena_full(exam->arena, err);
    }
    *whole = (struct span){.n = exam->source->size};
    if (filled != NULL) {
        memcpy(filled, image.spans, image.n * sizeof *filled);
        filled[image.n] = (struct span){.n = image.zeros, .zeros = true};
    }
    const struct {
        bool listed;
        enum hash hash;
    } hashes[] = {{catalogs->sha256, HASH_SHA256}, {catalogs->sha1, HASH_SHA1}};
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        if (hashes[i].listed && has_image) {
            want(digests, hashes[i].hash, image.spans, image.n);
        }
        if (hashes[i].listed && filled != NULL) {
            want(digests, hashes[i].hash, filled, image.n + 1);
        }
        if (hashes[i].listed && (!has_image || catalogs->lists_files)) {
            want(digests, hashes[i].hash, whole, 1);
        }
    }
    return digest_claims(exam->source, NULL, 0, NULL, NULL, digests->all, digests->n, err);
}

/* ---- and what they say of it ---- */

struct covering {
    struct exam *exam;
    size_t n;                       /* catalogs that were added */
    uint32_t added[SIGNATURES_MAX]; /* which */
};

/* The catalog's signature becomes one of the file, by the digest that it lists. */
static bool cover(struct covering *covering, const struct catalog *catalog, const struct file_digest *digest, struct signature *s,
                  struct error *err) {
    struct arena *arena = covering->exam->arena;
    struct claim *claim = arena_alloc(arena, sizeof *claim);
    const char *rest = strncmp(s->part, "signature", 9) == 0 ? s->part + 9 : s->part;
    s->part = arena_printf(arena, "catalog%zu%s", covering->n, rest);
    if (claim == NULL || s->part == NULL || !arena_copy(arena, bytes_make(digest->value, hash_size(digest->hash)), &s->claimed, err)) {
        return arena_full(arena, err);
    }
    *claim = (struct claim){.hash = digest->hash,
                            .digest_size = s->claimed.n,
                            .expected = s->claimed,
                            .spans = arena_array(arena, digest->n_spans, sizeof *claim->spans),
                            .n_spans = digest->n_spans,
                            .what = "digest in the catalog"};
    if (claim->spans == NULL) {
        return arena_full(arena, err);
    }
    memcpy(claim->spans, digest->spans, digest->n_spans * sizeof *claim->spans);
    bool lists = s->sd != NULL && catalog_lists(s->sd->content, s->claimed);
    s->hash = digest->hash;
    s->claims = claim;
    s->n_claims = lists ? 1 : 0; /* a signature nested in the catalog's may be of another list */
    s->via_catalog = catalog->path;
    return true;
}

/* Reads the catalog, whose oddities are its own and no matter of the file's. Without a signature that lists the file it adds nothing. */
static bool add_catalog(struct covering *covering, uint32_t number, const struct file_digest *digest, struct error *err) {
    struct exam *exam = covering->exam;
    const struct catalogs *catalogs = exam->examiner->catalogs;
    const struct catalog *catalog = &catalogs->all[number];
    struct contents *contents = &exam->contents;
    struct anomalies kept = contents->anomalies;
    size_t first = contents->n_signatures;
    struct fd_source store;
    struct window_source window;
    fd_source_init(&store, catalog->path, catalogs->store, catalogs->stored);
    window_source_init(&window, catalog->path, &store.source, catalog->at, catalog->size);
    contents->anomalies = (struct anomalies){0};
    bool ok = cat()->read(&window.source, exam->arena, contents, err), covers = false;
    contents->anomalies = kept;
    exam->source->bytes_read += store.source.bytes_read;
    for (size_t i = first; ok && i < contents->n_signatures; i++) {
        ok = cover(covering, catalog, digest, &contents->signatures[i], err);
        covers = covers || (ok && contents->signatures[i].n_claims != 0);
    }
    if (!ok || !covers) {
        contents->n_signatures = first;
        return ok;
    }
    covering->added[covering->n++] = number;
    anomaly_note(&contents->anomalies, exam->arena, ANOMALY_VIA_CATALOG, 0, 0, catalog->path);
    return true;
}

static bool is_added(const struct covering *covering, uint32_t number) {
    for (size_t i = 0; i < covering->n; i++) {
        if (covering->added[i] == number) {
            return true;
        }
    }
    return false;
}

/* Adds the catalogs that list one of the digests, as many as most says: those that a rule names, or the others. */
static bool add_catalogs(struct covering *covering, const struct digests *digests, bool by_rule, size_t most, struct error *err) {
    const struct catalogs *catalogs = covering->exam->examiner->catalogs;
    for (size_t i = 0; i < digests->n; i++) {
        size_t n;
        const struct file_digest *digest = &digests->all[i];
        const struct catalog_entry *entries = catalogs_find(catalogs, bytes_make(digest->value, hash_size(digest->hash)), &n);
        for (size_t k = 0; k < n && covering->n < most; k++) {
            uint32_t number = entries[k].catalog;
            if (catalogs->all[number].by_rule == by_rule && !is_added(covering, number) && !add_catalog(covering, number, digest, err)) {
                return false;
            }
        }
    }
    return true;
}

void cover_add(struct exam *exam, bool named) {
    const struct catalogs *catalogs = exam->examiner->catalogs;
    struct covering covering = {.exam = exam};
    struct digests digests = {0};
    struct error err = {0};
    if (catalogs == NULL || exam->contents.n_signatures != 0 || (exam->format == NULL && !named && !catalogs->any_file)) {
        return;
    }
    if (!take_digests(exam, &digests, &err) || !add_catalogs(&covering, &digests, true, SIGNATURES_MAX, &err) ||
        !add_catalogs(&covering, &digests, false, CATALOGS_MAX, &err)) {
        contents_unreadable(&exam->contents, &err);
    }
}
