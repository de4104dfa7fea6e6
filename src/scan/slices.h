/* SPDX-License-Identifier: Apache-2.0 */
/* The main process's side of slices (slice.h): a job is handed out several times, and what comes back is put together. */
#ifndef CERTBAN_SCAN_SLICES_H
#define CERTBAN_SCAN_SLICES_H

#include "scan/pool.h"

struct slices;

/* slices_give hands a job to the pool as slices, when it is an archive that is large enough; false: it is not, or there is one reader, or
 * what is asked for is more than whether something is found. Then the job is still the caller's to give. */
bool slices_give(struct pool *pool, struct job *job, unsigned readers, const struct examiner *examiner);

/* slices_verdict and slices_done take what the pool says of a slice (job->slices != NULL). After the last slice slices_done returns the
 * whole job, else NULL. With it comes a verdict, encoded in *message (the caller's to free); or it is empty: the job is to be given to the
 * pool, whole. */
void slices_verdict(struct job *slice, struct bytes message, const struct verdict *verdict);
struct job *slices_done(struct job *slice, const struct error *failure, const struct examiner *examiner, struct text *message);

#endif
