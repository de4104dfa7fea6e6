/* SPDX-License-Identifier: Apache-2.0 */
/* The process in which a helper runs, and the messages between it and a reader: one socket, one source, then it ends. */
#ifndef CERTBAN_SCAN_KEEPER_H
#define CERTBAN_SCAN_KEEPER_H

#include "scan/helper.h"

enum {
    KEEPER_PIECE = 64 << 10, /* octets of the source in one message */
    KEEPER_NAME_MAX = 4096,  /* octets of a path that are told: a longer one is cut, what it leads to is looked at all the same */
};

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
    uint32_t limit; /* that the error is about, as in struct error */
};

/* keeper_main serves one source and ends. The limits are those of the run: what the reader asks for can't pass them. */
void keeper_main(int socket, const struct helper_programs *programs, const struct limits *limits) __attribute__((noreturn));

#endif
