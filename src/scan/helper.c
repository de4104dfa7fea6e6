/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/helper.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scan/keeper.h"
#include "scan/pass.h"
#include "source/stream.h"

enum { SECONDS_USUAL = 60 };

/* ---- which programs there are ---- */

static const char *const names[PROGRAMS][3] = {
    [PROGRAM_7Z] = {"7zz", "7z", "7za"}, /* 7-Zip's own name, p7zip's, and p7zip's without plug-ins */
    [PROGRAM_INNOEXTRACT] = {"innoextract"},
};

static bool find_in(const char *folder, const char *name, char *out, size_t room) {
    struct stat st;
    int n = snprintf(out, room, "%s/%s", folder, name);
    return n > 0 && (size_t)n < room && stat(out, &st) == 0 && S_ISREG(st.st_mode) && access(out, X_OK) == 0;
}

void helper_find(struct helper_programs *out, const char *folder) {
    static const char *const system_folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};
    char real[PATH_MAX]; /* it must hold from any folder */
    folder = folder != NULL && realpath(folder, real) != NULL ? real : folder;
    const char *const *folders = folder != NULL ? &folder : system_folders;
    size_t n = folder != NULL ? 1 : sizeof system_folders / sizeof *system_folders;
    for (size_t program = 0; program < PROGRAMS; program++) {
        bool found = false;
        for (size_t i = 0; i < sizeof names[0] / sizeof *names[0] && names[program][i] != NULL && !found; i++) {
            for (size_t k = 0; k < n && !found; k++) {
                found = find_in(folders[k], names[program][i], out->path[program], sizeof out->path[program]);
            }
        }
        if (!found) {
            out->path[program][0] = '\0';
        }
    }
}

enum helper_program helper_program(enum helper_format format) {
    return format == HELPER_INNO ? PROGRAM_INNOEXTRACT : PROGRAM_7Z;
}

/* ---- the reader's side ---- */

/* A socket to a keeper of one's own: helpers may be at work inside one another. */
static int ask_companion(const struct helper_client *client) {
    uint8_t octet = 0;
    int fd;
    if (!pass_send(client->socket, bytes_make(&octet, 1), bytes_none(), -1) || pass_receive(client->socket, &octet, 1, &fd) <= 0) {
        return -1;
    }
    return fd;
}

static uint32_t seconds_left(const struct budget *budget) {
    struct timespec now;
    if (budget->deadline == 0) {
        return SECONDS_USUAL;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t left = budget->deadline / INT64_C(1000000000) - now.tv_sec;
    return left > 1 ? (uint32_t)left : 1;
}

static bool send_source(int socket, struct source *source, struct budget *budget, struct error *err) {
    uint8_t *piece = malloc(KEEPER_PIECE);
    bool ok = piece != NULL || error_memory(err, "for a helper");
    for (uint64_t at = 0; ok && at < source->size;) {
        size_t n = source->size - at < KEEPER_PIECE ? (size_t)(source->size - at) : KEEPER_PIECE;
        ok = source_into(source, piece, n, at, err) && budget_spend(budget, 0, err) &&
             (pass_send(socket, bytes_make(piece, n), bytes_none(), -1) ||
              error_set(err, ERR_CRASHED, "the process that keeps the helper has died"));
        at += n;
    }
    free(piece);
    return ok;
}

/* *unpacked is what came out so far, of packed bytes. */
static bool visit_file(int fd, const char *path, uint64_t *unpacked, uint64_t packed, struct budget *budget, struct visitor *visitor,
                       struct error *err) {
    struct fd_source file;
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return error_set(err, ERR_CRASHED, "the helper's keeper sent something that is no file");
    }
    if (st.st_size == 0) {
        return true;
    }
    *unpacked += (uint64_t)st.st_size;
    if (!budget_spend(budget, (uint64_t)st.st_size, err) || !budget_ratio(budget, *unpacked, packed, err)) {
        return false;
    }
    fd_source_init(&file, path, fd, (uint64_t)st.st_size);
    const struct member member = {.path = path, .source = &file.source};
    return visitor->visit(visitor, &member, err);
}

/* Whether an answer says that all went well; else its error, and the limit that is about. */
static bool said_well(const struct keeper_answer *answer, const char *text, struct error *err) {
    if (answer->error <= ERR_NONE || answer->error >= ERR_KINDS) {
        return true;
    }
    error_set(err, (enum error_kind)answer->error, "%s", text);
    if (err != NULL) {
        err->limit = answer->limit <= LIMIT_COUNT ? answer->limit : 0;
    }
    return false;
}

