/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/pool_inside.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    LOW_WATER = 4,     /* a reader with fewer jobs in hand gets more */
    IN_HAND = 4 << 20, /* bytes to be read whole; with more in hand it gets none: the last large files are not one reader's */
    PACKED = 4,        /* times its size that an archive unpacks to, about */
};

#define SECOND INT64_C(1000000000)

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

struct pool *pool_new(struct nursery *nursery, enum worker_kind kind, unsigned n, const struct examiner *examiner, struct pool_sink *sink) {
    n = n < 1 ? 1 : n > POOL_FDS ? POOL_FDS : n;
    struct pool *pool = calloc(1, sizeof *pool + n * sizeof pool->slots[0]);
    uint8_t *buffer = malloc(WORKER_ASK_MAX);
    if (pool == NULL || buffer == NULL) {
        free(pool);
        free(buffer);
        return NULL;
    }
    *pool = (struct pool){.nursery = nursery,
                          .kind = kind,
                          .sink = sink,
                          .examiner = examiner,
                          .n_rules = blocklist_count(examiner->list),
                          .n_slots = n,
                          .buffer = buffer,
                          .arena = arena_make(ARENA_FILE_CAP)};
    pool->last = &pool->queue;
    return pool;
}

int pool_end_worker(struct pool *pool, struct slot *slot) {
    close(slot->worker.socket);
    slot->alive = false;
    text_clear(&slot->partial);
    return nursery_end(pool->nursery, slot->worker.pid);
}

void pool_free(struct pool *pool) {
    if (pool == NULL) {
        return;
    }
    for (unsigned i = 0; i < pool->n_slots; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->alive && slot->n_jobs != 0) { /* in the middle of one: it would not hear that nobody listens any more */
            (void)pool_end_worker(pool, slot);
        } else if (slot->alive) {
            close(slot->worker.socket); /* an idle one ends by itself, while the others do */
        }
        text_free(&slot->partial);
    }
    arena_free(&pool->arena);
    free(pool->buffer);
    text_free(&pool->path);
    free(pool);
}

size_t pool_room(const struct pool *pool) {
    size_t want = (size_t)pool->n_slots * WORKER_BATCH;
    return pool->n_queue < want ? want - pool->n_queue : 0;
}

bool pool_idle(const struct pool *pool) {
    for (unsigned i = 0; i < pool->n_slots; i++) {
        if (pool->slots[i].n_jobs != 0) {
            return false;
        }
    }
    return pool->queue == NULL;
}

bool pool_broken(const struct pool *pool) {
    return pool->broken.kind != ERR_NONE;
}

unsigned pool_deaths(const struct pool *pool) {
    return pool->deaths;
}

static void queue_back(struct pool *pool, struct job *job) {
    job->next = NULL;
    *pool->last = job;
    pool->last = &job->next;
    pool->n_queue++;
}

void pool_give(struct pool *pool, struct job *job) {
    queue_back(pool, job);
}

static struct job *queue_take(struct pool *pool) {
    struct job *job = pool->queue;
    pool->queue = job->next;
    pool->last = pool->queue == NULL ? &pool->queue : pool->last;
    pool->n_queue--;
    job->next = NULL;
    return job;
}

void pool_finish(struct pool *pool, struct slot *slot, const struct error *failure) {
    struct job *job = slot->jobs[0];
    slot->n_jobs--;
    memmove(slot->jobs, slot->jobs + 1, slot->n_jobs * sizeof slot->jobs[0]);
    slot->since = now_ns();
    slot->cpu_before = -1;
    pool->sink->done(pool->sink, job, failure);
}

/* ---- workers that end before their work does ---- */

void pool_give_up(struct pool *pool, const struct error *why) {
    pool->broken = *why;
    while (pool->queue != NULL) {
        struct job *job = queue_take(pool);
        pool->sink->done(pool->sink, job, &pool->broken);
    }
}

