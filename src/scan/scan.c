/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a run: jobs from the walk to the readers, verdicts from the readers to the caller. */
#include "scan/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "scan/anchor_files.h"
#include "scan/catalogs.h"
#include "scan/disk_bundle.h"
#include "scan/run.h"
#include "scan/slices.h"
#include "scan/wire.h"
#include "store/flag.h"

enum {
    OPEN_WAITING = 64,  /* files that wait for an action with an open descriptor; others are opened again */
    DESCRIPTORS = 4096, /* as many as the system lets us have, up to here */
    PROGRESS_MS = 200,
};

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- what comes back from the readers ---- */

/* A rule that hit a certificate that nobody may ban. One more than there is room for moves its files; it is flagged in policy check. */
static void note_forbidden(struct run *run, const struct verdict *verdict) {
    for (size_t i = 0; i < run->n_forbidden; i++) {
        if (run->forbidden[i] == verdict->spared_rule) {
            return;
        }
    }
    if (verdict->has_spared_rule && run->n_forbidden < FORBIDDEN_MAX) {
        run->forbidden[run->n_forbidden++] = verdict->spared_rule;
    }
}

static void on_verdict(struct pool_sink *sink, struct job *job, struct bytes message, const struct verdict *verdict) {
    struct run *run = (struct run *)sink;
    if (job->bundle != NULL) {
        text_add_bytes(&job->bundle->message, message);
        run->summary->bytes_read += verdict->bytes_read;
        return;
    }
    if (job->slices != NULL) {
        run->members += verdict->members;
        slices_verdict(job, message, verdict);
        return;
    }
    emit_hold(run, job, message, verdict);
    note_forbidden(run, verdict);
    if (verdict->inside[0] != '\0') {
        enum action asked = job_wants(verdict, run->options->action);
        job->inside = asked > job->inside ? asked : job->inside;
        run->members++;
        return;
    }
    struct scan_summary *summary = run->summary;
    job->done = job->failure.kind == ERR_NONE;
    job->strongest = verdict->finding;
    job->rule = job_rule(verdict);
    job->wanted = strcmp(job->path, "-") == 0 ? ACTION_REPORT : job_wants(verdict, run->options->action);
    summary->is_signed += verdict->is_signed;
    summary->members += verdict->members;
    summary->bytes_read += verdict->bytes_read;
}

static bool wait_for_end(struct run *run, struct job *job) {
    if (run->n_waiting == run->room_waiting) {
        size_t room = run->room_waiting != 0 ? 2 * run->room_waiting : 64;
        struct job **more = realloc(run->waiting, room * sizeof(struct job *));
        if (more == NULL) {
            return false;
        }
        run->waiting = more;
        run->room_waiting = room;
    }
    run->waiting[run->n_waiting++] = job;
    if (run->n_waiting > OPEN_WAITING && strcmp(job->path, "-") != 0) {
        fs_close(&job->file);
    }
    return true;
}

/* Named files are told in the order in which they were named, as far as they are settled and nothing is to be done first. */
static void tell_in_order(struct run *run) {
    while (run->order != NULL && run->order->settled && run->order->wanted == ACTION_REPORT) {
        struct job *job = run->order;
        run->order = job->after;
        run->last_of_order = run->order == NULL ? &run->order : run->last_of_order;
        if (job->error.kind != ERR_NONE) {
            emit_error(run, job);
        } else {
            emit_job(run, job, NULL);
        }
    }
}

/* A file that was flagged and is fine now loses the mark. */
static void unflag(const struct run *run, const struct job *job) {
    if (run->options->action >= ACTION_FLAG && !run->options->dry_run && job->done && job->strongest < FINDING_SUSPICIOUS) {
        bool cleared = flag_clear(job->file, NULL);
        (void)cleared; /* who may not take it off leaves it on: it is no verdict */
    }
}

/* A seal was checked, or could not be. */
static void bundle_done(struct run *run, struct job *job, const struct error *failure) {
    if (failure != NULL) {
        job->bundle->failure = *failure;
        text_clear(&job->bundle->message);
        run->summary->complete = run->summary->complete && failure->kind != ERR_CRASHED;
    }
    disk_bundle_done(job->bundle);
    job_free(&run->folders, job);
}

