/* SPDX-License-Identifier: Apache-2.0 */
/* The actor: what is done about files, once all of them are known and each was proven a second time. The brake is asked before it. */
#ifndef CERTBAN_SCAN_ACT_H
#define CERTBAN_SCAN_ACT_H

#include "scan/job.h"
#include "scan/scan.h"

struct actor;

/* What an actor is to know: the jobs that want an action (job->wanted), and the rules that hit what nobody may ban. */
struct acts {
    const struct scan_options *options;
    struct folders *folders;
    struct scan_events *events;
    struct job *const *jobs;
    size_t n;
    const uint32_t *forbidden;
    size_t n_forbidden;
};

/* actor_new is an actor for those jobs: it asks the package manager about them, who uses them, and counts them for the brake. NULL
 * without memory. */
struct actor *actor_new(const struct acts *acts);
void actor_free(struct actor *actor);

/* What was done. Strings are the actor's, valid until its next act. */
struct taken {
    enum action_state state;
    const char *id, *detail;
    const uint8_t *beside; /* SHA-256 of an unsigned program beside a banned one; NULL: it is none */
    bool refused;          /* the rule may move nothing in this run: that counts as a failure, although something was done */
};

/* actor_act acts on one job whose second proof came to the same finding and to job->sha256; or only says what it would do. */
struct taken actor_act(struct actor *actor, struct job *job);

#endif
