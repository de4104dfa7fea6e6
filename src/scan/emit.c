/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/disk_bundle.h"
#include "scan/run.h"
#include "scan/wire.h"
#include "scan/worker.h"

/* So much may wait for the end of one file; what comes then is told at once, before its file. */
enum { HELD_MAX = 8 << 20 };

static const struct taken nothing = {.state = TAKEN_NOTHING, .id = "", .detail = ""};
static const struct taken unfinished = {.state = TAKEN_FAILED, .id = "", .detail = "it was not examined to its end"};

/* Whether a member's verdict is for anybody to see. */
static bool is_worth(const struct run *run, const struct verdict *verdict) {
    return run->options->examiner.describe || verdict->finding > FINDING_CLEAN;
}

/* Tells one verdict of a job. */
static void tell(struct run *run, const struct job *job, const struct verdict *verdict, const struct taken *taken) {
    struct scan_file file = {.path = job_path(job),
                             .verdict = verdict,
                             .action = taken->state,
                             .action_id = taken->id,
                             .action_detail = taken->detail,
                             .beside = taken->beside};
    bool own = verdict->inside[0] == '\0';
    struct bytes *names = NULL;
    struct text inside = {0};
    struct verdict member;
    const struct disk_bundle *bundle = job->folder != NULL ? job->folder->bundle : NULL;
    if (bundle != NULL) {
        text_addf(&inside, "%s%s%s", job->path + bundle->path.n + 1, own ? "" : "!/", verdict->inside);
    }
    if (bundle != NULL && text_ok(&inside)) {
        member = *verdict;
        member.inside = text_c(&inside);
        file.path = bytes_make(bundle->path.p, bundle->path.n);
        file.verdict = &member;
        file.in_folder = true;
    }
    if (own && job->names != NULL && job->names->n != 0 && (names = calloc(job->names->n, sizeof *names)) != NULL) {
        for (const struct other_name *other = job->names->first; other != NULL; other = other->next) {
            names[file.n_other_names++] = bytes_make(other->path, other->path_n);
        }
        file.other_names = names;
        file.more_names = job->names->more;
    }
    run->events->file(run->events, &file);
    text_free(&inside);
    free(names);
}

/* A verdict that is kept can't be read again for want of memory: of the file itself its finding is known all the same. */
static void tell_lost(struct run *run, const struct job *job, bool own, const struct taken *taken) {
    struct verdict verdict = verdict_blank(job->identity.size);
    run->summary->complete = false;
    if (own) {
        verdict.finding = job->strongest;
        error_set(&verdict.unreadable, ERR_LIMIT, "no memory to tell what was found");
        tell(run, job, &verdict, taken);
    }
}

/* Tells every message that is kept, the job's own verdict (the last one) with what was done. */
static void tell_held(struct run *run, struct job *job, const struct taken *taken) {
    struct bytes left = bytes_make(job->held.p != NULL ? job->held.p : "", job->held.n);
    while (left.n > sizeof(uint32_t)) {
        uint32_t n;
        struct verdict verdict;
        memcpy(&n, left.p, sizeof n);
        struct bytes message = bytes_cut(left, sizeof n, n);
        left = bytes_cut(left, sizeof n + n, left.n);
        arena_reset(&run->arena);
        if (wire_decode(message, blocklist_count(run->options->examiner.list), &run->arena, &verdict, NULL)) {
            tell(run, job, &verdict, verdict.inside[0] == '\0' ? taken : &nothing);
        } else {
            tell_lost(run, job, job->done && left.n == 0, taken);
        }
    }
    text_clear(&job->held);
}

void emit_hold(struct run *run, struct job *job, struct bytes message, const struct verdict *verdict) {
    bool own = verdict->inside[0] == '\0';
    job->strongest = !own && verdict->finding > job->strongest ? verdict->finding : job->strongest;
    if (!own && !is_worth(run, verdict)) {
        return;
    }
    uint32_t n = (uint32_t)message.n;
    if (job->held.n + message.n > HELD_MAX) {
        tell_held(run, job, &nothing);
    }
    text_add_bytes(&job->held, bytes_make(&n, sizeof n));
    text_add_bytes(&job->held, message);
    if (!text_ok(&job->held)) {
        error_set(&job->failure, ERR_LIMIT, "no memory to keep what was found");
    }
}

