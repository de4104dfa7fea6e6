/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalogs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scan/catroot.h"
#include "scan/cover.h"
#include "scan/pool.h"
#include "scan/walk.h"

enum { COPY_SIZE = 64 << 10, WAIT_MS = 1000 };

struct gathering {
    struct pool_sink sink; /* of the catalogers; it comes first */
    struct catalogs *catalogs;
    const struct limits *limits;
    struct scan_events *events;
    struct scan_summary *summary;
    struct folders folders;
    struct links links;
    struct nursery nursery;
    struct pool *catalogers;
};

/* ---- what comes back ---- */

static void tell(struct gathering *g, const struct job *job, const struct error *why) {
    struct error err = *why;
    error_within(&err, "as a catalog for other files");
    g->summary->errors++;
    g->events->error(g->events, job_path(job), &err);
}

static void on_records(struct pool_sink *sink, struct job *job, struct bytes records) {
    const struct limits *limits = ((struct gathering *)sink)->limits;
    if (job->held.n + records.n <= limit_most(limits, LIMIT_CATALOG_FILES) * sizeof(struct cover_record)) {
        text_add_bytes(&job->held, records);
    } else if (job->failure.kind == ERR_NONE) {
        limit_reached(limits, LIMIT_CATALOG_FILES, &job->failure);
    }
}

static void on_verdict(struct pool_sink *sink, struct job *job, struct bytes message, const struct verdict *verdict) {
    (void)sink;
    (void)message;
    if (job->failure.kind == ERR_NONE) {
        job->failure = verdict->unreadable;
    }
}

/* Appends the catalog's bytes to the store. */
static bool store_bytes(struct catalogs *catalogs, const struct job *job, const struct limits *limits, struct error *err) {
    uint8_t *block = malloc(COPY_SIZE);
    uint64_t size = job->identity.size;
    bool ok = block != NULL || error_set(err, ERR_LIMIT, "no memory to keep it");
    ok = ok && (size <= limit_most(limits, LIMIT_CATALOGS_SIZE) - catalogs->stored || limit_reached(limits, LIMIT_CATALOGS_SIZE, err));
    for (uint64_t done = 0; ok && done < size;) {
        size_t want = size - done < COPY_SIZE ? (size_t)(size - done) : COPY_SIZE;
        ssize_t n = pread((int)job->file.os, block, want, (off_t)done);
        ok = n > 0 ? pwrite(catalogs->store, block, (size_t)n, (off_t)(catalogs->stored + done)) == n ||
                         error_sys(err, errno != 0 ? errno : ENOSPC, "can't keep it")
                   : error_sys(err, n < 0 ? errno : EIO, "can't read it again");
        done += n > 0 ? (uint64_t)n : 0;
    }
    free(block);
    return ok;
}

/* Room for n more things of an array; false without memory. */
static bool room_for(void **array, size_t used, size_t more, size_t *room, size_t size, struct error *err) {
    if (used + more <= *room) {
        return true;
    }
    size_t wanted = *room != 0 ? 2 * *room : 64;
    wanted = wanted < used + more ? used + more : wanted;
    void *larger = realloc(*array, wanted * size);
    if (larger == NULL) {
        return error_set(err, ERR_LIMIT, "no memory to keep it");
    }
    *array = larger;
    *room = wanted;
    return true;
}

static bool make_room(struct catalogs *c, size_t records, const struct limits *limits, struct error *err) {
    void *all = c->all, *index = c->index;
    bool ok = records <= limit_most(limits, LIMIT_CATALOGS_FILES) - c->n_index || limit_reached(limits, LIMIT_CATALOGS_FILES, err);
    ok = ok && room_for(&all, c->n, 1, &c->room, sizeof *c->all, err);
    ok = ok && room_for(&index, c->n_index, records, &c->room_index, sizeof *c->index, err);
    c->all = all;
    c->index = index;
    return ok;
}

