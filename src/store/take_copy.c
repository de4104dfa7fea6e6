/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a file from another file system than the store's. A copy is made and flushed first; then the original is exchanged into a fresh
 * folder beside it that nobody else may enter, and is deleted there once it hashes right a second time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/take.h"

static bool has_room(const struct quarantine *store, uint64_t size, struct error *err) {
    const unsigned percent = store->limits.free_percent;
    struct statvfs fs;
    if (fstatvfs(store->folder, &fs) != 0) {
        return error_sys(err, errno, "can't ask how much room the store has");
    }
    uint64_t spare = (uint64_t)fs.f_blocks * fs.f_frsize / 100 * percent, free_now = (uint64_t)fs.f_bavail * fs.f_frsize;
    return (free_now > spare && size < free_now - spare) ||
           error_set(err, ERR_LIMIT, "store full: the file does not fit beside %u %% free space (--min-free)", percent);
}

/* What else is copied: attributes and times. What the store's file system refuses is told, and ends it, unless the user takes the loss. */
static bool copy_metadata(int copy, const struct take *take, struct record *record, struct error *err) {
    bool hard = false;
    text_clear(&record->lost);
    metadata_copy(copy, &record->metadata, &record->lost, &hard);
    if (hard && !take->lossy) {
        struct text names = {0};
        text_add_safe(&names, bytes_make(text_c(&record->lost), record->lost.n), 80);
        error_set(err, ERR_UNSUPPORTED, "the store's file system refuses attributes of the file (%s); --lossy takes it all the same",
                  text_c(&names));
        text_free(&names);
        return false;
    }
    return true;
}

/* A copy of a file that its file system encrypts is plain. */
static bool may_be_plain(const struct take *take, struct record *record, struct error *err) {
    struct statx st;
    record->plain_copy =
        statx((int)take->file.os, "", AT_EMPTY_PATH, STATX_TYPE, &st) == 0 && (st.stx_attributes & STATX_ATTR_ENCRYPTED) != 0;
    return !record->plain_copy || !take->no_plain_copy ||
           error_set(err, ERR_UNSUPPORTED, "the file is encrypted on its file system, and a copy would not be (--no-plain-copy)");
}

static bool copy_in(int item, const struct take *take, struct record *record, struct error *err) {
    int file = (int)take->file.os;
    uint8_t sha256[32];
    int copy = openat(item, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0400);
    bool named = copy < 0;
    if (named) {
        copy = openat(item, ITEM_CONTENT ".new", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
    }
    if (copy < 0) {
        return error_sys(err, errno, "can't make a copy in the store");
    }
    bool ok = file_copy(file, copy, err) && copy_metadata(copy, take, record, err) && flush(copy, "the copy", err) &&
              file_sha256(copy, sha256, err);
    if (ok && memcmp(sha256, record->sha256, sizeof sha256) != 0) {
        ok = error_set(err, ERR_CHANGED, "the file changed while it was copied; it is where it was");
    }
    static const char naming[] = "can't name the copy";
    if (ok) {
        ok = named ? renameat(item, ITEM_CONTENT ".new", item, ITEM_CONTENT) == 0 || error_sys(err, errno, naming)
                   : fs_link((struct handle){copy}, item, ITEM_CONTENT, naming, err);
    }
    if (!ok && named) {
        (void)unlinkat(item, ITEM_CONTENT ".new", 0);
    }
    ok = ok && flush(copy, "the copy", err); /* once more: Btrfs writes nothing of a file that has no name yet */
    close(copy);
    return ok && flush(item, "the item", err);
}

/* As give_back of take.c. What can't be put back stays in the private folder, and the item with it: the next recovery tries again. */
static bool give_back_copy(struct quarantine *store, int item, int folder, int private, struct record *record, struct error *err) {
    bool stray = false;
    char beside[BESIDE_SIZE];
    if (!put_back(folder, record_name(record), private, PRIVATE_FILE, record->placeholder, &stray, beside, err)) {
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
           item_drop(store, item, record->id, err) && take_gave_back(store, record, beside, err);
}

/* NFS and FUSE keep what somebody has open as a file in its folder, which can't be removed then: it goes when the store is closed, or when
 * a scan comes by that finds it empty. */
static bool drop_private(struct quarantine *store, int folder, const char *name, struct error *err) {
    if (unlinkat(folder, name, AT_REMOVEDIR) == 0) {
        return true;
    }
    if (errno != ENOTEMPTY && errno != EEXIST) {
        return error_sys(err, errno, "can't remove the private folder");
    }
    struct lingering *lingering = &store->lingering[store->n_lingering];
    if (store->n_lingering < LINGERING_MAX && strlen(name) < sizeof lingering->name) {
        *lingering = (struct lingering){.folder = fcntl(folder, F_DUPFD_CLOEXEC, 3)};
        memcpy(lingering->name, name, strlen(name) + 1);
        store->n_lingering += lingering->folder >= 0;
    }
    return true;
}

bool take_finish_copy(struct quarantine *store, int item, int folder, int private, struct record *record, struct error *err) {
    bool same;
    uint64_t links = 1;
    struct stat st;
    if (!take_is_judged(private, PRIVATE_FILE, record, &same, err)) {
        return false;
    }
    if (!same) {
        return give_back_copy(store, item, folder, private, record, err);
    }
    if (fstatat(private, PRIVATE_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        record->elsewhere = (uint32_t)st.st_nlink - 1;
    }
    if (!flush(folder, "the folder", err) || !flush(private, "the private folder", err) ||
        !placeholder_remove(folder, record_name(record), private, record->placeholder, err)) {
        return false;
    }
    if (unlinkat(private, PRIVATE_FILE, 0) != 0 || fsync(private) != 0) {
        return error_sys(err, errno, "can't remove the original");
    }
    return drop_private(store, folder, text_c(&record->private), err) && flush(folder, "the folder", err) &&
           take_ownership(item, &links, err) && take_held(store, item, record, err);
}

bool take_by_copy(struct quarantine *store, int item, int folder, const struct take *take, struct record *record, struct error *err) {
    int private;
    if (!remove_if_there(item, ITEM_CONTENT, err) || !has_room(store, record->size, err) || !may_be_plain(take, record, err)) {
        return false;
    }
    record->placeholder = (struct inode_id){0};
    if (!record_write(store, item, record, err) || !copy_in(item, take, record, err) || !private_name(record, err)) {
        return false;
    }
    record->copied = true;
    record->state = STATE_COPIED;
    if (!record_write(store, item, record, err)) {
        return false;
    }
    if (!private_make(folder, text_c(&record->private), &private, err)) {
        return false;
    }
    bool ok = placeholder_make(private, PRIVATE_FILE, &record->placeholder, err) && record_write(store, item, record, err) &&
              take_look_once(folder, record, err) && take_name(store, item, folder, take, private, PRIVATE_FILE, record, err) &&
              take_finish_copy(store, item, folder, private, record, err);
    close(private);
    return ok;
}
