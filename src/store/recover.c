/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kill or a power loss interrupted. The record says what was meant, the folders say how far it came; run twice, it does
 * nothing the second time. An item whose file can't be reached now (its file system is not mounted) stays as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/take.h"

void fix_again(int folder, const struct record *record) {
    struct inode_id id;
    struct error ignored;
    if (!record->lifted || folder < 0) {
        return;
    }
    int fd = openat(folder, record_name(record), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        bool fixed = inode_of(fd, &id, &ignored) && inode_same(id, record->file) && metadata_fix(fd, &record->metadata, &ignored);
        (void)fixed; /* it may have been taken, replaced or deleted meanwhile: then there is nothing to fix */
        close(fd);
    }
}

/* Where only the record tells the folder. */
static void fix_in_recorded(const struct record *record) {
    int folder;
    if (record->lifted && folder_open_recorded(record, &folder, NULL)) {
        fix_again(folder, record);
        close(folder);
    }
}

static bool is_there(int folder, const char *name, bool *is, struct error *err) {
    struct inode_id there;
    bool looked = inode_at(folder, name, &there, err);
    *is = looked && there.number != 0;
    return looked;
}

/* The rename, if it was done, brought the file into the item. */
static bool recover_intent(struct quarantine *store, int item, struct record *record, struct error *err) {
    struct inode_id content;
    int folder = -1;
    if (!inode_at(item, ITEM_CONTENT, &content, err)) {
        return false;
    }
    if (content.number == 0 || inode_same(content, record->placeholder) || record->placeholder.number == 0) {
        fix_in_recorded(record);
        return item_drop(store, item, record->id, err); /* the file is in place; what is here is ours */
    }
    struct error why = {0};
    if (!folder_open_recorded(record, &folder, &why)) {
        bool gone = why.kind == ERR_CHANGED || why.sys == ENOENT || why.sys == ENOTDIR || why.sys == ELOOP;
        folder = -1;
        if (!gone) {
            return error_set(err, why.kind, "%s", why.text); /* the placeholder may stand in it: later */
        }
        if (!inode_same(content, record->file)) {
            record->state = STATE_STRAY;
            return record_write(store, item, record, err);
        }
    }
    bool ok = take_finish(store, item, folder, record, err);
    if (folder >= 0) {
        close(folder);
    }
    return ok;
}

