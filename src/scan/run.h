/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of scan_run, shared by scan.c (the loop) and emit.c (what the caller is told). */
#ifndef CERTBAN_SCAN_RUN_H
#define CERTBAN_SCAN_RUN_H

#include "scan/act.h"
#include "scan/links.h"
#include "scan/pool.h"
#include "scan/walk.h"

enum { FORBIDDEN_MAX = 256 };

struct run {
    struct pool_sink sink; /* of the readers; it comes first */
    const struct scan_options *options;
    struct scan_events *events;
    struct scan_summary *summary;
    struct folders folders;
    struct links links;
    struct nursery nursery;
    struct walk *walk;
    struct pool *readers;
    unsigned n_readers;
    struct arena arena;                 /* for verdicts that are told */
    struct job *order, **last_of_order; /* named files, in the order in which they are told */
    struct job **waiting;               /* for the end of the walk: something is to be done, or more names may come */
    size_t n_waiting, room_waiting;
    struct job *leftovers;
    uint32_t forbidden[FORBIDDEN_MAX]; /* rules that hit what nobody may ban */
    size_t n_forbidden;
    uint64_t seen;    /* files that came as jobs */
    uint64_t members; /* that verdicts came for, those of files in hand as well */
};

/* emit_hold keeps a verdict until the file is told; what nobody will see is dropped. */
void emit_hold(struct run *run, struct job *job, struct bytes message, const struct verdict *verdict);

/* emit_job tells the caller all about a job: members, then the file, or its error; and frees it. taken is what was done. */
void emit_job(struct run *run, struct job *job, const struct taken *taken);

/* emit_bundles tells of the bundles, behind their files. */
void emit_bundles(struct run *run);

/* emit_error tells of a job that is an error of the walk, and frees it. */
void emit_error(struct run *run, struct job *job);

/* acting_finish proves and acts on what waits, and tells it. */
void acting_finish(struct run *run);

#endif
