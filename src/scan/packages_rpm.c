/* SPDX-License-Identifier: Apache-2.0 */
/* rpm's database has no format of its own to rely on: rpm -qf is asked, about the few files that are to be acted on. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scan/packages.h"

enum { WAIT_MS = 10000 };

/* rpm -qf --qf '%{NAME}' PATH, with its words in a pipe. */
static pid_t start(const char *program, const char *path, int *from) {
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        const char *const words[] = {program, "-qf", "--qf", "%{NAME}\\n", "--", path, NULL};
        int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        char *argv[sizeof words / sizeof *words], *envp[sizeof environment / sizeof *environment];
        memcpy(argv, words, sizeof argv); /* execve changes neither */
        memcpy(envp, environment, sizeof envp);
        if (dup2(nothing, STDIN_FILENO) >= 0 && dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(nothing, STDERR_FILENO) >= 0) {
            execve(program, argv, envp);
        }
        _exit(127);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
    } else {
        *from = ends[0];
    }
    return pid;
}

static int64_t now_ms(void) {
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The first line, if the program ends well and in time. */
static void ask(const char *program, struct package_ask *question) {
    char said[sizeof question->package] = "";
    int from = -1, status = 0;
    size_t n = 0;
    int64_t end = now_ms() + WAIT_MS;
    pid_t pid = start(program, question->path, &from);
    for (bool more = pid > 0; more;) {
        struct pollfd wait = {.fd = from, .events = POLLIN};
        char rest[256];
        int64_t left = end - now_ms();
        bool ready = left > 0 && poll(&wait, 1, (int)left) > 0;
        ssize_t got =
            ready ? read(from, n < sizeof said - 1 ? said + n : rest, n < sizeof said - 1 ? sizeof said - 1 - n : sizeof rest) : -1;
        n += got > 0 && n < sizeof said - 1 ? (size_t)got : 0;
        more = got > 0;
        if (!ready) {
            (void)kill(pid, SIGKILL);
        }
    }
    if (pid > 0) {
        close(from);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    said[n] = '\0';
    said[strcspn(said, "\n")] = '\0';
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        memcpy(question->package, said, sizeof said);
    }
}

bool packages_rpm_rules(const char *root) {
    static const char *const folders[] = {"/usr/lib/sysimage/rpm", "/var/lib/rpm"};
    static const char *const databases[] = {"rpmdb.sqlite", "Packages.db", "Packages"}; /* of SQLite, ndb and Berkeley DB */
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        for (size_t k = 0; k < sizeof databases / sizeof *databases; k++) {
            char path[PATH_MAX];
            struct stat st;
            int n = snprintf(path, sizeof path, "%s%s/%s", root, folders[i], databases[k]);
            if (n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0 && st.st_size != 0) {
                return true;
            }
        }
    }
    return false;
}

void packages_rpm(const char *program, struct package_ask *asks, size_t n) {
    struct stat st;
    bool rules = program != NULL || packages_rpm_rules("");
    program = program != NULL ? program : "/usr/bin/rpm";
    bool there = rules && stat(program, &st) == 0;
    for (size_t i = 0; there && i < n; i++) {
        if (asks[i].package[0] == '\0') {
            ask(program, &asks[i]);
        }
    }
}
