/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "store/inside.h"

enum { NAMES_MAX = 64 << 10, VALUE_MAX = 64 << 10 };

#define CAPABILITY "security.capability"
#define OWN_MARK "user.certban"
#define NANO INT64_C(1000000000)

/* One attribute's value. It may grow between two looks, but not past what the kernel allows. */
static bool read_xattr(int fd, const char *name, struct xattr *out, struct error *err) {
    static uint8_t value[VALUE_MAX];
    ssize_t n = fgetxattr(fd, name, value, sizeof value);
    if (n < 0) {
        return error_sys(err, errno, "can't read the attribute %s", name);
    }
    out->name = strdup(name);
    out->value.p = malloc((size_t)n + 1);
    out->value.n = (size_t)n;
    if (out->name == NULL || out->value.p == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the file's attributes");
    }
    void *copy;
    memcpy(&copy, &out->value.p, sizeof copy);
    memcpy(copy, value, (size_t)n);
    return true;
}

static bool read_xattrs(int fd, struct metadata *out, struct error *err) {
    char *names = malloc(NAMES_MAX);
    ssize_t n = names != NULL ? flistxattr(fd, names, NAMES_MAX) : -1;
    if (n < 0) {
        int sys = errno;
        free(names);
        return sys == ENOTSUP || error_sys(err, sys, "can't list the file's attributes");
    }
    size_t count = 0;
    for (ssize_t i = 0; i < n; i++) {
        count += names[i] == '\0';
    }
    out->xattrs = calloc(count + 1, sizeof *out->xattrs);
    bool ok = out->xattrs != NULL || error_set(err, ERR_LIMIT, "no memory for the file's attributes");
    for (const char *name = names; ok && name < names + n; name += strlen(name) + 1) {
        if (strcmp(name, OWN_MARK) != 0) { /* our own mark goes when the file comes back */
            ok = read_xattr(fd, name, &out->xattrs[out->n_xattrs++], err);
        }
    }
    free(names);
    return ok;
}

bool metadata_read(int fd, struct metadata *out, struct error *err) {
    struct stat st;
    int flags = 0;
    *out = (struct metadata){0};
    if (fstat(fd, &st) != 0) {
        return error_sys(err, errno, "can't look at the file");
    }
    *out = (struct metadata){.mode = st.st_mode & 07777,
                             .owner = st.st_uid,
                             .group = st.st_gid,
                             .atime_ns = st.st_atim.tv_sec * NANO + st.st_atim.tv_nsec,
                             .mtime_ns = st.st_mtim.tv_sec * NANO + st.st_mtim.tv_nsec};
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        out->flags = (uint32_t)flags;
    }
    if (!read_xattrs(fd, out, err)) {
        metadata_free(out);
        return false;
    }
    return true;
}

bool metadata_lift(int fd, const struct metadata *m, struct error *err) {
    int flags = (int)(m->flags & ~(uint32_t)METADATA_FIXED);
    return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0 || error_sys(err, errno, "can't lift what makes the file immutable");
}

bool metadata_fix(int fd, const struct metadata *m, struct error *err) {
    int flags = 0;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= (int)(m->flags & METADATA_FIXED);
        if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0) {
            return true;
        }
    }
    return error_sys(err, errno, "can't make the file immutable again");
}

static struct timespec spec(int64_t ns) {
    int64_t seconds = ns / NANO - (ns % NANO < 0);
    return (struct timespec){.tv_sec = seconds, .tv_nsec = (long)(ns - seconds * NANO)};
}

static bool apply_xattrs(int fd, const struct metadata *m, bool capabilities, struct error *err) {
    for (size_t i = 0; i < m->n_xattrs; i++) {
        const struct xattr *x = &m->xattrs[i];
        bool is_capability = strcmp(x->name, CAPABILITY) == 0;
        if (is_capability != capabilities) {
            continue;
        }
        if (fsetxattr(fd, x->name, x->value.p, x->value.n, 0) != 0) {
            /* Only root may set some of them; a file of the same file system still has them. */
            uint8_t there[256];
            ssize_t n = fgetxattr(fd, x->name, there, sizeof there);
            int sys = errno;
            if (n < 0 || (size_t)n != x->value.n || memcmp(there, x->value.p, x->value.n) != 0) {
                return error_sys(err, sys, "can't give the file its attribute %s back", x->name);
            }
        }
    }
    return true;
}

/* A change of owner clears setuid, setgid and capabilities: so that order. */
bool metadata_apply(int fd, const struct metadata *m, bool privileges, struct error *err) {
    struct stat st;
    uint32_t mode = privileges ? m->mode : m->mode & ~(uint32_t)(S_ISUID | S_ISGID);
    (void)fremovexattr(fd, OWN_MARK);
    if (fstat(fd, &st) != 0 || ((st.st_uid != m->owner || st.st_gid != m->group) && fchown(fd, m->owner, m->group) != 0)) {
        return error_sys(err, errno, "can't give the file its owner back");
    }
    if (!apply_xattrs(fd, m, false, err)) {
        return false;
    }
    if (fchmod(fd, mode) != 0) {
        return error_sys(err, errno, "can't give the file its mode back");
    }
    if (privileges && !apply_xattrs(fd, m, true, err)) {
        return false;
    }
    const struct timespec times[2] = {spec(m->atime_ns), spec(m->mtime_ns)};
    if (futimens(fd, times) != 0) {
        return error_sys(err, errno, "can't give the file its times back");
    }
    if (fstat(fd, &st) != 0 || (st.st_mode & 07777) != mode || st.st_uid != m->owner || st.st_gid != m->group ||
        st.st_mtim.tv_sec * NANO + st.st_mtim.tv_nsec != m->mtime_ns) {
        return error_set(err, ERR_IO, "the file system does not keep the owner, mode or times that the file had");
    }
    return true;
}
