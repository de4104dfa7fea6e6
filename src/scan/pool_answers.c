/* SPDX-License-Identifier: Apache-2.0 */
/* What workers say: answers, pieces of answers and questions, none of them trusted. */
#include <errno.h>
#include <sys/socket.h>

#include "scan/cover.h"
#include "scan/disk_bundle.h"
#include "scan/pass.h"
#include "scan/pool_inside.h"
#include "scan/wire.h"

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
        pool_finish(pool, slot, NULL);
    }
    return true;
}

/* Answers a reader that waits for a file: the file, or why there is none (sys, an errno). The file is closed here. */
static bool hand_over(const struct slot *slot, int sys, struct handle *file, const struct fs_identity *identity, struct error *err) {
    struct worker_opened opened = {.sys = (uint32_t)sys, .size = identity->size};
    bool sent = pass_send(slot->worker.socket, bytes_make(&opened, sizeof opened), bytes_none(), (int)file->os);
    fs_close(file);
    return sent || error_set(err, ERR_CRASHED, "the reader does not take the file that it asked for");
}

/* A reader that checks a seal asks for one of the bundle's files. It waits for the answer and has nothing else in hand. */
static bool answer_open(const struct slot *slot, const struct disk_bundle *bundle, struct bytes question, struct error *err) {
    int sys = 0;
    struct fs_identity identity = {0};
    struct handle file = FS_NONE;
    uint32_t line;
    if (question.n != sizeof line) {
        return error_set(err, ERR_CRASHED, "the reader's question is none");
    }
    memcpy(&line, question.p, sizeof line);
    struct error why = {0};
    if (!disk_bundle_open(bundle, line, &file, &identity, &why)) {
        sys = why.sys != 0 ? why.sys : EIO;
    }
    return hand_over(slot, sys, &file, &identity, err);
}

/* A reader asks for another file of the set that the one in hand is of. */
static bool answer_beside(const struct slot *slot, const struct job *job, struct bytes question, struct error *err) {
    int sys = 0;
    struct fs_identity identity = {0};
    struct handle file = FS_NONE;
    struct error why = {0};
    if (!job_open_beside(job, question, &file, &identity, &why)) {
        sys = why.sys != 0 ? why.sys : ENOENT;
    }
    return hand_over(slot, sys, &file, &identity, err);
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
        pool_give_up(pool, err);
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

void pool_receive(struct pool *pool, struct slot *slot) {
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
                pool_lost(pool, slot, NULL);
            } else {
                (void)pool_end_worker(pool, slot);
            }
            return;
        }
        if (got > WORKER_ASK_MAX) {
            error_set(&err, ERR_CRASHED, "the reader's answer is too long");
            pool_lost(pool, slot, &err);
        } else if (!take_answer(pool, slot, bytes_make(pool->buffer, (size_t)got), &err)) {
            pool_lost(pool, slot, &err);
        }
    }
}
