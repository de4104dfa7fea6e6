/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walkers: threads that list folders, open each regular file once and ask, by its first bytes, whether a reader must see it.
 * Most files end here. What is left, and what went wrong, comes out as jobs. Links are not followed, special files not opened.
 */
#ifndef CERTBAN_SCAN_WALK_H
#define CERTBAN_SCAN_WALK_H

#include "scan/job.h"
#include "scan/links.h"
#include "scan/scan.h"

struct walk;

struct walk_counts {
    uint64_t files;      /* regular files, each once whatever its names */
    uint64_t bytes_read; /* of their heads and tails */
    bool complete;       /* every folder was listed to its end */
};

/* walk_start starts the threads. options must outlive the walk. In a walk of named files alone (options->walk false) the jobs
 * come in the order of the paths. */
CERTBAN_MUST_USE bool walk_start(const struct scan_options *options, struct folders *folders, struct links *links, struct walk **out,
                                 struct error *err);

/* walk_event is a descriptor that becomes readable when there are jobs again, or when the walk ends. */
int walk_event(const struct walk *walk);

/* walk_take takes up to max jobs out, oldest first; NULL when there are none now. *ended: none will come any more. */
struct job *walk_take(struct walk *walk, size_t max, bool *ended);

/* walk_where appends the folder that the walk is in, and says how many files were seen. */
uint64_t walk_where(struct walk *walk, struct text *out);

/* walk_stop ends the walk, finished or not, and gives everything back. */
void walk_stop(struct walk *walk, struct walk_counts *counts);

#endif
