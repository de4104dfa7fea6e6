/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the programs of source/helper.h are run. A reader can start nothing and open nothing, so that before its sandbox closes it gets a
 * companion, which waits. For each source to take apart the companion forks a keeper (keeper.h): a process in a world of its own, with
 * a file system in memory that is nobody else's and goes with it, however it ends. There the program runs, without network, rights and
 * paths; what it leaves comes to the reader as open files.
 */
#ifndef CERTBAN_SCAN_HELPER_H
#define CERTBAN_SCAN_HELPER_H

#include "model/limits.h"
#include "source/helper.h"

enum helper_program { PROGRAM_7Z, PROGRAM_INNOEXTRACT, PROGRAMS };

/* Paths of the programs; "" for one that is not there. */
struct helper_programs {
    char path[PROGRAMS][256];
};

/* helper_find looks for them in a folder; NULL: in the system's own (/usr/local/bin, /usr/bin, /bin). */
void helper_find(struct helper_programs *out, const char *folder);

/* helper_program is the program for a format. */
enum helper_program helper_program(enum helper_format format);

struct helper_client {
    struct helper helper; /* first: it is what containers are given */
    const struct helper_programs *programs;
    int socket; /* to the companion */
};

/* helper_start gives the calling process a companion, which ends with it. False when there is none to be had, and nothing to run. Call
 * it before sandbox_enter. The programs and the limits (LIMIT_HELPER_…) outlive it. */
CERTBAN_MUST_USE bool helper_start(struct helper_client *client, const struct helper_programs *programs, const struct limits *limits);

#endif
