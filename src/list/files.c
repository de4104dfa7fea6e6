/* SPDX-License-Identifier: Apache-2.0 */
#include "list/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A policy that others may write to would let them choose what is quarantined, or excused. */
static bool trusted(const struct stat *st, struct error *err) {
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        return error_set(err, ERR_DENIED, "belongs to user %u; expected root or the user who runs this", st->st_uid);
    }
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return error_set(err, ERR_DENIED, "may be written by others than its owner (mode %04o); expected 0644 or less",
                         st->st_mode & 07777);
    }
    return true;
}

static bool too_large(uint64_t most, struct error *err) {
    return error_set(err, ERR_LIMIT, "has more than %llu bytes", (unsigned long long)most);
}

/* Reads to the end of fd; expected is a guess of the size. What tells that it is too large is not read at all. */
static bool read_all(int fd, uint64_t expected, uint64_t most, struct bytes *out, struct error *err) {
    if (expected > most) {
        return too_large(most, err);
    }
    size_t room = (size_t)expected + 4096, n = 0;
    uint8_t *p = malloc(room);
    while (p != NULL) {
        ssize_t got = read(fd, p + n, room - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            int sys = errno;
            free(p);
            return error_sys(err, sys, "can't read");
        }
        if (got == 0) {
            *out = bytes_make(p, n);
            return true;
        }
        n += (size_t)got;
        if (n > most) {
            free(p);
            return too_large(most, err);
        }
        if (n == room) {
            uint8_t *more = realloc(p, room *= 2);
            if (more == NULL) {
                free(p);
            }
            p = more;
        }
    }
    return error_set(err, ERR_LIMIT, "no memory to read the file");
}

bool file_read(const char *path, enum file_trust trust, struct bytes *out, struct error *err) {
    return file_read_most(path, trust, FILE_SIZE_MAX, out, err);
}

bool file_read_most(const char *path, enum file_trust trust, uint64_t most, struct bytes *out, struct error *err) {
    bool input = strcmp(path, "-") == 0;
    int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        int sys = errno;
        if (fd >= 0 && !input) {
            close(fd);
        }
        return error_sys(err, sys, "can't open");
    }
    bool ok = (input || S_ISREG(st.st_mode)) || error_set(err, ERR_UNSUPPORTED, "is no regular file");
    ok =
        ok && (trust == FILE_ANYBODYS || trusted(&st, err)) && read_all(fd, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, most, out, err);
    if (!input) {
        close(fd);
    }
    return ok;
}

void file_forget(struct bytes content) {
    void *p; /* bytes are read-only to all but the one who allocated them */
    memcpy(&p, &content.p, sizeof p);
    free(p);
}

bool file_exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static bool wanted(const char *name, const char *const *endings) {
    size_t n = strlen(name);
    for (size_t i = 0; endings[i] != NULL && name[0] != '.'; i++) {
        size_t m = strlen(endings[i]);
        if (n > m && strcmp(name + n - m, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int name_order(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool names_add(struct names *names, const char *name) {
    char **all = reallocarray(names->all, names->n + 1, sizeof *all);
    if (all == NULL) {
        return false;
    }
    names->all = all;
    all[names->n] = strdup(name);
    return all[names->n++] != NULL;
}

bool folder_names(const char *path, enum file_trust trust, const char *const *endings, struct names *out, struct error *err) {
    *out = (struct names){0};
    DIR *folder = opendir(path);
    struct stat st;
    if (folder == NULL || fstat(dirfd(folder), &st) != 0) {
        int sys = errno;
        if (folder != NULL) {
            closedir(folder);
        }
        return sys == ENOENT || sys == ENOTDIR || error_sys(err, sys, "can't open");
    }
    bool ok = trust == FILE_ANYBODYS || trusted(&st, err);
    for (struct dirent *entry = ok ? readdir(folder) : NULL; ok && entry != NULL; entry = readdir(folder)) {
        if (wanted(entry->d_name, endings) && !names_add(out, entry->d_name)) {
            ok = error_set(err, ERR_LIMIT, "no memory for its names");
        }
    }
    closedir(folder);
    if (!ok) {
        names_free(out);
        return false;
    }
    if (out->n != 0) {
        qsort(out->all, out->n, sizeof *out->all, name_order);
    }
    return true;
}

void names_free(struct names *names) {
    for (size_t i = 0; i < names->n; i++) {
        free(names->all[i]);
    }
    free(names->all);
    *names = (struct names){0};
}
