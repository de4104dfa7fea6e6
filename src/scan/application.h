/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs together: the files of a bundle, or of the folder that a banned program stands in. Each is taken by a transaction of its
 * own; a group ties them, by which they can be restored together. */
#ifndef CERTBAN_SCAN_APPLICATION_H
#define CERTBAN_SCAN_APPLICATION_H

#include "scan/job.h"

/* application_group appends the name of the group that a job's file belongs to: of the outermost bundle that it lies in, or, with folders,
 * of its folder. Nothing where there is none. The same place has the same group in every run. */
void application_group(const struct job *job, bool folders, struct text *out);

/* application_mark looks for what belongs to files that are to be moved (--with-application): what a rule names follows them
 * (job->follows, and it is to be moved, too), unsigned programs are told of (job->beside). */
void application_mark(struct job *const *jobs, size_t n);

#endif
