/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back. The file gets its owner, mode, attributes and times while it is still inside the item, and becomes visible by one
 * rename that never replaces anything. Before that an allow rule for its very bytes is written, or the next scan would take it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/inside.h"

/* ---- where to ---- */

/* Makes the missing folders of a path, each under one that no other user may write. */
static bool make_parents(struct bytes path, struct error *err) {
    for (size_t i = 1; i <= path.n; i++) {
        if (i < path.n && path.p[i] != '/') {
            continue;
        }
        int fd, parent;
        struct stat st;
        struct bytes upper = bytes_cut(path, 0, i);
        if (fs_open_folder(upper, &fd, NULL)) {
            close(fd);
            continue;
        }
        size_t slash = i - 1;
        while (slash > 0 && path.p[slash] != '/') {
            slash--;
        }
        char name[256];
        size_t n = i - slash - 1;
        if (n == 0 || n >= sizeof name || !fs_open_folder(bytes_cut(path, 0, slash + 1), &parent, err)) {
            return n != 0 && n < sizeof name ? false : error_set(err, ERR_USAGE, "no folder of that name can be made");
        }
        memcpy(name, path.p + slash + 1, n);
        name[n] = '\0';
        bool safe = fstat(parent, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
        bool ok = safe ? mkdirat(parent, name, 0755) == 0 || error_sys(err, errno, "can't make the folder %s", name)
                       : error_set(err, ERR_DENIED, "others may write where the folder %s is missing; make it yourself", name);
        close(parent);
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* The caller's word is a folder, not a link that somebody else may turn meanwhile. */
static bool links_are_no_way(const char *to, struct error *err) {
    bool link = err->sys == ELOOP || err->sys == ENOTDIR;
    return error_set(err, err->kind, "--to %s: %s", to,
                     link ? "it is no folder, or a symbolic link is on the way: name the folder itself" : err->text);
}

static bool open_target(const struct record *record, const struct restore_options *options, int *fd, struct error *err) {
    struct stat st;
    struct bytes own = bytes_make(text_c(&record->path), record->path.n - strlen(record_name(record)));
    if (options->to != NULL) {
        return fs_open_folder(bytes_text(options->to), fd, err) || links_are_no_way(options->to, err);
    }
    struct error why = {0};
    if (folder_open_recorded(record, fd, &why)) {
        if (fstat(*fd, &st) == 0 && st.st_uid == record->folder_owner) {
            return true;
        }
        close(*fd);
        return error_set(err, ERR_CHANGED,
                         "the folder belongs to somebody else than when the file was taken; --to FOLDER restores elsewhere");
    }
    if (!options->parents || why.sys != ENOENT) {
        return error_set(err, why.kind, "%s; --to FOLDER restores elsewhere%s", why.text,
                         why.sys == ENOENT ? ", --parents makes the folder" : "");
    }
    return make_parents(own, err) && fs_open_folder(own, fd, err);
}

/* ---- the move ---- */

/* Last of all, for such a file can't be renamed. */
static bool fix_restored(int fd, const struct record *record, struct error *err) {
    return !record->lifted || (metadata_fix(fd, &record->metadata, err) && flush(fd, "the file", err));
}

/* A place for a copy that nobody sees before it is whole: no name at all, or one in a folder that only we may enter. */
struct hidden {
    int fd, private; /* private -1: it has no name */
};

/* The record knows the folder before it is made: a recovery removes it. */
static bool hidden_make(const struct quarantine *store, int item, int folder, struct record *record, struct hidden *out,
                        struct error *err) {
    *out = (struct hidden){openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), -1};
    if (out->fd >= 0) {
        return true;
    }
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL) {
        return error_sys(err, errno, "can't make the file in its folder");
    }
    if (!private_name(record, err) || !record_write(store, item, record, err) ||
        !private_make(folder, text_c(&record->private), &out->private, err)) {
        return false;
    }
    out->fd = openat(out->private, PRIVATE_FILE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return out->fd >= 0 || error_sys(err, errno, "can't make the file in its folder");
}

static bool hidden_show(const struct hidden *hidden, int folder, const char *name, struct error *err) {
    static const char naming[] = "can't give the file its name back";
    return hidden->private >= 0 ? rename_free(hidden->private, PRIVATE_FILE, folder, name) || error_sys(err, errno, naming)
                                : fs_link((struct handle){hidden->fd}, folder, name, naming, err);
}

static void hidden_close(const struct hidden *hidden, int folder, const struct record *record) {
    if (hidden->fd >= 0) {
        close(hidden->fd);
    }
    if (hidden->private >= 0) {
        (void)unlinkat(hidden->private, PRIVATE_FILE, 0); /* if it is still there, the restore failed, and the store has the file */
        (void)unlinkat(folder, text_c(&record->private), AT_REMOVEDIR);
        close(hidden->private);
    }
}

/* Onto another file system. */
static bool copy_out(const struct quarantine *store, int item, int content, int folder, const char *name, struct record *record,
                     const uint8_t expected[32], bool privileges, struct text *words, struct error *err) {
    uint8_t sha256[32];
    struct hidden hidden = {-1, -1};
    bool ok =
        hidden_make(store, item, folder, record, &hidden, err) && file_copy(content, hidden.fd, err) && file_sha256(hidden.fd, sha256, err);
    if (ok && memcmp(sha256, expected, sizeof sha256) != 0) {
        ok = error_set(err, ERR_CHANGED, "the copy is not what the store holds");
    }
    ok = ok && metadata_apply(hidden.fd, &record->metadata, privileges, err) && flush(hidden.fd, "the file", err) &&
         hidden_show(&hidden, folder, name, err) && fix_restored(hidden.fd, record, err) &&
         flush(hidden.fd, "the file", err); /* once more: Btrfs writes nothing of a file that has no name yet */
    if (ok && words != NULL) {
        names_restore(record, hidden.fd, words);
    }
    hidden_close(&hidden, folder, record);
    return ok && flush(folder, "the folder", err);
}

/* words: of the further names that are to be linked again; NULL: none are. */
static bool move_out(const struct quarantine *store, int item, int content, int folder, const char *name, struct record *record,
                     const uint8_t expected[32], bool privileges, struct text *words, struct error *err) {
    struct stat there, here;
    if (fstat(folder, &there) != 0 || fstat(content, &here) != 0) {
        return error_sys(err, errno, "can't look at the folder");
    }
    if (there.st_dev == here.st_dev) {
        if (!metadata_apply(content, &record->metadata, privileges, err) || !flush(content, "the file", err)) {
            return false;
        }
        if (rename_free(item, ITEM_CONTENT, folder, name)) {
            if (words != NULL) {
                names_restore(record, content, words);
            }
            return fix_restored(content, record, err) && flush(folder, "the folder", err) && flush(item, "the item", err);
        }
        if (errno != EXDEV) {
            return error_sys(err, errno, "can't give the file its name back");
        }
    }
    return copy_out(store, item, content, folder, name, record, expected, privileges, words, err) &&
           (unlinkat(item, ITEM_CONTENT, 0) == 0 || error_sys(err, errno, "can't remove the content from the store"));
}

/* sha256 gets that of the content as it is. */
static bool check_content(int content, const struct record *record, bool changed_too, uint8_t sha256[32], struct error *err) {
    if (!file_sha256(content, sha256, err)) {
        return false;
    }
    return changed_too || memcmp(sha256, record->sha256, sizeof record->sha256) == 0 ||
           error_set(err, ERR_CHANGED, "the content is not what was recorded; --changed restores it all the same");
}

static bool name_is_free(int folder, const char *name, struct error *err) {
    struct stat there;
    return fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) != 0 ||
           error_set(err, ERR_DENIED, "there is a file of that name already; --as NAME or --to FOLDER restores beside it");
}

/* The file could not be put back: it is ours again, held as before, and nothing excuses another of its kind. */
static void keep_holding(struct quarantine *store, int item, int content, struct record *record, bool allowed) {
    struct error ignored;
    bool ours = (geteuid() != 0 || fchown(content, 0, 0) == 0) && fchmod(content, 0400) == 0;
    record->state = STATE_HELD;
    text_clear(&record->to);
    bool kept = record_write(store, item, record, &ignored);
    bool taken_back = !allowed || allow_set(store, record, false, NULL, NULL, &ignored);
    (void)ours; /* recovery would do the same */
    (void)kept;
    (void)taken_back;
}

static bool is_name(const char *name, struct error *err) {
    bool good = strchr(name, '/') == NULL && name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    return good || error_set(err, ERR_USAGE, "\"%s\" is no name of a file", name);
}

/* Where the file goes, as a path: for the record, whose folder a recovery opens, and for the user. */
static bool note_target(struct record *record, const struct restore_options *options, int folder, const char *name, struct error *err) {
    text_clear(&record->to);
    if (options->to == NULL) {
        text_add_bytes(&record->to, bytes_make(text_c(&record->path), record->path.n - strlen(record_name(record))));
    } else {
        char *path = fs_path_of((struct handle){folder}, options->to);
        text_add(&record->to, path != NULL ? path : options->to);
        text_add(&record->to, path != NULL && strcmp(path, "/") == 0 ? "" : "/");
        free(path);
    }
    text_add(&record->to, name);
    return text_ok(&record->to) || error_set(err, ERR_LIMIT, "no memory for a path");
}

/* The last of it: the item is history. */
static bool restored(struct quarantine *store, int item, struct record *record, const struct restore_options *options, bool allowed,
                     struct error *err) {
    record->state = STATE_RESTORED;
    return record_write(store, item, record, err) &&
           event_add_restored(store, record, options->reason != NULL ? options->reason : "", allowed, err) &&
           item_to_history(store, item, record, err);
}

/* Privileges come back only where the file stood, or when the user says so; its further names as well. */
static bool restore_open(struct quarantine *store, int item, int content, struct record *record, const struct restore_options *options,
                         struct restored *out, struct error *err) {
    int folder;
    uint8_t sha256[32];
    const char *name = options->as != NULL ? options->as : record_name(record);
    bool own_place = options->to == NULL, privileges = own_place || options->keep_privileges;
    if (!is_name(name, err) || !check_content(content, record, options->changed, sha256, err) ||
        !open_target(record, options, &folder, err)) {
        return false;
    }
    bool same = memcmp(sha256, record->sha256, sizeof sha256) == 0, allow = !options->no_allow && same;
    bool ok = name_is_free(folder, name, err) && note_target(record, options, folder, name, err) &&
              (!allow || allow_set(store, record, true, record->n_names == 0 ? name : NULL, options->reason, err));
    if (ok) {
        record->state = STATE_RESTORING;
        ok = record_write(store, item, record, err) &&
             move_out(store, item, content, folder, name, record, sha256, privileges, own_place ? &out->notes : NULL, err);
        if (!ok && faccessat(item, ITEM_CONTENT, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            keep_holding(store, item, content, record, allow);
        }
    }
    close(folder);
    if (!ok) {
        struct error ignored;
        bool told = event_add(store, "failed", record, err->text, &ignored);
        (void)told; /* the restore has failed already */
        return false;
    }
    text_add_bytes(&out->path, bytes_make(text_c(&record->to), record->to.n));
    out->allowed = allow;
    out->changed = !same;
    return true;
}

bool quarantine_restore(struct quarantine *store, const char *id, const struct restore_options *options, struct restored *out,
                        struct error *err) {
    struct record record = {0};
    int item, content;
    if (!item_open_held(store, id, &item, &record, err)) {
        return false;
    }
    content = openat(item, ITEM_CONTENT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = content >= 0 || error_sys(err, errno, "can't open the content of item %s", id);
    ok = ok && restore_open(store, item, content, &record, options, out, err);
    if (content >= 0) { /* before the item goes: some file systems keep what is open as a file in its folder */
        close(content);
    }
    ok = ok && restored(store, item, &record, options, out->allowed, err);
    close(item);
    record_free(&record);
    return ok;
}

void restored_free(struct restored *restored) {
    text_free(&restored->path);
    text_free(&restored->notes);
}
