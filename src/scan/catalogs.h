/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogs of a run: which digests they list, and their bytes. Gathered before the run's readers are forked, so that every reader
 * has them. The index comes from processes that read hostile bytes and is no more than a hint where to look: who finds a file in
 * it reads the catalog itself (cover.h).
 */
#ifndef CERTBAN_SCAN_CATALOGS_H
#define CERTBAN_SCAN_CATALOGS_H

#include "scan/scan.h"

/* So many octets of a digest are kept to find it by. */
enum { CATALOG_KEY = 20 };

struct catalog {
    char *path;
    uint64_t at, size; /* in the store */
    bool by_rule;      /* a rule may name its signer */
};

struct catalog_entry {
    uint8_t key[CATALOG_KEY];
    uint32_t catalog;
};

struct catalogs {
    int store; /* a file without a name: the catalogs end to end */
    uint64_t stored;
    struct catalog *all;
    size_t n, room;
    struct catalog_entry *index; /* by key; one key may stand there several times */
    size_t n_index, room_index;
    bool sha1, sha256; /* which digests are listed at all */
    bool lists_files;  /* some of them need not be of programs */
    bool any_file;     /* a rule names the signer of a catalog that lists files which need not be programs */
};

/*
 * catalogs_gather reads every catalog below options->catalogs, and those of the Windows installations that the paths of a walk lie in
 * or are. Kept are those whose signer a rule may name; all of them, when the examiner verifies or describes. What could not be read is
 * an error of the run. *out is NULL when nothing was kept.
 */
CERTBAN_MUST_USE bool catalogs_gather(const struct scan_options *options, struct scan_events *events, struct scan_summary *summary,
                                      struct catalogs **out, struct error *err);

void catalogs_free(struct catalogs *catalogs);

/* catalogs_find is the run of entries with the digest's key: *n of them. */
const struct catalog_entry *catalogs_find(const struct catalogs *catalogs, struct bytes digest, size_t *n);

#endif
