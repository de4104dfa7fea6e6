/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/nursery.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "crypto/pubkey.h"
#include "scan/catalogs.h"
#include "scan/pass.h"
#include "scan/pool.h"
#include "scan/sandbox.h"

enum { SOCKET_FD = 3, STORE_FD = 4, WORKERS_MAX = 2 * POOL_FDS };

/* Both directions of the nursery's socket; a worker's socket comes along with the answer to FORK. */
enum order { ORDER_FORK, ORDER_END };
enum { NO_SANDBOX = 1, NO_CRYPTO }; /* why the nursery is not ready */
struct order_message {
    enum order order;
    enum worker_kind kind; /* ORDER_FORK: of what */
    pid_t pid;             /* ORDER_END: which; the answer to a fork: which one it is */
    int status;            /* the answer: an errno, or the signal that ended the worker */
};

static bool send_message(int socket, const struct order_message *message, int fd) {
    return pass_send(socket, bytes_make(message, sizeof *message), bytes_none(), fd);
}

static bool receive_message(int socket, struct order_message *message, int *fd) {
    return pass_receive(socket, message, sizeof *message, fd) == (ssize_t)sizeof *message;
}

/* ---- inside the nursery ---- */

struct care {
    int socket;
    struct examiner *examiner;
    bool sandbox;
    struct child {
        pid_t pid; /* 0: a free place */
        bool dead; /* and waited for: the number may be somebody else's by now */
        int status;
    } workers[WORKERS_MAX];
};

/* The place of a worker, or with 0 a free one; NULL when there is none. */
static struct child *place_of(struct care *care, pid_t pid) {
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        if (care->workers[i].pid == pid) {
            return &care->workers[i];
        }
    }
    return NULL;
}

/* Waits for what is dead: workers, whose end is kept until it is asked for, and what they left behind, which comes to the nursery. */
static void reap(struct care *care) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct child *child = place_of(care, pid);
        if (child != NULL) {
            *child = (struct child){.pid = pid, .dead = true, .status = status};
        }
    }
}

/* Ends all workers at once and waits for them and for what they had started: in a container the process that would inherit them may be
 * one that waits for nobody. What does not end when its parent does is not waited for longer than a second. */
static void end_all(const struct care *care) {
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        if (care->workers[i].pid != 0 && !care->workers[i].dead) {
            kill(care->workers[i].pid, SIGKILL);
        }
    }
    signal(SIGALRM, SIG_DFL);
    alarm(1);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
}

/* The main process waits for each answer. A descriptor may be refused where a message is not (too many are on their way: ETOOMANYREFS, no
 * memory): then that is the answer, and where even that can't be sent the nursery ends, which the main process hears. */
static void answer_with(const struct care *care, struct order_message *answer, int fd) {
    if (send_message(care->socket, answer, fd)) {
        return;
    }
    answer->status = errno != 0 ? errno : EIO;
    if (fd < 0 || !send_message(care->socket, answer, -1)) {
        end_all(care);
        _exit(1);
    }
}

static void fork_worker(struct care *care, enum worker_kind kind) {
    int pair[2];
    struct order_message answer = {.order = ORDER_FORK, .kind = kind};
    struct child *place = place_of(care, 0);
    if (place == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        answer.status = place == NULL ? EAGAIN : errno;
        answer_with(care, &answer, -1);
        return;
    }
    answer.pid = fork();
    if (answer.pid == 0) {
        close(care->socket);
        close(pair[0]);
        worker_main(pair[1], kind, care->examiner, care->sandbox);
    }
    answer.status = answer.pid < 0 ? errno : 0;
    *place = (struct child){.pid = answer.pid > 0 ? answer.pid : 0};
    close(pair[1]);
    answer_with(care, &answer, answer.pid < 0 ? -1 : pair[0]);
    close(pair[0]); /* a worker whose socket nobody got ends by itself */
}

static void end_worker(struct care *care, pid_t pid) {
    struct order_message answer = {.order = ORDER_END, .pid = pid};
    struct child *child = place_of(care, pid);
    reap(care);
    if (child != NULL && !child->dead) {
        kill(pid, SIGKILL);
        child->dead = waitpid(pid, &child->status, 0) == pid;
    }
    if (child != NULL) {
        answer.status = child->dead && WIFSIGNALED(child->status) ? WTERMSIG(child->status) : 0;
        *child = (struct child){.pid = 0};
    }
    (void)send_message(care->socket, &answer, -1);
}

static void serve(struct care *care) {
    bool is_warm = false;
    struct order_message message;
    int fd;
    while (receive_message(care->socket, &message, &fd)) {
        if (message.order == ORDER_END) {
            end_worker(care, message.pid);
            continue;
        }
        if (!is_warm && message.kind == WORKER_PROVER) {
            is_warm = true; /* done here once, every prover has it for nothing; a reader does it when it meets a signature to prove */
            pubkey_warm_up();
            (void)examiner_anchors(care->examiner);
        }
        fork_worker(care, message.kind);
    }
}

/* Gives a descriptor that is kept its number. */
static void keep(int fd, int as) {
    if (fd != as) {
        dup2(fd, as);
    }
    (void)fcntl(as, F_SETFD, FD_CLOEXEC);
}

