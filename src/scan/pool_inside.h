/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a pool, shared by pool.c (the queue, what goes out, the clock) and pool_answers.c (what comes in). */
#ifndef CERTBAN_SCAN_POOL_INSIDE_H
#define CERTBAN_SCAN_POOL_INSIDE_H

#include "scan/pool.h"

/* One worker. Its jobs are answered in the order in which they were sent. */
struct slot {
    struct nursling worker;
    bool alive;
    struct job *jobs[WORKER_BATCH];
    size_t n_jobs;
    struct text partial; /* pieces of a verdict whose end has not come */
    int64_t since;       /* when the first of the jobs became the first */
    bool lost;           /* its last worker ended before its work did */
    int64_t cpu_before;  /* processor time before that job, as far as it was asked; -1: it was not yet */
};

struct pool {
    struct nursery *nursery;
    enum worker_kind kind;
    struct pool_sink *sink;
    const struct examiner *examiner; /* the workers' */
    size_t n_rules;
    struct job *queue, **last;
    size_t n_queue;
    unsigned deaths;
    uint64_t unpacked; /* bytes that the files unpacked to, so far */
    int64_t replaced;  /* when a lost worker was replaced last */
    uint32_t next_id;
    struct arena arena; /* of one verdict at a time */
    uint8_t *buffer;    /* of one message */
    struct text path;   /* of one job */
    struct error broken;
    unsigned n_slots;
    struct slot slots[];
};

/* pool_receive reads what a worker has said, but lets the others have their turn. */
void pool_receive(struct pool *pool, struct slot *slot);

/* pool_finish: the first job of a worker is over. The sink may free it. */
void pool_finish(struct pool *pool, struct slot *slot, const struct error *failure);

/* pool_lost ends a worker that ended, or is to end, before its work does; why is NULL when it ended by itself. The job that was being read
 * is what killed it; the others, which it had not begun, go to another one, each alone, since one of them may have been begun after all. */
void pool_lost(struct pool *pool, struct slot *slot, const struct error *why);

/* pool_give_up lets every job that waits fail: nothing is examined any more. */
void pool_give_up(struct pool *pool, const struct error *why);

/* pool_end_worker ends a worker and says by which signal it ended (nursery_end). */
int pool_end_worker(struct pool *pool, struct slot *slot);

#endif
