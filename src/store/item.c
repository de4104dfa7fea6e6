/* SPDX-License-Identifier: Apache-2.0 */
/* Items: the folders of the store, one a file, named YYYYMMDD-NNNNNN. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/inside.h"

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool items(const struct quarantine *store, char ***out, size_t *n, struct error *err) {
    int fd = openat(store->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    char **all = NULL;
    size_t count = 0, room = 0;
    if (dir == NULL) {
        int sys = errno;
        if (fd >= 0) {
            close(fd);
        }
        return error_sys(err, sys, "can't list the store");
    }
    bool ok = true;
    errno = 0;
    for (const struct dirent *entry; ok && (entry = readdir(dir)) != NULL; errno = 0) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || strlen(entry->d_name) >= QUARANTINE_ID_SIZE) {
            continue;
        }
        if (count == room) {
            room = room != 0 ? 2 * room : 64;
            char **more = realloc(all, room * sizeof *more);
            ok = more != NULL;
            all = ok ? more : all;
        }
        if (ok) {
            all[count] = strdup(entry->d_name);
            ok = all[count] != NULL;
            count += ok;
        }
    }
    int sys = errno;
    closedir(dir);
    if (!ok || sys != 0) {
        items_free(all, count);
        return ok ? error_sys(err, sys, "can't list the store") : error_set(err, ERR_LIMIT, "no memory for the list of items");
    }
    if (count != 0) {
        qsort(all, count, sizeof *all, by_name);
    }
    *out = all;
    *n = count;
    return true;
}

void items_free(char **all, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free(all[i]);
    }
    free(all);
}

/* Whoever asks for it a second time is told what became of it. */
static bool item_gone(const struct quarantine *store, const char *id, struct error *err) {
    char name[sizeof "history/.json" + QUARANTINE_ID_SIZE];
    struct record record = {0};
    struct error none;
    snprintf(name, sizeof name, "history/%s.json", id);
    bool known = strlen(id) < QUARANTINE_ID_SIZE && record_read_as(store->folder, name, &record, &none);
    if (known && record.state == STATE_RESTORED) {
        struct text to = {0};
        text_add_safe(&to, bytes_make(text_c(&record.to), record.to.n), 128);
        error_set(err, ERR_USAGE, "item %s was restored before, to %s; certban quarantine show has its record", id, text_c(&to));
        text_free(&to);
    } else if (known && record.state == STATE_PURGED) {
        error_set(err, ERR_USAGE, "item %s was deleted for good by a purge; certban quarantine show has its record", id);
    } else {
        error_set(err, ERR_USAGE, "there is no item %s; certban quarantine list names all", id);
    }
    record_free(&record);
    return false;
}

bool item_open(const struct quarantine *store, const char *id, int *fd, struct error *err) {
    if (strchr(id, '/') != NULL || id[0] == '.' || id[0] == '\0') {
        return error_set(err, ERR_USAGE, "\"%s\" is no ID of an item", id);
    }
    *fd = fs_folder_in(store->folder, id);
    if (*fd < 0 && errno == ENOENT) {
        return item_gone(store, id, err);
    }
    return *fd >= 0 || error_sys(err, errno, "can't open the item %s", id);
}

bool item_open_held(const struct quarantine *store, const char *id, int *fd, struct record *record, struct error *err) {
    *record = (struct record){0};
    if (!item_open(store, id, fd, err)) {
        return false;
    }
    bool ok = record_read(*fd, record, err);
    if (ok && record->state != STATE_HELD && record->state != STATE_STRAY) {
        ok = error_set(err, ERR_USAGE, "item %s is %s", id, item_state_name(record->state));
    }
    if (!ok) {
        close(*fd);
        record_free(record);
    }
    return ok;
}

bool remove_if_there(int folder, const char *name, struct error *err) {
    return unlinkat(folder, name, 0) == 0 || errno == ENOENT || error_sys(err, errno, "can't remove %s", name);
}

/* Counted once a run, then kept: one process at a time has the store. */
static bool count_bytes(struct quarantine *store, struct error *err) {
    char **all;
    size_t n;
    if (!items(store, &all, &n, err)) {
        return false;
    }
    store->held_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        char path[QUARANTINE_ID_SIZE + sizeof "/" ITEM_CONTENT];
        snprintf(path, sizeof path, "%s/" ITEM_CONTENT, all[i]);
        store->held_bytes += fstatat(store->folder, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)st.st_size : 0;
    }
    items_free(all, n);
    store->counted = true;
    return true;
}

