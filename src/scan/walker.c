/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/walk_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/look.h"
#include "scan/disk_bundle.h"
#include "scan/filesystem.h"
#include "scan/glob.h"
#include "store/quarantine.h"

enum { COPY_SIZE = 64 << 10 };

/* ---- what comes out ---- */

void walker_incomplete(struct walk *walk) {
    pthread_mutex_lock(&walk->lock);
    walk->complete = false;
    pthread_mutex_unlock(&walk->lock);
}

void walker_error(struct walker *walker, struct folder *folder, struct bytes path, const struct error *err, bool is_file) {
    struct job *job = job_new(folder, path);
    if (job == NULL) {
        walker_incomplete(walker->walk);
        return;
    }
    job->error = *err;
    job->is_file = is_file;
    walk_give(walker->walk, job);
}

void walker_free(struct walker *walker) {
    text_free(&walker->path);
}

/* The path of the folder in hand: most folders have nothing in them for which it is needed. */
static struct bytes path_of_folder(struct walker *walker) {
    if (walker->folder_n == 0) {
        text_clear(&walker->path);
        folder_path(walker->folder, &walker->path);
        walker->folder_n = walker->path.n;
    }
    walker->path.n = walker->folder_n;
    return bytes_make(walker->path.p, walker->path.n);
}

struct bytes walker_path_of(struct walker *walker, const char *name) {
    (void)path_of_folder(walker);
    path_join(&walker->path, bytes_text(name));
    return bytes_make(walker->path.p, walker->path.n);
}

/* ---- folders ---- */

static bool fits_one(const char *const *globs, size_t n, const char *path) {
    for (size_t i = 0; i < n; i++) {
        if (glob_fits(globs[i], path)) {
            return true;
        }
    }
    return false;
}

static bool excluded(struct walker *walker, const char *name) {
    const struct scan_options *options = walker->walk->options;
    return options->n_exclude != 0 && walker_path_of(walker, name).n != 0 &&
           fits_one(options->exclude, options->n_exclude, text_c(&walker->path));
}

static bool included(struct walker *walker, const char *name) {
    const struct scan_options *options = walker->walk->options;
    return options->n_include == 0 ||
           (walker_path_of(walker, name).n != 0 && fits_one(options->include, options->n_include, text_c(&walker->path)));
}

/* A folder on another file system is left out, unless it is only a subvolume of the same one, which has a device number of its
 * own but is not mounted. Asked without a word to the file system: a dead network mount must not hold up the walk. */
