/* SPDX-License-Identifier: Apache-2.0 */
/* The process that forks readers and provers. It is forked from the main process before there is any thread and never sees a
 * file, so that each worker starts clean: no thread's locks, no state of a file that another worker parsed. */
#ifndef CERTBAN_SCAN_NURSERY_H
#define CERTBAN_SCAN_NURSERY_H

#include "scan/worker.h"

#include <sys/types.h>

struct nursery {
    int socket;
    pid_t pid;
    bool ready; /* it has said so */
};

/* A forked worker: its process and our side of its socket (non-blocking, messages keep their borders). */
struct nursling {
    pid_t pid;
    int socket;
};

/* nursery_start forks the nursery, which sets itself up while the caller goes on. Call it while the process has one thread. */
CERTBAN_MUST_USE bool nursery_start(struct nursery *nursery, const struct examiner *examiner, bool sandbox, struct error *err);

/* nursery_ready waits until the nursery has all that workers need before their sandbox closes. False: it can't have it. */
CERTBAN_MUST_USE bool nursery_ready(struct nursery *nursery, struct error *err);

/* nursery_fork makes a worker, once the nursery is ready. */
CERTBAN_MUST_USE bool nursery_fork(struct nursery *nursery, enum worker_kind kind, struct nursling *out, struct error *err);

/* nursery_end ends a worker if it still lives, and says how it ended: 0, or the number of the signal that ended it. Until then
 * its process number is not given to anybody else. */
int nursery_end(struct nursery *nursery, pid_t worker);

/* nursery_stop ends the nursery and with it every worker. */
void nursery_stop(struct nursery *nursery);

#endif
