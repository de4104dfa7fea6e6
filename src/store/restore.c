/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back. The file gets its owner, mode, attributes and times while it is still inside the item, and becomes visible by one
 * rename that never replaces anything. Before that an allow rule for its very bytes is written, or the next scan would take it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/inside.h"

enum { ALLOW_MAX = 16 << 20 };

/* ---- the allow rule ---- */

static void add_escaped(struct text *out, const char *s) {
    struct text safe = {0};
    text_add_safe(&safe, bytes_text(s), 400);
    for (const char *p = text_c(&safe); *p != '\0'; p++) {
        switch (*p) {
        case '&':
            text_add(out, "&amp;");
            break;
        case '<':
            text_add(out, "&lt;");
            break;
        case '>':
            text_add(out, "&gt;");
            break;
        default:
            text_add_char(out, *p);
        }
    }
    text_free(&safe);
}

/* The file's name as a glob: what a glob or XML takes for its own, or is no UTF-8, becomes "any byte". */
static void add_glob(struct text *out, const char *name) {
    const struct bytes all = bytes_text(name);
    for (struct bytes left = all; left.n != 0;) {
        size_t n;
        uint32_t c = utf8_next(left, &n);
        bool trimmed = c == ' ' && (left.n == all.n || left.n == 1); /* a space at an end of a policy's text is no part of it */
        if (trimmed || c < 0x20 || c == UINT32_MAX || c >= 0xfffe || text_unsafe(c) || strchr("*?<>&", (int)(c < 0x80 ? c : 'a')) != NULL) {
            for (size_t i = 0; i < n; i++) {
                text_add_char(out, '?');
            }
        } else {
            text_add_bytes(out, bytes_cut(left, 0, n));
        }
        left = bytes_cut(left, n, left.n);
    }
}

/* The rule names the bytes and the file's name, no folder: it holds where the file is moved to, and a changed file, or the same one
 * under another name, is judged anew. */
