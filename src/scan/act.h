/* SPDX-License-Identifier: Apache-2.0 */
/* The actor: what is done about files, once all of them are known and each was proven a second time; and the brake before it. */
#ifndef CERTBAN_SCAN_ACT_H
#define CERTBAN_SCAN_ACT_H

#include "scan/job.h"
#include "scan/scan.h"

/* More files than this by one rule, and none is moved: a rule that hits so much is more often wrong than right. One that an update
 * brought less than a day ago has had no time to prove itself. A file of the system counts ten-fold, one that the user named not at all. */
enum { BRAKE_FILES = 50, BRAKE_FRESH = 10, BRAKE_SYSTEM = 10 };

struct actor;

/* actor_new is an actor for the jobs that want an action (job->wanted): it asks the package manager about them and counts them
 * for the brake. NULL without memory. */
struct actor *actor_new(const struct scan_options *options, struct folders *folders, struct job *const *jobs, size_t n);
void actor_free(struct actor *actor);

/* What was done. Strings are the actor's, valid until its next act. */
struct taken {
    enum action_state state;
    const char *id, *detail;
};

/* actor_act acts on one job whose second proof came to the same finding and to job->sha256; or only says what it would do. */
struct taken actor_act(struct actor *actor, struct job *job);

#endif