void pool_lost(struct pool *pool, struct slot *slot, const struct error *why) {
    struct error failure;
    int sig = pool_end_worker(pool, slot);
    slot->lost = true;
    if (why != NULL) {
        failure = *why;
    } else if (sig == SIGSYS) {
        error_set(&failure, ERR_CRASHED, "the reader did something that its sandbox forbids");
    } else if (sig == SIGXCPU) {
        error_set(&failure, ERR_LIMIT, "the reader used up its processor time");
    } else if (sig != 0 && sig != SIGKILL) {
        error_set(&failure, ERR_CRASHED, "the reader crashed (signal %d)", sig);
    } else {
        error_set(&failure, ERR_CRASHED, "the reader ended without an answer");
    }
    size_t n = slot->n_jobs;
    struct job *rest[WORKER_BATCH];
    if (n > 1) {
        memcpy(rest, slot->jobs + 1, (n - 1) * sizeof(struct job *));
    }
    slot->n_jobs = n != 0 ? 1 : 0;
    if (n != 0) {
        pool_finish(pool, slot, &failure);
    }
    for (size_t i = 0; i + 1 < n; i++) {
        rest[i]->alone = true;
        queue_back(pool, rest[i]);
    }
    if (++pool->deaths > limit_most(&pool->examiner->limits, LIMIT_RESTARTS) && !pool_broken(pool)) {
        limit_reached(&pool->examiner->limits, LIMIT_RESTARTS, &failure);
        pool_give_up(pool, &failure);
    }
}

/* ---- what goes out ---- */

/* The path that a rule's glob is compared with: absolute and without links, however the user wrote it. Valid until the next job. */
static struct bytes real_path(struct pool *pool, const struct job *job) {
    text_clear(&pool->path);
    bool real =
        job->bundle == NULL && strcmp(job->path, "-") != 0 && (job_real(job, &pool->path), text_ok(&pool->path) && pool->path.n != 0);
    struct bytes path = real ? bytes_make(pool->path.p, pool->path.n) : job_path(job);
    return path.n > WORKER_PATH_MAX ? bytes_cut(path, path.n - WORKER_PATH_MAX, WORKER_PATH_MAX) : path;
}

static size_t write_ask(struct pool *pool, struct job *job, struct bytes path, uint8_t *to) {
    job->id = pool->next_id++;
    uint64_t most = limit_most(&pool->examiner->limits, LIMIT_RUN);
    struct worker_ask ask = {.id = job->id,
                             .unpacked_left = pool->unpacked < most ? most - pool->unpacked : 0,
                             .path_n = (uint32_t)path.n,
                             .slice = (uint16_t)job->slice,
                             .n_slices = (uint16_t)job->n_slices,
                             .alone = job->alone,
                             .is_bundle = job->bundle != NULL,
                             .bundle_size = job_size(job),
                             .identity = job->identity};
    memcpy(to, &ask, sizeof ask);
    memcpy(to + sizeof ask, path.p, path.n);
    return sizeof ask + path.n;
}

static bool send_batch(const struct slot *slot, uint8_t *buffer, size_t used, const int *fds, size_t n) {
    union {
        struct cmsghdr align;
        char octets[CMSG_SPACE(WORKER_BATCH * sizeof(int))];
    } control = {.octets = {0}};
    struct iovec part = {buffer, used};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(n * sizeof(int))};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(n * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, n * sizeof(int));
    ssize_t sent;
    do {
        sent = sendmsg(slot->worker.socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)used;
}

/* What a job costs, in bytes: where each file is read whole, its size; of an archive, about what it unpacks to. */
static uint64_t weight(const struct pool *pool, const struct job *job) {
    const struct examiner *examiner = pool->examiner;
    uint64_t size = job_size(job);
    bool whole =
        examiner->verify || examiner->describe || examiner->thorough || examiner->search || blocklist_wants_size(examiner->list, size);
    size = size < IN_HAND ? size : IN_HAND;
    return examiner->members && job->is_packed ? size * PACKED : whole ? size : 0;
}

/* Hands a worker as many jobs as it should have. What can't be sent goes back to the head of the queue. */
static void feed(struct pool *pool, struct slot *slot, size_t most) {
    int fds[WORKER_BATCH];
    struct job *batch[WORKER_BATCH];
    size_t n = 0, used = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < slot->n_jobs; i++) {
        bytes += weight(pool, slot->jobs[i]);
    }
    while (pool->queue != NULL && n < most && bytes < IN_HAND) {
        bool alone = pool->queue->alone;
        struct bytes path = real_path(pool, pool->queue);
        if ((alone && (n != 0 || slot->n_jobs != 0)) || used + sizeof(struct worker_ask) + path.n > WORKER_ASK_MAX) {
            break;
        }
        batch[n] = queue_take(pool);
        used += write_ask(pool, batch[n], path, pool->buffer + used);
        fds[n] = (int)batch[n]->file.os;
        bytes += weight(pool, batch[n]);
        n++;
        if (alone) {
            break;
        }
    }
    if (n == 0) {
        return;
    }
    if (!send_batch(slot, pool->buffer, used, fds, n)) { /* dead, as the next read will tell, or full: later */
        for (size_t i = n; i > 0; i--) {
            batch[i - 1]->next = pool->queue;
            pool->last = pool->queue == NULL ? &batch[i - 1]->next : pool->last;
            pool->queue = batch[i - 1];
            pool->n_queue++;
        }
        return;
    }
    if (slot->n_jobs == 0) {
        slot->since = now_ns();
        slot->cpu_before = -1;
    }
    memcpy(slot->jobs + slot->n_jobs, batch, n * sizeof(struct job *));
    slot->n_jobs += n;
}

