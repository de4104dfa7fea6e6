/* SPDX-License-Identifier: Apache-2.0 */
#include "list/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool folders_make(const char *path, struct error *err) {
    char *copy = strdup(path);
    bool ok = copy != NULL || error_set(err, ERR_LIMIT, "no memory");
    for (char *p = copy; ok && *p != '\0'; p++) {
        if (*p == '/' && p != copy) {
            *p = '\0';
            ok = mkdir(copy, 0755) == 0 || errno == EEXIST || errno == EROFS || error_sys(err, errno, "can't make the folder %s", copy);
            *p = '/';
        }
    }
    ok = ok && (mkdir(copy, 0755) == 0 || errno == EEXIST || error_sys(err, errno, "can't make the folder %s", copy));
    free(copy);
    return ok;
}

/* Writes a file beside the one that it will replace. */
static bool write_fresh(const struct replaced *f, struct bytes content, struct error *err) {
    unlinkat(f->folder, f->fresh, 0);
    int fd = openat(f->folder, f->fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool ok = fd >= 0;
    while (ok && content.n != 0) {
        ssize_t n = write(fd, content.p, content.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        ok = n > 0;
        content = bytes_cut(content, ok ? (size_t)n : 0, content.n);
    }
    ok = ok && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    int sys = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!ok) {
        unlinkat(f->folder, f->fresh, 0);
        return error_sys(err, sys, "can't write %s/%s", f->path, f->fresh);
    }
    return true;
}

bool file_replace(const struct replaced *f, struct bytes content, struct error *err) {
    if (!write_fresh(f, content, err)) {
        return false;
    }
    if (renameat(f->folder, f->fresh, f->folder, f->name) != 0) {
        int sys = errno;
        unlinkat(f->folder, f->fresh, 0);
        return error_sys(err, sys, "can't put %s/%s in place", f->path, f->name);
    }
    return fsync(f->folder) == 0 || error_sys(err, errno, "can't write %s", f->path);
}