static void add_rule(struct text *out, const struct record *record, const char *name, const char *reason) {
    char when[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    const struct passwd *user = getpwuid(getuid());
    if (gmtime_r(&now, &utc) != NULL) {
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    text_addf(out, "  <allow id=\"restored-%s\"><file><sha256>", record->id);
    text_add_hex(out, bytes_make(record->sha256, sizeof record->sha256));
    text_add(out, "</sha256></file><only><path>");
    add_glob(out, name);
    text_add(out, "</path></only><reason>restored by ");
    add_escaped(out, user != NULL ? user->pw_name : "somebody");
    text_addf(out, " at %s%s", when, reason != NULL ? ": " : "");
    add_escaped(out, reason != NULL ? reason : "");
    text_add(out, "</reason></allow>\n");
}

static bool read_allow(int state, struct text *out, struct error *err) {
    int fd = openat(state, "allow.xml", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || error_sys(err, errno, "can't read allow.xml");
    }
    char block[4096];
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0 && out->n <= ALLOW_MAX) {
        text_add_bytes(out, bytes_make(block, (size_t)n));
    }
    int sys = errno;
    close(fd);
    return n == 0 ? text_ok(out) || error_set(err, ERR_LIMIT, "no memory for allow.xml") : error_sys(err, sys, "can't read allow.xml");
}

/* allow.xml without the item's rule, if an earlier try left one, and with a new one for that name (NULL: none). It is a policy of its
 * own, and replaced as a whole. */
static bool set_allow(const struct quarantine *store, const struct record *record, const char *name, const char *reason,
                      struct error *err) {
    static const char head[] = "<policy xmlns=\"urn:certban:policy:1\" id=\"restored\" version=\"1\" issued=\"2023-03-29\">\n"
                               "  <title>Files that were restored from the quarantine</title>\n",
                      tail[] = "</policy>\n";
    struct text old = {0}, new = {0};
    char mark[64];
    int state = open(text_c(&store->state), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = state >= 0 || error_sys(err, errno, "can't open the state folder");
    ok = ok && read_allow(state, &old, err);
    struct bytes text = bytes_make(text_c(&old), old.n);
    size_t end = bytes_find(text, bytes_text("</policy>"), 0);
    snprintf(mark, sizeof mark, "  <allow id=\"restored-%s\"", record->id);
    size_t rule = bytes_find(text, bytes_text(mark), 0), rule_end = rule;
    if (rule < end) {
        rule_end = bytes_find(text, bytes_text("</allow>\n"), rule);
        rule_end = rule_end < end ? rule_end + strlen("</allow>\n") : end;
    }
    if (ok && old.n != 0 && end == text.n) {
        ok = error_set(err, ERR_MALFORMED, "allow.xml in the state folder is no policy; mend or remove it");
    }
    if (ok && (name != NULL || rule < end)) {
        text_add_bytes(&new, old.n != 0 ? bytes_cut(text, 0, rule < end ? rule : end) : bytes_text(head));
        text_add_bytes(&new, rule < end ? bytes_cut(text, rule_end, end - rule_end) : bytes_none());
        if (name != NULL) {
            add_rule(&new, record, name, reason);
        }
        text_add(&new, tail);
        int fd = openat(state, "allow.xml.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        ok = text_ok(&new) && fd >= 0 && write(fd, new.p, new.n) == (ssize_t) new.n &&fsync(fd) == 0 &&
             renameat(state, "allow.xml.new", state, "allow.xml") == 0 && fsync(state) == 0;
        ok = ok || error_sys(err, errno, "can't write allow.xml");
        if (fd >= 0) {
            close(fd);
        }
    }
    if (state >= 0) {
        close(state);
    }
    text_free(&old);
    text_free(&new);
    return ok;
}

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
        if (folder_open(upper, &fd, NULL)) {
            close(fd);
            continue;
        }
        size_t slash = i - 1;
        while (slash > 0 && path.p[slash] != '/') {
            slash--;
        }
        char name[256];
        size_t n = i - slash - 1;
        if (n == 0 || n >= sizeof name || !folder_open(bytes_cut(path, 0, slash + 1), &parent, err)) {
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

static bool open_target(const struct record *record, const struct restore_options *options, int *fd, struct error *err) {
    struct stat st;
    struct bytes own = bytes_make(text_c(&record->path), record->path.n - strlen(record_name(record)));
    if (options->to != NULL) {
        *fd = open(options->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return *fd >= 0 || error_sys(err, errno, "can't open the folder %s", options->to);
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
    return make_parents(own, err) && folder_open(own, fd, err);
}

/* ---- the move ---- */

/* Last of all, for such a file can't be renamed. */
static bool fix_restored(int fd, const struct record *record, struct error *err) {
    return !record->lifted || metadata_fix(fd, &record->metadata, err);
}

/* Onto another file system: a copy that has no name until it is whole. */
static bool copy_out(int content, int folder, const char *name, const struct record *record, const uint8_t expected[32], bool privileges,
                     struct error *err) {
    uint8_t sha256[32];
    char hidden[64], link[64];
    snprintf(hidden, sizeof hidden, ".certban-%s", record->id);
    int copy = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    bool named = copy < 0;
    if (named) {
        copy = openat(folder, hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
    if (copy < 0) {
        return error_sys(err, errno, "can't make the file in its folder");
    }
    bool ok = file_copy(content, copy, err) && file_sha256(copy, sha256, err);
    if (ok && memcmp(sha256, expected, sizeof sha256) != 0) {
        ok = error_set(err, ERR_CHANGED, "the copy is not what the store holds");
    }
    ok = ok && metadata_apply(copy, &record->metadata, privileges, err) && flush(copy, "the file", err);
    snprintf(link, sizeof link, "/proc/self/fd/%d", copy);
    if (ok && (named ? renameat2(folder, hidden, folder, name, RENAME_NOREPLACE)
                     : linkat(AT_FDCWD, link, folder, name, AT_SYMLINK_FOLLOW)) != 0) {
        ok = error_sys(err, errno, "can't give the file its name back");
    }
    if (!ok && named) {
        (void)unlinkat(folder, hidden, 0);
    }
    ok = ok && fix_restored(copy, record, err);
    close(copy);
    return ok && flush(folder, "the folder", err);
}

static bool move_out(int item, int content, int folder, const char *name, const struct record *record, const uint8_t expected[32],
                     bool privileges, struct error *err) {
    struct stat there, here;
    if (fstat(folder, &there) != 0 || fstat(content, &here) != 0) {
        return error_sys(err, errno, "can't look at the folder");
    }
    if (fstat(folder, &there) == 0 && there.st_dev == here.st_dev) {
        if (!metadata_apply(content, &record->metadata, privileges, err) || !flush(content, "the file", err)) {
            return false;
        }
        if (renameat2(item, ITEM_CONTENT, folder, name, RENAME_NOREPLACE) == 0 ||
            (errno == EINVAL && linkat(item, ITEM_CONTENT, folder, name, 0) == 0 && unlinkat(item, ITEM_CONTENT, 0) == 0)) {
            return fix_restored(content, record, err) && flush(folder, "the folder", err) && flush(item, "the item", err);
        }
        if (errno != EXDEV) {
            return error_sys(err, errno, "can't give the file its name back");
        }
    }
    return copy_out(content, folder, name, record, expected, privileges, err) &&
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
    bool kept = record_write(store, item, record, &ignored);
    bool taken_back = !allowed || set_allow(store, record, NULL, NULL, &ignored);
    (void)ours; /* recovery would do the same */
    (void)kept;
    (void)taken_back;
}

/* Privileges come back only where the file stood, or when the user says so. */
static bool restore_open(struct quarantine *store, int item, int content, struct record *record, const struct restore_options *options,
                         struct text *path, struct error *err) {
    int folder;
    uint8_t sha256[32];
    const char *name = options->as != NULL ? options->as : record_name(record);
    bool privileges = options->to == NULL || options->keep_privileges;
    if (strchr(name, '/') != NULL || name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return error_set(err, ERR_USAGE, "\"%s\" is no name of a file", name);
    }
    if (!check_content(content, record, options->changed, sha256, err) || !open_target(record, options, &folder, err)) {
        return false;
    }
    bool allow = !options->no_allow && !options->changed;
    bool ok = name_is_free(folder, name, err) && (!allow || set_allow(store, record, name, options->reason, err));
    if (ok) {
        record->state = STATE_RESTORING;
        ok = record_write(store, item, record, err) && move_out(item, content, folder, name, record, sha256, privileges, err);
        if (!ok && faccessat(item, ITEM_CONTENT, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            keep_holding(store, item, content, record, allow);
        }
    }
    close(folder);
    if (!ok) {
        return false;
    }
    record->state = STATE_RESTORED;
    if (path != NULL) {
        if (options->to != NULL) {
            text_addf(path, "%s/%s", options->to, name);
        } else {
            text_add_bytes(path, bytes_make(text_c(&record->path), record->path.n - strlen(record_name(record))));
            text_add(path, name);
        }
    }
    return record_write(store, item, record, err) &&
           event_add(store, "restored", record, options->reason != NULL ? options->reason : "", err) &&
           item_to_history(store, item, record, err);
}

bool quarantine_restore(struct quarantine *store, const char *id, const struct restore_options *options, struct text *path,
                        struct error *err) {
    struct record record = {0};
    int item, content = -1;
    if (!item_open(store, id, &item, err)) {
        return false;
    }
    bool ok = record_read(item, &record, err);
    if (ok && record.state != STATE_HELD && record.state != STATE_STRAY) {
        ok = error_set(err, ERR_USAGE, "item %s is %s", id, item_state_name(record.state));
    }
    if (ok) {
        content = openat(item, ITEM_CONTENT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        ok = content >= 0 || error_sys(err, errno, "can't open the content of item %s", id);
    }
    ok = ok && restore_open(store, item, content, &record, options, path, err);
    if (content >= 0) {
        close(content);
    }
    close(item);
    record_free(&record);
    return ok;
}
