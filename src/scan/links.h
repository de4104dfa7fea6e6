/* SPDX-License-Identifier: Apache-2.0 */
/* Files with several hard links: each inode is examined once, and reported with all the names that the walk met. */
#ifndef CERTBAN_SCAN_LINKS_H
#define CERTBAN_SCAN_LINKS_H

#include <pthread.h>

#include "scan/inodes.h"
#include "scan/job.h"

/* One further name of a file. */
struct other_name {
    struct other_name *next;
    struct folder *folder;
    size_t path_n, name_at;
    char path[];
};

struct names {
    struct other_name *first;
    size_t n;    /* in the list */
    size_t more; /* met, but too many to keep */
};

struct links {
    pthread_mutex_t lock;
    struct inodes inodes;
};

enum links_met { LINKS_FIRST, LINKS_AGAIN, LINKS_FAILED };

/* links_meet says whether a file is met for the first time; then *names is where its further names go (for links_of). */
enum links_met links_meet(struct links *links, const struct fs_identity *file, struct names **names);

/* links_add keeps a further name of a file, unless nobody is interested in it any more; past most of them it is only counted. */
void links_add(struct links *links, const struct fs_identity *file, struct folder *folder, struct bytes path, uint64_t most);

/* links_forget says that nobody is interested in the names of a file. */
void links_forget(struct links *links, struct folders *folders, const struct fs_identity *file);

void links_free(struct links *links, struct folders *folders);

#endif
