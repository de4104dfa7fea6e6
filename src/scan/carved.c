/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/carved.h"

#include "asn1/carve.h"
#include "asn1/cms.h"
#include "scan/match_inside.h"

/* How much of each end is searched. */
#define ENDS (UINT64_C(64) << 20)

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

void carved_add(struct exam *exam) {
    struct contents *contents = &exam->contents;
    struct wanted w = {
        .filter = {.wants = wants, .base64_only = contents->n_signatures == 0}, .exam = exam, .arena = arena_make(ARENA_FILE_CAP)};
    uint64_t size = exam->source->size, ends = size < ENDS ? size : ENDS;
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