static void on_done(struct pool_sink *sink, struct job *job, const struct error *failure);

/* One slice is over. After the last one the file is, too, or begins anew. */
static void slice_done(struct run *run, struct job *slice, const struct error *failure) {
    struct text message = {0};
    struct verdict verdict;
    struct job *job = slices_done(slice, failure, &run->options->examiner, &message);
    arena_reset(&run->arena);
    if (job != NULL && message.n != 0 &&
        wire_decode(bytes_make(message.p, message.n), blocklist_count(run->options->examiner.list), &run->arena, &verdict, NULL)) {
        on_verdict(&run->sink, job, bytes_make(message.p, message.n), &verdict);
        on_done(&run->sink, job, NULL);
    } else if (job != NULL) {
        pool_give(run->readers, job);
    }
    text_free(&message);
}

static void on_done(struct pool_sink *sink, struct job *job, const struct error *failure) {
    struct run *run = (struct run *)sink;
    if (job->slices != NULL) {
        slice_done(run, job, failure);
        return;
    }
    if (job->bundle != NULL) {
        bundle_done(run, job, failure);
        return;
    }
    job->settled = true;
    if (failure != NULL && job->failure.kind == ERR_NONE) {
        job->failure = *failure;
    }
    if (!job->done) {
        job->strongest = job->strongest > FINDING_UNREADABLE ? job->strongest : FINDING_UNREADABLE;
        run->summary->complete = run->summary->complete && job->failure.kind != ERR_CRASHED;
    }
    run->summary->examined++;
    run->summary->finding[job->strongest]++;
    unflag(run, job);
    if (!run->options->walk) {
        tell_in_order(run);
        return;
    }
    bool belongs = run->options->with_application && (job->rule != NO_RULE || job->strongest == FINDING_UNSIGNED);
    bool names_may_come = job->names != NULL && (job->strongest > FINDING_CLEAN || run->options->examiner.describe);
    if ((job->wanted == ACTION_REPORT && !names_may_come && !belongs) || !wait_for_end(run, job)) {
        emit_job(run, job, NULL);
    }
}

/* ---- the loop ---- */

static unsigned readers_wanted(const struct scan_options *options) {
    long cores = options->jobs != 0 ? (long)options->jobs : sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > POOL_FDS ? POOL_FDS : (unsigned)cores;
}

static void give(struct run *run, struct job *job) {
    if (!slices_give(run->readers, job, run->n_readers, &run->options->examiner)) {
        pool_give(run->readers, job);
    }
}

static void accept_jobs(struct run *run, struct job *jobs) {
    for (struct job *job = jobs, *next; job != NULL; job = next) {
        next = job->next;
        job->next = NULL;
        bool is_error = job->error.kind != ERR_NONE;
        if (job->leftover) {
            job->next = run->leftovers;
            run->leftovers = job;
            continue;
        }
        if (job->bundle != NULL) {
            pool_give(run->readers, job);
            continue;
        }
        if (!run->options->walk) {
            *run->last_of_order = job;
            run->last_of_order = &job->after;
        }
        if (is_error && run->options->walk) {
            emit_error(run, job);
        } else if (is_error) {
            job->settled = true;
            tell_in_order(run);
        } else {
            run->seen++;
            give(run, job);
        }
    }
}

static void report_progress(struct run *run, double *last) {
    double now = seconds_now();
    if (run->events->progress == NULL || now - *last < PROGRESS_MS / 1000.0) {
        return;
    }
    *last = now;
    struct text folder = {0};
    struct scan_progress progress = {.files = walk_where(run->walk, &folder),
                                     .members = run->members,
                                     .hits = run->summary->finding[FINDING_BANNED] + run->summary->finding[FINDING_LISTED],
                                     .bytes = run->summary->bytes_read,
                                     .lost = pool_deaths(run->readers)};
    progress.folder = bytes_make(text_c(&folder), folder.n);
    run->events->progress(run->events, &progress);
    text_free(&folder);
}

