/* SPDX-License-Identifier: Apache-2.0 */
/* The process in which a helper runs, and the messages between it and a reader: one socket, one source, then it ends. */
#ifndef CERTBAN_SCAN_KEEPER_H
#define CERTBAN_SCAN_KEEPER_H

#include "scan/helper.h"

enum {
    KEEPER_PIECE = 64 << 10,     /* octets of the source in one message */
    KEEPER_NAME_MAX = 4096,      /* octets of a path that are told */
    KEEPER_ENTRIES_MAX = 200000, /* files, folders, links that a program may make */
};

/* The most that a source and what it unpacks to may take in memory, apart from what the caller allows. */
#define KEEPER_ROOM (UINT64_C(2) << 30)

/* From the reader, whose parser may be somebody else's by now: the keeper believes none of it. Then size octets in pieces. */
struct keeper_ask {
    uint32_t format;  /* enum helper_format */
    uint32_t seconds; /* that it may take */
    uint64_t size;    /* of the source */
    uint64_t room;    /* bytes that it may unpack to */
};

/* From the keeper: READY before it takes the source, then a FILE for each with its descriptor and path, then END. Or REFUSED. */
enum keeper_kind { KEEPER_READY, KEEPER_REFUSED, KEEPER_FILE, KEEPER_END };
struct keeper_answer {
    uint32_t kind;
    uint32_t error; /* END: enum error_kind, ERR_NONE when all of it was unpacked; text is behind */
};

/* keeper_main serves one source and ends. */
void keeper_main(int socket, const struct helper_programs *programs) __attribute__((noreturn));

#endif
