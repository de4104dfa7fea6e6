/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds a helper, from the outside in: namespaces of its own for mounts, network, processes and users; a file system in memory, of
 * limited size, that nobody else can reach; the user nobody; a Landlock domain that lets it read and run the system's programs and write
 * to that file system; a list of forbidden system calls; limits; a deadline. When the keeper ends, the kernel takes all of it away.
 *
 * Nothing of what the helper made is followed: links are not, names are only told.
 */
#include "scan/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "scan/confine.h"
#include "scan/keeper_show.h"
#include "scan/pass.h"
#include "scan/sandbox.h"

enum { NOBODY = 65534, SECONDS_MAX = 86400, SAID_MAX = 64 << 10, WORDS = 16 };
enum { OWN_FILES = 3 }; /* in its file system: the folder that it is, "in" and "out" */

/* The words of a program; the source is "in", what comes of it goes into the folder "out". */
static const struct {
    const char *type; /* for 7z: which of its formats; it is to try no other */
} formats[HELPER_FORMATS] = {
    [HELPER_NSIS] = {"-tNsis"}, [HELPER_INNO] = {NULL},         [HELPER_WIM] = {"-tWim"},   [HELPER_APFS] = {"-tAPFS"},
    [HELPER_HFS] = {"-tHFS"},   [HELPER_FAT] = {"-tFAT"},       [HELPER_NTFS] = {"-tNTFS"}, [HELPER_UDF] = {"-tUdf"},
    [HELPER_RAR] = {"-tRar"},   [HELPER_RAR5] = {"-tRar5"},     [HELPER_7Z] = {"-t7z"},     [HELPER_ZIP] = {"-tzip"},
    [HELPER_CAB] = {"-tCab"},   [HELPER_ARJ] = {"-tArj"},       [HELPER_CHM] = {"-tChm"},   [HELPER_SQUASHFS] = {"-tSquashFS"},
    [HELPER_SZDD] = {"-tMsLZ"}, [HELPER_CRAMFS] = {"-tCramFS"}, [HELPER_EXT] = {"-tExt"},
};

/* Two members of one name must both come out: -aou, rename. */
static void words_of(enum helper_format format, const char *program, const char *words[WORDS]) {
    const char *const seven[] = {program, "x", "-y", "-aou", "-bd", "-bb0", "-bso0", "-bsp0", "-mmt1", "-oout", "in", formats[format].type,
                                 NULL};
    const char *const inno[] = {program, "--extract", "--silent", "--color=0", "--progress=0", "--collisions=rename", "--output-dir=out",
                                "in",    NULL};
    if (format == HELPER_INNO) {
        memcpy(words, inno, sizeof inno);
    } else {
        memcpy(words, seven, sizeof seven);
    }
}

struct keeper {
    int socket;
    struct keeper_ask ask;
    const struct limits *limits;
    const char *program;
    bool users; /* in a user namespace: outside of it, nobody is who started certban */
    uint64_t room;
    struct text said;
};

/* ---- a world of its own ---- */

static bool write_file(const char *path, const char *text, struct error *err) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int sys = errno;
    if (fd >= 0) {
        close(fd);
    }
    return ok || error_sys(err, sys, "no user of its own");
}

static bool leave(struct keeper *k, struct error *err) {
    const int spaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
    char users[64], groups[64];
    snprintf(users, sizeof users, "%d %u 1", NOBODY, geteuid());
    snprintf(groups, sizeof groups, "%d %u 1", NOBODY, getegid());
    if (geteuid() == 0 && unshare(spaces) == 0) {
        return true;
    }
    k->users = true;
    if (unshare(spaces | CLONE_NEWUSER) != 0) {
        return error_sys(err, errno, "no namespaces");
    }
    return write_file("/proc/self/setgroups", "deny", err) && write_file("/proc/self/uid_map", users, err) &&
           write_file("/proc/self/gid_map", groups, err);
}

