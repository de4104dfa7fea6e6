/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/worker.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/reader.h"
#include "crypto/digest.h"
#include "scan/bundle.h"
#include "scan/cover.h"
#include "scan/helper.h"
#include "scan/memo.h"
#include "scan/pass.h"
#include "scan/sandbox.h"
#include "scan/wire.h"

enum { BESIDE_MAX = LIMIT_BESIDE_DISK_GREATEST }; /* files that may be open beside the one in hand: of DESCRIPTORS_MAX (sandbox.c) */

enum { MEMORY_KEPT = 8 << 20 };

struct worker {
    struct verdict_sink sink;
    int socket;
    enum worker_kind kind;
    struct examiner examiner;
    struct arena arena;
    struct text message;
    /* the file in hand */
    uint32_t id;
    struct fd_source file;
    struct fs_identity identity;
    bool answered;
    uint64_t run_left; /* bytes that the run may still unpack */
    uint64_t run_had;  /* before the file in hand */
};

struct verdict verdict_blank(uint64_t size) {
    return (struct verdict){.inside = "",
                            .format = "",
                            .size = size,
                            .decisive = -1,
                            .file_version = "",
                            .product = "",
                            .original_name = "",
                            .company = "",
                            .description = ""};
}

static void send_packet(const struct worker *worker, uint32_t kind, struct bytes piece) {
    struct worker_answer answer = {.id = worker->id, .kind = kind};
    struct iovec parts[2] = {{&answer, sizeof answer}, {NULL, piece.n}};
    memcpy(&parts[1].iov_base, &piece.p, sizeof piece.p); /* sendmsg does not write to it */
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent;
    do {
        sent = sendmsg(worker->socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        _exit(0); /* nobody listens any more */
    }
}

static void send_verdict(struct worker *worker, const struct verdict *verdict) {
    text_clear(&worker->message);
    worker->message.failed = false;
    wire_encode(verdict, &worker->message);
    if (!text_ok(&worker->message)) {
        _exit(1); /* no memory even for the answer: the file is unreadable, and the next reader has more */
    }
    struct bytes rest = bytes_make(worker->message.p, worker->message.n);
    while (rest.n > WORKER_PACKET_MAX) {
        send_packet(worker, ANSWER_PIECE, bytes_cut(rest, 0, WORKER_PACKET_MAX));
        rest = bytes_cut(rest, WORKER_PACKET_MAX, rest.n);
    }
    send_packet(worker, ANSWER_END, rest);
}

/* The file's own verdict holds only if the file still is what the walk saw. What was found in it stays found, but nothing is
 * done about it: it may have stood in a version that is gone. */
static void check_unchanged(struct worker *worker, struct verdict *verdict) {
    struct fs_identity now;
    struct error err = {0};
    if (fs_identify((struct handle){worker->file.fd}, &now, &err) && !fs_unchanged(&worker->identity, &now, true)) {
        error_set(&err, ERR_CHANGED, "the file changed while it was read");
    }
    if (err.kind == ERR_NONE) {
        return;
    }
    anomaly_note(&verdict->anomalies, &worker->arena, ANOMALY_CHANGED_WHILE_READ, 0, 0, NULL);
    verdict->unreadable = err;
    verdict->action = ACTION_REPORT;
    if (verdict->finding < FINDING_UNREADABLE) {
        verdict->finding = FINDING_UNREADABLE;
    }
}

/* A prover's answer carries the hash of the whole file: what is moved must have it. */
static void hash_whole(struct worker *worker, struct verdict *verdict) {
    struct file_digest digest = {.hash = HASH_SHA256};
    struct error err = {0};
    if (digest_claims(&worker->file.source, NULL, 0, NULL, NULL, &digest, 1, &err)) {
        memcpy(verdict->sha256, digest.value, sizeof verdict->sha256);
        verdict->has_sha256 = true;
    } else {
        verdict->unreadable = err;
        verdict->action = ACTION_REPORT;
    }
}

static void on_verdict(struct verdict_sink *sink, const struct verdict *verdict) {
    struct worker *worker = (struct worker *)sink;
    bool own = verdict->inside[0] == '\0';
    if (worker->answered || (!own && worker->examiner.slice.of > 1)) { /* of a slice only the whole is asked */
        return;
    }
    struct verdict copy = *verdict;
    limit_of_memory(&copy.unreadable);
    if (own) {
        copy.unpacked = worker->run_had - worker->run_left;
        if (worker->kind == WORKER_PROVER && !copy.has_sha256) {
            hash_whole(worker, &copy);
        }
        check_unchanged(worker, &copy);
        worker->answered = true;
    }
    send_verdict(worker, &copy);
}

struct listing {
    struct cover_sink sink;
    struct worker *worker;
};

static void on_records(struct cover_sink *sink, struct bytes records) {
    send_packet(((struct listing *)sink)->worker, ANSWER_RECORDS, records);
}

/* A catalog's members, then a verdict of which no more counts than whether it could be read. */
static void list_one(struct worker *worker) {
    struct listing listing = {.sink = {on_records}, .worker = worker};
    struct verdict verdict = verdict_blank(worker->file.source.size);
    struct error err = {0};
    if (!cover_list(&worker->examiner, &worker->file.source, &worker->arena, &listing.sink, &err)) {
        verdict.unreadable = err;
    }
    on_verdict(&worker->sink, &verdict);
}

struct asking {
    struct bundle_opener opener;
    struct worker *worker;
};

/* Asks the main process for a file of the bundle in hand. */
static bool open_line(struct bundle_opener *opener, uint32_t line, int *fd, uint64_t *size, struct error *err) {
    const struct worker *worker = ((struct asking *)opener)->worker;
    struct worker_opened opened = {0};
    send_packet(worker, ANSWER_OPEN, bytes_make(&line, sizeof line));
    if (pass_receive(worker->socket, &opened, sizeof opened, fd) != (ssize_t)sizeof opened) {
        _exit(0); /* nobody listens any more */
    }
    if (opened.sys != 0 || *fd < 0) {
        return error_sys(err, opened.sys != 0 ? (int)opened.sys : EMFILE, "can't open");
    }
    *size = opened.size;
    return true;
}

/* What is beside the file in hand: other cabinets of its set, or of its package. */
struct disk_beside {
    struct beside beside;
    struct worker *worker;
    struct fd_source *files[BESIDE_MAX]; /* the first n are open; those behind them were made once */
    size_t n;
};

static void close_beside(struct beside *beside) {
    struct disk_beside *b = (struct disk_beside *)beside;
    while (b->n != 0) {
        close(b->files[--b->n]->fd);
    }
}

static bool open_beside(struct beside *beside, const char *name, struct source **out, struct error *err) {
    struct disk_beside *b = (struct disk_beside *)beside;
    struct worker_opened opened = {0};
    int fd = -1;
    if (b->n == limit_most(&b->worker->examiner.limits, LIMIT_BESIDE_DISK)) {
        return limit_reached(&b->worker->examiner.limits, LIMIT_BESIDE_DISK, err);
    }
    struct fd_source *file = b->files[b->n] != NULL ? b->files[b->n] : arena_alloc(&b->worker->arena, sizeof *file);
    if (file == NULL) {
        return arena_full(&b->worker->arena, err);
    }
    send_packet(b->worker, ANSWER_BESIDE, bytes_text(name));
    if (pass_receive(b->worker->socket, &opened, sizeof opened, &fd) != (ssize_t)sizeof opened) {
        _exit(0); /* nobody listens any more */
    }
    if (opened.sys != 0 || fd < 0) {
        return error_sys(err, opened.sys != 0 ? (int)opened.sys : EMFILE, "can't open it");
    }
    b->files[b->n++] = file;
    fd_source_init(file, name, fd, opened.size);
    *out = &file->source;
    return true;
}

static void examine_file(struct worker *worker, const struct worker_ask *ask, const char *path) {
    struct disk_beside beside = {.beside = {open_beside, close_beside}, .worker = worker};
    worker->examiner.beside = ask->alone ? &beside.beside : NULL;
    worker->examiner.extent = fs_extent(&ask->identity);
    worker->examiner.slice = (struct slice){.which = ask->slice, .of = ask->n_slices <= SLICES_MAX ? ask->n_slices : 0};
    examine(&worker->examiner, &worker->file.source, path, &worker->arena, &worker->sink);
    worker->examiner.beside = NULL;
    close_beside(&beside.beside);
}

static void examine_bundle(struct worker *worker, uint64_t size, const char *path) {
    struct asking asking = {.opener = {open_line, size}, .worker = worker};
    bundle_examine(&worker->examiner, &worker->file.source, path, &worker->arena, &asking.opener, &worker->sink);
}

static void examine_one(struct worker *worker, const struct worker_ask *ask, const char *path, int fd) {
    worker->id = ask->id;
    worker->identity = ask->identity;
    worker->answered = false;
    /* What this reader has unpacked since the question was sent is not in it yet. */
    worker->run_left = ask->unpacked_left < worker->run_left ? ask->unpacked_left : worker->run_left;
    worker->run_had = worker->run_left;
    fd_source_init(&worker->file, path, fd, ask->identity.size);
    if (worker->kind == WORKER_CATALOGER) {
        list_one(worker);
    } else if (ask->is_bundle) {
        examine_bundle(worker, ask->bundle_size, path);
    } else {
        examine_file(worker, ask, path);
    }
    if (!worker->answered) {
        struct verdict verdict = verdict_blank(ask->identity.size);
        verdict.finding = FINDING_UNREADABLE;
        error_set(&verdict.unreadable, ERR_LIMIT, "the examination ended without a verdict");
        on_verdict(&worker->sink, &verdict);
    }
    arena_reset(&worker->arena);
}

/* One message: descriptors and what is asked about them. False at the end. */
static bool serve(struct worker *worker, uint8_t *buffer, char *path) {
    union {
        struct cmsghdr align;
        char octets[CMSG_SPACE(WORKER_BATCH * sizeof(int))];
    } control;
    struct iovec part = {buffer, WORKER_ASK_MAX};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(worker->socket, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) {
        return true;
    }
    if (got <= 0) {
        return false;
    }
    int fds[WORKER_BATCH];
    size_t n = 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(header), n * sizeof(int));
    }
    struct reader in = reader_make(bytes_make(buffer, (size_t)got), 0);
    for (size_t i = 0; i < n; i++) {
        struct worker_ask ask = {0};
        struct bytes head = reader_bytes(&in, sizeof ask);
        if (head.n == sizeof ask) {
            memcpy(&ask, head.p, sizeof ask);
        }
        struct bytes name = reader_bytes(&in, ask.path_n <= WORKER_PATH_MAX ? ask.path_n : 0);
        memcpy(path, name.p, name.n);
        path[name.n] = '\0';
        if (reader_ok(&in)) {
            examine_one(worker, &ask, path, fds[i]);
        }
        close(fds[i]);
    }
    return worker->kind != WORKER_PROVER;
}

