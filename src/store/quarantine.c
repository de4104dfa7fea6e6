/* SPDX-License-Identifier: Apache-2.0 */
#include "store/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "store/inside.h"

enum { LOCK_TRIES = 100, LOCK_WAIT_MS = 100 };

/* For whoever stands before the folder without certban. */
static const char read_me[] =
    "This is the quarantine of certban: files that were signed with a banned certificate.\n"
    "Each folder is one file: \"content\" is the file, unchanged; \"record.json\" says where it was (path),\n"
    "what it was (size, sha256, mode, owner, times), and why it was taken (rule, reason).\n"
    "\n"
    "With certban:     certban quarantine list, then certban quarantine restore ID\n"
    "Without:          sha256sum ID/content; cp ID/content PATH; chown, chmod, touch -d as the record says\n"
    "A folder whose record says \"intent\" or \"copied\" was interrupted: if \"content\" has the recorded sha256\n"
    "and nothing (or an empty file of mode 0) stands at the path, the file is here; else it is where it was.\n"
    "history/ keeps the records of what was restored or purged, events.jsonl what was done and when.\n"
    "Leave this folder out of other scanners: they may take its files.\n";

/* ---- opening ---- */

/* What is in a folder that is made is only as safe as the folder's own name: that is flushed, too. */
static bool make_folder(int parent, const char *name, struct error *err) {
    if (mkdirat(parent, name, 0700) == 0) {
        return flush(parent, "the state folder", err);
    }
    return errno == EEXIST || error_sys(err, errno, "can't make %s", name);
}

/* Makes a path's folders, the last with mode 0700. */
static bool make_state(const char *state, struct error *err) {
    char *path = strdup(state);
    if (path == NULL) {
        return error_set(err, ERR_LIMIT, "no memory");
    }
    bool ok = true;
    for (char *p = path + 1; ok && *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            ok = mkdir(path, 0755) == 0 || errno == EEXIST || errno == EROFS || error_sys(err, errno, "can't make %s", path);
            *p = '/';
        }
    }
    ok = ok && (mkdir(path, 0755) == 0 || errno == EEXIST || error_sys(err, errno, "can't make the state folder %s", path));
    free(path);
    return ok;
}

static bool ours_alone(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0;
}

/* An access control list could let others in whom the mode keeps out. */
static bool has_acl(int fd) {
    return fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0 || fgetxattr(fd, "system.posix_acl_default", NULL, 0) > 0;
}

static void write_read_me(int folder) {
    int fd = openat(folder, "README", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        bool whole = write(fd, read_me, sizeof read_me - 1) == (ssize_t)sizeof read_me - 1;
        close(fd);
        if (!whole) { /* words for people: their lack harms nothing, and the next run tries again */
            (void)unlinkat(folder, "README", 0);
        }
    }
}

static bool lock(struct quarantine *store, struct error *err) {
    store->lock = openat(store->folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (store->lock < 0) {
        return error_sys(err, errno, "can't lock the quarantine");
    }
    for (int i = 0; flock(store->lock, LOCK_EX | LOCK_NB) != 0; i++) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || i == LOCK_TRIES) {
            char who[32] = "";
            ssize_t n = pread(store->lock, who, sizeof who - 1, 0);
            who[n > 0 ? strcspn(who, "\n") : 0] = '\0';
            return error_set(err, ERR_DENIED, "the quarantine is in use by process %s; try again when it is done",
                             who[0] != '\0' ? who : "?");
        }
        const struct timespec wait = {.tv_nsec = LOCK_WAIT_MS * 1000000L};
        nanosleep(&wait, NULL);
    }
    char who[32];
    int n = snprintf(who, sizeof who, "%ld\n", (long)getpid());
    if (ftruncate(store->lock, 0) != 0 || pwrite(store->lock, who, (size_t)n, 0) != n) {
        return error_sys(err, errno, "can't write to the quarantine");
    }
    return true;
}

static bool open_store(const char *state, bool create, struct quarantine *store, struct error *err) {
    if (create && !make_state(state, err)) {
        return false;
    }
    int parent = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) {
        return errno == ENOENT ? error_set(err, ERR_USAGE, "there is no quarantine yet (%s)", state)
                               : error_sys(err, errno, "can't open the state folder %s", state);
    }
    bool ok = !create || make_folder(parent, "quarantine", err);
    store->folder = ok ? fs_folder_in(parent, "quarantine") : -1;
    int sys = errno;
    close(parent);
    if (!ok) {
        return false;
    }
    if (store->folder < 0) {
        return sys == ENOENT ? error_set(err, ERR_USAGE, "there is no quarantine yet (%s)", state)
                             : error_sys(err, sys, "can't open the quarantine in %s", state);
    }
    if (!ours_alone(store->folder) || has_acl(store->folder)) {
        return error_set(err, ERR_DENIED, "the quarantine in %s is not ours alone (owner, mode 0700, no access control list)", state);
    }
    write_read_me(store->folder);
    text_add(&store->state, state);
    return lock(store, err);
}

bool quarantine_open(const char *state, bool create, struct quarantine **out, struct error *err) {
    struct quarantine *store = calloc(1, sizeof *store);
    struct text words = {0};
    if (store == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the quarantine");
    }
    *store = (struct quarantine){.folder = -1, .lock = -1, .limits = QUARANTINE_LIMITS};
    bool ok = open_store(state, create, store, err) && recover(store, &words, err);
    text_free(&words); /* what could not be finished shows in list and verify */
    if (!ok) {
        quarantine_close(store);
        return false;
    }
    *out = store;
    return true;
}

