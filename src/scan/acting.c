/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a run: what is to be acted on is proven once more, each file by a process that sees nothing else, and only where
 * both came to the same is something done. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "scan/application.h"
#include "scan/run.h"
#include "scan/wire.h"

struct acting {
    struct pool_sink sink; /* of the provers; it comes first */
    struct run *run;
    struct actor *actor;
    uint64_t done, all;
    int64_t told; /* when the progress was told last */
};

/* A few times a second, and of each large file before it is moved, which may take a while. */
static void tell_progress(struct acting *acting, const struct job *job) {
    enum { LARGE = 64 << 20, BETWEEN_NS = 200000000 };
    struct run *run = acting->run;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t now = (int64_t)t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
    if (run->events->progress == NULL || (now - acting->told < BETWEEN_NS && job->identity.size < LARGE)) {
        return;
    }
    acting->told = now;
    struct scan_progress progress = {.hits = run->summary->finding[FINDING_BANNED] + run->summary->finding[FINDING_LISTED],
                                     .acted = acting->done,
                                     .to_act = acting->all,
                                     .acting = job_path(job),
                                     .acting_size = job->identity.size};
    run->events->progress(run->events, &progress);
}

/* Opens a parked file again. Its content must be what was judged. */
static bool reopen(struct run *run, struct job *job, struct error *err) {
    struct fs_identity now;
    struct handle file = FS_NONE;
    int folder;
    if (job->file.os >= 0) {
        return true;
    }
    bool ok;
    if (job->folder != NULL) {
        if (!folder_use(&run->folders, job->folder, &folder, err)) {
            return false;
        }
        ok = fs_open_in((struct handle){folder}, job->path + job->name_at, &file, &now, err);
        folder_release(&run->folders, job->folder);
    } else {
        ok = fs_open(job->path, &file, &now, err);
    }
    if (!ok && err->sys == ENOENT) {
        err->kind = ERR_CHANGED;
    }
    if (ok && !fs_unchanged(&job->identity, &now, true)) {
        ok = error_set(err, ERR_CHANGED, "the file changed after it was examined");
        fs_close(&file);
    }
    if (ok) {
        job->file = file;
    }
    return ok;
}

/* Whether the second look came to what the first one did, as far as the action hangs on it. */
static bool agrees(const struct job *job, const struct verdict *verdict) {
    bool same = verdict->finding == job->strongest && job_rule(verdict) == job->rule;
    return same && (job->follows || job_wants(verdict, job->wanted) == job->wanted);
}

static void on_verdict(struct pool_sink *sink, struct job *job, struct bytes message, const struct verdict *verdict) {
    (void)sink;
    (void)message;
    if (verdict->inside[0] == '\0' && verdict->has_sha256 && agrees(job, verdict)) {
        job->proven = true;
        memcpy(job->sha256, verdict->sha256, sizeof job->sha256);
    }
}

static void on_done(struct pool_sink *sink, struct job *job, const struct error *failure) {
    struct acting *acting = (struct acting *)sink;
    struct error err = {0};
    tell_progress(acting, job);
    struct taken taken = {.state = TAKEN_FAILED, .id = "", .detail = err.text};
    if (failure != NULL) {
        err = *failure;
        error_within(&err, "the second proof failed");
    } else if (!job->proven) {
        error_set(&err, ERR_CHANGED, "a second look at the file came to another finding");
    } else {
        taken = actor_act(acting->actor, job);
    }
    acting->done++;
    emit_job(acting->run, job, &taken);
}

/* An unsigned program beside a banned one: for whoever looks into it, its hash is told. */
static void tell_beside(struct run *run, struct job *job) {
    struct file_digest digest = {.hash = HASH_SHA256};
    struct fd_source source;
    struct error err = {0};
    struct taken taken = {.state = TAKEN_NOTHING, .id = "", .detail = "unsigned beside a banned file"};
    if (reopen(run, job, &err)) {
        fd_source_init(&source, job->path, (int)job->file.os, job->identity.size);
        taken.beside = digest_claims(&source.source, NULL, 0, NULL, NULL, &digest, 1, &err) ? digest.value : NULL;
    }
    emit_job(run, job, &taken);
}