/* What the keeper has to say, up to its END. */
static bool receive_files(int socket, struct source *source, struct budget *budget, struct visitor *visitor, struct error *err) {
    struct {
        struct keeper_answer head;
        char text[KEEPER_NAME_MAX + 1];
    } answer = {0};
    uint64_t unpacked = 0;
    for (;;) {
        int fd;
        ssize_t got = pass_receive(socket, &answer, sizeof answer - 1, &fd);
        if (got < (ssize_t)sizeof answer.head) {
            return error_set(err, ERR_CRASHED, "the process that keeps the helper has died");
        }
        answer.text[(size_t)got - sizeof answer.head] = '\0';
        if (answer.head.kind == KEEPER_END) {
            return said_well(&answer.head, answer.text, err);
        }
        bool ok = answer.head.kind == KEEPER_FILE && fd >= 0 ? visit_file(fd, answer.text, &unpacked, source->size, budget, visitor, err)
                                                             : error_set(err, ERR_CRASHED, "the helper's keeper makes no sense");
        if (fd >= 0) {
            close(fd);
        }
        if (!ok) {
            return false;
        }
    }
}

static bool take_apart_by(int socket, enum helper_format format, struct source *source, struct budget *budget, struct visitor *visitor,
                          bool *ran, struct error *err) {
    const struct keeper_ask ask = {.format = format, .seconds = seconds_left(budget), .size = source->size, .room = budget->bytes_left};
    struct {
        struct keeper_answer head;
        char text[sizeof err->text];
    } answer = {0};
    int fd;
    if (!pass_send(socket, bytes_make(&ask, sizeof ask), bytes_none(), -1) ||
        pass_receive(socket, &answer, sizeof answer - 1, &fd) < (ssize_t)sizeof answer.head) {
        return error_set(err, ERR_CRASHED, "the process that keeps the helper has died");
    }
    if (fd >= 0) {
        close(fd);
    }
    if (answer.head.kind != KEEPER_READY && answer.head.limit != 0) {
        return said_well(&answer.head, answer.text, err);
    }
    if (answer.head.kind != KEEPER_READY) {
        return error_set(err, ERR_UNSUPPORTED, "needs %s, which can't be run here: %s", helper_name(format), answer.text);
    }
    *ran = true;
    return send_source(socket, source, budget, err) && receive_files(socket, source, budget, visitor, err);
}

static bool take_apart(struct helper *helper, enum helper_format format, struct source *source, struct budget *budget,
                       struct visitor *visitor, bool *ran, struct error *err) {
    const struct helper_client *client = (const struct helper_client *)helper;
    *ran = false;
    if (client->programs->path[helper_program(format)][0] == '\0') {
        return error_set(err, ERR_UNSUPPORTED, "needs %s, which is not there", helper_name(format));
    }
    int socket = ask_companion(client);
    if (socket < 0) {
        return error_set(err, ERR_UNSUPPORTED, "needs %s, which can't be run here: no process for it", helper_name(format));
    }
    bool ok = take_apart_by(socket, format, source, budget, visitor, ran, err);
    close(socket); /* and the keeper ends, wherever it is */
    return ok;
}

/* ---- the companion ---- */

static void serve(int socket, const struct helper_programs *programs, const struct limits *limits) {
    uint8_t octet;
    int fd;
    while (pass_receive(socket, &octet, 1, &fd) == 1) {
        int pair[2] = {-1, -1};
        pid_t pid = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 ? fork() : -1;
        if (pid == 0) {
            close(socket);
            close(pair[0]);
            keeper_main(pair[1], programs, limits);
        }
        if (pair[1] >= 0) {
            close(pair[1]);
        }
        bool told = pass_send(socket, bytes_make(&octet, 1), bytes_none(), pid > 0 ? pair[0] : -1);
        if (pair[0] >= 0) {
            close(pair[0]);
        }
        if (!told) {
            return;
        }
    }
}

static void companion_main(int socket, const struct helper_programs *programs, const struct limits *limits) __attribute__((noreturn));
static void companion_main(int socket, const struct helper_programs *programs, const struct limits *limits) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN); /* nobody asks how a keeper ended: its socket says it */
    if (socket != 3) {
        dup2(socket, 3);
    }
    pass_close_from(4);
    serve(3, programs, limits);
    _exit(0);
}

bool helper_start(struct helper_client *client, const struct helper_programs *programs, const struct limits *limits) {
    int pair[2];
    bool any = false;
    for (size_t i = 0; i < PROGRAMS; i++) {
        any = any || programs->path[i][0] != '\0';
    }
    if (!any || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        companion_main(pair[1], programs, limits);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return false;
    }
    *client = (struct helper_client){.helper = {take_apart}, .programs = programs, .socket = pair[0]};
    return true;
}
