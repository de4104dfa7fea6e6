/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool of workers and the jobs that they have in hand. Readers keep several jobs each, so that no one waits for a round trip;
 * a prover gets one and is gone. The pool belongs to one thread, which asks poll(2) on its behalf.
 */
#ifndef CERTBAN_SCAN_POOL_H
#define CERTBAN_SCAN_POOL_H

#include <poll.h>

#include "scan/job.h"
#include "scan/nursery.h"

struct pool;

/* What comes back. verdict: a member's, or the file's own (inside == ""), decoded; message is what it was decoded from; both are
 * valid during the call. done: nothing more will come for the job; failure says why there is no verdict, NULL when there is one. */
struct pool_sink {
    void (*verdict)(struct pool_sink *sink, struct job *job, struct bytes message, const struct verdict *verdict);
    void (*done)(struct pool_sink *sink, struct job *job, const struct error *failure);
    /* records: of a cataloger, some at a time, before the verdict; whole ones, their content not checked. NULL: none are wanted. */
    void (*records)(struct pool_sink *sink, struct job *job, struct bytes records);
};

/* pool_new is a pool of up to n workers of one kind; they are forked when there is work. The examiner is the workers': its list
 * bounds the rule numbers of verdicts, its limits the time for one file. NULL without memory. */
struct pool *pool_new(struct nursery *nursery, enum worker_kind kind, unsigned n, const struct examiner *examiner, struct pool_sink *sink);

/* pool_free ends every worker. Jobs still in hand are forgotten, not freed. */
void pool_free(struct pool *pool);

/* pool_deaths is how many of its workers died. */
unsigned pool_deaths(const struct pool *pool);

/* pool_room is how many more jobs the pool wants now. pool_give hands one over; it stays the caller's memory until done. */
size_t pool_room(const struct pool *pool);
void pool_give(struct pool *pool, struct job *job);

/* pool_poll writes what to wait for to fds (at most POOL_FDS) and how many; pool_serve deals with what poll(2) said and with
 * what took too long, and hands out work. */
enum { POOL_FDS = 64 };
size_t pool_poll(const struct pool *pool, struct pollfd *fds);
void pool_serve(struct pool *pool, const struct pollfd *fds, size_t n);

/* pool_idle says whether no job is in hand. pool_broken says whether so many workers died that the pool gave up: every further
 * job is done at once, with that failure. */
bool pool_idle(const struct pool *pool);
bool pool_broken(const struct pool *pool);

#endif
