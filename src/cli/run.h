/* SPDX-License-Identifier: Apache-2.0 */
/* What scan, check and show share: options to a run, its events to a report, its summary to an exit status. */
#ifndef CERTBAN_CLI_RUN_H
#define CERTBAN_CLI_RUN_H

#include "cli/command.h"
#include "cli/report.h"
#include "scan/helper.h"

/* The options that all three take. */
#define RUN_TAKES                                                                                                                          \
    (TAKE(POLICY) | TAKE(NO_BUILTIN) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(THOROUGH) | TAKE(NO_MEMBERS) | TAKE(HELPERS) |      \
     TAKE_LIMITS | TAKE(ANCHORS) | TAKE(CRL) | TAKE(CATALOGS) | TAKE(FILES_FROM) | TAKE(NULL_SEPARATED) | TAKE(JOBS) | TAKE(NO_SANDBOX) |  \
     TAKE(STATE) | TAKE(STRICT) | TAKE(EXIT_ZERO) | TAKE(QUIET) | TAKE(COLOR) | TAKE(PROGRESS))
#define RUN_ACTS                                                                                                                           \
    (TAKE(ACTION) | TAKE(DRY_RUN) | TAKE(PACKAGES) | TAKE(CONFIRM_MASS) | TAKE(CLEAR_IMMUTABLE) | TAKE(MAX_STORE) | TAKE(MAX_ITEMS) |      \
     TAKE(MIN_FREE) | TAKE(FIND_LINKS) | TAKE(KILL) | TAKE(WITH_APPLICATION) | TAKE(LOSSY) | TAKE(NO_PLAIN_COPY))

struct run {
    bool walk;                          /* folders are walked; else they are errors */
    bool describe;                      /* signatures are described even where nothing matched */
    bool verify;                        /* and proven */
    bool search;                        /* what no structure points to is searched for in each file named */
    unsigned scope;                     /* REPORT_…, without --all */
    const struct report_writer *people; /* in place of the text report; NULL: the text report */
};

/* run_helpers finds the programs that --helpers says. They are in out, or there are none (NULL). */
const struct helper_programs *run_helpers(struct helper_programs *out, const struct options *options);

/* run_command does a whole run and returns the exit status. */
int run_command(const struct run *run, const struct command *command, const struct options *options);

#endif