static bool foreign(struct walker *walker, const struct folder *folder, int in, const char *name) {
    struct statx st;
    if (look_at(in, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &st) != 0 ||
        makedev(st.stx_dev_major, st.stx_dev_minor) == folder->volume) {
        return false;
    }
    bool mounted = (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0 || (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    return mounted && !walker->walk->options->cross_filesystems;
}

static bool first_visit(struct walk *walk, const struct fs_identity *identity) {
    bool fresh;
    pthread_mutex_lock(&walk->lock);
    void *there = inodes_at(&walk->visited, identity->volume, identity->number, walk, &fresh);
    pthread_mutex_unlock(&walk->lock);
    return fresh || there == NULL;
}

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };

/* Opens a subfolder on the same mount that the system has at hand; -1 where it is anything else, which has to be looked at first: to open
 * it may mount something, and hang. */
static int open_at_hand(int in, const char *name) {
    const struct open_how how = {.flags = FOLDER_FLAGS | O_NOATIME, .resolve = RESOLVE_NO_XDEV | RESOLVE_CACHED};
    return (int)syscall(SYS_openat2, in, name, &how, sizeof how);
}

static int open_folder(struct walker *walker, const struct folder *parent, int in, const char *name, struct error *err) {
    int fd = open_at_hand(in, name);
    if (fd >= 0 || foreign(walker, parent, in, name)) {
        return fd;
    }
    fd = openat(in, name, FOLDER_FLAGS | O_NOATIME);
    fd = fd < 0 && errno == EPERM ? openat(in, name, FOLDER_FLAGS) : fd;
    if (fd < 0 && !walker_vanished(errno)) {
        error_sys(err, errno, "can't open the folder");
    }
    return fd;
}

/* Opens a folder that a listing named. False: it is not entered (err says why, or nothing is to be said). */
static bool enter(struct walker *walker, struct folder *folder, struct error *err) {
    struct folder *parent = folder->parent;
    struct folders *folders = walker->walk->folders;
    int in, fd = -1;
    bool used = folder_use(folders, parent, &in, err);
    if (used) {
        fd = open_folder(walker, parent, in, folder->name, err);
    }
    folder_entered(folders, parent, used);
    struct fs_identity identity;
    if (fd < 0) {
        return false;
    }
    bool ok = fs_identify((struct handle){fd}, &identity, err);
    /* File systems that a walk does not enter by itself give numbers as they like, all folders the same one, too. */
    if (!ok || (!first_visit(walker->walk, &identity) && !folder->special) ||
        (identity.volume != parent->volume && filesystem_left_out(fd)) ||
        (strcmp(folder->name, "quarantine") == 0 && quarantine_is(walker->walk->options->state, (struct handle){fd}))) {
        close(fd);
        return false;
    }
    folder_opened(folders, folder, fd, &identity);
    return true;
}

/* A subfolder that a listing found. It waits in chain until the listing has been read on. */
static void found_folder(struct walker *walker, struct folder *folder, const char *name, struct folder **chain, unsigned *n) {
    if (excluded(walker, name)) {
        return;
    }
    struct error err = {0};
    struct folder *sub = NULL;
    const struct limits *limits = &walker->walk->options->examiner.limits;
    if (folder->depth >= limit_most(limits, LIMIT_FOLDER_DEPTH)) {
        limit_reached(limits, LIMIT_FOLDER_DEPTH, &err);
    } else if ((sub = folder_new(folder, name, strlen(name))) == NULL) {
        error_set(&err, ERR_LIMIT, "no memory for the folder");
    }
    if (sub == NULL) {
        walker_incomplete(walker->walk);
        walker_error(walker, folder, walker_path_of(walker, name), &err, false);
        return;
    }
    sub->next = *chain;
    *chain = sub;
    (*n)++;
}

/* A folder that a take of ours left behind is the actor's business. */
static bool is_leftover(struct walker *walker, struct folder *folder, int in, const char *name) {
    if (name[0] != '.' || !quarantine_knows(walker->walk->options->state, (struct handle){in}, name)) {
        return false;
    }
    struct job *job = job_new(folder, walker_path_of(walker, name));
    if (job != NULL) {
        job->leftover = true;
        walk_give(walker->walk, job);
    }
    return true;
}

static unsigned char kind_of(int in, const struct dirent64 *entry) {
    struct statx st;
    if (entry->d_type != DT_UNKNOWN) {
        return entry->d_type;
    }
    if (look_at(in, entry->d_name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &st) != 0) {
        return DT_UNKNOWN;
    }
    return S_ISREG(st.stx_mode) ? DT_REG : S_ISDIR(st.stx_mode) ? DT_DIR : S_ISLNK(st.stx_mode) ? DT_LNK : DT_UNKNOWN;
}

/* Reads a folder's listing on. True when it is done with; false when it waits on the stack to be gone on with. */
static bool list_folder(struct walker *walker, struct folder *folder, int fd) {
    struct walk *walk = walker->walk;
    ssize_t got;
    while ((got = getdents64(fd, walker->listing, sizeof walker->listing)) > 0) {
        struct folder *chain = NULL;
        unsigned n = 0;
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(walker->listing + at);
            const char *name = entry->d_name;
            at += entry->d_reclen;
            folder->resume = entry->d_off;
            if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) {
                continue;
            }
            unsigned char kind = kind_of(fd, entry);
            if (kind == DT_DIR) {
                if (!is_leftover(walker, folder, fd, name)) {
                    found_folder(walker, folder, name, &chain, &n);
                }
            } else if ((kind == DT_REG || kind == DT_LNK) && !excluded(walker, name) && included(walker, name)) {
                (kind == DT_REG ? walker_file : walker_link)(walker, folder, fd, name);
            }
        }
        if (n != 0) {
            folder_expect(walk->folders, folder, n);
        }
        enum listing listing = walker_listed(walker, folder, chain);
        if (listing != LISTING_GOES_ON) {
            return listing == LISTING_STOPS;
        }
    }
    if (got < 0) {
        struct error err = {0};
        error_sys(&err, errno, "can't list the folder");
        walker_incomplete(walk);
        walker_error(walker, folder, path_of_folder(walker), &err, false);
    }
    return true;
}

static void set_current(struct walk *walk, struct folder *folder) {
    if (!__atomic_load_n(&walk->watched, __ATOMIC_RELAXED)) {
        return;
    }
    folder_ref(folder);
    pthread_mutex_lock(&walk->lock);
    struct folder *before = walk->current;
    walk->current = folder;
    pthread_mutex_unlock(&walk->lock);
    folder_unref(walk->folders, before);
}

/* Lists a folder whose descriptor has a user, this one. */
static void list_opened(struct walker *walker, struct folder *folder, int fd) {
    walker->folder = folder;
    walker->folder_n = 0;
    walker->no_atime_refused = false;
    set_current(walker->walk, folder);
    bool done = list_folder(walker, folder, fd);
    folder_release(walker->walk->folders, folder);
    if (done) {
        folder_unref(walker->walk->folders, folder);
    }
}