/* A lost worker is replaced no sooner than a second after the last one was. */
static bool start(struct pool *pool, struct slot *slot) {
    struct error err;
    if (slot->lost && now_ns() - pool->replaced < SECOND) {
        return false;
    }
    pool->replaced = slot->lost ? now_ns() : pool->replaced;
    slot->lost = false;
    if (!nursery_fork(pool->nursery, pool->kind, &slot->worker, &err)) {
        pool_give_up(pool, &err);
        return false;
    }
    slot->alive = true;
    return true;
}

static void hand_out(struct pool *pool) {
    size_t batch = pool->kind == WORKER_PROVER ? 1 : WORKER_BATCH, low = pool->kind == WORKER_PROVER ? 1 : LOW_WATER;
    for (unsigned i = 0; i < pool->n_slots && pool->queue != NULL && !pool_broken(pool); i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->n_jobs >= low || (slot->n_jobs != 0 && slot->jobs[0]->alone) || (!slot->alive && !start(pool, slot))) {
            continue;
        }
        size_t share = (pool->n_queue + pool->n_slots - 1) / pool->n_slots, room = batch - slot->n_jobs;
        feed(pool, slot, share < room ? share : room);
    }
    if (pool_broken(pool) && pool->queue != NULL) {
        struct error why = pool->broken;
        pool_give_up(pool, &why);
    }
}

/* The processor time of a worker; -1 when it has ended. */
static int64_t cpu_ns(const struct slot *slot) {
    clockid_t clock;
    struct timespec t;
    bool known = clock_getcpuclockid(slot->worker.pid, &clock) == 0 && clock_gettime(clock, &t) == 0;
    return known ? (int64_t)t.tv_sec * SECOND + t.tv_nsec : -1;
}

/* Whether a worker's first job takes too long, by the clock on the wall or by the processor's; that one is asked once a job has taken a
 * second, and counted from there. */
static bool takes_too_long(const struct pool *pool, struct slot *slot, int64_t now, struct error *err) {
    uint64_t size = job_extent(slot->jobs[0]), seconds = limit_seconds(&pool->examiner->limits, size);
    enum limit which = LIMIT_TIME;
    bool late = (now - slot->since) / SECOND > (int64_t)seconds;
    if (!late && now - slot->since > SECOND) {
        int64_t cpu = cpu_ns(slot);
        slot->cpu_before = slot->cpu_before < 0 ? cpu : slot->cpu_before;
        which = LIMIT_CPU;
        seconds = limit_cpu_seconds(&pool->examiner->limits, size);
        late = cpu >= 0 && (cpu - slot->cpu_before) / SECOND >= (int64_t)seconds;
    }
    if (late) {
        error_set(err, ERR_LIMIT, "the examination took %s %llu seconds%s (--%s raises it)",
                  which == LIMIT_TIME ? "longer than" : "more than", (unsigned long long)seconds,
                  which == LIMIT_TIME ? "" : " of processor time", limit_table[which].option);
        err->limit = (unsigned)which + 1;
    }
    return late;
}

static void watch_clock(struct pool *pool) {
    int64_t now = now_ns();
    for (unsigned i = 0; i < pool->n_slots; i++) {
        struct slot *slot = &pool->slots[i];
        struct error err;
        if (slot->alive && slot->n_jobs != 0 && takes_too_long(pool, slot, now, &err)) {
            pool_lost(pool, slot, &err);
        }
    }
}

size_t pool_poll(const struct pool *pool, struct pollfd *fds) {
    for (unsigned i = 0; i < pool->n_slots; i++) {
        const struct slot *slot = &pool->slots[i];
        fds[i] = (struct pollfd){.fd = slot->alive ? slot->worker.socket : -1, .events = POLLIN};
    }
    return pool->n_slots;
}

void pool_serve(struct pool *pool, const struct pollfd *fds, size_t n) {
    for (unsigned i = 0; i < pool->n_slots && i < n; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->alive && fds[i].revents != 0) {
            pool_receive(pool, slot);
            if (pool->kind == WORKER_PROVER && slot->alive && slot->n_jobs == 0) {
                (void)pool_end_worker(pool, slot); /* one file, one prover */
            }
        }
    }
    watch_clock(pool);
    hand_out(pool);
}
