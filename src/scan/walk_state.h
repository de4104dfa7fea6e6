/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a walk, shared by walk.c (threads and queues) and walker.c (folders and files). */
#ifndef CERTBAN_SCAN_WALK_STATE_H
#define CERTBAN_SCAN_WALK_STATE_H

#include <dirent.h>

#include "format/format.h"
#include "scan/walk.h"

enum { LISTING_SIZE = 32 << 10 };

/* One thread and its buffers: nothing is allocated for a file that ends here. */
struct walker {
    struct walk *walk;
    pthread_t thread;
    struct text path;      /* of the folder in hand, then of the file */
    size_t folder_n;       /* how much of it is the folder's */
    bool no_atime_refused; /* in this folder: its files belong to somebody else */
    uint64_t files, bytes_read;
    uint8_t head[PROBE_HEAD], tail[PROBE_TAIL], middle[PROBE_MIDDLE], whole[PROBE_WHOLE];
    _Alignas(struct dirent64) char listing[LISTING_SIZE];
};

struct walk {
    const struct scan_options *options;
    struct folders *folders;
    struct links *links;
    struct walker *walkers;
    unsigned n_walkers;
    int event;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t work, room;
    unsigned n_busy, n_running;
    bool stopping, complete;
    struct folder *stack;
    size_t n_stack, next_path;
    struct job *jobs, **last_job;
    size_t n_jobs;
    struct inodes visited; /* folders */
    struct folder *current;
    uint64_t files, bytes_read;
};

/* walk_give hands a job to the main thread, waiting for room. walk_push puts a folder on the stack. */
void walk_give(struct walk *walk, struct job *job);
void walk_push(struct walk *walk, struct folder *folder);

/* walker_path takes up a path of the user's; walker_folder lists a folder (and takes over its reference). */
void walker_path(struct walker *walker, const char *path);
void walker_folder(struct walker *walker, struct folder *folder);

/* walker_bundle looks whether a folder that was just opened is a bundle: it is then told of beside its files, and where every signature is
 * asked for, a reader looks at its seal. */
void walker_bundle(struct walker *walker, struct folder *folder, int fd);

/* walker_count adds the walker's own counts to the walk's. */
void walker_count(struct walker *walker);
void walker_free(struct walker *walker);

#endif
