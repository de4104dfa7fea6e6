/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a walk: each is opened, a few of its bytes are read, and those that may carry a signature are handed on. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "format/codesign.h"
#include "scan/candidate.h"
#include "scan/walk_state.h"

/* As much as there is, up to n bytes. False when the system can't read. */
static bool read_at(struct walker *walker, int fd, uint8_t *buffer, size_t n, uint64_t at, struct bytes *out, struct error *err) {
    ssize_t got;
    do {
        got = pread(fd, buffer, n, (off_t)at);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return error_sys(err, errno, "can't read");
    }
    walker->bytes_read += (uint64_t)got;
    *out = bytes_make(buffer, (size_t)got);
    return true;
}

/* A file of any format may have a signature in its attributes. Asking each for them is for who wants every signature. */
static bool is_signed_apart(const struct examiner *examiner, int fd) {
    return examiner->verify && examiner->only == NULL && fs_has_attribute((struct handle){fd}, CODESIGN_ATTRIBUTES);
}

/* Whether a reader must see the file. */
static bool is_candidate(struct walker *walker, const char *name, int fd, uint64_t size, bool *yes, struct error *err) {
    const struct examiner *examiner = &walker->walk->options->examiner;
    struct probe probe = {.head = bytes_none(), .tail = bytes_none(), .middle = bytes_none(), .size = size, .name = name};
    if (size != 0 && !read_at(walker, fd, walker->head, PROBE_HEAD, 0, &probe.head, err)) {
        return false;
    }
    if (size != 0 && candidate_wants_tail(examiner, probe.head, size)) {
        size_t n = size < PROBE_TAIL ? (size_t)size : PROBE_TAIL;
        if (!read_at(walker, fd, walker->tail, n, size - n, &probe.tail, err) ||
            (size >= PROBE_MIDDLE_AT + PROBE_MIDDLE &&
             !read_at(walker, fd, walker->middle, PROBE_MIDDLE, PROBE_MIDDLE_AT, &probe.middle, err))) {
            return false;
        }
    }
    *yes = candidate_is(examiner, &probe);
    if (*yes && candidate_wants_whole(examiner, &probe)) {
        if (!read_at(walker, fd, walker->whole, (size_t)size, 0, &probe.whole, err)) {
            return false;
        }
        *yes = probe.whole.n < size || candidate_is(examiner, &probe);
    }
    *yes = *yes || (size != 0 && is_signed_apart(examiner, fd));
    return true;
}

void walker_give(struct walker *walker, struct folder *folder, struct bytes path, int fd, const struct fs_identity *identity, bool named) {
    struct walk *walk = walker->walk;
    struct names *names = NULL;
    if (identity->names > 1 && walk->options->walk && links_meet(walk->links, identity, &names) == LINKS_AGAIN) {
        links_add(walk->links, identity, folder, path);
        close(fd);
        return;
    }
    walker->files++;
    struct job *job = job_new(folder, path);
    if (job == NULL) {
        walker_incomplete(walk);
        if (names != NULL) {
            links_forget(walk->links, walk->folders, identity);
        }
        close(fd);
        return;
    }
    job->file = (struct handle){fd};
    job->identity = *identity;
    job->named = named;
    job->names = names;
    walk_give(walk, job);
}

bool walker_vanished(int sys) {
    return sys == ENOENT || sys == ELOOP || sys == ENXIO || sys == ENODEV || sys == ENOTDIR;
}

static void file_error(struct walker *walker, struct folder *folder, const char *name, const struct error *err) {
    walker->files++;
    walker_error(walker, folder, walker_path_of(walker, name), err, true);
}

/* An open file of a listing. Most are no candidates, and of those no more is asked than their size. */
static void look_at(struct walker *walker, struct folder *folder, const char *name, int fd) {
    struct error err = {0};
    struct fs_identity identity;
    off_t size = lseek(fd, 0, SEEK_END);
    bool known = size < 0, yes = false; /* what has no end is something special, or such a file system's file */
    if (known && !fs_identify((struct handle){fd}, &identity, &err)) {
        file_error(walker, folder, name, &err);
    } else if (known && identity.kind != FS_REGULAR) {
        /* it was a file when it was listed */
    } else if (!is_candidate(walker, name, fd, known ? identity.size : (uint64_t)size, &yes, &err)) {
        file_error(walker, folder, name, &err);
    } else if (!yes) {
        walker->files++;
    } else if (!known && !fs_identify((struct handle){fd}, &identity, &err)) {
        file_error(walker, folder, name, &err);
    } else if (identity.kind == FS_REGULAR) {
        walker_give(walker, folder, walker_path_of(walker, name), fd, &identity, false);
        return;
    }
    close(fd);
}

void walker_file(struct walker *walker, struct folder *folder, int in, const char *name) {
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    int fd = openat(in, name, walker->no_atime_refused ? flags : flags | O_NOATIME);
    if (fd < 0 && errno == EPERM && !walker->no_atime_refused) {
        fd = openat(in, name, flags);
        walker->no_atime_refused = fd >= 0;
    }
    if (fd >= 0) {
        look_at(walker, folder, name, fd);
    } else if (!walker_vanished(errno)) {
        struct error err = {0};
        error_sys(&err, errno, "can't open");
        file_error(walker, folder, name, &err);
    }
}
