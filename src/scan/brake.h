/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The brake: a rule that hits very many files is more often wrong than right, and then none of them is moved. It is counted over the
 * whole run before anything is done. The user can answer it (--confirm-mass RULE=N), not turn it off.
 */
#ifndef CERTBAN_SCAN_BRAKE_H
#define CERTBAN_SCAN_BRAKE_H

#include "scan/scan.h"

/* More files than this by one rule, and none is moved. A rule that an update brought less than a day ago has had no time to prove
 * itself. A file of the system counts ten-fold, one that the user named not at all. */
enum { BRAKE_FILES = 50, BRAKE_FRESH = 10, BRAKE_SYSTEM = 10 };

struct brake;

/* brake_new is a brake for at most n files and rules that are forbidden; NULL without memory. */
struct brake *brake_new(const struct scan_options *options, size_t n);
void brake_free(struct brake *brake);

/* brake_count counts a file that a rule wants moved. weight: BRAKE_SYSTEM, 1, or 0. The path stays the caller's. */
void brake_count(struct brake *brake, uint32_t rule, unsigned weight, const char *path);

/* brake_forbid says that a rule hit a certificate that nobody may ban: whatever else it hits, it moves nothing in this run, and that is
 * told though it hits nothing else. */
void brake_forbid(struct brake *brake, uint32_t rule);

/* brake_settle ends the counting and tells of every rule that is held. */
void brake_settle(struct brake *brake, struct scan_events *events);

/* brake_holds says whether one more file by that rule is to stay, and why; else it has been let through. One that the user named is not
 * held by numbers. *forbidden: by brake_forbid. */
bool brake_holds(struct brake *brake, uint32_t rule, bool named, bool *forbidden, struct text *why);

#endif