void quarantine_close(struct quarantine *store) {
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < store->n_lingering; i++) { /* what is open elsewhere still, the next scan will find */
        (void)unlinkat(store->lingering[i].folder, store->lingering[i].name, AT_REMOVEDIR);
        close(store->lingering[i].folder);
    }
    if (store->lock >= 0) {
        close(store->lock);
    }
    if (store->folder >= 0) {
        close(store->folder);
    }
    text_free(&store->state);
    free(store);
}

void quarantine_limit(struct quarantine *store, const struct quarantine_limits *limits) {
    store->limits = *limits;
}

bool quarantine_is(const char *state, struct handle folder) {
    struct stat store, st;
    int parent = state == NULL ? -1 : open(state, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool same = parent >= 0 && fstatat(parent, "quarantine", &store, AT_SYMLINK_NOFOLLOW) == 0 && fstat((int)folder.os, &st) == 0 &&
                store.st_dev == st.st_dev && store.st_ino == st.st_ino;
    if (parent >= 0) {
        close(parent);
    }
    return same;
}

/* ---- listing ---- */

static char *copy_of(const struct text *t) {
    return strdup(text_c(t));
}

static bool fill_item(const struct record *r, struct quarantine_item *out, struct error *err) {
    struct text text = {0};
    char *path = malloc(r->path.n + 1);
    if (path == NULL || !record_text(r, &text, err)) {
        free(path);
        text_free(&text);
        return error_set(err, ERR_LIMIT, "no memory for the list");
    }
    memcpy(path, text_c(&r->path), r->path.n + 1);
    *out = (struct quarantine_item){.id = strdup(r->id),
                                    .state = item_state_name(r->state),
                                    .path = bytes_make(path, r->path.n),
                                    .size = r->size,
                                    .finding = copy_of(&r->finding),
                                    .rule = copy_of(&r->rule),
                                    .policy = copy_of(&r->policy),
                                    .reason = copy_of(&r->reason),
                                    .group = copy_of(&r->group),
                                    .taken_at = r->taken_at,
                                    .record = text.p};
    memcpy(out->sha256, r->sha256, sizeof out->sha256);
    return (out->id != NULL && out->finding != NULL && out->rule != NULL && out->policy != NULL && out->reason != NULL &&
            out->group != NULL) ||
           error_set(err, ERR_LIMIT, "no memory for the list");
}

bool quarantine_list(struct quarantine *store, struct quarantine_listing *out, struct error *err) {
    char **all;
    size_t n;
    *out = (struct quarantine_listing){0};
    if (!items(store, &all, &n, err)) {
        return false;
    }
    out->items = calloc(n + 1, sizeof *out->items);
    bool ok = out->items != NULL || error_set(err, ERR_LIMIT, "no memory for the list");
    for (size_t i = 0; ok && i < n; i++) {
        struct record record = {0};
        int item;
        if (!item_open(store, all[i], &item, NULL)) {
            continue;
        }
        if (record_read(item, &record, NULL)) { /* a damaged one is verify's business */
            ok = fill_item(&record, &out->items[out->n++], err);
        }
        record_free(&record);
        close(item);
    }
    items_free(all, n);
    if (!ok) {
        quarantine_listing_free(out);
    }
    return ok;
}

bool quarantine_has(const struct quarantine *store, const char *id, struct error *err) {
    int item;
    if (!item_open(store, id, &item, err)) {
        return false;
    }
    close(item);
    return true;
}

bool quarantine_past(struct quarantine *store, const char *id, struct quarantine_listing *out, struct error *err) {
    char name[sizeof "history/.json" + QUARANTINE_ID_SIZE];
    struct record record = {0};
    *out = (struct quarantine_listing){.items = calloc(1, sizeof *out->items)};
    if (out->items == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the list");
    }
    if (strlen(id) >= QUARANTINE_ID_SIZE || strchr(id, '/') != NULL) {
        return error_set(err, ERR_USAGE, "\"%s\" is no ID of an item", id);
    }
    snprintf(name, sizeof name, "history/%s.json", id);
    if (!record_read_as(store->folder, name, &record, err)) {
        return false;
    }
    bool ok = fill_item(&record, &out->items[0], err);
    out->n = 1;
    record_free(&record);
    return ok;
}

static void drop(const char *s) {
    void *p;
    memcpy(&p, &s, sizeof p);
    free(p);
}

void quarantine_listing_free(struct quarantine_listing *listing) {
    for (size_t i = 0; listing->items != NULL && i < listing->n; i++) {
        struct quarantine_item *item = &listing->items[i];
        drop(item->id);
        drop((const char *)item->path.p);
        drop(item->finding);
        drop(item->rule);
        drop(item->policy);
        drop(item->reason);
        drop(item->group);
        drop(item->record);
    }
    free(listing->items);
    *listing = (struct quarantine_listing){0};
}

/* ---- purging ---- */

bool quarantine_purge(struct quarantine *store, const char *id, struct error *err) {
    struct record record = {0};
    int item;
    if (!item_open_held(store, id, &item, &record, err)) {
        return false;
    }
    record.state = STATE_PURGING;
    bool ok = record_write(store, item, &record, err) && event_add(store, "purged", &record, "", err);
    if (ok) {
        ok = unlinkat(item, ITEM_CONTENT, 0) == 0 || errno == ENOENT || error_sys(err, errno, "can't delete the content of item %s", id);
        record.state = STATE_PURGED;
        ok = ok && record_write(store, item, &record, err) && item_to_history(store, item, &record, err);
    }
    close(item);
    record_free(&record);
    return ok;
}