/* A folder to hide under the new file system: any that is there, but not the one that the program is in. */
static const char *mount_point(const struct keeper *k) {
    static const char *const folders[] = {"/tmp", "/mnt", "/var/tmp", "/run"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        struct stat st;
        size_t n = strlen(folders[i]);
        bool inside = strncmp(k->program, folders[i], n) == 0 && k->program[n] == '/';
        if (!inside && lstat(folders[i], &st) == 0 && S_ISDIR(st.st_mode)) {
            return folders[i];
        }
    }
    return NULL;
}

/* All readers together, of which there is one a processor, get at most half of the machine's memory, whatever is asked for. */
static bool find_room(struct keeper *k, struct error *err) {
    struct sysinfo info;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t most = limit_most(k->limits, LIMIT_HELPER_SIZE);
    if (k->ask.size > most) {
        return limit_reached(k->limits, LIMIT_HELPER_SIZE, err);
    }
    if (sysinfo(&info) == 0 && info.totalram != 0) {
        uint64_t share = (uint64_t)info.totalram * info.mem_unit / 2 / (processors > 0 ? (uint64_t)processors : 1);
        most = share < most ? share : most;
    }
    if (k->ask.size > most) {
        return error_set(err, ERR_LIMIT, "it is larger than %llu MiB, for which there is no room in memory",
                         (unsigned long long)most >> 20);
    }
    k->room = k->ask.room < most ? k->ask.room : most;
    return true;
}

/* What its file system holds: the source, what comes of it, and what they take beside their bytes. */
static uint64_t room_of(const struct keeper *k) {
    return k->ask.size + k->room + (1 << 20);
}

static bool mount_room(struct keeper *k, struct error *err) {
    enum { NO_SYMLINKS = 256 /* MS_NOSYMFOLLOW, of Linux 5.10 */ };
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    const char *point = mount_point(k);
    char options[128];
    snprintf(options, sizeof options, "mode=0700,uid=%d,gid=%d,size=%llu,nr_inodes=%llu", NOBODY, NOBODY, (unsigned long long)room_of(k),
             (unsigned long long)limit_most(k->limits, LIMIT_HELPER_FILES) + OWN_FILES);
    if (point == NULL) {
        return error_set(err, ERR_UNSUPPORTED, "no folder for its files");
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return error_sys(err, errno, "no mounts of its own");
    }
    if (mount("certban", point, "tmpfs", flags | NO_SYMLINKS, options) != 0 && mount("certban", point, "tmpfs", flags, options) != 0) {
        return error_sys(err, errno, "no file system in memory");
    }
    if (chdir(point) != 0) {
        return error_sys(err, errno, "no file system in memory");
    }
    return true;
}

/* Memory that is only ours ends with us: nobody may look at it meanwhile. */
static bool become_nobody(const struct keeper *k, struct error *err) {
    if (!k->users && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)) {
        return error_sys(err, errno, "no user without rights");
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return error_sys(err, errno, "no process without rights");
    }
    return mkdir("out", 0700) == 0 || error_sys(err, errno, "no file system in memory");
}

static bool prepare(struct keeper *k, const struct helper_programs *programs, struct error *err) {
    int fd;
    if (pass_receive(k->socket, &k->ask, sizeof k->ask, &fd) != sizeof k->ask || fd >= 0 || k->ask.format >= HELPER_FORMATS ||
        k->ask.seconds == 0 || k->ask.seconds > SECONDS_MAX) {
        return error_set(err, ERR_CRASHED, "it was asked for something that makes no sense");
    }
    k->program = programs->path[helper_program((enum helper_format)k->ask.format)];
    if (!find_room(k, err) || !leave(k, err) || !mount_room(k, err) || !become_nobody(k, err)) {
        return false;
    }
    return !k->users || sandbox_has_paths() || error_set(err, ERR_UNSUPPORTED, "no Landlock, and no other user");
}

/* ---- the source ---- */

