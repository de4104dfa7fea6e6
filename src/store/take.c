/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a file. On one file system the name is exchanged with an empty placeholder inside the item, then it is looked whether
 * the right file came; so the name is never free, and nothing that was not judged stays taken. Across file systems a copy is
 * made and flushed first; then the original goes the same way into a fresh folder beside it that nobody else may enter, and is
 * deleted there once it hashes right a second time.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "store/inside.h"

enum { FREE_PERCENT = 5 };

/* ---- what both ways share ---- */

/* Whether a file is the judged one, unchanged. */
static bool is_judged(int folder, const char *name, const struct record *record, bool *same, struct error *err) {
    uint8_t sha256[32];
    struct inode_id id;
    *same = false;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ELOOP || error_sys(err, errno, "can't open what was taken");
    }
    bool ok = inode_of(fd, &id, err);
    if (ok && inode_same(id, record->file)) {
        ok = file_sha256(fd, sha256, err);
        *same = ok && memcmp(sha256, record->sha256, sizeof sha256) == 0;
    }
    close(fd);
    return ok;
}

/* The act (S5). What may not be moved is made movable first, if the user wants that: the record says so before it is done. */
static bool take_name(struct quarantine *store, int item, int folder, const struct take *take, int hold, const char *held,
                      struct record *record, struct error *err) {
    if (exchange(folder, record_name(record), hold, held, err)) {
        return true;
    }
    if (err->sys != EPERM || (record->metadata.flags & METADATA_FIXED) == 0) {
        return false;
    }
    if (!take->lift) {
        return error_set(err, ERR_DENIED, "the file is immutable or append-only; --clear-immutable lifts that");
    }
    record->lifted = true;
    return record_write(store, item, record, err) && metadata_lift((int)take->file.os, &record->metadata, err) &&
           exchange(folder, record_name(record), hold, held, err);
}

/* What came is not what was judged: it goes back, and the item with it. */
static bool give_back(struct quarantine *store, int item, int folder, int hold, const char *held, struct record *record,
                      struct error *err) {
    bool stray = false;
    if (!put_back(folder, record_name(record), hold, held, record->placeholder, &stray, err)) {
        return false;
    }
    if (stray) {
        record->state = STATE_STRAY;
        if (!record_write(store, item, record, err)) {
            return false;
        }
        return error_set(err, ERR_CHANGED, "another file stood at the name and could not be put back: it is item %s", record->id);
    }
    fix_again(folder, record);
    return item_drop(store, item, record->id, err) &&
           error_set(err, ERR_CHANGED, "the file changed before it could be taken; it is where it was");
}

static bool look_once(int folder, const struct record *record, struct error *err) {
    bool is;
    return inode_is_at(folder, record_name(record), record->file, &is, err) &&
           (is || error_set(err, ERR_CHANGED, "the name no longer leads to the file that was judged"));
}

/* Somebody who has it open for writing can still change it; the lease tells. */
static bool has_writers(int fd) {
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
    }
    return errno == EAGAIN;
}

static bool held(struct quarantine *store, int item, struct record *record, struct error *err) {
    record->state = STATE_HELD;
    return record_write(store, item, record, err) && event_add(store, "taken", record, text_c(&record->rule), err);
}

