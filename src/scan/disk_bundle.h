/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle of macOS that is a folder of the walk. Its files are examined one by one as any others, and acted on one by one; beside
 * that the bundle is told of as one thing, when all of them are. Where every signature is asked for, a reader checks its seal: it gets
 * the list of the files, and asks for those that it wants to read.
 */
#ifndef CERTBAN_SCAN_DISK_BUNDLE_H
#define CERTBAN_SCAN_DISK_BUNDLE_H

#include "base/text.h"
#include "model/limits.h"
#include "model/verdict.h"
#include "scan/folder.h"

/* One line of the list, little-endian: u8 kind, u64 size, u32 octets of the path, the path, u32 octets of where a link leads, that. */
enum { LISTED_FILE = 'f', LISTED_LINK = 'l' };

struct disk_bundle {
    struct disk_bundle *next;
    struct text path; /* as walked */
    size_t name_at;   /* where its last name begins in it */
    int root;         /* descriptor of the folder, while a reader may ask for files; -1 */
    struct text list; /* for the reader */
    uint32_t *lines;  /* where the path of each line stands in the list */
    size_t n, room;
    uint64_t size; /* of the files together */
    const struct limits *limits;
    /* What came of it: */
    struct text message;    /* of the reader's verdict; empty when there is none */
    struct error failure;   /* why */
    enum finding strongest; /* of its files */
    uint64_t members, members_signed;
};

/* disk_bundle_find looks whether a folder that was just opened is a bundle with a seal; if so, folder->bundle is set, and with list the
 * files are listed, within the limits, which outlive it. */
void disk_bundle_find(struct folders *folders, struct folder *folder, int fd, const struct limits *limits, bool list);

/* disk_bundle_is says whether the folder at that path of the user's, which fd is, is such a bundle. */
bool disk_bundle_is(const char *path, int fd);

/* disk_bundle_open opens the file of that line for reading; nothing but a regular file below the bundle's folder. */
CERTBAN_MUST_USE bool disk_bundle_open(const struct disk_bundle *bundle, uint32_t line, struct handle *file, struct fs_identity *identity,
                                       struct error *err);

/* disk_bundle_listing is a new file without a name that holds the list. */
CERTBAN_MUST_USE bool disk_bundle_listing(const struct disk_bundle *bundle, struct handle *file, struct fs_identity *identity,
                                          struct error *err);

/* disk_bundle_done gives back what only its reader needed. */
void disk_bundle_done(struct disk_bundle *bundle);

void disk_bundles_free(struct folders *folders);

#endif
