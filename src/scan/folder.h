/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of the walk: reached from its parent's descriptor by one name, never again by a path. Its descriptor stays open
 * while somebody works in it or its subfolders wait, as long as there are enough descriptors; else it is closed, and opened
 * again when needed, component by component, each checked to be the folder that was seen.
 */
#ifndef CERTBAN_SCAN_FOLDER_H
#define CERTBAN_SCAN_FOLDER_H

#include <pthread.h>

#include "base/fs.h"
#include "base/text.h"

struct disk_bundle;

struct folder {
    struct folder *parent; /* NULL for a root */
    struct folder *next;   /* of the walk's stack */
    unsigned refs;         /* who points here; atomic */
    unsigned users;        /* who needs the descriptor now */
    unsigned pending;      /* subfolders that will need it */
    unsigned depth;
    int fd; /* -1 when closed */
    bool listed_before;
    bool special;            /* on a file system that a walk does not enter by itself (scan/filesystem.h) */
    int64_t resume;          /* where the listing goes on */
    uint64_t volume, number; /* once it was opened */
    int64_t birth_ns;
    struct disk_bundle *bundle; /* that it is, or lies in; NULL: none. The walk's (struct folders) */
    char *real;                 /* of a root: its path without links, absolute */
    size_t path_n;              /* length of its whole path */
    size_t name_n;
    char name[]; /* of a root: the path as given */
};

/* What the folders of a walk share. */
struct folders {
    pthread_mutex_t lock;
    size_t open, budget;
    struct disk_bundle *bundles; /* the newest first */
};

/* folder_new is a folder not opened yet, with one reference; NULL without memory. A parent gets a reference more. */
struct folder *folder_new(struct folder *parent, const char *name, size_t name_n);
struct folder *folder_ref(struct folder *folder);
void folder_unref(struct folders *folders, struct folder *folder);

/* folder_opened gives a folder its first descriptor, with one user. */
void folder_opened(struct folders *folders, struct folder *folder, int fd, const struct fs_identity *identity);

/* folder_use is the folder's descriptor, valid until folder_release. */
CERTBAN_MUST_USE bool folder_use(struct folders *folders, struct folder *folder, int *fd, struct error *err);
void folder_release(struct folders *folders, struct folder *folder);

/* folder_expect says that so many more subfolders will need the descriptor; folder_entered that one of them needs it no more, and (used)
 * that what folder_use gave for it is released. */
void folder_expect(struct folders *folders, struct folder *folder, unsigned more);
void folder_entered(struct folders *folders, struct folder *parent, bool used);

/* folder_path appends the path as walked; folder_real the one without links (relative roots made absolute). */
void folder_path(const struct folder *folder, struct text *out);
void folder_real(const struct folder *folder, struct text *out);

/* path_join appends a name behind a folder's path that stands in out. */
void path_join(struct text *out, struct bytes name);

#endif
