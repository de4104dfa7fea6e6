/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/slices.h"

#include <stdlib.h>
#include <unistd.h>

#include "scan/slice.h"
#include "scan/wire.h"

enum { SIZE_MIN = 2 << 20 };

struct slices {
    struct job *whole;
    unsigned left;       /* that have not come back */
    bool odd;            /* one of them gave up, or they don't fit together */
    bool begun;          /* sum is that of some */
    struct verdict sum;  /* of which the numbers count */
    struct text message; /* of the slice that looks at the file itself, too */
};

bool slices_give(struct pool *pool, struct job *job, unsigned readers, const struct examiner *examiner) {
    bool quick = examiner->members && !examiner->describe && !examiner->verify && !examiner->thorough && examiner->only == NULL;
    if (readers < 2 || !quick || job->bundle != NULL || job->unsliced || job->identity.size < SIZE_MIN || !job->can_be_sliced) {
        return false;
    }
    struct slices *slices = calloc(1, sizeof *slices);
    unsigned n = readers < SLICES_MAX ? readers : SLICES_MAX;
    if (slices == NULL) {
        return false;
    }
    slices->whole = job;
    for (unsigned i = 0; i < n; i++) {
        struct job *part = job_new(NULL, job_path(job));
        if (part == NULL) {
            slices->odd = true; /* the others come back, and then it is done whole */
            continue;
        }
        part->file = job->file; /* the whole job's, and open as long as any part is about */
        part->identity = job->identity;
        part->slices = slices;
        part->slice = i;
        part->n_slices = n;
        slices->left++;
        pool_give(pool, part);
    }
    if (slices->left == 0) {
        free(slices);
        return false;
    }
    return true;
}

void slices_verdict(struct job *part, struct bytes message, const struct verdict *verdict) {
    struct slices *slices = part->slices;
    struct verdict *sum = &slices->sum;
    if (verdict->inside[0] != '\0') {
        return; /* members come only of what gives up */
    }
    part->done = true;
    slices->odd = slices->odd || verdict->finding > FINDING_CLEAN || (slices->begun && verdict->slice_mark != sum->slice_mark);
    slices->begun = true;
    sum->slice_mark = verdict->slice_mark;
    sum->finding = verdict->finding > sum->finding ? verdict->finding : sum->finding;
    sum->members += verdict->members;
    sum->members_signed += verdict->members_signed;
    sum->bytes_read += verdict->bytes_read;
    if (part->slice == 0) {
        text_clear(&slices->message);
        text_add_bytes(&slices->message, message);
    }
}

/* The verdict of the file, from that of the slice which looked at the file itself. False when there is none. */
static bool put_together(const struct slices *slices, const struct examiner *examiner, struct text *message) {
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct verdict verdict;
    const struct verdict *sum = &slices->sum;
    bool ok = !slices->odd && text_ok(&slices->message) && sum->members <= limit_most(&examiner->limits, LIMIT_MEMBERS) &&
              wire_decode(bytes_make(slices->message.p, slices->message.n), blocklist_count(examiner->list), &arena, &verdict, NULL);
    if (ok) {
        verdict.finding = sum->finding;
        verdict.members = sum->members;
        verdict.members_signed = sum->members_signed;
        verdict.bytes_read = sum->bytes_read;
        wire_encode(&verdict, message);
        ok = text_ok(message);
    }
    arena_free(&arena);
    return ok;
}

struct job *slices_done(struct job *part, const struct error *failure, const struct examiner *examiner, struct text *message) {
    struct slices *slices = part->slices;
    struct job *whole = slices->whole;
    slices->odd = slices->odd || failure != NULL || !part->done;
    part->file = FS_NONE;
    job_free(NULL, part);
    if (--slices->left != 0) {
        return NULL;
    }
    if (!put_together(slices, examiner, message)) {
        text_clear(message);
        whole->unsliced = true;
    }
    text_free(&slices->message);
    free(slices);
    return whole;
}
