/* SPDX-License-Identifier: Apache-2.0 */
/* The process that reads hostile bytes: descriptors come in over a socket, verdicts go out. Readers live for many files, a
 * prover for one; a cataloger says which files its catalogs list. Also the messages that both sides of the socket know. */
#ifndef CERTBAN_SCAN_WORKER_H
#define CERTBAN_SCAN_WORKER_H

#include "base/fs.h"
#include "scan/examine.h"

enum worker_kind { WORKER_READER, WORKER_PROVER, WORKER_CATALOGER, WORKER_KINDS };

enum {
    WORKER_BATCH = 16,            /* files in one message */
    WORKER_ASK_MAX = 64 << 10,    /* octets of one message to a worker */
    WORKER_PATH_MAX = 32 << 10,   /* of a longer path, workers see the end */
    WORKER_PACKET_MAX = 32 << 10, /* octets of one message from a worker; a verdict may take several */
};

/* To a worker: as many of these as descriptors come along, each followed by path_n octets. Trusted by the worker. */
struct worker_ask {
    uint32_t id;
    uint32_t path_n;
    uint64_t unpacked_left;      /* bytes that the run may still unpack */
    uint64_t bundle_size;        /* of its files together */
    uint16_t slice, n_slices;    /* only that part of its members (slice.h); of 0: all */
    bool alone;                  /* no other asks come before its verdict: what is beside it may be asked for */
    bool is_bundle;              /* the descriptor is that of a list of files (disk_bundle.h); path is the bundle's */
    struct fs_identity identity; /* as it was when the walk looked */
};

/* From a worker: this, then a piece of a verdict (wire.h). Never trusted. */
struct worker_answer {
    uint32_t id;
    uint32_t kind;
};
enum {
    ANSWER_PIECE,
    ANSWER_END,
    ANSWER_REFUSED, /* the sandbox can't be entered: the rest is why */
    ANSWER_OPEN,    /* a question: the file of that line of the list (u32, host order), please */
    ANSWER_BESIDE,  /* a question: the file of that name in the same folder, please */
    ANSWER_RECORDS, /* of a cataloger: struct cover_record (cover.h), as many as there are */
};

/* The answer to ANSWER_OPEN and ANSWER_BESIDE, with the descriptor beside it where sys is 0. Trusted by the worker. */
struct worker_opened {
    uint32_t sys; /* an errno */
    uint64_t size;
};

/* worker_main serves the socket until its other side closes it; never returns. The examiner's blocklist and anchors are those
 * of the parent. */
void worker_main(int socket, enum worker_kind kind, const struct examiner *examiner, bool sandbox) __attribute__((noreturn));

/* verdict_blank is the verdict of a file of which nothing is known. */
struct verdict verdict_blank(uint64_t size);

#endif
