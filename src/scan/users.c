/* SPDX-License-Identifier: Apache-2.0 */
/* proc(5): /proc/PID/exe and /proc/PID/fd/N lead to files; a line of /proc/PID/maps is "from-to rwxp offset major:minor inode path". */
#include "scan/users.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* One process while it is looked at. */
struct process {
    pid_t id;
    int folder; /* /proc/PID */
    struct users *asks;
    size_t n;
};

static int by_file(const void *a, const void *b) {
    const struct users *x = a, *y = b;
    if (x->volume != y->volume) {
        return x->volume < y->volume ? -1 : 1;
    }
    return x->number < y->number ? -1 : x->number > y->number;
}

static void read_command(int folder, char command[20]) {
    int fd = openat(folder, "comm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, command, 19) : -1;
    command[n > 0 ? strcspn(command, "\n") : 0] = '\0';
    command[n > 0 ? n : 0] = '\0';
    command[strcspn(command, "\n")] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

static void note(const struct process *p, uint64_t volume, uint64_t number, enum use use) {
    const struct users key = {.volume = volume, .number = number};
    struct users *ask = bsearch(&key, p->asks, p->n, sizeof *p->asks, by_file);
    struct stat st;
    if (ask == NULL) {
        return;
    }
    if (ask->n != 0 && ask->all[ask->n - 1].process == p->id) {
        struct user *last = &ask->all[ask->n - 1];
        last->use = use > last->use ? use : last->use;
        return;
    }
    struct user *all = ask->n < USERS_MAX ? realloc(ask->all, (ask->n + 1) * sizeof *all) : NULL;
    if (all == NULL) {
        ask->more++;
        return;
    }
    ask->all = all;
    all[ask->n] = (struct user){.process = p->id, .owner = fstat(p->folder, &st) == 0 ? st.st_uid : (uid_t)-1, .use = use};
    read_command(p->folder, all[ask->n].command);
    ask->n++;
}

/* What a link of /proc leads to. The file system is not asked anew: a dead network mount must not hold this up. */
static bool leads_to(int folder, const char *name, uint64_t *volume, uint64_t *number) {
    struct statx st;
    if (statx(folder, name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO, &st) != 0) {
        return false;
    }
    *volume = makedev(st.stx_dev_major, st.stx_dev_minor);
    *number = st.stx_ino;
    return true;
}

static void look_at_descriptors(const struct process *p) {
    int fd = openat(p->folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    uint64_t volume, number;
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] != '.' && leads_to(fd, entry->d_name, &volume, &number)) {
            note(p, volume, number, USE_OPEN);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    } else if (fd >= 0) {
        close(fd);
    }
}

static void look_at_maps(const struct process *p) {
    int fd = openat(p->folder, "maps", O_RDONLY | O_CLOEXEC);
    FILE *maps = fd >= 0 ? fdopen(fd, "r") : NULL;
    char *line = NULL;
    size_t room = 0;
    while (maps != NULL && getline(&line, &room, maps) > 0) {
        unsigned major, minor;
        unsigned long long number;
        if (sscanf(line, "%*s %*s %*s %x:%x %llu", &major, &minor, &number) == 3 && number != 0) { /* NOLINT(cert-err34-c) */
            note(p, makedev(major, minor), number, USE_MAPS);
        }
    }
    free(line);
    if (maps != NULL) {
        fclose(maps);
    } else if (fd >= 0) {
        close(fd);
    }
}

static void look_at(struct users *asks, size_t n, int proc, const char *name) {
    struct process p = {.id = (pid_t)strtol(name, NULL, 10), .asks = asks, .n = n};
    uint64_t volume, number;
    p.folder = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p.folder < 0) {
        return;
    }
    struct stat own;
    bool runs = leads_to(p.folder, "exe", &volume, &number);
    bool ours = runs && stat("/proc/self/exe", &own) == 0 && own.st_dev == volume && own.st_ino == number && getpgid(p.id) == getpgid(0);
    if (!ours && p.id != getpid()) {
        look_at_descriptors(&p);
        look_at_maps(&p);
        if (runs) {
            note(&p, volume, number, USE_RUNS);
        }
    }
    close(p.folder);
}

void users_find(struct users *asks, size_t n) {
    int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 && n != 0 ? fdopendir(fd) : NULL;
    if (n != 0) {
        qsort(asks, n, sizeof *asks, by_file);
    }
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
            look_at(asks, n, fd, entry->d_name);
        }
    }
    for (size_t i = 0; i < n; i++) {
        asks[i].blind = fd < 0 || faccessat(fd, "self", F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    }
    if (dir != NULL) {
        closedir(dir);
    } else if (fd >= 0) {
        close(fd);
    }
}

void users_free(struct users *users) {
    free(users->all);
    *users = (struct users){0};
}

static const char *use_name(enum use use) {
    static const char *const names[] = {[USE_OPEN] = "open", [USE_MAPS] = "maps", [USE_RUNS] = "runs"};
    return names[use];
}

void users_json(const struct users *users, struct text *out) {
    json_t *all = json_array();
    for (size_t i = 0; i < users->n; i++) {
        const struct user *u = &users->all[i];
        struct text command = {0};
        text_add_safe(&command, bytes_text(u->command), sizeof u->command);
        json_array_append_new(all, json_pack("{s:I,s:I,s:s,s:s}", "pid", (json_int_t)u->process, "uid", (json_int_t)u->owner, "command",
                                             text_c(&command), "use", use_name(u->use)));
        text_free(&command);
    }
    char *text = users->n != 0 ? json_dumps(all, JSON_COMPACT) : NULL;
    text_add(out, text != NULL ? text : "");
    free(text);
    json_decref(all);
}

void users_words(const struct users *users, struct text *out) {
    enum { SHOWN = 3 };
    if (users->blind) {
        text_add(out, "who uses it is not known: /proc is not mounted");
    }
    for (size_t i = 0; i < users->n && i < SHOWN; i++) {
        const struct user *u = &users->all[i];
        text_addf(out, "%s%d (", i == 0 ? "in use by " : ", ", (int)u->process);
        text_add_safe(out, bytes_text(u->command), sizeof u->command);
        text_addf(out, ", user %u, %s it)", (unsigned)u->owner, u->use == USE_OPEN ? "has opened" : use_name(u->use));
    }
    if (users->n + users->more > SHOWN) {
        text_addf(out, " and %zu more", users->n + users->more - SHOWN);
    }
}

/* Whether a process, held by its descriptor, still runs the file: its number can't be another's before the answer is there. */
static bool still_runs(const struct users *users, pid_t process) {
    char path[64];
    uint64_t volume, number;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)process);
    return leads_to(AT_FDCWD, path, &volume, &number) && volume == users->volume && number == users->number;
}

void users_kill(const struct users *users, struct text *words) {
    for (size_t i = 0; i < users->n; i++) {
        pid_t process = users->all[i].process;
        int fd = users->all[i].use == USE_RUNS ? (int)syscall(SYS_pidfd_open, process, 0) : -1;
        if (fd < 0) {
            continue;
        }
        if (still_runs(users, process)) {
            bool killed = syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
            text_addf(words, "%s%s process %d", words->n != 0 ? "; " : "", killed ? "killed" : "could not kill", (int)process);
        }
        close(fd);
    }
}