bool content_is_whole(int item, const struct record *record) {
    uint8_t sha256[32];
    int fd = openat(item, ITEM_CONTENT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool whole = fd >= 0 && file_sha256(fd, sha256, NULL) && memcmp(sha256, record->sha256, sizeof sha256) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return whole;
}

static bool neither_is_whole(struct error *err) {
    return error_set(err, ERR_IO, "neither the copy nor the original is whole");
}

/* The private folder is there and open. The original is deleted only when the copy is whole, whatever was on the disk before. */
bool recover_private(struct quarantine *store, int item, int folder, int private, struct record *record, struct error *err) {
    struct inode_id x;
    const char *name = text_c(&record->private);
    struct stat st;
    bool moved, in_place;
    if (!inode_at(private, PRIVATE_FILE, &x, err) || !is_there(private, ITEM_PLACEHOLDER, &moved, err)) {
        return false;
    }
    bool is_placeholder = inode_same(x, record->placeholder) ||
                          (record->placeholder.number == 0 && fstatat(private, PRIVATE_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                           S_ISREG(st.st_mode) && st.st_size == 0 && (st.st_mode & 07777) == 0 && st.st_uid == geteuid());
    if (x.number != 0 && !is_placeholder) {
        return content_is_whole(item, record)
                   ? take_finish_copy(store, item, folder, private, record, err)
                   : error_set(err, ERR_IO, "the copy is not whole; the original is in %s beside its place", name);
    }
    /* Nothing was exchanged yet, or the original is deleted already. */
    if (is_placeholder && unlinkat(private, PRIVATE_FILE, 0) != 0) {
        return error_sys(err, errno, "can't remove the placeholder");
    }
    if (moved && !placeholder_remove(folder, record_name(record), private, record->placeholder, err)) {
        return false;
    }
    if (unlinkat(folder, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        return error_sys(err, errno, "can't remove the private folder");
    }
    if (!inode_is_at(folder, record_name(record), record->file, &in_place, err)) {
        return false;
    }
    if (is_placeholder || in_place) {
        fix_again(folder, record);
        return item_drop(store, item, record->id, err);
    }
    return content_is_whole(item, record) ? take_held(store, item, record, err) : neither_is_whole(err);
}

/* The private folder is gone from its place, but the placeholder still stands at the name: it is moved out of there into a folder as
 * private, since nothing is deleted where others may write. */
static bool remove_lonely(int folder, const struct record *record, struct error *err) {
    bool stands;
    int private;
    if (!inode_is_at(folder, record_name(record), record->placeholder, &stands, err)) {
        return false;
    }
    if (!stands) {
        return true;
    }
    if (!private_make(folder, text_c(&record->private), &private, err)) {
        return false;
    }
    bool ok = placeholder_remove(folder, record_name(record), private, record->placeholder, err);
    close(private);
    return (unlinkat(folder, text_c(&record->private), AT_REMOVEDIR) == 0 || error_sys(err, errno, "can't remove the private folder")) &&
           ok;
}

static bool recover_copied(struct quarantine *store, int item, struct record *record, struct error *err) {
    int folder;
    if (!folder_open_recorded(record, &folder, err)) {
        return false; /* later: the copy is whole or the original in place, whichever */
    }
    int private = fs_folder_in(folder, text_c(&record->private));
    bool gone = private < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP);
    bool ours = private >= 0 && private_is_ours(private), in_place, ok;
    if (private < 0 && !gone) {
        ok = error_sys(err, errno, "can't open the private folder beside the file"); /* the original may be in it */
    } else if (!inode_is_at(folder, record_name(record), record->file, &in_place, err)) {
        ok = false;
    } else if (ours) {
        ok = recover_private(store, item, folder, private, record, err);
    } else if (in_place || record->placeholder.number == 0) { /* nothing was exchanged: it is where it was, or its owner moved it */
        fix_again(folder, record);
        ok = item_drop(store, item, record->id, err);
    } else if (content_is_whole(item, record)) {
        ok = remove_lonely(folder, record, err) && take_held(store, item, record, err);
    } else {
        ok = neither_is_whole(err);
    }
    if (private >= 0) {
        close(private);
    }
    close(folder);
    return ok;
}

/* Whether the file was given back whole, by a copy or a link, and only the store's is left over: it stands at the name, the same bytes. */
static bool is_given_back(const struct record *record) {
    const struct record to = {.path = record->to};
    const char *name = record_name(&to);
    struct bytes folder_path = bytes_make(text_c(&record->to), record->to.n - strlen(name));
    uint8_t sha256[32];
    int folder;
    if (record->to.n == 0 || !fs_open_folder(folder_path, &folder, NULL)) {
        return false;
    }
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    bool same = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && file_sha256(fd, sha256, NULL) &&
                memcmp(sha256, record->sha256, sizeof sha256) == 0;
    if (fd >= 0) {
        close(fd);
    }
    close(folder);
    return same;
}

/* The further names of a file that is back at its first one. */
static void link_again(const struct record *record) {
    struct text words = {0};
    int folder, fd;
    if (record->n_names == 0 || strcmp(text_c(&record->to), text_c(&record->path)) != 0 || !folder_open_recorded(record, &folder, NULL)) {
        return;
    }
    fd = openat(folder, record_name(record), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        names_restore(record, fd, &words); /* those that are there already are refused: they stay */
        close(fd);
    }
    text_free(&words);
    close(folder);
}

/* A private folder in which the copy was made that was to come back. */
static void remove_hidden(const struct record *record) {
    const struct record to = {.path = record->to};
    int folder, private;
    if (record->to.n == 0 || record->private.n == 0 ||
        !fs_open_folder(bytes_make(text_c(&record->to), record->to.n - strlen(record_name(&to))), &folder, NULL)) {
        return;
    }
    private = fs_folder_in(folder, text_c(&record->private));
    if (private >= 0 && private_is_ours(private)) {
        (void)unlinkat(private, PRIVATE_FILE, 0); /* what can't be removed now, the next walk finds */
        (void)unlinkat(folder, text_c(&record->private), AT_REMOVEDIR);
    }
    if (private >= 0) {
        close(private);
    }
    close(folder);
}

static bool recover_restoring(struct quarantine *store, int item, struct record *record, struct error *err) {
    bool waits;
    if (!is_there(item, ITEM_CONTENT, &waits, err)) {
        return false;
    }
    remove_hidden(record);
    if (waits && is_given_back(record)) {
        if (!remove_if_there(item, ITEM_CONTENT, err)) {
            return false;
        }
        waits = false;
    }
    if (!waits) {
        fix_in_recorded(record);
        link_again(record);
        record->state = STATE_RESTORED;
        return record_write(store, item, record, err) && item_to_history(store, item, record, err);
    }
    int fd = openat(item, ITEM_CONTENT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        bool ours = (geteuid() != 0 || fchown(fd, 0, 0) == 0) && fchmod(fd, 0400) == 0;
        close(fd);
        if (!ours) {
            return error_sys(err, errno, "can't make the file ours again");
        }
    }
    text_clear(&record->to);
    record->state = STATE_HELD;
    return record_write(store, item, record, err);
}

static bool recover_one(struct quarantine *store, int item, const char *id, struct error *err) {
    struct record record = {0};
    bool begun;
    if (!is_there(item, ITEM_RECORD, &begun, err)) {
        return false;
    }
    if (!begun) { /* at most our own empty placeholder is in it */
        struct stat st;
        bool content = fstatat(item, ITEM_CONTENT, &st, AT_SYMLINK_NOFOLLOW) == 0;
        if (!content && errno != ENOENT) {
            return error_sys(err, errno, "can't look into the item");
        }
        return content && st.st_size != 0 ? error_set(err, ERR_IO, "a file without a record") : item_drop(store, item, id, err);
    }
    if (!record_read(item, &record, err)) {
        return false;
    }
    bool ok = strcmp(record.id, id) == 0 || error_set(err, ERR_MALFORMED, "the record belongs to item %s", record.id);
    ok = ok && remove_if_there(item, ITEM_RECORD ".new", err) && remove_if_there(item, ITEM_CONTENT ".new", err);
    switch (ok ? record.state : STATE_HELD) {
    case STATE_INTENT:
        ok = recover_intent(store, item, &record, err);
        break;
    case STATE_COPIED:
        ok = recover_copied(store, item, &record, err);
        break;
    case STATE_RESTORING:
        ok = recover_restoring(store, item, &record, err);
        break;
    case STATE_PURGING:
        record.state = STATE_PURGED;
        ok = record_write(store, item, &record, err) && item_to_history(store, item, &record, err);
        break;
    case STATE_RESTORED:
    case STATE_PURGED:
        ok = item_to_history(store, item, &record, err);
        break;
    case STATE_HELD:
    case STATE_STRAY:
    case STATE_COUNT:
        break;
    }
    record_free(&record);
    return ok;
}

bool recover(struct quarantine *store, struct text *words, struct error *err) {
    char **all;
    size_t n;
    if (!items(store, &all, &n, err)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        struct error why = {0};
        int item;
        if (!item_open(store, all[i], &item, &why)) {
            text_addf(words, "%s: %s\n", all[i], why.text);
            continue;
        }
        if (!recover_one(store, item, all[i], &why)) {
            text_addf(words, "%s: %s\n", all[i], why.text);
        }
        close(item);
    }
    items_free(all, n);
    return true;
}
