/* SPDX-License-Identifier: Apache-2.0 */
/* A file of several names is one item. Each further name is taken by a transaction of its own, whose item then joins the first: the first
 * item's record gets the name, then the second item goes. Killed between, the recovery of the second does it again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/take.h"

static bool has_name(const struct record *record, const struct text *path) {
    for (size_t i = 0; i < record->n_names; i++) {
        if (strcmp(text_c(&record->names[i].path), text_c(path)) == 0) {
            return true;
        }
    }
    return strcmp(text_c(&record->path), text_c(path)) == 0;
}

static bool add_name(struct record *to, const struct record *from, struct error *err) {
    if (has_name(to, &from->path)) { /* an earlier try */
        return true;
    }
    struct name *more = realloc(to->names, (to->n_names + 1) * sizeof *more);
    if (more == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the item's names");
    }
    to->names = more;
    struct name *name = &more[to->n_names++];
    *name = (struct name){.folder = from->folder, .folder_owner = from->folder_owner};
    text_add_bytes(&name->path, bytes_make(text_c(&from->path), from->path.n));
    return text_ok(&name->path) || error_set(err, ERR_LIMIT, "no memory for the item's names");
}

/* Whether the first item holds what the second one does, whole: the same inode, or the same bytes. */
static bool holds_same(int first, const struct record *record, int second, const struct record *other) {
    struct inode_id a, b;
    if (record->state != STATE_HELD || memcmp(record->sha256, other->sha256, sizeof record->sha256) != 0 ||
        !inode_at(first, ITEM_CONTENT, &a, NULL) || !inode_at(second, ITEM_CONTENT, &b, NULL)) {
        return false;
    }
    return inode_same(a, b) ||
           (record->copied && other->copied && inode_same(record->file, other->file) && content_is_whole(first, record));
}

/* The second item goes, in a way that recovery goes on with. */
static bool drop_second(struct quarantine *store, int item, struct record *record, struct error *err) {
    record->state = STATE_INTENT;
    record->placeholder = (struct inode_id){0};
    return record_write(store, item, record, err) && item_drop(store, item, record->id, err);
}

bool item_join(struct quarantine *store, int item, struct record *record, bool *joined, struct error *err) {
    struct record first = {0};
    int fd;
    *joined = false;
    if (!item_open(store, text_c(&record->joins), &fd, NULL)) {
        text_clear(&record->joins);
        return true;
    }
    bool ok = true;
    if (record_read(fd, &first, NULL) && holds_same(fd, &first, item, record)) {
        uint64_t links = 1;
        ok = add_name(&first, record, err) && record_write(store, fd, &first, err) && drop_second(store, item, record, err) &&
             take_ownership(fd, &links, err);
        first.elsewhere = first.copied ? record->elsewhere : (uint32_t)(links - 1);
        ok = ok && record_write(store, fd, &first, err);
        *joined = ok;
    } else {
        text_clear(&record->joins);
    }
    record_free(&first);
    close(fd);
    return ok;
}

/* ---- the way back ---- */

static bool link_name(const struct name *name, int file, struct error *err) {
    /* The name's folder is opened as an item's is. */
    const struct record record = {.path = name->path, .folder = name->folder};
    struct stat st;
    int folder;
    if (!folder_open_recorded(&record, &folder, err)) {
        return false;
    }
    bool ok = fstat(folder, &st) == 0 && st.st_uid == name->folder_owner;
    ok = ok ? fs_link((struct handle){file}, folder, record_name(&record), "can't link it", err)
            : error_set(err, ERR_CHANGED, "the folder belongs to somebody else than when the file was taken");
    ok = ok && flush(folder, "the folder", err);
    close(folder);
    return ok;
}

void names_restore(const struct record *record, int file, struct text *words) {
    for (size_t i = 0; i < record->n_names; i++) {
        struct error err;
        const struct text *path = &record->names[i].path;
        if (!link_name(&record->names[i], file, &err)) {
            text_add(words, words->n != 0 ? "; the name " : "the name ");
            text_add_safe(words, bytes_make(text_c(path), path->n), 400);
            text_addf(words, " is not back: %s", err.text);
        }
    }
}
