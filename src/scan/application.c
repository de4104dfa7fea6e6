/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/application.h"

#include <stdlib.h>

#include "crypto/digest.h"

/* The folder of the application, as a path without links: the outermost bundle's or, with folders, the file's own. */
static void place_of(const struct job *job, bool folders, struct text *out) {
    const struct folder *top = job->folder;
    if (top != NULL && top->bundle != NULL) {
        while (top->parent != NULL && top->parent->bundle != NULL) {
            top = top->parent;
        }
        folder_real(top, out);
    } else if (folders) {
        struct text real = {0};
        job_real(job, &real);
        size_t n = real.n;
        while (n > 0 && real.p[n - 1] != '/') {
            n--;
        }
        text_add_bytes(out, bytes_make(text_c(&real), n));
        text_free(&real);
    }
}

void application_group(const struct job *job, bool folders, struct text *out) {
    struct text place = {0};
    uint8_t sha256[HASH_SIZE_MAX];
    place_of(job, folders, &place);
    if (place.n != 0 && digest_bytes(HASH_SHA256, bytes_make(place.p, place.n), sha256, NULL)) {
        text_add(out, "app-");
        text_add_hex(out, bytes_make(sha256, 6));
    }
    text_free(&place);
}

static int by_text(const void *a, const void *b) {
    return strcmp(text_c(a), text_c(b));
}

void application_mark(struct job *const *jobs, size_t n) {
    struct text *places = calloc(n + 1, sizeof *places);
    size_t n_places = 0;
    for (size_t i = 0; places != NULL && i < n; i++) {
        if (jobs[i]->wanted == ACTION_QUARANTINE) {
            place_of(jobs[i], true, &places[n_places++]);
        }
    }
    if (n_places != 0) {
        qsort(places, n_places, sizeof *places, by_text);
    }
    for (size_t i = 0; n_places != 0 && i < n; i++) {
        struct job *job = jobs[i];
        struct text place = {0};
        if (job->wanted != ACTION_QUARANTINE && job->done) {
            place_of(job, true, &place);
        }
        if (place.n != 0 && bsearch(&place, places, n_places, sizeof *places, by_text) != NULL) {
            job->follows = job->strongest >= FINDING_LISTED && job->rule != NO_RULE;
            job->wanted = job->follows ? ACTION_QUARANTINE : job->wanted;
            job->beside = job->strongest == FINDING_UNSIGNED;
        }
        text_free(&place);
    }
    for (size_t i = 0; i < n_places; i++) {
        text_free(&places[i]);
    }
    free(places);
}