static bool keep(struct catalogs *c, const struct job *job, const struct limits *limits, struct error *err) {
    size_t n = job->held.n / sizeof(struct cover_record);
    char *path = strndup(job->path, job->path_n);
    if (path == NULL || !make_room(c, n, limits, err) || !store_bytes(c, job, limits, err)) {
        free(path);
        return path != NULL ? false : error_set(err, ERR_LIMIT, "no memory to keep it");
    }
    struct catalog *catalog = &c->all[c->n];
    *catalog = (struct catalog){.path = path, .at = c->stored, .size = job->identity.size};
    for (size_t i = 0; i < n; i++) {
        struct cover_record record;
        memcpy(&record, job->held.p + i * sizeof record, sizeof record);
        struct catalog_entry *entry = &c->index[c->n_index++];
        memcpy(entry->key, record.key, sizeof entry->key);
        entry->catalog = (uint32_t)c->n;
        bool image = (record.flags & COVER_IMAGE) != 0, by_rule = (record.flags & COVER_RULE) != 0;
        c->sha1 = c->sha1 || record.size == hash_size(HASH_SHA1);
        c->sha256 = c->sha256 || record.size == hash_size(HASH_SHA256);
        c->lists_files = c->lists_files || !image;
        c->any_file = c->any_file || (by_rule && !image);
        catalog->by_rule = catalog->by_rule || by_rule;
    }
    c->stored += catalog->size;
    c->n++;
    return true;
}

static void on_done(struct pool_sink *sink, struct job *job, const struct error *failure) {
    struct gathering *g = (struct gathering *)sink;
    struct error err = failure != NULL ? *failure : job->failure;
    if (err.kind == ERR_NONE && !text_ok(&job->held)) {
        error_set(&err, ERR_LIMIT, "no memory for what it lists");
    }
    if (err.kind != ERR_NONE || (job->held.n != 0 && !keep(g->catalogs, job, g->limits, &err))) {
        tell(g, job, &err);
    }
    if (job->names != NULL) {
        links_forget(&g->links, &g->folders, &job->identity);
    }
    job_free(&g->folders, job);
}

/* ---- the run of the catalogers ---- */

static void accept_jobs(struct gathering *g, struct job *jobs) {
    for (struct job *job = jobs, *next; job != NULL; job = next) {
        next = job->next;
        job->next = NULL;
        if (job->error.kind != ERR_NONE) {
            tell(g, job, &job->error);
            job_free(&g->folders, job);
        } else {
            pool_give(g->catalogers, job);
        }
    }
}

static void loop(struct gathering *g, struct walk *walk) {
    struct pollfd fds[POOL_FDS + 1];
    bool ended = false;
    for (;;) {
        size_t room = pool_room(g->catalogers);
        if (!ended && room != 0) {
            accept_jobs(g, walk_take(walk, room, &ended));
        }
        pool_serve(g->catalogers, NULL, 0);
        if (ended && pool_idle(g->catalogers)) {
            return;
        }
        size_t n = pool_poll(g->catalogers, fds);
        fds[n] = (struct pollfd){.fd = !ended && pool_room(g->catalogers) != 0 ? walk_event(walk) : -1, .events = POLLIN};
        if (poll(fds, n + 1, WAIT_MS) > 0) {
            pool_serve(g->catalogers, fds, n);
        }
    }
}

static bool gather(struct gathering *g, const struct scan_options *options, struct error *err) {
    struct walk_counts counts = {.complete = true};
    struct walk *walk;
    g->catalogers = pool_new(&g->nursery, WORKER_CATALOGER, options->jobs, &options->examiner, &g->sink);
    if (g->catalogers == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the readers of catalogs");
    }
    if (!walk_start(options, &g->folders, &g->links, &walk, err)) {
        return false;
    }
    loop(g, walk);
    walk_stop(walk, &counts);
    g->summary->complete = g->summary->complete && counts.complete && !pool_broken(g->catalogers);
    return true;
}

