/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/carved.h"

#include "asn1/carve.h"
#include "asn1/cms.h"
#include "base/reader.h"
#include "scan/match_inside.h"
#include "source/archive_end.h"

struct wanted {
    struct carve_filter filter; /* first: it is what the function is given */
    struct exam *exam;
    struct arena arena; /* of one find */
};

static bool is_known_signer(const struct exam *exam, const struct signer_info *signer) {
    for (size_t i = 0; i < exam->contents.n_signatures; i++) {
        const struct signature *s = &exam->contents.signatures[i];
        if (s->signer != NULL && bytes_equal(s->signer->signature, signer->signature)) {
            return true;
        }
    }
    return false;
}

/* Whether all that signs there is a signature that was read already: the file's own, met again. */
static bool is_known(const struct exam *exam, const struct contents *found) {
    for (size_t i = 0; i < found->n_signatures; i++) {
        const struct signature *s = &found->signatures[i];
        if (s->outer == NULL && (s->signer == NULL || !is_known_signer(exam, s->signer))) {
            return false;
        }
    }
    return true;
}

static bool is_known_cert(const struct exam *exam, const struct cert *cert) {
    for (size_t i = 0; i < exam->contents.n_signatures; i++) {
        const struct signature *s = &exam->contents.signatures[i];
        size_t n = s->sd != NULL ? s->sd->n_certs : s->n_certs;
        const struct cert *certs = s->sd != NULL ? s->sd->certs : s->certs;
        for (size_t k = 0; k < n; k++) {
            if (bytes_equal(certs[k].der, cert->der)) {
                return true;
            }
        }
    }
    return false;
}

/* What can't be looked at for want of memory may be what is looked for. */
static bool wants(struct carve_filter *filter, struct bytes blob, const struct cert *cert, uint64_t at) {
    struct wanted *w = (struct wanted *)filter;
    struct exam trial = {.examiner = w->exam->examiner, .source = w->exam->source, .arena = &w->arena, .path = w->exam->path};
    size_t added;
    arena_reset(&w->arena);
    if (cert != NULL) {
        if (is_known_cert(w->exam, cert)) {
            return false;
        }
        match_cert(&trial, cert, ROLE_BAG, NO_SIGNATURE);
    } else if (authenticode_add(&trial.contents, &w->arena, "", blob, at, &added, NULL)) {
        if (is_known(w->exam, &trial.contents)) {
            return false;
        }
        match_signatures(&trial);
    }
    return trial.n_matches != 0 || w->arena.ran_out;
}

enum { END_RECORD = 22 };

/* The end record of a ZIP archive (APPNOTE 4.3.16) that stands there in b: 12 u32 size of the directory, which is right before it. False:
 * none does. */
static bool end_record(struct bytes b, size_t at, uint32_t *size) {
    struct reader r = reader_make(bytes_cut(b, at, END_RECORD), 0);
    bool named = bytes_is(reader_bytes(&r, 4), "PK\5\6");
    reader_skip(&r, 8);
    *size = reader_u32le(&r);
    reader_skip(&r, END_RECORD - 16);
    return named && reader_ok(&r);
}

static bool is_directory(struct bytes b) {
    return bytes_starts(b, bytes_text("PK\1\2"));
}

/* Whether the file ends with its directory and the record of its end, as nearly all archives do. */
static bool ends_with_directory(const struct exam *exam, struct bytes tail) {
    uint8_t octets[4];
    uint32_t size;
    uint64_t before = exam->source->size - END_RECORD;
    return tail.n >= END_RECORD && end_record(tail, tail.n - END_RECORD, &size) && size <= before &&
           source_into(exam->source, octets, sizeof octets, before - size, NULL) && is_directory(bytes_make(octets, sizeof octets));
}

/* What is behind the last end record in the source's end b, but for what that says to be a comment: that, too. */
static struct bytes behind_end(struct bytes b) {
    struct bytes magic = bytes_text("PK\5\6"), behind = bytes_none();
    uint32_t size;
    for (size_t at = bytes_find(b, magic, 0); at < b.n; at = bytes_find(b, magic, at + 1)) {
        bool ends = end_record(b, at, &size) && size <= at && is_directory(bytes_cut(b, at - size, b.n));
        behind = ends ? bytes_cut(b, at + END_RECORD, b.n) : behind;
    }
    return behind;
}

/* Keeps what a rule names of [at, the end). */
static bool search_behind(struct exam *exam, uint64_t at, struct error *err) {
    struct wanted w = {.filter = {.wants = wants}, .exam = exam, .arena = arena_make(ARENA_FILE_CAP)};
    uint64_t size = exam->source->size;
    bool ok = at >= size || carve_wanted(&exam->contents, exam->arena, exam->source, at, size - at, &w.filter, err);
    arena_free(&w.arena);
    return ok;
}

void carved_named(struct exam *exam) {
    struct error err;
    if (!search_behind(exam, 0, &err)) {
        contents_unreadable(&exam->contents, &err);
    }
}

void carved_behind_archive(struct exam *exam, const struct probe *probe) {
    struct arena scratch = limit_arena(exam->arena->limits);
    struct error err;
    uint64_t end;
    bool ok = archive_end(exam->source, probe, &scratch, &end, &err);
    end = end != 0 || probe->thorough ? end : exam->source->size; /* in what is packed nothing is met by chance */
    if (!ok || !search_behind(exam, end, &err)) {
        contents_unreadable(&exam->contents, &err);
    }
    arena_free(&scratch);
}

void carved_behind_zip(struct exam *exam, struct bytes tail) {
    enum { NEAR = 256 << 10 };
    uint64_t size = exam->source->size, n = size < NEAR ? size : NEAR;
    struct bytes end;
    struct error err;
    if (ends_with_directory(exam, tail)) {
        return;
    }
    if (!source_read_some(exam->source, exam->arena, size - n, n, &end, &err)) {
        contents_unreadable(&exam->contents, &err);
        return;
    }
    if (!search_behind(exam, size - behind_end(end).n, &err)) {
        contents_unreadable(&exam->contents, &err);
    }
}

void carved_add(struct exam *exam) {
    struct contents *contents = &exam->contents;
    struct wanted w = {
        .filter = {.wants = wants, .base64_only = contents->n_signatures == 0}, .exam = exam, .arena = arena_make(ARENA_FILE_CAP)};
    uint64_t size = exam->source->size, most = limit_most(exam->arena->limits, LIMIT_CARVE_WINDOW), ends = size < most ? size : most;
    bool all = contents->n_signatures == 0, ok = true;
    struct error err;
    size_t added;
    for (unsigned i = 0; ok && i < (ends < size ? 2 : 1); i++) {
        uint64_t at = i == 0 ? 0 : size - ends;
        ok = (!all || carve_source(contents, exam->arena, exam->source, at, ends, &added, &err)) &&
             carve_wanted(contents, exam->arena, exam->source, at, ends, &w.filter, &err);
    }
    if (!ok) {
        contents_unreadable(contents, &err);
    }
    arena_free(&w.arena);
}
