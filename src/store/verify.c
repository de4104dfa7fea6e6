/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the store is as its records say: each item, nothing left over, the chain of events. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/inside.h"

static void verify_content(int item, const char *id, const struct record *record, struct text *problems) {
    struct stat st;
    uint8_t sha256[32];
    struct error err = {0};
    int fd = openat(item, ITEM_CONTENT, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        text_addf(problems, "%s: the content is missing\n", id);
    } else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != record->size) {
        text_addf(problems, "%s: the content has %lld bytes, not %llu\n", id, (long long)st.st_size, (unsigned long long)record->size);
    } else if (!file_sha256(fd, sha256, &err)) {
        text_addf(problems, "%s: %s\n", id, err.text);
    } else if (memcmp(sha256, record->sha256, sizeof sha256) != 0) {
        text_addf(problems, "%s: the content is not what was taken (SHA-256 differs)\n", id);
    } else if (record->elsewhere == 0 && st.st_nlink == 1 && ((st.st_mode & 07777) != 0400 || st.st_uid != geteuid())) {
        text_addf(problems, "%s: the content has mode %04o or another owner; expected 0400 and ours\n", id, (unsigned)(st.st_mode & 07777));
    } else if (st.st_nlink > (uint64_t)record->elsewhere + 1) { /* fewer: another of its names was deleted */
        text_addf(problems, "%s: the content has %lu names, %u when it was taken\n", id, (unsigned long)st.st_nlink, record->elsewhere + 1);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Names in a folder of ours that nobody expects: what a crash left, or somebody put there. */
static void verify_names(int folder, const char *where, const char *const *expected, size_t n, struct text *problems) {
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        bool known = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        for (size_t i = 0; !known && i < n; i++) {
            known = strcmp(entry->d_name, expected[i]) == 0;
        }
        if (!known) {
            text_addf(problems, "%s: something is left over or does not belong there: ", where);
            text_add_safe(problems, bytes_text(entry->d_name), 255);
            text_add(problems, "\n");
        }
    }
    if (dir != NULL) {
        closedir(dir);
    } else if (fd >= 0) {
        close(fd);
    }
}

static void verify_store(const struct quarantine *store, char *const *all, size_t n, struct text *problems) {
    static const char *const own[] = {"lock", "events.jsonl", "README", "history"};
    enum { OWN = sizeof own / sizeof *own };
    const char **expected = calloc(n + OWN, sizeof *expected);
    if (expected == NULL) {
        text_add(problems, "no memory to look for leftovers\n");
        return;
    }
    memcpy(expected, own, sizeof own);
    for (size_t i = 0; i < n; i++) {
        expected[OWN + i] = all[i];
    }
    verify_names(store->folder, "the store", expected, n + OWN, problems);
    free(expected);
}

static void verify_item(const struct quarantine *store, const char *id, struct text *problems) {
    struct record record = {0};
    struct error err = {0};
    int item;
    if (!item_open(store, id, &item, &err)) {
        text_addf(problems, "%s: %s\n", id, err.text);
        return;
    }
    if (!record_read(item, &record, &err)) {
        text_addf(problems, "%s: %s\n", id, err.text);
    } else if (strcmp(record.id, id) != 0) {
        text_addf(problems, "%s: the record belongs to item %s\n", id, record.id);
    } else if (record.state == STATE_STRAY) {
        text_addf(problems, "%s: a file that could not be put back; certban quarantine restore %s --to FOLDER\n", id, id);
    } else if (record.state != STATE_HELD) {
        text_addf(problems, "%s: %s, and could not be finished (is its file system mounted?)\n", id, item_state_name(record.state));
    } else {
        static const char *const expected[] = {ITEM_CONTENT, ITEM_RECORD};
        verify_content(item, id, &record, problems);
        verify_names(item, id, expected, sizeof expected / sizeof *expected, problems);
    }
    record_free(&record);
    close(item);
}

bool quarantine_verify(struct quarantine *store, struct text *problems, size_t *n_items, struct error *err) {
    char **all;
    size_t n;
    if (!items(store, &all, &n, err)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        verify_item(store, all[i], problems);
    }
    verify_store(store, all, n, problems);
    items_free(all, n);
    *n_items = n;
    return events_check(store, problems, err);
}
