/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "scan/cover.h"
#include "scan/disk_bundle.h"
#include "scan/pass.h"
#include "scan/wire.h"

enum {
    LOW_WATER = 4,      /* a reader with fewer jobs in hand gets more */
    REPLACEMENTS = 100, /* workers that may die in one run */
};

#define SECOND INT64_C(1000000000)

/* One worker. Its jobs are answered in the order in which they were sent. */
struct slot {
    struct nursling worker;
    bool alive;
    struct job *jobs[WORKER_BATCH];
    size_t n_jobs;
    struct text partial; /* pieces of a verdict whose end has not come */
    int64_t since;       /* when the first of the jobs became the first */
    bool lost;           /* its last worker ended before its work did */
    int64_t cpu_before;  /* processor time before that job, as far as it was asked; -1: it was not yet */
};

struct pool {
    struct nursery *nursery;
    enum worker_kind kind;
    struct pool_sink *sink;
    size_t n_rules;
    const struct limits *limits;
    struct job *queue, **last;
    size_t n_queue;
    unsigned deaths;
    uint64_t unpacked; /* bytes that the files unpacked to, so far */
    int64_t replaced;  /* when a lost worker was replaced last */
    uint32_t next_id;
    struct arena arena; /* of one verdict at a time */
    uint8_t *buffer;    /* of one message */
    struct text path;   /* of one job */
    struct error broken;
    unsigned n_slots;
    struct slot slots[];
};

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
                          .n_rules = blocklist_count(examiner->list),
                          .limits = &examiner->limits,
                          .n_slots = n,
                          .buffer = buffer,
                          .arena = arena_make(ARENA_FILE_CAP)};
    pool->last = &pool->queue;
    return pool;
}

static int end_worker(struct pool *pool, struct slot *slot) {
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
        if (pool->slots[i].alive) {
            (void)end_worker(pool, &pool->slots[i]);
        }
        text_free(&pool->slots[i].partial);
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

/* The first job of a worker is over. The sink may free it. */
static void finish_first(struct pool *pool, struct slot *slot, const struct error *failure) {
    struct job *job = slot->jobs[0];
    slot->n_jobs--;
    memmove(slot->jobs, slot->jobs + 1, slot->n_jobs * sizeof slot->jobs[0]);
    slot->since = now_ns();
    slot->cpu_before = -1;
    pool->sink->done(pool->sink, job, failure);
}

/* ---- workers that end before their work does ---- */

static void give_up(struct pool *pool, const struct error *why) {
    pool->broken = *why;
    while (pool->queue != NULL) {
        struct job *job = queue_take(pool);
        pool->sink->done(pool->sink, job, &pool->broken);
    }
}

/* The job that was being read is what killed the worker; the others, which it had not begun, go to another one, each alone, since
 * one of them may have been begun after all. */
static void worker_lost(struct pool *pool, struct slot *slot, const struct error *why) {
    struct error failure;
    int sig = end_worker(pool, slot);
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
        finish_first(pool, slot, &failure);
    }
    for (size_t i = 0; i + 1 < n; i++) {
        rest[i]->alone = true;
        queue_back(pool, rest[i]);
    }
    if (++pool->deaths > REPLACEMENTS && !pool_broken(pool)) {
        error_set(&failure, ERR_CRASHED, "more than %d readers have died: this run examines nothing more", REPLACEMENTS);
        give_up(pool, &failure);
    }
}

/* ---- what comes in ---- */

/* A whole verdict has come. False when it is none, or has no business here. */
static bool take_verdict(struct pool *pool, struct slot *slot, struct bytes message) {
    struct verdict verdict;
    struct job *job = slot->jobs[0];
    arena_reset(&pool->arena);
    if (!wire_decode(message, pool->n_rules, &pool->arena, &verdict, NULL)) {
        return false;
    }
    bool own = verdict.inside[0] == '\0';
    pool->unpacked += own && verdict.unpacked < UINT64_MAX / 2 - pool->unpacked ? verdict.unpacked : 0;
    pool->sink->verdict(pool->sink, job, message, &verdict);
    text_clear(&slot->partial);
    if (own) {
        finish_first(pool, slot, NULL);
    }
    return true;
}