static void loop(struct run *run) {
    struct pollfd fds[POOL_FDS + 1];
    bool ended = false;
    double last = 0;
    for (;;) {
        size_t room = pool_room(run->readers);
        if (!ended && room != 0) {
            accept_jobs(run, walk_take(run->walk, room, &ended));
        }
        pool_serve(run->readers, NULL, 0);
        report_progress(run, &last);
        if (ended && pool_idle(run->readers)) {
            return;
        }
        size_t n = pool_poll(run->readers, fds);
        fds[n] = (struct pollfd){.fd = !ended && pool_room(run->readers) != 0 ? walk_event(run->walk) : -1, .events = POLLIN};
        if (poll(fds, n + 1, run->events->progress != NULL ? PROGRESS_MS : 1000) > 0) {
            pool_serve(run->readers, fds, n);
        }
    }
}

/* Named files wait in their order; the end of the run acts on those that want it, and tells them all. */
static void gather_named(struct run *run) {
    while (run->order != NULL) {
        struct job *job = run->order;
        run->order = job->after;
        if (job->error.kind != ERR_NONE) {
            emit_error(run, job);
        } else if (!wait_for_end(run, job)) {
            emit_job(run, job, NULL);
        }
    }
}

/* ---- the run ---- */

/* As many descriptors as the system allows, up to a limit; the walk keeps a quarter of them for folders. */
static size_t raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 256;
    }
    rlim_t want = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    if (limit.rlim_cur < want) {
        limit.rlim_cur = want;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur < DESCRIPTORS ? (size_t)limit.rlim_cur : DESCRIPTORS;
}

static bool run_with_nursery(struct run *run, struct error *err) {
    struct walk_counts counts = {0};
    const struct scan_options *options = run->options;
    run->n_readers = readers_wanted(options);
    run->readers = pool_new(&run->nursery, WORKER_READER, run->n_readers, &options->examiner, &run->sink);
    if (run->readers == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the readers");
    }
    if (!walk_start(options, &run->folders, &run->links, &run->walk, err)) {
        return false;
    }
    if (!nursery_ready(&run->nursery, err)) { /* while it set itself up, the walk has begun */
        walk_stop(run->walk, NULL);
        return false;
    }
    loop(run);
    walk_stop(run->walk, &counts);
    if (!options->walk) {
        gather_named(run);
    }
    acting_finish(run);
    emit_bundles(run);
    run->summary->files = counts.files;
    run->summary->bytes_read += counts.bytes_read;
    run->summary->complete = run->summary->complete && counts.complete && !pool_broken(run->readers);
    run->summary->finding[FINDING_OTHER] += counts.files > run->seen ? counts.files - run->seen : 0;
    return true;
}

bool scan_run(const struct scan_options *asked, struct scan_events *events, struct scan_summary *summary, struct error *err) {
    double start = seconds_now();
    struct scan_options options = *asked; /* and what is made for this run */
    struct examiner *examiner = &options.examiner;
    char *folder = getcwd(NULL, 0); /* NULL, where it is gone, does no harm */
    examiner->folder = folder;
    if (!anchor_files_read(examiner, err)) {
        anchor_files_free(examiner);
        free(folder);
        return false;
    }
    *summary = (struct scan_summary){.complete = true};
    struct run run = {.sink = {.verdict = on_verdict, .done = on_done},
                      .options = &options,
                      .events = events,
                      .summary = summary,
                      .arena = arena_make(ARENA_FILE_CAP),
                      .nursery = {.socket = -1}};
    run.last_of_order = &run.order;
    run.folders.budget = raise_descriptors() / 4;
    pthread_mutex_init(&run.folders.lock, NULL);
    pthread_mutex_init(&run.links.lock, NULL);
    struct catalogs *catalogs = NULL;
    bool ok = catalogs_gather(&options, events, summary, &catalogs, err);
    examiner->catalogs = catalogs;
    ok = ok && nursery_start(&run.nursery, examiner, options.sandbox, err) && run_with_nursery(&run, err);
    pool_free(run.readers);
    nursery_stop(&run.nursery);
    links_free(&run.links, &run.folders);
    disk_bundles_free(&run.folders);
    pthread_mutex_destroy(&run.folders.lock);
    pthread_mutex_destroy(&run.links.lock);
    arena_free(&run.arena);
    free(run.waiting);
    catalogs_free(catalogs);
    anchor_files_free(examiner);
    free(folder);
    summary->seconds = seconds_now() - start;
    return ok;
}