/* What the main process had open is no business of a reader, but for the nursery's socket (3) and the catalogs (4); nor is the
 * terminal, to which a hijacked one could talk. */
static void let_go(int socket, struct catalogs *catalogs) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int last = SANDBOX_SANITIZER ? 1 : 2; /* a sanitizer's reports must be seen */
    for (int fd = 0; fd <= last; fd++) {
        if (null < 0 || dup2(null, fd) < 0) {
            close(fd);
        }
    }
    int store = catalogs != NULL ? fcntl(catalogs->store, F_DUPFD_CLOEXEC, STORE_FD + 1) : -1;
    keep(socket, SOCKET_FD);
    if (store >= 0) {
        keep(store, STORE_FD);
        catalogs->store = STORE_FD;
    }
    pass_close_from(store >= 0 ? STORE_FD + 1 : STORE_FD);
}

/* libarchive turns names of archives into the locale's characters. UTF-8 it knows by itself; for others, and for the first
 * character of all, the C library would look for files behind the sandbox. */
static void warm_characters(void) {
    wchar_t wide[2];
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL || mbstowcs(wide, "\xc3\xa9", 2) == (size_t)-1) {
        (void)setlocale(LC_CTYPE, "C"); /* then names are no more than octets */
    }
}

static int octet_order(const void *a, const void *b) {
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* The C library asks the system once how much memory there is, when it first sorts more than a kilobyte. */
static void warm_sorting(void) {
    uint8_t octets[2048] = {1};
    qsort(octets, sizeof octets, 1, octet_order);
}

static void nursery_main(int socket, struct examiner *examiner, bool sandbox) __attribute__((noreturn));
static void nursery_main(int socket, struct examiner *examiner, bool sandbox) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    let_go(socket, examiner->catalogs);
    signal(SIGINT, SIG_IGN); /* the main process decides when it is over, and the terminal sends this to all of them */
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    warm_characters();
    warm_sorting();
    setenv("TZ", "UTC0", 1); /* archive times: the system's time zone file can't be read behind the sandbox */
    tzset();
    json_object_seed(0); /* Electron archives have a table in JSON: its hash takes a random number from a file, once */
    struct error err = {0};
    struct order_message ready = {.status = !crypto_init(&err) ? NO_CRYPTO : sandbox && !sandbox_prepare(&err) ? NO_SANDBOX : 0};
    struct care care = {.socket = SOCKET_FD, .examiner = examiner, .sandbox = sandbox};
    if (send_message(SOCKET_FD, &ready, -1) && ready.status == 0) {
        serve(&care);
        end_all(&care);
    }
    _exit(0);
}

/* ---- the main process's side ---- */

bool nursery_start(struct nursery *nursery, const struct examiner *examiner, bool sandbox, struct error *err) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return error_sys(err, errno, "can't make a socket for the readers");
    }
    struct examiner copy = *examiner;
    pid_t pid = fork();
    if (pid == 0) {
        nursery_main(pair[1], &copy, sandbox);
    }
    int sys = errno;
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return error_sys(err, sys, "can't start a process for the readers");
    }
    *nursery = (struct nursery){.socket = pair[0], .pid = pid};
    return true;
}

bool nursery_ready(struct nursery *nursery, struct error *err) {
    struct order_message message;
    int fd;
    if (nursery->ready) {
        return true;
    }
    if (!receive_message(nursery->socket, &message, &fd)) {
        return error_set(err, ERR_CRASHED, "the process that starts the readers has died");
    }
    if (message.status == NO_CRYPTO) {
        return error_set(err, ERR_UNSUPPORTED, "OpenSSL can't be started without its default provider");
    }
    if (message.status != 0) {
        return error_set(err, ERR_UNSUPPORTED, "this system has no sandbox for the readers; --no-sandbox goes without");
    }
    nursery->ready = true;
    return true;
}

bool nursery_fork(struct nursery *nursery, enum worker_kind kind, struct nursling *out, struct error *err) {
    struct order_message message = {.order = ORDER_FORK, .kind = kind};
    int fd;
    if (!nursery_ready(nursery, err)) {
        return false;
    }
    if (!send_message(nursery->socket, &message, -1) || !receive_message(nursery->socket, &message, &fd)) {
        return error_set(err, ERR_CRASHED, "the process that starts the readers has died");
    }
    if (message.status != 0 || fd < 0) {
        return error_sys(err, message.status != 0 ? message.status : EMFILE, "can't start a reader");
    }
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    *out = (struct nursling){.pid = message.pid, .socket = fd};
    return true;
}

int nursery_end(struct nursery *nursery, pid_t worker) {
    struct order_message message = {.order = ORDER_END, .pid = worker};
    int fd;
    if (!send_message(nursery->socket, &message, -1) || !receive_message(nursery->socket, &message, &fd)) {
        return SIGKILL;
    }
    return message.status;
}

void nursery_stop(struct nursery *nursery) {
    if (nursery->socket >= 0) {
        close(nursery->socket);
        nursery->socket = -1;
        while (waitpid(nursery->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}