static bool take_source(struct keeper *k, struct error *err) {
    uint8_t *piece = malloc(KEEPER_PIECE);
    int fd, file = open("in", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    bool ok = (piece != NULL && file >= 0) || error_sys(err, errno, "no file system in memory");
    for (uint64_t left = k->ask.size; ok && left != 0;) {
        ssize_t got = pass_receive(k->socket, piece, KEEPER_PIECE, &fd);
        ok = got > 0 && fd < 0 && (uint64_t)got <= left && write(file, piece, (size_t)got) == got;
        left -= ok ? (uint64_t)got : 0;
        if (!ok) {
            error_set(err, ERR_LIMIT, "no room in memory for what it is to unpack");
        }
    }
    if (file >= 0) {
        close(file);
    }
    free(piece);
    return ok;
}

/* ---- the program ---- */

/* What it may read and run: the system, and where it is itself. */
static bool close_paths(const struct keeper *k, struct error *err) {
    char folder[sizeof((struct helper_programs *)NULL)->path[0]];
    snprintf(folder, sizeof folder, "%s", k->program);
    char *slash = strrchr(folder, '/');
    if (slash != NULL && slash != folder) {
        *slash = '\0';
    }
    const struct sandbox_path paths[] = {
        {"/usr", SANDBOX_RUN},
        {"/bin", SANDBOX_RUN},
        {"/lib", SANDBOX_RUN},
        {"/lib64", SANDBOX_RUN},
        {"/etc/ld.so.cache", SANDBOX_READ},
        {"/dev/null", SANDBOX_READ},
        {"/nix/store", SANDBOX_RUN},
        {folder, SANDBOX_RUN},
        {".", SANDBOX_ALL},
    };
    return sandbox_paths(paths, sizeof paths / sizeof *paths, err);
}

static void become_program(const struct keeper *k, int out) __attribute__((noreturn));
static void become_program(const struct keeper *k, int out) {
    const char *words[WORDS];
    struct error err;
    words_of((enum helper_format)k->ask.format, k->program, words);
    if (!close_paths(k, &err) || !confine_calls(&err)) {
        dprintf(out, "error: %s\n", err.text);
        _exit(CONFINE_NOT_THERE);
    }
    confine_limit(k->ask.seconds, room_of(k)); /* the file system ends a file that is too large, and says so */
    confine_exec(words, ".", out);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Keeps what the program says; false when it will say nothing more. */
static bool listen_to(struct keeper *k, int pipe) {
    char block[4096];
    ssize_t n = read(pipe, block, sizeof block);
    if (n > 0) {
        text_add_bytes(&k->said, bytes_make(block, k->said.n < SAID_MAX ? (size_t)n : 0));
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Until the program ends, its time is over, or the reader is gone. */
static bool watch(struct keeper *k, int pid_fd, int pipe) {
    int64_t end = now_ms() + (int64_t)k->ask.seconds * 1000;
    struct pollfd all[] = {{.fd = pid_fd, .events = POLLIN}, {.fd = k->socket, .events = POLLIN}, {.fd = pipe, .events = POLLIN}};
    for (;;) {
        int64_t left = end - now_ms();
        if (left <= 0 || (poll(all, 3, (int)left) < 0 && errno != EINTR)) {
            return false;
        }
        if (all[1].revents != 0) { /* it has nothing more to say: it has gone */
            _exit(0);
        }
        if (all[2].revents != 0 && !listen_to(k, pipe)) {
            all[2].fd = -1;
        }
        if (all[0].revents != 0) {
            while (all[2].fd >= 0 && poll(&all[2], 1, 0) > 0 && listen_to(k, pipe)) {
            }
            return true;
        }
    }
}

/* Whether the program had no room any more: for files, or for bytes, of which the caller may have allowed fewer than the limit. */
static bool is_full(const struct keeper *k, const char *name, struct error *err) {
    struct statfs room;
    if (statfs(".", &room) != 0 || (room.f_bavail != 0 && room.f_ffree != 0)) {
        return false;
    }
    if (room.f_ffree == 0) {
        limit_reached(k->limits, LIMIT_HELPER_FILES, err);
    } else if (k->room == limit_most(k->limits, LIMIT_HELPER_SIZE)) {
        limit_reached(k->limits, LIMIT_HELPER_SIZE, err);
    } else {
        error_set(err, ERR_LIMIT, "%s unpacks it to more than %llu MiB, for which there is no room", name,
                  (unsigned long long)k->room >> 20);
    }
    return true;
}

/* Behind lines that name no more than the file, which is always "in". */
static const char *behind_names(const char *line) {
    static const char *const names[] = {"\n", "\r\n", "ERROR: in\n", "ERROR: in\r\n", "in\n", "in\r\n"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (strncmp(line, names[i], n) == 0) {
            line += n;
            i = (size_t)-1;
        }
    }
    return line;
}

/* Why a program failed, by how it ended and its own words: the first line about an error. */
static bool explain(struct keeper *k, int status, bool in_time, struct error *err) {
    const char *name = strrchr(k->program, '/') + 1;
    const char *said = text_c(&k->said), *at = strcasestr(said, "error");
    while (at != NULL && at != said && at[-1] != '\n') {
        at--;
    }
    struct text line = {0};
    at = behind_names(at != NULL ? at : said);
    text_add_safe(&line, bytes_make(at, strcspn(at, "\r\n")), 160);
    if (!in_time) {
        error_set(err, ERR_LIMIT, "%s took longer than %u seconds", name, k->ask.seconds);
    } else if (WIFSIGNALED(status)) {
        error_set(err, ERR_CRASHED, "%s was ended by signal %d", name, WTERMSIG(status));
    } else if (is_full(k, name, err)) {
        /* told */
    } else if (strcasestr(said, "password") != NULL || strcasestr(said, "encrypted") != NULL) {
        error_set(err, ERR_UNSUPPORTED, "encrypted: can't be read without the password");
    } else {
        error_set(err, WEXITSTATUS(status) == CONFINE_NOT_THERE ? ERR_UNSUPPORTED : ERR_MALFORMED, "%s ended with status %d: %s", name,
                  WEXITSTATUS(status), text_c(&line));
    }
    text_free(&line);
    return false;
}

static bool run_program(struct keeper *k, struct error *err) {
    int ends[2], status = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_sys(err, errno, "can't make a pipe for a helper");
    }
    pid_t pid = fork();
    if (pid == 0) {
        become_program(k, ends[1]);
    }
    int pid_fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1, sys = errno;
    close(ends[1]);
    bool in_time = pid_fd >= 0 && watch(k, pid_fd, ends[0]);
    close(ends[0]);
    if (pid < 0) {
        return error_sys(err, sys, "can't start a helper");
    }
    if (pid_fd >= 0) {
        close(pid_fd);
    }
    kill(pid, SIGKILL); /* the first process of its namespace: all the others go with it */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (pid_fd < 0) {
        return error_sys(err, sys, "can't watch a helper");
    }
    return (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0) || explain(k, status, in_time, err);
}

/* ---- all of it ---- */

static void answer(const struct keeper *k, enum keeper_kind kind, const struct error *err) {
    const struct keeper_answer head = {.kind = kind, .error = err->kind, .limit = err->limit};
    if (!pass_send(k->socket, bytes_make(&head, sizeof head), bytes_text(err->kind != ERR_NONE ? err->text : ""), -1)) {
        _exit(0);
    }
}

void keeper_main(int socket, const struct helper_programs *programs, const struct limits *limits) {
    struct keeper k = {.socket = 4, .limits = limits};
    struct error err = {0}, why = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    umask(S_IRWXG | S_IRWXO); /* whoever started certban may have one by which not even the helper reads what it is given */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (socket != k.socket) {
        dup2(socket, k.socket);
    }
    pass_close_from(5);
    close(3); /* the companion's */
    (void)fcntl(k.socket, F_SETFD, FD_CLOEXEC);
    if (!prepare(&k, programs, &err)) {
        answer(&k, KEEPER_REFUSED, &err);
        _exit(0);
    }
    answer(&k, KEEPER_READY, &err);
    bool ok = take_source(&k, &err) && run_program(&k, &err);
    if (!keeper_show(k.socket, "out", limits, &why)) { /* what could be unpacked is shown even so */
        err = ok ? why : err;
    }
    answer(&k, KEEPER_END, &err);
    _exit(0);
}
