/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a walk: each is opened, a few of its bytes are read, and those that may carry a signature are handed on. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "format/codesign.h"
#include "scan/candidate.h"
#include "scan/walk_state.h"
#include "source/udif.h"

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

/* The first bytes, and how long the file is: what gives fewer than were asked for has ended there, unless its file system is one of those
 * that give less as they like. */
static bool read_head(struct walker *walker, const struct folder *folder, int fd, struct probe *probe, struct error *err) {
    if (!folder->special) {
        if (!read_at(walker, fd, walker->head, PROBE_HEAD, 0, &probe->head, err)) {
            return false;
        }
        probe->size = probe->head.n;
        if (probe->head.n < PROBE_HEAD) {
            return true;
        }
    }
    off_t size = lseek(fd, 0, SEEK_END);
    struct fs_identity identity;
    if (size < 0 && !fs_identify((struct handle){fd}, &identity, err)) {
        return false;
    }
    probe->size = size >= 0 ? (uint64_t)size : identity.kind == FS_REGULAR ? identity.size : 0;
    return probe->size == 0 || probe->head.n != 0 || read_at(walker, fd, walker->head, PROBE_HEAD, 0, &probe->head, err);
}

/* Whether a reader must see the file. What was read of it goes into *probe, which knows its name. */
static bool is_candidate(struct walker *walker, const struct folder *folder, int fd, struct probe *probe, bool *yes, struct error *err) {
    const struct examiner *examiner = &walker->walk->options->examiner;
    if (!read_head(walker, folder, fd, probe, err)) {
        return false;
    }
    uint64_t size = probe->size;
    if (size > probe->head.n) {
        size_t n = size < PROBE_TAIL ? (size_t)size : PROBE_TAIL;
        if (!read_at(walker, fd, walker->tail, n, size - n, &probe->tail, err) ||
            (examiner->members && size >= PROBE_MIDDLE_AT + PROBE_MIDDLE && /* what begins there has no signature of its own */
             !read_at(walker, fd, walker->middle, PROBE_MIDDLE, PROBE_MIDDLE_AT, &probe->middle, err))) {
            return false;
        }
    }
    *yes = candidate_is(examiner, probe);
    if (*yes && candidate_wants_whole(examiner, probe)) {
        if (!read_at(walker, fd, walker->whole, (size_t)size, 0, &probe->whole, err)) {
            return false;
        }
        *yes = probe->whole.n < size || candidate_is(examiner, probe);
    }
    *yes = *yes || (size != 0 && is_signed_apart(examiner, fd));
    return true;
}

/* Of a file that was named no more than this is asked; what can't be read now is told by a reader. */
static void read_ends(struct walker *walker, int fd, uint64_t size, struct probe *probe) {
    struct error err = {0};
    bool read = read_at(walker, fd, walker->head, PROBE_HEAD, 0, &probe->head, &err) &&
                (size < PROBE_TAIL || read_at(walker, fd, walker->tail, PROBE_TAIL, size - PROBE_TAIL, &probe->tail, &err));
    (void)read;
}

void walker_give(struct walker *walker, struct folder *folder, struct bytes path, int fd, const struct fs_identity *identity,
                 const struct probe *probe) {
    struct walk *walk = walker->walk;
    struct names *names = NULL;
    bool numbered = folder == NULL || !folder->special; /* by who tells files apart */
    if (identity->names > 1 && numbered && walk->options->walk && links_meet(walk->links, identity, &names) == LINKS_AGAIN) {
        links_add(walk->links, identity, folder, path, limit_most(&walk->options->examiner.limits, LIMIT_NAMES));
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
    job->named = probe == NULL;
    job->names = names;
    struct probe ends = {.head = bytes_none(), .tail = bytes_none()};
    if (probe == NULL) {
        read_ends(walker, fd, identity->size, &ends);
        probe = &ends;
    }
    struct bytes tail = probe->tail;
    job_known(job, probe->head, bytes_cut(tail, tail.n > UDIF_TRAILER ? tail.n - UDIF_TRAILER : 0, tail.n));
    walk_give(walk, job);
}

bool walker_size_fits(int fd, const struct fs_identity *identity, struct error *err) {
    char octet;
    bool fits = identity->kind != FS_REGULAR || identity->size != 0 || pread(fd, &octet, 1, 0) <= 0;
    return fits || error_set(err, ERR_UNSUPPORTED, "says that it is empty, and is not: examine a copy of it");
}

bool walker_vanished(int sys) {
    return sys == ENOENT || sys == ELOOP || sys == ENXIO || sys == ENODEV || sys == ENOTDIR;
}

static void file_error(struct walker *walker, struct folder *folder, const char *name, const struct error *err) {
    walker->files++;
    walker_error(walker, folder, walker_path_of(walker, name), err, true);
}

/* An open file of a listing. Most are no candidates, and of those the system is asked no more than for a few of their bytes. */
static void look_at(struct walker *walker, struct folder *folder, const char *name, int fd) {
    struct error err = {0};
    struct fs_identity identity;
    struct probe probe = {.head = bytes_none(), .tail = bytes_none(), .middle = bytes_none(), .name = name};
    bool yes = false;
    if (!is_candidate(walker, folder, fd, &probe, &yes, &err)) {
        struct error why;
        bool special = fs_identify((struct handle){fd}, &identity, &why) && identity.kind != FS_REGULAR;
        if (!special) { /* else it was a file when it was listed */
            file_error(walker, folder, name, &err);
        }
    } else if (!yes) {
        walker->files++;
    } else if (!fs_identify((struct handle){fd}, &identity, &err)) {
        file_error(walker, folder, name, &err);
    } else if (identity.kind == FS_REGULAR) {
        walker_give(walker, folder, walker_path_of(walker, name), fd, &identity, &probe);
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

/* What Windows keeps packed (CompactOS), in the cloud or as parts of other files, ntfs-3g without a plug-in shows as such a link. */
void walker_link(struct walker *walker, struct folder *folder, int in, const char *name) {
    static const char marker[] = "unsupported reparse ";
    char target[sizeof marker - 1];
    struct error err = {0};
    if (readlinkat(in, name, target, sizeof target) == sizeof target && memcmp(target, marker, sizeof target) == 0) {
        error_set(&err, ERR_UNSUPPORTED, "a file that NTFS keeps elsewhere or packed, which this mount can't show");
        file_error(walker, folder, name, &err);
    }
}