/* A file of which there is no verdict: what was found inside before still counts, and what should be done about that was not. */
static void tell_failure(struct run *run, struct job *job) {
    bool undone = job->inside > ACTION_REPORT && !run->options->dry_run;
    run->summary->actions_failed += undone;
    struct verdict verdict = verdict_blank(job->identity.size);
    tell_held(run, job, &nothing);
    verdict.finding = job->strongest > FINDING_UNREADABLE ? job->strongest : FINDING_UNREADABLE;
    verdict.unreadable = job->failure;
    tell(run, job, &verdict, undone ? &unfinished : &nothing);
}

/* What a file's verdict says of the bundle that it lies in. */
static void count_in_bundle(const struct job *job) {
    struct disk_bundle *bundle = job->folder != NULL ? job->folder->bundle : NULL;
    if (bundle != NULL) {
        bundle->strongest = job->strongest > bundle->strongest ? job->strongest : bundle->strongest;
    }
}

/* The reader's verdict on the seal, or a blank one; the files' findings are the bundle's, too. */
static void tell_bundle(struct run *run, const struct disk_bundle *bundle) {
    struct verdict verdict = verdict_blank(bundle->size);
    arena_reset(&run->arena);
    struct bytes message = bytes_make(bundle->message.p, bundle->message.n);
    struct error failure = bundle->failure;
    bool told = message.n != 0 && wire_decode(message, blocklist_count(run->options->examiner.list), &run->arena, &verdict, NULL);
    if (!told && message.n != 0) {
        error_set(&failure, ERR_LIMIT, "no memory to tell what was found");
    }
    if (!told) {
        verdict = verdict_blank(bundle->size);
        verdict.finding = failure.kind != ERR_NONE ? FINDING_UNREADABLE : FINDING_UNSIGNED;
        verdict.unreadable = failure;
    }
    verdict.format = "app";
    if (verdict.finding <= bundle->strongest) {
        verdict.finding = bundle->strongest;
    } else if (verdict.finding == FINDING_SUSPICIOUS || verdict.finding == FINDING_UNREADABLE) {
        run->summary->finding[verdict.finding]++; /* by its seal: no file of it was counted for that */
    }
    struct scan_file file = {.path = bytes_make(bundle->path.p, bundle->path.n), .verdict = &verdict, .action_id = "", .action_detail = ""};
    run->events->file(run->events, &file);
}

/* Found last, told first: as the walk met them. */
void emit_bundles(struct run *run) {
    struct disk_bundle *before = NULL;
    for (struct disk_bundle *b = run->folders.bundles, *next; b != NULL; b = next) {
        next = b->next;
        b->next = before;
        before = b;
    }
    run->folders.bundles = before;
    for (const struct disk_bundle *b = before; b != NULL; b = b->next) {
        tell_bundle(run, b);
    }
}

void emit_job(struct run *run, struct job *job, const struct taken *taken) {
    count_in_bundle(job);
    if (taken != NULL && (taken->state == TAKEN_FAILED || taken->refused)) {
        run->summary->actions_failed++;
    }
    if (!job->done) {
        tell_failure(run, job);
    } else {
        tell_held(run, job, taken != NULL ? taken : &nothing);
    }
    if (job->names != NULL) {
        links_forget(&run->links, &run->folders, &job->identity);
    }
    job_free(&run->folders, job);
}

void emit_error(struct run *run, struct job *job) {
    run->summary->errors++;
    if (job->is_file) {
        run->seen++;
        run->summary->finding[FINDING_UNREADABLE]++;
    }
    run->events->error(run->events, job_path(job), &job->error);
    job_free(&run->folders, job);
}
