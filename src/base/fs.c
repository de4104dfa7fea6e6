/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/look.h"

enum { ATTRIBUTE_NAMES = 1024 }; /* octets of names, which most files' fit in */

static int64_t nanoseconds(const struct statx_timestamp *t) {
    return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

static bool identify(int fd, struct fs_identity *out, struct error *err) {
    struct statx st;
    if (look_at(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st) != 0) {
        return error_sys(err, errno, "can't look at the file");
    }
    *out = (struct fs_identity){
        .kind = S_ISREG(st.stx_mode)   ? FS_REGULAR
                : S_ISDIR(st.stx_mode) ? FS_FOLDER
                : S_ISLNK(st.stx_mode) ? FS_LINK
                                       : FS_SPECIAL,
        .volume = makedev(st.stx_dev_major, st.stx_dev_minor),
        .number = st.stx_ino,
        .birth_ns = (st.stx_mask & STATX_BTIME) != 0 ? nanoseconds(&st.stx_btime) : 0,
        .size = st.stx_size,
        .allocated = st.stx_blocks * UINT64_C(512),
        .mtime_ns = nanoseconds(&st.stx_mtime),
        .ctime_ns = nanoseconds(&st.stx_ctime),
        .names = st.stx_nlink,
        .mode = st.stx_mode & 07777,
        .owner = st.stx_uid,
        .group = st.stx_gid,
    };
    return true;
}

bool fs_identify(struct handle file, struct fs_identity *out, struct error *err) {
    return identify((int)file.os, out, err);
}

uint64_t fs_extent(const struct fs_identity *identity) {
    uint64_t least = identity->allocated > FS_EXTENT_MIN ? identity->allocated : FS_EXTENT_MIN;
    return identity->size < least ? identity->size : least;
}

bool fs_same(const struct fs_identity *a, const struct fs_identity *b) {
    return a->volume == b->volume && a->number == b->number && a->birth_ns == b->birth_ns;
}

bool fs_unchanged(const struct fs_identity *before, const struct fs_identity *now, bool strict) {
    return fs_same(before, now) && before->size == now->size && before->mtime_ns == now->mtime_ns &&
           (!strict || before->ctime_ns == now->ctime_ns);
}

/* O_NONBLOCK keeps a pipe or a device from blocking the open; O_NOATIME is for owners and root only, so it is tried first. */
static int open_quietly(int folder, const char *name, int flags) {
    flags |= O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    int fd = openat(folder, name, flags | O_NOATIME);
    return fd < 0 && errno == EPERM ? openat(folder, name, flags) : fd;
}

static bool open_checked(int folder, const char *name, int flags, struct handle *file, struct fs_identity *out, struct error *err) {
    int fd = open_quietly(folder, name, flags);
    if (fd < 0) {
        return error_sys(err, errno, "can't open");
    }
    struct fs_identity identity;
    if (!identify(fd, &identity, err)) {
        close(fd);
        return false;
    }
    *out = identity;
    if (identity.kind != FS_REGULAR && identity.kind != FS_FOLDER) {
        close(fd);
        return error_set(err, ERR_UNSUPPORTED, "neither a regular file nor a folder");
    }
    *file = (struct handle){fd};
    return true;
}

bool fs_open_in(struct handle folder, const char *name, struct handle *file, struct fs_identity *out, struct error *err) {
    return open_checked((int)folder.os, name, O_NOFOLLOW, file, out, err);
}

bool fs_open(const char *path, struct handle *file, struct fs_identity *out, struct error *err) {
    return open_checked(AT_FDCWD, path, 0, file, out, err);
}

void fs_close(struct handle *file) {
    if (file->os >= 0) {
        close((int)file->os);
    }
    *file = FS_NONE;
}

int fs_folder_in(int folder, const char *name) {
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

bool fs_open_folder(struct bytes path, int *out, struct error *err) {
    int fd = fs_folder_in(AT_FDCWD, path.n != 0 && path.p[0] == '/' ? "/" : ".");
    char name[256];
    for (size_t i = 0, n; fd >= 0 && i < path.n; i += n) {
        if (path.p[i] == '/') {
            n = 1;
            continue;
        }
        n = bytes_find(path, bytes_text("/"), i) - i;
        if (n >= sizeof name) {
            close(fd);
            return error_sys(err, ENAMETOOLONG, "can't open the folder");
        }
        memcpy(name, path.p + i, n);
        name[n] = '\0';
        int inner = fs_folder_in(fd, name);
        int sys = errno;
        close(fd);
        errno = sys;
        fd = inner;
    }
    if (fd < 0) {
        return error_sys(err, errno, "can't open the folder");
    }
    *out = fd;
    return true;
}

/* As /proc names a descriptor. */
enum { LINK_SIZE = 32 };
static const char *proc_link(struct handle file, char out[LINK_SIZE]) {
    snprintf(out, LINK_SIZE, "/proc/self/fd/%d", (int)file.os);
    return out;
}

char *fs_path_of(struct handle file, const char *asked) {
    char link[LINK_SIZE], target[PATH_MAX];
    struct stat st, mine;
    ssize_t n = file.os >= 0 ? readlink(proc_link(file, link), target, sizeof target) : -1;
    if (n > 0) {
        return target[0] == '/' ? strndup(target, (size_t)n) : NULL;
    }
    char *path = file.os >= 0 && asked != NULL ? realpath(asked, NULL) : NULL;
    if (path != NULL && (fstat((int)file.os, &mine) != 0 || stat(path, &st) != 0 || st.st_dev != mine.st_dev || st.st_ino != mine.st_ino)) {
        free(path);
        path = NULL;
    }
    return path;
}

bool fs_link(struct handle file, int folder, const char *name, const char *what, struct error *err) {
    char link[LINK_SIZE];
    if (linkat(AT_FDCWD, proc_link(file, link), folder, name, AT_SYMLINK_FOLLOW) == 0) {
        return true;
    }
    int sys = errno;
    if (sys != ENOENT || access("/proc/self/fd", F_OK) == 0) {
        return error_sys(err, sys, "%s", what);
    }
    return linkat((int)file.os, "", folder, name, AT_EMPTY_PATH) == 0 ||
           error_set(err, ERR_UNSUPPORTED, "%s: /proc is not mounted, and without it only root can give a file a name", what);
}

bool fs_has_attribute(struct handle file, const char *prefix) {
    static const char space[] = "user.";
    char few[ATTRIBUTE_NAMES], *names = few;
    ssize_t n = flistxattr((int)file.os, few, sizeof few);
    if (n < 0 && errno == ERANGE) {
        names = malloc(XATTR_LIST_MAX);
        n = names != NULL ? flistxattr((int)file.os, names, XATTR_LIST_MAX) : -1;
    }
    bool found = false;
    for (struct bytes left = bytes_make(names, n > 0 ? (size_t)n : 0); left.n != 0 && !found;) {
        size_t end = bytes_find(left, bytes_make("", 1), 0);
        struct bytes name = bytes_cut(left, 0, end);
        name = bytes_starts(name, bytes_text(space)) ? bytes_cut(name, sizeof space - 1, end) : name;
        found = bytes_starts(name, bytes_text(prefix));
        left = bytes_cut(left, end + 1, left.n);
    }
    if (names != few) {
        free(names);
    }
    return found;
}