/* From now on it is ours: an owner who kept it open can't link it back or make it writable. */
static bool take_ownership(int item, struct record *record, struct error *err) {
    int fd = openat(item, ITEM_CONTENT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    if (ok && st.st_nlink == 1) {
        ok = ((geteuid() != 0 || fchown(fd, 0, 0) == 0) && fchmod(fd, 0400) == 0 && fstat(fd, &st) == 0 && fsync(fd) == 0);
    }
    int sys = errno;
    record->names = ok ? (uint32_t)st.st_nlink : record->names;
    if (fd >= 0) {
        close(fd);
    }
    return ok || error_sys(err, sys, "can't make the taken file ours");
}

/* ---- by rename: steps S6 to S10 ---- */

bool take_finish(struct quarantine *store, int item, int folder, struct record *record, struct error *err) {
    bool same;
    if (!is_judged(item, ITEM_CONTENT, record, &same, err)) {
        return false;
    }
    if (!same && folder >= 0) {
        return give_back(store, item, folder, item, ITEM_CONTENT, record, err);
    }
    if (folder >= 0 && (!flush(folder, "the folder", err) || !flush(item, "the item", err) ||
                        !placeholder_remove(folder, record_name(record), item, record->placeholder, err))) {
        return false;
    }
    return take_ownership(item, record, err) && held(store, item, record, err);
}

/* Steps S2 to S5. *crosses: it lies on another file system, and nothing was done. */
static bool take_by_rename(struct quarantine *store, int item, int folder, const struct take *take, struct record *record, bool *crosses,
                           struct error *err) {
    *crosses = false;
    if (!placeholder_make(item, ITEM_CONTENT, &record->placeholder, err)) {
        return false;
    }
    record->state = STATE_INTENT;
    if (!record_write(store, item, record, err) || !look_once(folder, record, err)) {
        return false;
    }
    if (!take_name(store, item, folder, take, item, ITEM_CONTENT, record, err)) {
        *crosses = err->sys == EXDEV;
        return false;
    }
    return take_finish(store, item, folder, record, err);
}

/* ---- by copy: steps C1 to C8 ---- */

static bool has_room(const struct quarantine *store, uint64_t size, struct error *err) {
    struct statvfs fs;
    if (fstatvfs(store->folder, &fs) != 0) {
        return error_sys(err, errno, "can't ask how much room the store has");
    }
    uint64_t spare = (uint64_t)fs.f_blocks * fs.f_frsize / 100 * FREE_PERCENT, free_now = (uint64_t)fs.f_bavail * fs.f_frsize;
    return (free_now > spare && size < free_now - spare) ||
           error_set(err, ERR_LIMIT, "store full: the file does not fit beside %d %% free space", FREE_PERCENT);
}

static bool copy_in(int item, int file, struct record *record, struct error *err) {
    uint8_t sha256[32];
    int copy = openat(item, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0400);
    bool named = copy < 0;
    if (named) {
        copy = openat(item, ITEM_CONTENT ".new", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
    }
    if (copy < 0) {
        return error_sys(err, errno, "can't make a copy in the store");
    }
    bool ok = file_copy(file, copy, err) && file_sha256(copy, sha256, err);
    if (ok && memcmp(sha256, record->sha256, sizeof sha256) != 0) {
        ok = error_set(err, ERR_CHANGED, "the file changed while it was copied; it is where it was");
    }
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", copy);
    if (ok && (named ? renameat(item, ITEM_CONTENT ".new", item, ITEM_CONTENT)
                     : linkat(AT_FDCWD, link, item, ITEM_CONTENT, AT_SYMLINK_FOLLOW)) != 0) {
        ok = error_sys(err, errno, "can't name the copy");
    }
    if (!ok && named) {
        (void)unlinkat(item, ITEM_CONTENT ".new", 0);
    }
    close(copy);
    return ok && flush(item, "the item", err);
}

/* The folder beside the original that only we may enter. Its owner's owner may have swapped it: looked at once it is open. */
static bool open_private(int folder, const char *name, int *fd, struct error *err) {
    struct stat st;
    *fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0) {
        return error_sys(err, errno, "can't open the private folder beside the file");
    }
    if (fstat(*fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        close(*fd);
        return error_set(err, ERR_CHANGED, "the private folder beside the file is not ours");
    }
    return true;
}

/* As give_back. What can't be put back stays in the private folder, and the item with it: the next recovery tries again. */
static bool give_back_copy(struct quarantine *store, int item, int folder, int private, struct record *record, struct error *err) {
    bool stray = false;
    if (!put_back(folder, record_name(record), private, PRIVATE_FILE, record->placeholder, &stray, err)) {
        return false;
    }
    if (stray) {
        return error_set(err, ERR_CHANGED, "another file stood at the name and could not be put back: it is in %s beside it",
                         text_c(&record->private));
    }
    fix_again(folder, record);
    if (!remove_if_there(private, PRIVATE_FILE, err)) { /* the placeholder */
        return false;
    }
    return (unlinkat(folder, text_c(&record->private), AT_REMOVEDIR) == 0 || error_sys(err, errno, "can't remove the private folder")) &&
           item_drop(store, item, record->id, err) &&
           error_set(err, ERR_CHANGED, "the file changed before it could be taken; it is where it was");
}

bool take_finish_copy(struct quarantine *store, int item, int folder, int private, struct record *record, struct error *err) {
    bool same;
    if (!is_judged(private, PRIVATE_FILE, record, &same, err)) {
        return false;
    }
    if (!same) {
        return give_back_copy(store, item, folder, private, record, err);
    }
    if (!flush(folder, "the folder", err) || !placeholder_remove(folder, record_name(record), private, record->placeholder, err)) {
        return false;
    }
    if (unlinkat(private, PRIVATE_FILE, 0) != 0 || fsync(private) != 0 || unlinkat(folder, text_c(&record->private), AT_REMOVEDIR) != 0) {
        return error_sys(err, errno, "can't remove the original");
    }
    return flush(folder, "the folder", err) && take_ownership(item, record, err) && held(store, item, record, err);
}

static bool take_by_copy(struct quarantine *store, int item, int folder, const struct take *take, struct record *record,
                         struct error *err) {
    uint32_t random;
    int private;
    if (!remove_if_there(item, ITEM_CONTENT, err) || !has_room(store, record->size, err)) {
        return false;
    }
    record->placeholder = (struct inode_id){0};
    if (!record_write(store, item, record, err) || !copy_in(item, (int)take->file.os, record, err)) {
        return false;
    }
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return error_sys(err, errno, "no random number");
    }
    text_clear(&record->private);
    text_addf(&record->private, ".certban-%s-%08x", record->id, random);
    record->state = STATE_COPIED;
    if (!record_write(store, item, record, err)) {
        return false;
    }
    if (mkdirat(folder, text_c(&record->private), 0700) != 0) {
        return error_sys(err, errno, "can't make a private folder beside the file");
    }
    if (!open_private(folder, text_c(&record->private), &private, err)) {
        return false;
    }
    bool ok = placeholder_make(private, PRIVATE_FILE, &record->placeholder, err) && record_write(store, item, record, err) &&
              look_once(folder, record, err) && take_name(store, item, folder, take, private, PRIVATE_FILE, record, err) &&
              take_finish_copy(store, item, folder, private, record, err);
    close(private);
    return ok;
}

/* ---- the way in ---- */

static bool fill(const struct take *take, struct record *record, struct error *err) {
    struct fs_identity folder, file;
    if (!fs_identify(take->folder, &folder, err) || !fs_identify(take->file, &file, err)) {
        return false;
    }
    if (file.kind != FS_REGULAR || file.size != take->size) {
        return error_set(err, ERR_CHANGED, "the file is no longer the one that was judged");
    }
    record->folder = (struct inode_id){folder.number, folder.birth_ns};
    record->folder_owner = folder.owner;
    record->file = (struct inode_id){file.number, file.birth_ns};
    record->names = file.names;
    record->size = take->size;
    memcpy(record->sha256, take->sha256, sizeof record->sha256);
    record->taken_at = (int64_t)time(NULL);
    record->by = getuid();
    record->writers = has_writers((int)take->file.os);
    text_add_bytes(&record->path, take->path);
    text_add(&record->finding, take->finding);
    text_add(&record->rule, take->rule);
    text_add(&record->policy, take->policy);
    text_add(&record->reason, take->reason != NULL ? take->reason : "");
    text_add(&record->group, take->group != NULL ? take->group : "");
    return metadata_read((int)take->file.os, &record->metadata, err);
}

/* The record's path must lead to the very name in the folder: recovery goes by it. */
static bool check_names(const struct take *take, struct error *err) {
    bool good = take->name.n != 0 && bytes_find(take->name, bytes_text("/"), 0) == take->name.n && take->path.n > take->name.n &&
                take->path.p[0] == '/' && take->path.p[take->path.n - take->name.n - 1] == '/' &&
                memcmp(take->path.p + take->path.n - take->name.n, take->name.p, take->name.n) == 0;
    return good || error_set(err, ERR_UNSUPPORTED, "the file has no path that it could be put back to");
}

bool quarantine_take(struct quarantine *store, const struct take *take, char id[QUARANTINE_ID_SIZE], struct error *err) {
    struct record record = {0};
    struct text words = {0};
    int item = -1;
    bool crosses = false;
    if (!check_names(take, err) || !fill(take, &record, err) || !item_room(store, take->size, err) ||
        !item_new(store, record.id, &item, err)) {
        record_free(&record);
        return false;
    }
    int folder = (int)take->folder.os;
    bool ok = take_by_rename(store, item, folder, take, &record, &crosses, err);
    if (!ok && crosses) {
        ok = take_by_copy(store, item, folder, take, &record, err);
    }
    if (ok) {
        store->held_bytes += take->size;
        memcpy(id, record.id, sizeof record.id);
    }
    close(item);
    record_free(&record);
    if (!ok) { /* what was begun is taken back, or finished, now */
        struct error ignored;
        bool recovered = recover(store, &words, &ignored);
        (void)recovered; /* the next command that opens the store tries again */
    }
    text_free(&words);
    return ok;
}