void walker_folder(struct walker *walker, struct folder *folder) {
    struct folders *folders = walker->walk->folders;
    struct error err = {0};
    int fd = -1;
    bool ok;
    if (folder->listed_before) {
        /* The descriptor stands where the listing stopped, but it may be a new one. */
        ok = folder_use(folders, folder, &fd, &err);
        if (ok && lseek(fd, folder->resume, SEEK_SET) < 0) {
            error_sys(&err, errno, "can't go on listing the folder");
            folder_release(folders, folder);
            ok = false;
        }
    } else {
        ok = enter(walker, folder, &err);
        fd = folder->fd;
        if (ok) {
            walker_bundle(walker, folder, fd);
        }
    }
    if (ok) {
        list_opened(walker, folder, fd);
        return;
    }
    if (err.kind != ERR_NONE) {
        walker->folder = folder;
        walker->folder_n = 0;
        walker_incomplete(walker->walk);
        walker_error(walker, folder->parent, path_of_folder(walker), &err, false);
    }
    folder_unref(folders, folder);
}

/* ---- what the user named ---- */

/* Standard input can't be read twice: it is copied into memory or a file without a name. */
static bool take_stdin(struct walker *walker, int *out, struct error *err) {
    int fd = open(P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    fd = fd >= 0 ? fd : memfd_create("stdin", MFD_CLOEXEC);
    uint8_t *block = malloc(COPY_SIZE);
    const struct limits *limits = &walker->walk->options->examiner.limits;
    bool ok = fd >= 0 && block != NULL ? true : error_set(err, ERR_LIMIT, "no room for standard input");
    uint64_t all = 0;
    for (ssize_t n = 1; ok && n != 0;) {
        n = read(STDIN_FILENO, block, COPY_SIZE);
        if (n < 0) {
            ok = errno == EINTR || error_sys(err, errno, "can't read standard input");
            continue;
        }
        all += (uint64_t)n;
        ok = all <= limit_most(limits, LIMIT_STDIN_SIZE) || limit_reached(limits, LIMIT_STDIN_SIZE, err);
        for (ssize_t done = 0, m; ok && done < n; done += m) {
            m = write(fd, block + done, (size_t)(n - done));
            ok = m > 0 || error_sys(err, errno, "can't keep standard input");
        }
    }
    if (ok && all == 0) { /* of a download that failed, a gate must not say that it is fine */
        ok = error_set(err, ERR_IO, "nothing came on standard input");
    }
    free(block);
    walker->bytes_read += all;
    if (ok) {
        *out = fd;
    } else if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static void take_root(struct walker *walker, const char *path, int fd, const struct fs_identity *identity) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    if (!first_visit(walker->walk, identity)) { /* named twice, or below another one and seen already */
        close(fd);
        return;
    }
    struct folder *folder = folder_new(NULL, path, n);
    if (folder == NULL) {
        struct error err = {0};
        error_set(&err, ERR_LIMIT, "no memory for the folder");
        walker_incomplete(walker->walk);
        walker_error(walker, NULL, bytes_text(path), &err, false);
        close(fd);
        return;
    }
    folder->real = fs_path_of((struct handle){fd}, path);
    folder->special = filesystem_left_out(fd);
    folder_opened(walker->walk->folders, folder, fd, identity);
    walker_bundle(walker, folder, fd);
    list_opened(walker, folder, fd);
}

void walker_path(struct walker *walker, const char *path) {
    struct error err = {0};
    struct handle file = FS_NONE;
    struct fs_identity identity;
    int fd = -1;
    bool is_stdin = strcmp(path, "-") == 0, ok;
    if (is_stdin) {
        ok = take_stdin(walker, &fd, &err) && fs_identify((struct handle){fd}, &identity, &err);
    } else {
        ok = fs_open(path, &file, &identity, &err);
        fd = (int)file.os;
    }
    bool is_bundle = ok && identity.kind == FS_FOLDER && disk_bundle_is(path, fd);
    if (ok && identity.kind == FS_FOLDER && (walker->walk->options->walk || is_bundle)) {
        take_root(walker, path, fd, &identity);
        return;
    }
    if (ok && identity.kind == FS_FOLDER) {
        ok = error_set(&err, ERR_UNSUPPORTED, "a folder, not a file: certban scan looks into folders");
    }
    if (ok && walker_size_fits(fd, &identity, &err)) {
        walker_give(walker, NULL, bytes_text(path), fd, &identity, NULL);
        return;
    }
    if (fd >= 0) {
        close(fd);
    }
    walker->files++;
    walker_error(walker, NULL, bytes_text(path), &err, true);
}
