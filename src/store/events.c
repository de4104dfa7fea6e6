/* SPDX-License-Identifier: Apache-2.0 */
/* events.jsonl: what was done, one object a line; "previous" is the SHA-256 of the line before, so that a line that was changed or
 * taken out shows. It protects from accidents and from less than root, no more. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "store/inside.h"

#define EVENTS "events.jsonl"

static bool hash_line(struct bytes line, uint8_t out[32], struct error *err) {
    return digest_bytes(HASH_SHA256, line, out, err);
}

/* Calls for each whole line; a last one without an end is one that a power loss cut. */
static bool each_line(const struct quarantine *store, bool (*line)(void *, struct bytes, size_t, struct error *), void *context,
                      struct error *err) {
    int fd = openat(store->folder, EVENTS, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || error_sys(err, errno, "can't read the events");
    }
    FILE *file = fdopen(fd, "r");
    if (file == NULL) {
        close(fd);
        return error_set(err, ERR_LIMIT, "no memory for the events");
    }
    char *text = NULL;
    size_t room = 0, number = 0;
    ssize_t n;
    bool ok = true;
    while (ok && (n = getline(&text, &room, file)) > 0 && text[n - 1] == '\n') {
        ok = line(context, bytes_make(text, (size_t)n - 1), ++number, err);
    }
    free(text);
    fclose(file);
    return ok;
}

static bool keep_hash(void *context, struct bytes line, size_t number, struct error *err) {
    struct quarantine *store = context;
    (void)number;
    store->has_last_event = true;
    return hash_line(line, store->last_event, err);
}

bool event_add(struct quarantine *store, const char *event, const struct record *record, const char *detail, struct error *err) {
    char previous[65] = "";
    if (!store->has_last_event && !each_line(store, keep_hash, store, err)) {
        return false;
    }
    if (store->has_last_event) {
        hex_encode(bytes_make(store->last_event, sizeof store->last_event), previous);
    }
    struct text path = {0}, sha256 = {0}, words = {0};
    text_add_safe(&path, bytes_make(text_c(&record->path), record->path.n), 4096);
    text_add_safe(&words, bytes_text(detail), 4096);
    text_add_hex(&sha256, bytes_make(record->sha256, sizeof record->sha256));
    json_t *o =
        json_pack("{s:I,s:s,s:s,s:s,s:s,s:I,s:s,s:s}", "at", (json_int_t)time(NULL), "event", event, "id", record->id, "path",
                  text_c(&path), "sha256", text_c(&sha256), "by", (json_int_t)getuid(), "detail", text_c(&words), "previous", previous);
    char *line = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    text_free(&path);
    text_free(&sha256);
    text_free(&words);
    if (line == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for an event");
    }
    size_t n = strlen(line);
    bool ok = hash_line(bytes_make(line, n), store->last_event, err);
    store->has_last_event = ok;
    line[n] = '\n'; /* in place of the NUL: written with its length */
    int fd = openat(store->folder, EVENTS, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    ok = ok && ((fd >= 0 && write(fd, line, n + 1) == (ssize_t)n + 1 && fsync(fd) == 0) || error_sys(err, errno, "can't write an event"));
    if (fd >= 0) {
        close(fd);
    }
    free(line);
    return ok;
}

struct chain_check {
    uint8_t previous[32];
    bool has_previous;
    struct text *problems;
};

static bool check_line(void *context, struct bytes line, size_t number, struct error *err) {
    struct chain_check *c = context;
    char expected[65] = "";
    if (c->has_previous) {
        hex_encode(bytes_make(c->previous, sizeof c->previous), expected);
    }
    json_t *o = json_loadb((const char *)line.p, line.n, 0, NULL);
    const char *previous = json_string_value(json_object_get(o, "previous"));
    if (previous == NULL || strcmp(previous, expected) != 0) {
        text_addf(c->problems, "events.jsonl: line %zu does not follow from the one before: something was changed or taken out\n", number);
    }
    json_decref(o);
    c->has_previous = true;
    return hash_line(line, c->previous, err);
}

bool events_check(struct quarantine *store, struct text *problems, struct error *err) {
    struct chain_check check = {.problems = problems};
    return each_line(store, check_line, &check, err);
}
