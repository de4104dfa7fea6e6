/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/hex.h"
#include "store/inside.h"

enum { NAMES_MAX = 64 << 10, VALUE_MAX = 64 << 10, VALUES_MAX = 8 << 20 };

#define CAPABILITY "security.capability"
#define ACL "system.posix_acl_"
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
    size_t all = 0;
    for (const char *name = names; ok && name < names + n; name += strlen(name) + 1) {
        if (strcmp(name, OWN_MARK) != 0) { /* our own mark goes when the file comes back */
            ok = read_xattr(fd, name, &out->xattrs[out->n_xattrs++], err);
            all += ok ? out->xattrs[out->n_xattrs - 1].value.n : 0;
            ok = ok && (all <= VALUES_MAX || error_set(err, ERR_LIMIT, "the file has more than %d bytes of attributes", VALUES_MAX));
        }
    }
    free(names);
    return ok;
}

/* What is told of a file, but can't or may not be given back: its quota's project, and the digest that fs-verity keeps. */
static void read_rare(int fd, struct metadata *out) {
    struct fsxattr extended;
    union {
        struct fsverity_digest head;
        uint8_t octets[sizeof(struct fsverity_digest) + 64];
    } verity = {.head = {.digest_size = 64}};
    if (ioctl(fd, FS_IOC_FSGETXATTR, &extended) == 0) {
        out->project = extended.fsx_projid;
    }
    if (ioctl(fd, FS_IOC_MEASURE_VERITY, &verity) == 0 && verity.head.digest_size <= 64) {
        hex_encode(bytes_make(verity.octets + sizeof verity.head, verity.head.digest_size), out->verity);
    }
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
    read_rare(fd, out);
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

/* Whether a file has that attribute, with that value. */
static bool has_xattr(int fd, const struct xattr *x) {
    static uint8_t there[VALUE_MAX];
    ssize_t n = fgetxattr(fd, x->name, there, sizeof there);
    return n >= 0 && (size_t)n == x->value.n && memcmp(there, x->value.p, x->value.n) == 0;
}

/* Only root may set some of them; a file of the same file system still has them. What was set is read back. */
static bool apply_xattrs(int fd, const struct metadata *m, bool capabilities, struct error *err) {
    for (size_t i = 0; i < m->n_xattrs; i++) {
        const struct xattr *x = &m->xattrs[i];
        if ((strcmp(x->name, CAPABILITY) == 0) != capabilities) {
            continue;
        }
        int sys = fsetxattr(fd, x->name, x->value.p, x->value.n, 0) == 0 ? EIO : errno;
        if (!has_xattr(fd, x)) {
            return error_sys(err, sys, "can't give the file its attribute %s back", x->name);
        }
    }
    return true;
}

void metadata_copy(int fd, const struct metadata *m, struct text *lost, bool *hard) {
    const struct timespec times[2] = {spec(m->atime_ns), spec(m->mtime_ns)};
    for (size_t i = 0; i < m->n_xattrs; i++) {
        const struct xattr *x = &m->xattrs[i];
        bool opens = strcmp(x->name, CAPABILITY) == 0 || strncmp(x->name, ACL, strlen(ACL)) == 0;
        if (opens || fsetxattr(fd, x->name, x->value.p, x->value.n, 0) == 0) {
            continue;
        }
        bool roots = errno == EPERM && geteuid() != 0 && strncmp(x->name, "user.", 5) != 0;
        *hard = *hard || !roots;
        text_add(lost, x->name);
        text_add(lost, "\n");
    }
    (void)futimens(fd, times); /* for whoever restores by hand: certban takes them from the record */
}

/* Flags of the kind that a copy may have too, as far as the file system takes them. */
static void apply_flags(int fd, const struct metadata *m) {
    const uint32_t harmless = FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL;
    int flags = 0;
    if ((m->flags & harmless) != 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && ((uint32_t)flags & harmless) != (m->flags & harmless)) {
        flags |= (int)(m->flags & harmless);
        (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
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
    apply_flags(fd, m);
    if (fstat(fd, &st) != 0 || (st.st_mode & 07777) != mode || st.st_uid != m->owner || st.st_gid != m->group ||
        st.st_mtim.tv_sec * NANO + st.st_mtim.tv_nsec != m->mtime_ns) {
        return error_set(err, ERR_IO, "the file system does not keep the owner, mode or times that the file had");
    }
    return true;
}
