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
    struct folder *folder; /* in hand */
    struct text path;      /* of the folder, then of the file */
    size_t folder_n;       /* how much of it is the folder's; 0 until it is asked for */
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
    bool watched;         /* somebody asks where the walk is; atomic */
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t work, room;
    unsigned n_busy, n_idle, n_running;
    bool stopping, complete;
    struct folder *stack;
    size_t n_stack, next_path;
    struct job *jobs, **last_job;
    size_t n_jobs;
    struct inodes visited; /* folders */
    struct folder *current;
    uint64_t files, bytes_read;
};

/* walk_give hands a job to the main thread, waiting for room. */
void walk_give(struct walk *walk, struct job *job);

/* walker_listed puts the subfolders that a part of a listing held on the stack (a chain by next), adds the walker's counts to the walk's,
 * and says what becomes of the rest of the listing: where it waits, the folder is on the stack, too. */
enum listing { LISTING_GOES_ON, LISTING_WAITS, LISTING_STOPS };
enum listing walker_listed(struct walker *walker, struct folder *folder, struct folder *found);

/* walker_path takes up a path of the user's; walker_folder lists a folder (and takes over its reference). */
void walker_path(struct walker *walker, const char *path);
void walker_folder(struct walker *walker, struct folder *folder);

/* walker_bundle looks whether a folder that was just opened is a bundle: it is then told of beside its files, and where every signature is
 * asked for, a reader looks at its seal. */
void walker_bundle(struct walker *walker, struct folder *folder, int fd);

/* walker_file looks at a file of a listing; in is the folder's descriptor. walker_link looks at a link, which leads nowhere where it only
 * stands for a file that its file system can't show: that is told of. walker_give takes over an open regular file that a reader must
 * see, and of which probe was read; path is that of the name. One that the user named has neither folder nor probe. */
void walker_file(struct walker *walker, struct folder *folder, int in, const char *name);
void walker_link(struct walker *walker, struct folder *folder, int in, const char *name);
void walker_give(struct walker *walker, struct folder *folder, struct bytes path, int fd, const struct fs_identity *identity,
                 const struct probe *probe);

/* walker_path_of is the path of an entry of the folder in hand; valid until the next one. */
struct bytes walker_path_of(struct walker *walker, const char *name);

/* walker_size_fits is false (err) for files that are not empty and say so, as those of /proc, which are made when they are read. */
CERTBAN_MUST_USE bool walker_size_fits(int fd, const struct fs_identity *identity, struct error *err);

/* walker_vanished says of an errno that what was listed disappeared or became something special before it was opened: no file of this walk
 * any more. */
bool walker_vanished(int sys);

/* walker_error tells of what could not be looked at; walker_incomplete notes that something is left out untold. */
void walker_error(struct walker *walker, struct folder *folder, struct bytes path, const struct error *err, bool is_file);
void walker_incomplete(struct walk *walk);

void walker_free(struct walker *walker);

#endif