/* A reader that checks a seal asks for one of the bundle's files. It waits for the answer and has nothing else in hand. */
static bool answer_open(const struct slot *slot, const struct disk_bundle *bundle, struct bytes question, struct error *err) {
    struct worker_opened opened = {0};
    struct fs_identity identity = {0};
    struct handle file = FS_NONE;
    uint32_t line;
    if (question.n != sizeof line) {
        return error_set(err, ERR_CRASHED, "the reader's question is none");
    }
    memcpy(&line, question.p, sizeof line);
    struct error why = {0};
    if (!disk_bundle_open(bundle, line, &file, &identity, &why)) {
        opened.sys = why.sys != 0 ? (uint32_t)why.sys : EIO;
    }
    opened.size = identity.size;
    bool sent = pass_send(slot->worker.socket, bytes_make(&opened, sizeof opened), bytes_none(), (int)file.os);
    fs_close(&file);
    return sent || error_set(err, ERR_CRASHED, "the reader does not take the file that it asked for");
}

/* A reader asks for another file of the set that the one in hand is of. */
static bool answer_beside(const struct slot *slot, const struct job *job, struct bytes question, struct error *err) {
    struct worker_opened opened = {0};
    struct fs_identity identity = {0};
    struct handle file = FS_NONE;
    struct error why = {0};
    if (!job_open_beside(job, question, &file, &identity, &why)) {
        opened.sys = why.sys != 0 ? (uint32_t)why.sys : ENOENT;
    }
    opened.size = identity.size;
    bool sent = pass_send(slot->worker.socket, bytes_make(&opened, sizeof opened), bytes_none(), (int)file.os);
    fs_close(&file);
    return sent || error_set(err, ERR_CRASHED, "the reader does not take the file that it asked for");
}

/* One message from a worker. False when the worker is to be ended; err says why, if it is not plain that it crashed. */
static bool take_answer(struct pool *pool, struct slot *slot, struct bytes b, struct error *err) {
    struct worker_answer answer;
    if (b.n < sizeof answer) {
        return error_set(err, ERR_CRASHED, "the reader's answer is no answer");
    }
    memcpy(&answer, b.p, sizeof answer);
    struct bytes piece = bytes_cut(b, sizeof answer, b.n);
    if (answer.kind == ANSWER_REFUSED) {
        struct text safe = {0};
        text_add_safe(&safe, piece, 160);
        error_set(err, ERR_UNSUPPORTED, "a reader could not be set up: %s", text_c(&safe));
        text_free(&safe);
        give_up(pool, err);
        return false;
    }
    bool mine = slot->n_jobs != 0 && answer.id == slot->jobs[0]->id;
    if (mine && answer.kind == ANSWER_RECORDS && pool->sink->records != NULL && piece.n % sizeof(struct cover_record) == 0) {
        pool->sink->records(pool->sink, slot->jobs[0], piece);
        return true;
    }
    if (mine && answer.kind == ANSWER_OPEN && slot->jobs[0]->bundle != NULL) {
        return answer_open(slot, slot->jobs[0]->bundle, piece, err);
    }
    if (mine && answer.kind == ANSWER_BESIDE && slot->jobs[0]->bundle == NULL && slot->jobs[0]->alone) {
        return answer_beside(slot, slot->jobs[0], piece, err);
    }
    if (!mine || (answer.kind != ANSWER_PIECE && answer.kind != ANSWER_END) || slot->partial.n + piece.n > WIRE_MAX) {
        return error_set(err, ERR_CRASHED, "the reader's answer is not to what it was asked");
    }
    struct bytes whole = piece;
    if (answer.kind == ANSWER_PIECE || slot->partial.n != 0) {
        text_add_bytes(&slot->partial, piece);
        if (!text_ok(&slot->partial)) {
            return error_set(err, ERR_LIMIT, "no memory for the reader's answer");
        }
        whole = bytes_make(slot->partial.p, slot->partial.n);
    }
    return answer.kind == ANSWER_PIECE || take_verdict(pool, slot, whole) ||
           error_set(err, ERR_CRASHED, "the reader's answer is no verdict");
}

