/* SPDX-License-Identifier: Apache-2.0 */
/* statx, and what does for it where a container's list of system calls, older than it, refuses it. */
#ifndef CERTBAN_BASE_LOOK_H
#define CERTBAN_BASE_LOOK_H

#include <sys/stat.h>

/* look_at is statx: 0, or -1 with errno. Where that is refused, fstatat fills in what it knows: no time of birth, no attributes of the
 * file, and stx_mask says so. */
int look_at(int folder, const char *name, int flags, unsigned mask, struct statx *out);

#endif
