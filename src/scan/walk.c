/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/walk_state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    JOBS_WAITING = 128,
    WALKERS_MAX = 64,
    WALKERS_PER_CORE = 4, /* where the system has nothing at hand they wait for the disk, which serves several at once */
    STACK_LONG = 4096,    /* from here on a long listing makes way for the subfolders that it found */
};

static void wake(const struct walk *walk) {
    uint64_t one = 1;
    while (write(walk->event, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void walk_give(struct walk *walk, struct job *job) {
    pthread_mutex_lock(&walk->lock);
    while (walk->n_jobs >= JOBS_WAITING && !walk->stopping) {
        pthread_cond_wait(&walk->room, &walk->lock);
    }
    *walk->last_job = job;
    walk->last_job = &job->next;
    bool first = walk->n_jobs++ == 0;
    pthread_mutex_unlock(&walk->lock);
    if (first) {
        wake(walk);
    }
}

/* The lock is held. */
static void push(struct walk *walk, struct folder *first) {
    size_t n = 0;
    for (struct folder *folder = first, *next; folder != NULL; folder = next) {
        next = folder->next;
        folder->next = walk->stack;
        walk->stack = folder;
        n++;
    }
    walk->n_stack += n;
    if (n != 0 && walk->n_idle != 0) {
        pthread_cond_broadcast(&walk->work);
    }
}

/* The lock is held. */
static void count(struct walker *walker) {
    walker->walk->files += walker->files;
    walker->walk->bytes_read += walker->bytes_read;
    walker->files = walker->bytes_read = 0;
}

enum listing walker_listed(struct walker *walker, struct folder *folder, struct folder *found) {
    struct walk *walk = walker->walk;
    pthread_mutex_lock(&walk->lock);
    enum listing listing = found != NULL && walk->n_stack > STACK_LONG ? LISTING_WAITS : walk->stopping ? LISTING_STOPS : LISTING_GOES_ON;
    if (listing == LISTING_WAITS) {
        folder->listed_before = true;
        folder->next = NULL;
        push(walk, folder);
    }
    push(walk, found);
    count(walker);
    pthread_mutex_unlock(&walk->lock);
    return listing;
}

/* The next thing to do: a folder, or a path of the user's (*path). Waits while others may still find folders; false at the end. */
static bool next_work(struct walker *walker, struct folder **folder, const char **path) {
    struct walk *walk = walker->walk;
    *folder = NULL;
    *path = NULL;
    pthread_mutex_lock(&walk->lock);
    count(walker);
    walk->n_busy--;
    while (walk->stack == NULL && walk->next_path >= walk->options->n_paths && walk->n_busy != 0 && !walk->stopping) {
        walk->n_idle++;
        pthread_cond_wait(&walk->work, &walk->lock);
        walk->n_idle--;
    }
    bool found = !walk->stopping && (walk->stack != NULL || walk->next_path < walk->options->n_paths);
    if (found && walk->stack != NULL) {
        *folder = walk->stack;
        walk->stack = (*folder)->next;
        walk->n_stack--;
        walk->n_busy++;
    } else if (found) {
        *path = walk->options->paths[walk->next_path++];
        walk->n_busy++;
    } else {
        pthread_cond_broadcast(&walk->work);
    }
    pthread_mutex_unlock(&walk->lock);
    return found;
}

static void *walker_main(void *argument) {
    struct walker *walker = argument;
    struct walk *walk = walker->walk;
    struct folder *folder;
    prctl(PR_SET_NAME, "walker");
    const char *path;
    while (next_work(walker, &folder, &path)) {
        if (path != NULL) {
            walker_path(walker, path);
        } else {
            walker_folder(walker, folder);
        }
    }
    pthread_mutex_lock(&walk->lock);
    bool last = --walk->n_running == 0;
    pthread_mutex_unlock(&walk->lock);
    if (last) {
        wake(walk);
    }
    return NULL;
}

static unsigned walkers_wanted(const struct scan_options *options) {
    if (!options->walk) {
        return 1; /* the order of the paths is the order of the answers */
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN), n = options->jobs != 0 ? (long)options->jobs : cores * WALKERS_PER_CORE;
    return n < 1 ? 1 : n > WALKERS_MAX ? WALKERS_MAX : (unsigned)n;
}

bool walk_start(const struct scan_options *options, struct folders *folders, struct links *links, struct walk **out, struct error *err) {
    unsigned n = walkers_wanted(options);
    struct walk *walk = calloc(1, sizeof *walk);
    struct walker *walkers = calloc(n, sizeof *walkers);
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (walk == NULL || walkers == NULL || event < 0) {
        free(walk);
        free(walkers);
        if (event >= 0) {
            close(event);
        }
        return error_set(err, ERR_LIMIT, "no memory for the walk");
    }
    *walk = (struct walk){.options = options, .folders = folders, .links = links, .event = event, .walkers = walkers, .complete = true};
    pthread_mutex_init(&walk->lock, NULL);
    pthread_cond_init(&walk->work, NULL);
    pthread_cond_init(&walk->room, NULL);
    walk->last_job = &walk->jobs;
    walk->n_busy = walk->n_running = n;
    for (unsigned i = 0; i < n; i++) {
        walkers[i].walk = walk;
        int sys = pthread_create(&walkers[i].thread, NULL, walker_main, &walkers[i]);
        if (sys != 0 && i == 0) {
            walk->n_running = 0;
            walk_stop(walk, NULL);
            return error_sys(err, sys, "can't start a thread for the walk");
        }
        if (sys != 0) { /* fewer do it as well */
            pthread_mutex_lock(&walk->lock);
            walk->n_busy -= n - i;
            walk->n_running -= n - i;
            pthread_cond_broadcast(&walk->work);
            pthread_mutex_unlock(&walk->lock);
            break;
        }
        walk->n_walkers++;
    }
    *out = walk;
    return true;
}

int walk_event(const struct walk *walk) {
    return walk->event;
}

struct job *walk_take(struct walk *walk, size_t max, bool *ended) {
    uint64_t count;
    if (read(walk->event, &count, sizeof count) < 0) {
        count = 0; /* nothing new: what is left over from the last time may be taken all the same */
    }
    pthread_mutex_lock(&walk->lock);
    struct job *first = max != 0 ? walk->jobs : NULL, *last = first;
    size_t n = first != NULL;
    while (n < max && last != NULL && last->next != NULL) {
        last = last->next;
        n++;
    }
    if (first != NULL) {
        walk->jobs = last->next;
        last->next = NULL;
        walk->n_jobs -= n;
        if (walk->jobs == NULL) {
            walk->last_job = &walk->jobs;
        }
        pthread_cond_broadcast(&walk->room);
    }
    *ended = walk->n_running == 0 && walk->jobs == NULL;
    pthread_mutex_unlock(&walk->lock);
    return first;
}

uint64_t walk_where(struct walk *walk, struct text *out) {
    __atomic_store_n(&walk->watched, true, __ATOMIC_RELAXED);
    pthread_mutex_lock(&walk->lock);
    struct folder *folder = walk->current != NULL ? folder_ref(walk->current) : NULL;
    uint64_t files = walk->files;
    pthread_mutex_unlock(&walk->lock);
    if (folder != NULL) {
        folder_path(folder, out);
        folder_unref(walk->folders, folder);
    }
    return files;
}

void walk_stop(struct walk *walk, struct walk_counts *counts) {
    if (walk == NULL) {
        return;
    }
    pthread_mutex_lock(&walk->lock);
    walk->stopping = true;
    pthread_cond_broadcast(&walk->work);
    pthread_cond_broadcast(&walk->room);
    pthread_mutex_unlock(&walk->lock);
    for (unsigned i = 0; i < walk->n_walkers; i++) {
        pthread_join(walk->walkers[i].thread, NULL);
        walker_free(&walk->walkers[i]);
    }
    if (counts != NULL) {
        *counts = (struct walk_counts){.files = walk->files, .bytes_read = walk->bytes_read, .complete = walk->complete};
    }
    for (struct job *job = walk->jobs, *next; job != NULL; job = next) {
        next = job->next;
        job_free(walk->folders, job);
    }
    for (struct folder *folder = walk->stack, *next; folder != NULL; folder = next) {
        next = folder->next;
        folder_unref(walk->folders, folder);
    }
    folder_unref(walk->folders, walk->current);
    inodes_free(&walk->visited);
    pthread_mutex_destroy(&walk->lock);
    pthread_cond_destroy(&walk->work);
    pthread_cond_destroy(&walk->room);
    close(walk->event);
    free(walk->walkers);
    free(walk);
}
