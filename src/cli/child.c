/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scan/confine.h"

/* Runs in the new process. A network of its own, with nothing in it, is asked for; where the system forbids that, the dead proxy of
 * its environment keeps the program from fetching revocation lists. */
static void become(const char *const *argv, const char *home, int out) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        errno = 0;
    }
    confine_limit(CHILD_SECONDS, 0);
    confine_exec(argv, home, out);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads until the other end closes. False when the time is over. */
static bool collect(int fd, struct text *out) {
    int64_t end = now_ms() + (int64_t)CHILD_SECONDS * 1000;
    for (;;) {
        int64_t left = end - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) == 0) {
            return false;
        }
        char block[4096];
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return true;
        }
        text_add_bytes(out, bytes_make(block, out->n < CHILD_OUTPUT_MAX ? (size_t)n : 0)); /* what is too much is read and dropped */
    }
}

static bool run_in(const char *home, const char *const *argv, struct text *out, int *status, struct error *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_sys(err, errno, "can't make a pipe for %s", argv[0]);
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(argv, home, ends[1]);
    }
    int sys = errno;
    close(ends[1]);
    bool in_time = pid > 0 && collect(ends[0], out);
    close(ends[0]);
    if (pid < 0) {
        return error_sys(err, sys, "can't start %s", argv[0]);
    }
    if (!in_time) {
        kill(pid, SIGKILL);
    }
    int how;
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) {
        return error_set(err, ERR_LIMIT, "%s took longer than %d seconds", argv[0], CHILD_SECONDS);
    }
    if (!WIFEXITED(how)) {
        return error_set(err, ERR_CRASHED, "%s was ended by signal %d", argv[0], WTERMSIG(how));
    }
    *status = WEXITSTATUS(how);
    return *status != CONFINE_NOT_THERE || error_set(err, ERR_UNSUPPORTED, "%s is not installed", argv[0]);
}

bool child_run(const char *const *argv, struct text *out, int *status, struct error *err) {
    const char *folder = getenv("TMPDIR");
    struct text home = {0};
    text_addf(&home, "%s/certban-XXXXXX", folder != NULL && folder[0] == '/' ? folder : "/tmp");
    if (!text_ok(&home) || mkdtemp(home.p) == NULL) {
        int sys = errno;
        text_free(&home);
        return error_sys(err, sys, "can't make a folder for %s", argv[0]);
    }
    bool ok = run_in(home.p, argv, out, status, err);
    rmdir(home.p); /* it can hold nothing: the program may not write files */
    text_free(&home);
    return ok;
}