/* Gives the provers what they can take. False when nothing is left to give. */
static void give(struct acting *acting, struct pool *provers, size_t *next) {
    struct run *run = acting->run;
    while (*next < run->n_waiting && pool_room(provers) > 0) {
        struct job *job = run->waiting[(*next)++];
        struct error err = {0};
        if (job->wanted == ACTION_REPORT && job->beside) {
            tell_beside(run, job);
        } else if (job->wanted == ACTION_REPORT) {
            emit_job(run, job, NULL);
        } else if (!reopen(run, job, &err)) {
            bool gone = err.kind == ERR_CHANGED && err.sys == ENOENT;
            const struct taken taken = {.state = gone ? TAKEN_GONE : TAKEN_FAILED, .id = "", .detail = err.text};
            emit_job(run, job, &taken);
        } else {
            pool_give(provers, job);
        }
    }
}

static void prove_and_act(struct acting *acting, struct pool *provers) {
    struct pollfd fds[POOL_FDS];
    size_t next = 0;
    for (;;) {
        give(acting, provers, &next);
        pool_serve(provers, NULL, 0);
        if (pool_idle(provers)) {
            if (next == acting->run->n_waiting) {
                return;
            }
            continue;
        }
        size_t n = pool_poll(provers, fds);
        if (poll(fds, n, 1000) >= 0) {
            pool_serve(provers, fds, n);
        }
    }
}

/* Folders that an interrupted take left behind are ended by whoever may act. */
static void end_leftovers(struct run *run) {
    struct quarantine *store = NULL;
    struct error err = {0};
    bool may = run->leftovers != NULL && run->options->action == ACTION_QUARANTINE && !run->options->dry_run;
    bool opened = may && quarantine_open(run->options->state, false, &store, &err);
    for (struct job *job = run->leftovers, *next; job != NULL; job = next) {
        next = job->next;
        int folder = -1;
        bool ok = opened && folder_use(&run->folders, job->folder, &folder, &err);
        if (ok) {
            ok = quarantine_finish(store, (struct handle){folder}, job->path + job->name_at, &err);
            folder_release(&run->folders, job->folder);
        }
        if (may && !ok) {
            run->summary->errors++;
            run->summary->actions_failed++;
            run->events->error(run->events, job_path(job), &err);
        }
        job_free(&run->folders, job);
    }
    run->leftovers = NULL;
    if (opened) {
        quarantine_close(store);
    }
}

void acting_finish(struct run *run) {
    struct acting acting = {.sink = {.verdict = on_verdict, .done = on_done}, .run = run};
    end_leftovers(run);
    struct job **wanting = calloc(run->n_waiting + 1, sizeof(struct job *));
    struct pool *provers =
        pool_new(&run->nursery, WORKER_PROVER, run->options->jobs != 0 ? run->options->jobs : 2, &run->options->examiner, &acting.sink);
    size_t n = 0;
    if (run->options->with_application) {
        application_mark(run->waiting, run->n_waiting);
    }
    for (size_t i = 0; wanting != NULL && i < run->n_waiting; i++) {
        if (run->waiting[i]->wanted != ACTION_REPORT) {
            wanting[n++] = run->waiting[i];
        }
    }
    acting.actor = wanting != NULL ? actor_new(&(struct acts){.options = run->options,
                                                              .folders = &run->folders,
                                                              .events = run->events,
                                                              .jobs = wanting,
                                                              .n = n,
                                                              .forbidden = run->forbidden,
                                                              .n_forbidden = run->n_forbidden})
                                   : NULL;
    acting.all = n;
    if (acting.actor != NULL && provers != NULL) {
        prove_and_act(&acting, provers);
    } else {
        const struct taken taken = {.state = TAKEN_FAILED, .id = "", .detail = "no memory to act"};
        for (size_t i = 0; i < run->n_waiting; i++) {
            emit_job(run, run->waiting[i], run->waiting[i]->wanted != ACTION_REPORT ? &taken : NULL);
        }
    }
    run->n_waiting = 0;
    pool_free(provers);
    actor_free(acting.actor);
    free(wanting);
}