void worker_main(int socket, enum worker_kind kind, const struct examiner *examiner, bool sandbox) {
    static struct worker worker;
    static struct memo memo;
    static struct helper_client client;
    worker = (struct worker){.sink = {on_verdict}, .socket = socket, .kind = kind, .examiner = *examiner};
    worker.arena = limit_arena(&worker.examiner.limits);
    worker.examiner.memo = &memo;
    worker.run_left = UINT64_MAX;
    worker.examiner.run_left = &worker.run_left;
    if (examiner->helpers != NULL && examiner->members && helper_start(&client, examiner->helpers, &worker.examiner.limits)) {
        worker.examiner.helper = &client.helper;
    }
    /* One file after another needs some megabytes: giving them back in between costs more than reading most files. */
    mallopt(M_MMAP_THRESHOLD, MEMORY_KEPT);
    mallopt(M_TRIM_THRESHOLD, MEMORY_KEPT);
    uint8_t *buffer = malloc(WORKER_ASK_MAX);
    char *path = malloc(WORKER_PATH_MAX + 1);
    struct error err = {0};
    bool ok = buffer != NULL && path != NULL ? true : error_set(&err, ERR_LIMIT, "no memory for a reader");
    prctl(PR_SET_NAME, "reader");
    tzset(); /* libarchive turns dates into times, for which the C library would look for a file once */
    ok = ok && sandbox_limit(limit_most(&worker.examiner.limits, LIMIT_READER_MEMORY), &err) && (!sandbox || sandbox_enter(&err));
    if (!ok) {
        send_packet(&worker, ANSWER_REFUSED, bytes_text(err.text));
        _exit(1);
    }
    while (serve(&worker, buffer, path)) {
    }
    _exit(0);
}
