/* SPDX-License-Identifier: Apache-2.0 */
/* Folders and names in them. Everything goes by a folder's descriptor and one name: a path is somebody else's data. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/look.h"
#include "crypto/digest.h"
#include "store/inside.h"

enum { COPY_BLOCK = 1 << 20 };

bool flush(int fd, const char *what, struct error *err) {
    return fsync(fd) == 0 || error_sys(err, errno, "can't flush %s", what);
}

bool inode_of(int fd, struct inode_id *out, struct error *err) {
    struct fs_identity identity;
    if (!fs_identify((struct handle){fd}, &identity, err)) {
        return false;
    }
    *out = (struct inode_id){identity.number, identity.birth_ns};
    return true;
}

bool inode_at(int folder, const char *name, struct inode_id *out, struct error *err) {
    struct statx st;
    *out = (struct inode_id){0};
    if (look_at(folder, name, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &st) != 0) {
        return errno == ENOENT || error_sys(err, errno, "can't look at %s", name);
    }
    int64_t birth = (st.stx_mask & STATX_BTIME) != 0 ? st.stx_btime.tv_sec * INT64_C(1000000000) + st.stx_btime.tv_nsec : 0;
    *out = (struct inode_id){st.stx_ino, birth};
    return true;
}

bool inode_is_at(int folder, const char *name, struct inode_id id, bool *is, struct error *err) {
    struct inode_id there;
    bool looked = inode_at(folder, name, &there, err);
    *is = looked && inode_same(there, id);
    return looked;
}

bool inode_same(struct inode_id a, struct inode_id b) {
    return a.number != 0 && a.number == b.number && a.birth_ns == b.birth_ns;
}

bool folder_open_recorded(const struct record *record, int *fd, struct error *err) {
    struct bytes path = bytes_make(text_c(&record->path), record->path.n - strlen(record_name(record)));
    struct inode_id now;
    if (!fs_open_folder(path, fd, err)) {
        return false;
    }
    bool ok = inode_of(*fd, &now, err);
    if (ok && !inode_same(now, record->folder)) {
        ok = error_set(err, ERR_CHANGED, "the folder is another one than when the file was taken");
    }
    if (!ok) {
        close(*fd);
    }
    return ok;
}

bool file_sha256(int fd, uint8_t sha256[32], struct error *err) {
    struct fs_identity identity;
    struct fd_source source;
    struct file_digest digest = {.hash = HASH_SHA256};
    if (!fs_identify((struct handle){fd}, &identity, err)) {
        return false;
    }
    fd_source_init(&source, "the file", fd, identity.size);
    if (!digest_claims(&source.source, NULL, 0, NULL, NULL, &digest, 1, err)) {
        return false;
    }
    memcpy(sha256, digest.value, 32);
    return true;
}

/* One stretch of data. */
static bool copy_stretch(int from, int to, off_t at, off_t end, struct error *err) {
    while (at < end) {
        off_t out = at;
        size_t want = end - at < COPY_BLOCK ? (size_t)(end - at) : COPY_BLOCK;
        ssize_t n = copy_file_range(from, &at, to, &out, want, 0);
        if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
            static char block[COPY_BLOCK];
            n = pread(from, block, want, at);
            ssize_t m = n > 0 ? pwrite(to, block, (size_t)n, at) : n;
            n = m;
            at += n > 0 ? n : 0;
        }
        if (n < 0 && errno != EINTR) {
            return error_sys(err, errno, "can't copy the file");
        }
        if (n == 0) {
            return error_set(err, ERR_CHANGED, "the file became shorter while it was copied");
        }
    }
    return true;
}

bool file_copy(int from, int to, struct error *err) {
    struct stat st;
    if (fstat(from, &st) != 0 || ftruncate(to, st.st_size) != 0) {
        return error_sys(err, errno, "no room for a copy");
    }
    for (off_t at = 0; at < st.st_size;) {
        off_t data = lseek(from, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) {
            break; /* a hole up to the end */
        }
        off_t hole = data >= 0 ? lseek(from, data, SEEK_HOLE) : st.st_size;
        data = data >= 0 ? data : at;
        if (hole < 0 || !copy_stretch(from, to, data, hole, err)) {
            return hole >= 0 ? false : error_sys(err, errno, "can't copy the file");
        }
        at = hole;
    }
    return flush(to, "the copy", err);
}

bool placeholder_make(int folder, const char *name, struct inode_id *out, struct error *err) {
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
        return error_sys(err, errno, "can't make a placeholder");
    }
    bool ok = inode_of(fd, out, err) && flush(fd, "the placeholder", err);
    close(fd);
    return ok;
}

bool rename_free(int from, const char *name, int to, const char *as) {
    if (renameat2(from, name, to, as, RENAME_NOREPLACE) == 0) {
        return true;
    }
    bool unknown = errno == EINVAL || errno == ENOSYS || errno == ENOTSUP;
    return unknown && linkat(from, name, to, as, 0) == 0 && unlinkat(from, name, 0) == 0;
}

/* A free name beside: NAME.certban-RANDOM, the name cut so that it fits. */
static bool put_beside(int folder, const char *name, int hold, const char *held, char beside[BESIDE_SIZE]) {
    uint32_t random;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        random = (uint32_t)getpid();
    }
    snprintf(beside, BESIDE_SIZE, "%.200s.certban-%08x", name, random);
    bool put = rename_free(hold, held, folder, beside);
    beside[0] = put ? beside[0] : '\0';
    return put;
}

