/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a file. On one file system the name is exchanged with an empty placeholder inside the item, then it is looked whether
 * the right file came; so the name is never free, and nothing that was not judged stays taken. Across file systems: take_copy.c.
 */
#include "store/take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- what both ways share ---- */

bool take_is_judged(int folder, const char *name, const struct record *record, bool *same, struct error *err) {
    uint8_t sha256[32];
    struct inode_id id;
    /* Asked by its name first: what is none of ours may be anything, a socket even, which can't be opened. */
    if (!inode_is_at(folder, name, record->file, same, err)) {
        return false;
    }
    if (!*same) {
        return true;
    }
    *same = false;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ELOOP || errno == EACCES || error_sys(err, errno, "can't open what was taken");
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
bool take_name(struct quarantine *store, int item, int folder, const struct take *take, int hold, const char *held, struct record *record,
               struct error *err) {
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

bool take_gave_back(struct quarantine *store, struct record *record, const char *beside, struct error *err) {
    struct text words = {0};
    record->put_back = true;
    text_add(&words, "the file changed before it could be taken; ");
    text_add(&words, beside[0] == '\0' ? "what stood at its name is there again"
                                       : "what stood at its name is beside it now, since the name was taken: ");
    text_add_safe(&words, bytes_text(beside), 255);
    bool told = event_add(store, "put-back", record, beside, err);
    bool said = told && error_set(err, ERR_CHANGED, "%s", text_c(&words));
    text_free(&words);
    return said;
}

/* What came is not what was judged: it goes back, and the item with it. */
static bool give_back(struct quarantine *store, int item, int folder, int hold, const char *held, struct record *record,
                      struct error *err) {
    bool stray = false;
    char beside[BESIDE_SIZE];
    if (!put_back(folder, record_name(record), hold, held, record->placeholder, &stray, beside, err)) {
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
    return item_drop(store, item, record->id, err) && take_gave_back(store, record, beside, err);
}

bool take_look_once(int folder, const struct record *record, struct error *err) {
    struct inode_id there;
    if (!inode_at(folder, record_name(record), &there, err)) {
        return false;
    }
    if (there.number == 0) {
        error_set(err, ERR_CHANGED, "the file is gone");
        err->sys = ENOENT;
        return false;
    }
    return inode_same(there, record->file) || error_set(err, ERR_CHANGED, "the name no longer leads to the file that was judged");
}

/* Somebody who has it open for writing can still change it; the lease tells. */
static bool has_writers(int fd) {
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
    }
    return errno == EAGAIN;
}

bool take_held(struct quarantine *store, int item, struct record *record, struct error *err) {
    bool joined = false;
    if (record->joins.n != 0 && !item_join(store, item, record, &joined, err)) {
        return false;
    }
    record->state = STATE_HELD;
    return (joined || record_write(store, item, record, err)) && event_add(store, "taken", record, text_c(&record->rule), err);
}

bool take_ownership(int item, uint64_t *links, struct error *err) {
    int fd = openat(item, ITEM_CONTENT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    if (ok && st.st_nlink == 1) {
        ok = ((geteuid() != 0 || fchown(fd, 0, 0) == 0) && fchmod(fd, 0400) == 0 && fstat(fd, &st) == 0 && fsync(fd) == 0);
    }
    int sys = errno;
    *links = ok ? st.st_nlink : *links;
    if (fd >= 0) {
        close(fd);
    }
    return ok || error_sys(err, sys, "can't make the taken file ours");
}

/* ---- by rename: steps S6 to S10 ---- */

bool take_finish(struct quarantine *store, int item, int folder, struct record *record, struct error *err) {
    bool same;
    uint64_t links = 1;
    if (!take_is_judged(item, ITEM_CONTENT, record, &same, err)) {
        return false;
    }
    if (!same && folder >= 0) {
        return give_back(store, item, folder, item, ITEM_CONTENT, record, err);
    }
    if (folder >= 0 && (!flush(folder, "the folder", err) || !flush(item, "the item", err) ||
                        !placeholder_remove(folder, record_name(record), item, record->placeholder, err))) {
        return false;
    }
    if (!take_ownership(item, &links, err)) {
        return false;
    }
    record->elsewhere = (uint32_t)(links - 1);
    return take_held(store, item, record, err);
}

/* Steps S2 to S5. *crosses: it lies on another file system, and nothing was done. */
static bool take_by_rename(struct quarantine *store, int item, int folder, const struct take *take, struct record *record, bool *crosses,
                           struct error *err) {
    *crosses = false;
    if (!placeholder_make(item, ITEM_CONTENT, &record->placeholder, err)) {
        return false;
    }
    record->state = STATE_INTENT;
    if (!record_write(store, item, record, err) || !take_look_once(folder, record, err)) {
        return false;
    }
    if (!take_name(store, item, folder, take, item, ITEM_CONTENT, record, err)) {
        *crosses = err->sys == EXDEV;
        return false;
    }
    return take_finish(store, item, folder, record, err);
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
    record->links = file.names;
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
    text_add(&record->joins, take->joins != NULL ? take->joins : "");
    text_add(&record->users, take->users != NULL ? take->users : "");
    return metadata_read((int)take->file.os, &record->metadata, err);
}

/* The record's path must lead to the very name in the folder: recovery goes by it. */
static bool check_names(const struct take *take, struct error *err) {
    bool good = take->name.n != 0 && bytes_find(take->name, bytes_text("/"), 0) == take->name.n && take->path.n > take->name.n &&
                take->path.p[0] == '/' && take->path.p[take->path.n - take->name.n - 1] == '/' &&
                memcmp(take->path.p + take->path.n - take->name.n, take->name.p, take->name.n) == 0;
    return good || error_set(err, ERR_UNSUPPORTED, "the file has no path that it could be put back to");
}

/* What else there is to know of a file that was taken. */
static void add_notes(const struct record *record, struct text *notes) {
    const char *between = "";
    if (record->writers) {
        text_addf(notes, "%ssomebody had it open for writing", between);
        between = "; ";
    }
    if (record->lost.n != 0) {
        text_addf(notes, "%sthe copy lacks attributes that the store's file system refused; the record has them", between);
        between = "; ";
    }
    if (record->plain_copy) {
        text_addf(notes, "%sit was encrypted on its file system, the copy is not", between);
    }
}

/* The protocol, once through. */
static bool take_once(struct quarantine *store, const struct take *take, struct record *record, struct error *err) {
    int item = -1, folder = (int)take->folder.os;
    bool crosses = false;
    if (!fill(take, record, err) || !item_room(store, take->size, err) || !item_new(store, record->id, &item, err)) {
        return false;
    }
    bool ok = take_by_rename(store, item, folder, take, record, &crosses, err);
    if (!ok && crosses) {
        ok = take_by_copy(store, item, folder, take, record, err);
    }
    close(item);
    return ok;
}

/* What was begun and failed is taken back, or finished, now; the events keep that it was tried. */
static void clean_up(struct quarantine *store, const struct record *record, const struct error *why) {
    struct text words = {0};
    struct error ignored;
    bool recovered = recover(store, &words, &ignored) && (record->path.n == 0 || event_add(store, "failed", record, why->text, &ignored));
    (void)recovered; /* the next command that opens the store tries again */
    text_free(&words);
}

bool quarantine_take(struct quarantine *store, const struct take *take, struct take_result *out, struct error *err) {
    bool ok = false, again = check_names(take, err);
    for (int i = 0; i < 2 && again; i++) { /* somebody's swap may have come between: once more from the top */
        struct record record = {0};
        ok = take_once(store, take, &record, err);
        again = !ok && record.put_back;
        if (ok) {
            store->held_bytes += take->joins == NULL ? take->size : 0;
            memcpy(out->id, record.id, sizeof record.id);
            out->elsewhere = record.elsewhere;
            add_notes(&record, &out->notes);
        } else {
            clean_up(store, &record, err);
        }
        record_free(&record);
    }
    return ok;
}
