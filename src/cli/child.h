/* SPDX-License-Identifier: Apache-2.0 */
/* Running another program on a file that nobody trusts: no shell, no network, limits, a home of its own, a deadline. */
#ifndef CERTBAN_CLI_CHILD_H
#define CERTBAN_CLI_CHILD_H

#include "base/error.h"
#include "base/text.h"

enum { CHILD_OUTPUT_MAX = 1 << 20, CHILD_SECONDS = 60 };

/* child_run runs argv[0], found in the system's own folders, and collects what it writes to standard output and error, at most
 * CHILD_OUTPUT_MAX bytes. *status is its exit status. ERR_UNSUPPORTED when there is no such program, ERR_LIMIT when it took longer than
 * CHILD_SECONDS, ERR_CRASHED when a signal ended it. */
CERTBAN_MUST_USE bool child_run(const char *const *argv, struct text *out, int *status, struct error *err);

#endif
