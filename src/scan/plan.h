/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked about the files that are to be acted on, before anything is done: packages, users, names. */
#ifndef CERTBAN_SCAN_PLAN_H
#define CERTBAN_SCAN_PLAN_H

#include "scan/job.h"
#include "scan/other_names.h"
#include "scan/scan.h"
#include "scan/users.h"

/* What is known of one job before anything is done. */
struct plan {
    struct job *job;
    struct text real; /* its path without links */
    char package[64];
    struct users users;     /* who has it open */
    struct names_ask names; /* --find-links: all its names */
};

/* plans_ask asks about all of them at once: job and real are filled in. False without memory. */
CERTBAN_MUST_USE bool plans_ask(struct plan *plans, size_t n, const struct scan_options *options);

/* plan_is_system says whether the file is the system's: by its place, or since a package owns it. */
bool plan_is_system(const struct plan *plan);
void plan_free(struct plan *plan);

#endif
