/* SPDX-License-Identifier: Apache-2.0 */
/* One item as a tar file, for whoever analyses it. Written by libarchive; SHA256SUMS is what sha256sum -c reads. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/inside.h"

enum { BLOCK = 64 << 10 };

static bool add_header(struct archive *tar, const char *name, int64_t size, int64_t when, struct error *err) {
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the export");
    }
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0400);
    archive_entry_set_mtime(entry, when, 0);
    bool ok =
        archive_write_header(tar, entry) == ARCHIVE_OK || error_set(err, ERR_IO, "can't write the export: %s", archive_error_string(tar));
    archive_entry_free(entry);
    return ok;
}

static bool add_data(struct archive *tar, const void *data, size_t n, struct error *err) {
    return archive_write_data(tar, data, n) == (la_ssize_t)n ||
           error_set(err, ERR_IO, "can't write the export: %s", archive_error_string(tar));
}

static bool add_text(struct archive *tar, const char *name, const struct text *text, int64_t when, struct error *err) {
    return add_header(tar, name, (int64_t)text->n, when, err) && add_data(tar, text_c(text), text->n, err);
}

static bool add_content(struct archive *tar, int item, const struct record *record, struct error *err) {
    int fd = openat(item, ITEM_CONTENT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    char *block = malloc(BLOCK);
    bool ok = fd >= 0 && block != NULL ? true : error_sys(err, errno, "can't open the content");
    ok = ok && add_header(tar, ITEM_CONTENT, (int64_t)record->size, record->taken_at, err);
    uint64_t left = record->size;
    while (ok && left != 0) {
        ssize_t n = read(fd, block, left < BLOCK ? (size_t)left : BLOCK);
        ok = n > 0 ? add_data(tar, block, (size_t)n, err) : error_set(err, ERR_CHANGED, "the content is shorter than recorded");
        left -= n > 0 ? (uint64_t)n : 0;
    }
    free(block);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* The lines of events.jsonl about one item. */
static bool item_events(const struct quarantine *store, const char *id, struct text *out, struct error *err) {
    int fd = openat(store->folder, "events.jsonl", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    struct text mark = {0};
    if (file == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return fd < 0 && errno == ENOENT ? true : error_sys(err, errno, "can't read the events");
    }
    text_addf(&mark, "\"id\":\"%s\"", id);
    char *line = NULL;
    size_t room = 0;
    for (ssize_t n; (n = getline(&line, &room, file)) > 0;) {
        if (strstr(line, text_c(&mark)) != NULL) {
            text_add_bytes(out, bytes_make(line, (size_t)n));
        }
    }
    free(line);
    fclose(file);
    text_free(&mark);
    return text_ok(out) || error_set(err, ERR_LIMIT, "no memory for the events");
}

static bool write_tar(struct archive *tar, const struct quarantine *store, int item, const struct record *record, struct error *err) {
    struct text text = {0}, events = {0}, sums = {0};
    text_add_hex(&sums, bytes_make(record->sha256, sizeof record->sha256));
    text_add(&sums, "  " ITEM_CONTENT "\n");
    bool ok = record_text(record, &text, err) && item_events(store, record->id, &events, err) && add_content(tar, item, record, err) &&
              add_text(tar, ITEM_RECORD, &text, record->taken_at, err) && add_text(tar, "events.jsonl", &events, record->taken_at, err) &&
              add_text(tar, "SHA256SUMS", &sums, record->taken_at, err);
    text_free(&text);
    text_free(&events);
    text_free(&sums);
    return ok;
}

bool quarantine_export(struct quarantine *store, const char *id, const char *file, struct error *err) {
    struct record record = {0};
    int item, fd = -1;
    if (!item_open(store, id, &item, err)) {
        return false;
    }
    bool ok = record_read(item, &record, err);
    if (ok) {
        fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        ok = fd >= 0 || error_sys(err, errno, "can't make %s", file);
    }
    struct archive *tar = ok ? archive_write_new() : NULL;
    if (ok) {
        ok = tar != NULL && archive_write_set_format_pax_restricted(tar) == ARCHIVE_OK && archive_write_open_fd(tar, fd) == ARCHIVE_OK;
        ok = ok ? write_tar(tar, store, item, &record, err) : error_set(err, ERR_LIMIT, "no memory for the export");
        ok = (tar == NULL || archive_write_close(tar) == ARCHIVE_OK || error_set(err, ERR_IO, "can't write %s", file)) && ok;
        ok = ok && flush(fd, "the export", err);
    }
    archive_write_free(tar);
    if (fd >= 0) {
        close(fd);
        if (!ok) {
            (void)unlink(file);
        }
    }
    close(item);
    record_free(&record);
    return ok;
}
