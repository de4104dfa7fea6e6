/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to a verdict: formats, identities, the blocklist, and on a match the proof. Runs inside a reader process. */
#ifndef CERTBAN_SCAN_EXAMINE_H
#define CERTBAN_SCAN_EXAMINE_H

#include "base/source.h"
#include "crypto/trust.h"
#include "format/format.h"
#include "list/blocklist.h"
#include "model/limits.h"
#include "model/verdict.h"
#include "scan/slice.h"

struct catalogs;
struct memo;
struct helper;
struct helper_programs;

struct examiner {
    const struct blocklist *list;
    bool verify;                           /* prove every signature, not only matches */
    bool describe;                         /* fill signatures for the report even where nothing matched */
    bool certificates;                     /* hand out the certificates themselves, too */
    bool addresses;                        /* gather where revocation lists of its certificates are */
    bool thorough;                         /* carve where no format asks for it */
    bool search;                           /* do so for the file itself, not for its members */
    bool members;                          /* look inside containers */
    const struct format *only;             /* candidates of a walk are files of this format alone; NULL: of every one */
    struct catalogs *catalogs;             /* whose members are signed by them; NULL: none */
    struct helper *helper;                 /* for containers that need one; NULL: they are unreadable */
    const struct helper_programs *helpers; /* what it may run; NULL: nothing */
    uint64_t *run_left;                    /* bytes that the run may still unpack; NULL: nobody counts */
    struct limits limits;                  /* of looking inside. Past its time a file's reader is ended */
    const char *folder;                    /* what relative paths are relative to, for rules about paths; NULL: as they stand */
    const char *const *anchor_files;       /* --anchors: PEM files, read before the sandbox closes */
    size_t n_anchor_files;
    struct anchors *anchors;          /* made at first need by examiner_anchors; the compiled-in ones and the PEM texts */
    bool anchors_asked, anchor_named; /* whether it is known if a rule names one, and whether one does (match_names_anchor) */
    struct bytes *anchor_pems;
    size_t n_anchor_pems;
    struct beside *beside; /* of the file in hand; NULL: what is beside it can't be had */
    uint64_t extent;       /* how much of the file in hand there is to read (fs_extent); 0: all of its size */
    struct slice slice;    /* which of a file's members are looked at */
    struct memo *memo;     /* certificates looked up in vain, of this process; NULL: none are remembered */
};

/* examiner_anchors is the anchors, read at the first need. */
const struct anchors *examiner_anchors(struct examiner *examiner);

/* Gets every verdict of one file: each member's as it is made, the file's own last (inside == ""). Valid during the call. */
struct verdict_sink {
    void (*verdict)(struct verdict_sink *sink, const struct verdict *verdict);
};

/* examine judges one source. path is the outermost file's path, absolute where there is one (for rules with a path glob). Never
 * fails: what can't be examined is a verdict of FINDING_UNREADABLE. The arena is reset by the caller afterwards. */
void examine(struct examiner *examiner, struct source *source, const char *path, struct arena *arena, struct verdict_sink *sink);

#endif
