/* SPDX-License-Identifier: Apache-2.0 */
/* The line on standard error that says how far a run is. */
#ifndef CERTBAN_CLI_PROGRESS_H
#define CERTBAN_CLI_PROGRESS_H

#include "cli/options.h"
#include "scan/scan.h"

struct progress {
    bool wanted;
    bool terminal; /* the line is rewritten in place; else each one stands below the other */
    bool shown;
    int64_t start_ns;
};

/* progress_make decides by --progress, --quiet and whether standard error is a terminal. */
struct progress progress_make(const struct options *options);

/* progress_show draws the line; progress_clear takes it away before anything else is printed, and at the end. */
void progress_show(struct progress *progress, const struct scan_progress *now);
void progress_clear(struct progress *progress);

#endif
