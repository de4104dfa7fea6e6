/* SPDX-License-Identifier: Apache-2.0 */
#include "base/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/sysmacros.h>

static struct statx_timestamp time_of(const struct timespec *t) {
    return (struct statx_timestamp){.tv_sec = t->tv_sec, .tv_nsec = (unsigned)t->tv_nsec};
}

/* Whether the call itself is refused, whatever it is asked: of no file it says EBADF else. One that failed once must not be taken for
 * that: what has no time of birth is another file than what has one. */
static bool is_refused(void) {
    struct statx none;
    int was = errno;
    bool refused = statx(-1, "", AT_EMPTY_PATH, STATX_TYPE, &none) != 0 && errno == was;
    errno = was;
    return refused;
}

int look_at(int folder, const char *name, int flags, unsigned mask, struct statx *out) {
    struct stat st;
    if (statx(folder, name, flags, mask, out) == 0) {
        return 0;
    }
    if ((errno != EPERM && errno != ENOSYS) || !is_refused() ||
        fstatat(folder, name, &st, flags & (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) != 0) {
        return -1;
    }
    *out = (struct statx){
        .stx_mask = STATX_BASIC_STATS,
        .stx_blksize = (unsigned)st.st_blksize,
        .stx_nlink = (unsigned)st.st_nlink,
        .stx_uid = st.st_uid,
        .stx_gid = st.st_gid,
        .stx_mode = (unsigned short)st.st_mode,
        .stx_ino = st.st_ino,
        .stx_size = (unsigned long long)st.st_size,
        .stx_blocks = (unsigned long long)st.st_blocks,
        .stx_atime = time_of(&st.st_atim),
        .stx_mtime = time_of(&st.st_mtim),
        .stx_ctime = time_of(&st.st_ctim),
        .stx_dev_major = major(st.st_dev),
        .stx_dev_minor = minor(st.st_dev),
    };
    return 0;
}
