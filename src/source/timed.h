/* SPDX-License-Identifier: Apache-2.0 */
/* A file's bytes for as long as it has time: who hashes terabytes of holes is told so before its reader is ended for it. */
#ifndef CERTBAN_SOURCE_TIMED_H
#define CERTBAN_SOURCE_TIMED_H

#include "source/container.h"

struct timed_source {
    struct source source;
    struct source *under;
    struct budget *budget;
};

/* timed_source_init: reads of under, of which large ones are ERR_LIMIT once the budget's clocks have run out. Both outlive it. */
void timed_source_init(struct timed_source *timed, struct source *under, struct budget *budget);

#endif
