/* SPDX-License-Identifier: Apache-2.0 */
/* A second opinion: what osslsigncode, where it is installed, says about the same files, and where it differs. */
#ifndef CERTBAN_CLI_SECOND_H
#define CERTBAN_CLI_SECOND_H

#include "scan/scan.h"

struct report;

/* One point on which the two were compared. */
struct opinion_point {
    const char *part;          /* of ours; "" when we have no such signature */
    const char *what;          /* "signer", "digest", "digest state", "time stamp", "signatures" */
    const char *ours, *theirs; /* "" when one of them has none */
    bool same;
};

struct opinion {
    const char *tool;
    const char *problem; /* why there is no opinion; "" when there is one */
    const struct opinion_point *points;
    size_t n;
};

/* What certban said about each file, kept until the run is over. second_free takes NULL. */
struct second;
struct second *second_new(void);
void second_free(struct second *second);

/* second_note keeps what matters of a file's own verdict (members are left out: the other program reads files only). */
void second_note(struct second *second, const struct scan_file *file);

/* second_report asks about each file and hands the outcome to the report's writer. */
void second_report(struct second *second, struct report *report);

#endif
