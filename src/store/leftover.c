/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private folders that lie somewhere else than their record says: whoever owns the folder around may have moved them while a file was
 * taken across file systems. He can't enter them; the walk meets them by their name, and here they are ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/take.h"

enum { ID_LENGTH = 15 }; /* YYYYMMDD-NNNNNN */

/* PRIVATE_PREFIX, the ID, -, eight hex digits. */
static bool id_of(const char *name, char id[QUARANTINE_ID_SIZE]) {
    const size_t prefix = sizeof PRIVATE_PREFIX - 1;
    bool shaped = strncmp(name, PRIVATE_PREFIX, prefix) == 0 && strlen(name) == prefix + ID_LENGTH + 9 && name[prefix + 8] == '-' &&
                  name[prefix + ID_LENGTH] == '-' && strspn(name + prefix, "0123456789-") >= ID_LENGTH;
    snprintf(id, QUARANTINE_ID_SIZE, "%.*s", ID_LENGTH, shaped ? name + prefix : "");
    return shaped;
}

static int open_private(int folder, const char *name) {
    int fd = fs_folder_in(folder, name);
    if (fd >= 0 && !private_is_ours(fd)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The item's record, held or history. *item is -1 for the latter. */
static bool read_record(int store, const char *id, struct record *record, int *item, struct error *err) {
    char past[QUARANTINE_ID_SIZE + sizeof "history/.json"];
    snprintf(past, sizeof past, "history/%s.json", id);
    *item = fs_folder_in(store, id);
    bool ok = *item >= 0 ? record_read(*item, record, err) : record_read_as(store, past, record, err);
    if (!ok && *item >= 0) {
        close(*item);
        *item = -1;
    }
    return ok;
}

bool quarantine_knows(const char *state, struct handle folder, const char *name) {
    char id[QUARANTINE_ID_SIZE];
    struct record record = {0};
    int item = -1;
    if (state == NULL || !id_of(name, id)) {
        return false;
    }
    int parent = open(state, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int store = parent >= 0 ? fs_folder_in(parent, "quarantine") : -1;
    int private = store >= 0 && private_is_ours(store) ? open_private((int)folder.os, name) : -1;
    bool known = private >= 0 && read_record(store, id, &record, &item, NULL) && strcmp(text_c(&record.private), name) == 0;
    const int all[] = {parent, store, private, item};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] >= 0) {
            close(all[i]);
        }
    }
    record_free(&record);
    return known;
}

/* What is in it and ours: the placeholder, or the original whose copy is whole in the store (or was, and went from there as the user
 * wanted). Anything else stays, and is told. */
static bool empty(int private, int item, const struct record *record, struct error *err) {
    static const char *const names[] = {PRIVATE_FILE, ITEM_PLACEHOLDER};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct inode_id there;
        bool judged = false;
        if (!inode_at(private, names[i], &there, err)) {
            return false;
        }
        if (there.number != 0 && !inode_same(there, record->placeholder)) {
            bool whole = item < 0 || content_is_whole(item, record);
            if (!take_is_judged(private, names[i], record, &judged, err)) {
                return false;
            }
            if (!judged || !whole) {
                return error_set(err, ERR_CHANGED, "a folder that a take left behind holds what is not known: look at it yourself");
            }
        }
        if (!remove_if_there(private, names[i], err)) {
            return false;
        }
    }
    return true;
}

static bool finish(struct quarantine *store, int folder, const char *name, int private, int item, struct record *record,
                   struct error *err) {
    struct inode_id here;
    if (!inode_of(folder, &here, err)) {
        return false;
    }
    if (item >= 0 && record->state == STATE_COPIED && inode_same(here, record->folder)) { /* the folder around was moved with all in it */
        return recover_private(store, item, folder, private, record, err);
    }
    return empty(private, item, record, err) &&
           (unlinkat(folder, name, AT_REMOVEDIR) == 0 || error_sys(err, errno, "can't remove a folder that a take left behind"));
}

bool quarantine_finish(struct quarantine *store, struct handle folder, const char *name, struct error *err) {
    char id[QUARANTINE_ID_SIZE];
    struct record record = {0};
    struct text words = {0};
    int item = -1;
    if (!id_of(name, id) || !read_record(store->folder, id, &record, &item, err)) {
        return error_set(err, ERR_CHANGED, "no item knows the folder");
    }
    int private = open_private((int)folder.os, name);
    bool ok = private >= 0 ? finish(store, (int)folder.os, name, private, item, &record, err)
                           : error_set(err, ERR_CHANGED, "the folder that a take left behind is gone");
    if (private >= 0) {
        close(private);
    }
    if (item >= 0) {
        close(item);
    }
    record_free(&record);
    ok = ok && recover(store, &words, err); /* the item that could not be finished can be now */
    text_free(&words);
    return ok;
}