/* What came in place of the placeholder is somebody's: it goes back to its name, or beside what has that name by now. */
static bool give_foreign_back(int folder, const char *name, int item, struct error *err) {
    char beside[BESIDE_SIZE];
    return rename_free(item, ITEM_PLACEHOLDER, folder, name) || put_beside(folder, name, item, ITEM_PLACEHOLDER, beside)
               ? flush(folder, "the folder", err)
               : error_set(err, ERR_CHANGED, "what came in place of the placeholder can't be put back");
}

bool placeholder_remove(int folder, const char *name, int item, struct inode_id placeholder, struct error *err) {
    struct inode_id moved, came;
    bool there;
    if (!inode_at(item, ITEM_PLACEHOLDER, &moved, err)) {
        return false;
    }
    if (inode_same(moved, placeholder)) { /* by an earlier try */
        return unlinkat(item, ITEM_PLACEHOLDER, 0) == 0 || error_sys(err, errno, "can't remove the placeholder");
    }
    if (moved.number != 0) {
        return give_foreign_back(folder, name, item, err);
    }
    if (!inode_is_at(folder, name, placeholder, &there, err)) {
        return false;
    }
    if (!there) {
        return true; /* somebody replaced it: theirs stays */
    }
    if (!rename_free(folder, name, item, ITEM_PLACEHOLDER)) {
        return errno == ENOENT || error_sys(err, errno, "can't take the placeholder away");
    }
    if (!inode_at(item, ITEM_PLACEHOLDER, &came, err)) {
        return false;
    }
    if (!inode_same(came, placeholder)) {
        return give_foreign_back(folder, name, item, err);
    }
    return (unlinkat(item, ITEM_PLACEHOLDER, 0) == 0 && fsync(folder) == 0) || error_sys(err, errno, "can't remove the placeholder");
}

bool private_name(struct record *record, struct error *err) {
    uint32_t random;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return error_sys(err, errno, "no random number");
    }
    text_clear(&record->private);
    text_addf(&record->private, PRIVATE_PREFIX "%s-%08x", record->id, random);
    return text_ok(&record->private) || error_set(err, ERR_LIMIT, "no memory for a name");
}

bool private_is_ours(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0;
}

static bool is_empty(int folder) {
    int fd = fs_folder_in(folder, ".");
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    bool empty = dir != NULL;
    for (const struct dirent *entry; empty && (entry = readdir(dir)) != NULL;) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    if (dir != NULL) {
        closedir(dir);
    } else if (fd >= 0) {
        close(fd);
    }
    return empty;
}

bool private_make(int folder, const char *name, int *fd, struct error *err) {
    if (mkdirat(folder, name, 0700) != 0) {
        return error_sys(err, errno,
                         errno == ENOSPC || errno == EDQUOT ? "no space for a private folder beside the file"
                                                            : "can't make a private folder beside the file");
    }
    *fd = fs_folder_in(folder, name);
    if (*fd < 0) {
        return error_sys(err, errno, "can't open the private folder beside the file");
    }
    if (!private_is_ours(*fd) || !is_empty(*fd)) {
        close(*fd);
        return error_set(err, ERR_CHANGED, "the private folder beside the file is not the one that was made");
    }
    return true;
}

/* Whether somebody else may rename and delete in a folder: then a name must never be free. */
static bool others_may_write(int folder) {
    struct stat st;
    return fstat(folder, &st) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* Why the file stays where it is. */
static bool can_not_take(int folder, int sys, struct error *err) {
    static const struct {
        int sys;
        const char *why;
    } reasons[] = {
        {EBUSY, "it is a mount point"},
        {EROFS, "the file system is read-only"},
        {ENOSPC, "no space"},
        {EDQUOT, "no space: the quota is used up"},
        {EACCES, "denied: the folder may not be written"},
    };
    struct stat st;
    if (sys == EPERM && geteuid() != 0 && fstat(folder, &st) == 0 && (st.st_mode & S_ISVTX) != 0) {
        return error_sys(err, sys, "can't take the file: not yours, in a folder where each owns his own");
    }
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].sys == sys) {
            return error_sys(err, sys, "can't take the file: %s", reasons[i].why);
        }
    }
    return error_sys(err, sys, "can't take the file");
}

bool exchange(int folder, const char *name, int hold, const char *held, struct error *err) {
    if (renameat2(folder, name, hold, held, RENAME_EXCHANGE) == 0) {
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) {
        return can_not_take(folder, errno, err);
    }
    if (others_may_write(folder)) {
        return error_set(err, ERR_UNSUPPORTED, "the file system can't exchange names, and others may write in the folder");
    }
    return renameat(folder, name, hold, held) == 0 || can_not_take(folder, errno, err);
}

bool put_back(int folder, const char *name, int hold, const char *held, struct inode_id placeholder, bool *stray, char beside[BESIDE_SIZE],
              struct error *err) {
    bool waits, came;
    *stray = false;
    beside[0] = '\0';
    if (!inode_is_at(folder, name, placeholder, &waits, err)) {
        return false;
    }
    if (waits && renameat2(folder, name, hold, held, RENAME_EXCHANGE) == 0) {
        if (!inode_is_at(hold, held, placeholder, &came, err)) {
            return false;
        }
        if (came) {
            return flush(folder, "the folder", err);
        }
        /* Something newer than the placeholder came: it belongs at the name. */
        if (renameat2(folder, name, hold, held, RENAME_EXCHANGE) != 0) {
            *stray = true;
            return error_sys(err, errno, "can't put a file back");
        }
    }
    if (rename_free(hold, held, folder, name) || put_beside(folder, name, hold, held, beside)) {
        return flush(folder, "the folder", err);
    }
    *stray = true;
    return true;
}