bool item_room(struct quarantine *store, uint64_t bytes, struct error *err) {
    if (!store->counted && !count_bytes(store, err)) {
        return false;
    }
    return (store->held_bytes < store->limits.bytes && bytes <= store->limits.bytes - store->held_bytes) ||
           error_set(err, ERR_LIMIT,
                     "store full: it holds %llu bytes and may hold %llu; certban quarantine purge makes room, --max-store allows more",
                     (unsigned long long)store->held_bytes, (unsigned long long)store->limits.bytes);
}

/* What came in place of a placeholder is somebody's file: that is given back (placeholder_remove), never deleted here. */
static bool remove_placeholder(int item, struct error *err) {
    struct stat st;
    if (fstatat(item, ITEM_PLACEHOLDER, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT || error_sys(err, errno, "can't look at %s", ITEM_PLACEHOLDER);
    }
    bool ours = S_ISREG(st.st_mode) && st.st_size == 0 && st.st_uid == geteuid();
    return ours ? remove_if_there(item, ITEM_PLACEHOLDER, err) : error_set(err, ERR_CHANGED, "a file that is not ours is in the item");
}

bool item_drop(const struct quarantine *store, int item, const char *id, struct error *err) {
    return remove_if_there(item, ITEM_CONTENT, err) && remove_placeholder(item, err) && flush(item, "the item", err) &&
           remove_if_there(item, ITEM_RECORD ".new", err) && remove_if_there(item, ITEM_CONTENT ".new", err) &&
           remove_if_there(item, ITEM_RECORD, err) &&
           (unlinkat(store->folder, id, AT_REMOVEDIR) == 0 || error_sys(err, errno, "can't remove the item %s", id)) &&
           flush(store->folder, "the store", err);
}

bool item_to_history(const struct quarantine *store, int item, const struct record *record, struct error *err) {
    char name[QUARANTINE_ID_SIZE + 8];
    snprintf(name, sizeof name, "%s.json", record->id);
    if (mkdirat(store->folder, "history", 0700) != 0 && errno != EEXIST) {
        return error_sys(err, errno, "can't make the history");
    }
    int history = fs_folder_in(store->folder, "history");
    bool ok = history >= 0 && renameat(item, ITEM_RECORD, history, name) == 0 && fsync(history) == 0;
    int sys = errno;
    if (history >= 0) {
        close(history);
    }
    return (ok || error_sys(err, sys, "can't keep the record of item %s", record->id)) && item_drop(store, item, record->id, err);
}

bool item_new(const struct quarantine *store, char id[QUARANTINE_ID_SIZE], int *item, struct error *err) {
    time_t now = time(NULL);
    struct tm utc;
    char **all, today[16];
    size_t n, length;
    unsigned long last = 0;
    if (gmtime_r(&now, &utc) == NULL || (length = strftime(today, sizeof today, "%Y%m%d-", &utc)) == 0 || !items(store, &all, &n, err)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (strncmp(all[i], today, length) == 0) {
            unsigned long number = strtoul(all[i] + length, NULL, 10);
            last = number > last ? number : last;
        }
    }
    items_free(all, n);
    if (n >= store->limits.items) {
        return error_set(err, ERR_LIMIT, "store full: %zu items; certban quarantine purge makes room, --max-items allows more", n);
    }
    for (unsigned long number = last + 1; number <= last + 1000; number++) {
        char past[QUARANTINE_ID_SIZE + 24];
        snprintf(id, QUARANTINE_ID_SIZE, "%s%06lu", today, number % 1000000);
        snprintf(past, sizeof past, "history/%s.json", id);
        if (faccessat(store->folder, past, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            continue;
        }
        if (mkdirat(store->folder, id, 0700) == 0) {
            return item_open(store, id, item, err);
        }
        if (errno != EEXIST) {
            return error_sys(err, errno, "can't make an item");
        }
    }
    return error_set(err, ERR_LIMIT, "no free ID for an item");
}