/* A file without a name, for as long as the run lasts; in memory where the system has no place for such a one. */
static int nameless(void) {
    int fd = open(P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : memfd_create("catalogs", MFD_CLOEXEC);
}

static int by_key(const void *a, const void *b) {
    const struct catalog_entry *x = a, *y = b;
    int order = memcmp(x->key, y->key, sizeof x->key);
    return order != 0 ? order : (x->catalog > y->catalog) - (x->catalog < y->catalog);
}

/* The same member twice in one catalog, by both of its digests' names: once is enough. */
static void sort_index(struct catalogs *c) {
    size_t kept = 0;
    if (c->n_index != 0) {
        qsort(c->index, c->n_index, sizeof *c->index, by_key);
    }
    for (size_t i = 0; i < c->n_index; i++) {
        if (kept == 0 || by_key(&c->index[kept - 1], &c->index[i]) != 0) {
            c->index[kept++] = c->index[i];
        }
    }
    c->n_index = kept;
}

static bool gather_from(const char *const *paths, size_t n_paths, const struct scan_options *options, struct gathering *g,
                        struct error *err) {
    struct scan_options mine = {.examiner = options->examiner,
                                .paths = paths,
                                .n_paths = n_paths,
                                .walk = true,
                                .cross_filesystems = true,
                                .jobs = options->jobs != 0 ? options->jobs : (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};
    mine.examiner.only = format_by_name("cat");
    mine.examiner.members = false;
    pthread_mutex_init(&g->folders.lock, NULL);
    pthread_mutex_init(&g->links.lock, NULL);
    g->catalogs->store = nameless();
    bool ok = g->catalogs->store >= 0 || error_sys(err, errno, "can't make a place for the catalogs");
    ok = ok && nursery_start(&g->nursery, &mine.examiner, options->sandbox, err) && gather(g, &mine, err);
    pool_free(g->catalogers);
    nursery_stop(&g->nursery);
    links_free(&g->links, &g->folders);
    pthread_mutex_destroy(&g->folders.lock);
    pthread_mutex_destroy(&g->links.lock);
    return ok;
}

bool catalogs_gather(const struct scan_options *options, struct scan_events *events, struct scan_summary *summary, struct catalogs **out,
                     struct error *err) {
    struct catroots roots = {0};
    *out = NULL;
    if (!catroots_find(options, &roots, err)) {
        catroots_free(&roots);
        return false;
    }
    struct catalogs *catalogs = roots.n != 0 ? calloc(1, sizeof *catalogs) : NULL;
    if (catalogs == NULL) {
        bool none = roots.n == 0;
        catroots_free(&roots);
        return none || error_set(err, ERR_LIMIT, "no memory for the catalogs");
    }
    catalogs->store = -1;
    struct gathering g = {.sink = {.verdict = on_verdict, .done = on_done, .records = on_records},
                          .catalogs = catalogs,
                          .limits = &options->examiner.limits,
                          .events = events,
                          .summary = summary,
                          .folders = {.budget = 256},
                          .nursery = {.socket = -1}};
    bool ok = gather_from((const char *const *)roots.all, roots.n, options, &g, err);
    catroots_free(&roots);
    sort_index(catalogs);
    if (ok && catalogs->n_index != 0) {
        *out = catalogs;
    } else {
        catalogs_free(catalogs);
    }
    return ok;
}

void catalogs_free(struct catalogs *catalogs) {
    if (catalogs == NULL) {
        return;
    }
    for (size_t i = 0; i < catalogs->n; i++) {
        free(catalogs->all[i].path);
    }
    if (catalogs->store >= 0) {
        close(catalogs->store);
    }
    free(catalogs->all);
    free(catalogs->index);
    free(catalogs);
}

const struct catalog_entry *catalogs_find(const struct catalogs *catalogs, struct bytes digest, size_t *n) {
    size_t low = 0, high = catalogs->n_index;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(catalogs->index[middle].key, digest.p, CATALOG_KEY) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *n = 0;
    while (digest.n >= CATALOG_KEY && low + *n < catalogs->n_index && memcmp(catalogs->index[low + *n].key, digest.p, CATALOG_KEY) == 0) {
        ++*n;
    }
    return catalogs->index + low;
}