/* Reads what a worker has said, but lets the others have their turn. */
static void receive(struct pool *pool, struct slot *slot) {
    for (int i = 0; i < 2 * WORKER_BATCH && slot->alive; i++) {
        struct error err;
        ssize_t got = recv(slot->worker.socket, pool->buffer, WORKER_ASK_MAX, MSG_TRUNC);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (got <= 0) {
            if (slot->n_jobs != 0) {
                worker_lost(pool, slot, NULL);
            } else {
                (void)end_worker(pool, slot);
            }
            return;
        }
        if (got > WORKER_ASK_MAX) {
            error_set(&err, ERR_CRASHED, "the reader's answer is too long");
            worker_lost(pool, slot, &err);
        } else if (!take_answer(pool, slot, bytes_make(pool->buffer, (size_t)got), &err)) {
            worker_lost(pool, slot, &err);
        }
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
    uint64_t most = limit_most(pool->limits, LIMIT_RUN);
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

/* Hands a worker as many jobs as it should have. What can't be sent goes back to the head of the queue. */
static void feed(struct pool *pool, struct slot *slot, size_t most) {
    int fds[WORKER_BATCH];
    struct job *batch[WORKER_BATCH];
    size_t n = 0, used = 0;
    while (pool->queue != NULL && n < most) {
        bool alone = pool->queue->alone;
        struct bytes path = real_path(pool, pool->queue);
        if ((alone && (n != 0 || slot->n_jobs != 0)) || used + sizeof(struct worker_ask) + path.n > WORKER_ASK_MAX) {
            break;
        }
        batch[n] = queue_take(pool);
        used += write_ask(pool, batch[n], path, pool->buffer + used);
        fds[n] = (int)batch[n]->file.os;
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
        give_up(pool, &err);
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
        give_up(pool, &why);
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
    uint64_t size = job_size(slot->jobs[0]), seconds = limit_seconds(pool->limits, size);
    enum limit which = LIMIT_TIME;
    bool late = (now - slot->since) / SECOND > (int64_t)seconds;
    if (!late && now - slot->since > SECOND) {
        int64_t cpu = cpu_ns(slot);
        slot->cpu_before = slot->cpu_before < 0 ? cpu : slot->cpu_before;
        which = LIMIT_CPU;
        seconds = limit_cpu_seconds(pool->limits, size);
        late = cpu >= 0 && (cpu - slot->cpu_before) / SECOND >= (int64_t)seconds;
    }
    if (late) {
        error_set(err, ERR_LIMIT, "the examination took %s %llu seconds%s (--%s raises it)",
                  which == LIMIT_TIME ? "longer than" : "more than", (unsigned long long)seconds,
                  which == LIMIT_TIME ? "" : " of processor time", limit_table[which].option);
    }
    return late;
}

static void watch_clock(struct pool *pool) {
    int64_t now = now_ns();
    for (unsigned i = 0; i < pool->n_slots; i++) {
        struct slot *slot = &pool->slots[i];
        struct error err;
        if (slot->alive && slot->n_jobs != 0 && takes_too_long(pool, slot, now, &err)) {
            worker_lost(pool, slot, &err);
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
            receive(pool, slot);
            if (pool->kind == WORKER_PROVER && slot->alive && slot->n_jobs == 0) {
                (void)end_worker(pool, slot); /* one file, one prover */
            }
        }
    }
    watch_clock(pool);
    hand_out(pool);
}
