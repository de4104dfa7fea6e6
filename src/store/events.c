/* SPDX-License-Identifier: Apache-2.0 */
/* events.jsonl: what was done, one object a line; "previous" is the SHA-256 of the line before, so that a line that was changed or
 * taken out shows. It protects from accidents and from less than root, no more. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
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
    store->events_end += line.n + 1;
    return hash_line(line, store->last_event, err);
}

/* The user who logged in, whoever he became since: of Linux's audit; -1 where nobody did. */
static json_int_t login_user(void) {
    char word[16] = "";
    int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, word, sizeof word - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    unsigned long user = n > 0 ? strtoul(word, NULL, 10) : UINT32_MAX;
    return user < UINT32_MAX ? (json_int_t)user : -1;
}

static void put_safe(json_t *o, const char *key, struct bytes words) {
    struct text safe = {0};
    text_add_safe(&safe, words, 4096);
    json_object_set_new(o, key, json_string(text_c(&safe)));
    text_free(&safe);
}

/* Who did what to which item. */
static json_t *event_json(const char *event, const struct record *record, const char *detail) {
    json_t *o = json_object();
    const char *sudo = getenv("SUDO_USER");
    char sha256[65];
    hex_encode(bytes_make(record->sha256, sizeof record->sha256), sha256);
    json_object_set_new(o, "at", json_integer((json_int_t)time(NULL)));
    json_object_set_new(o, "event", json_string(event));
    json_object_set_new(o, "id", json_string(record->id));
    put_safe(o, "path", bytes_make(text_c(&record->path), record->path.n));
    json_object_set_new(o, "sha256", json_string(sha256));
    json_object_set_new(o, "by", json_integer((json_int_t)getuid()));
    if (login_user() >= 0) {
        json_object_set_new(o, "login", json_integer(login_user()));
    }
    if (sudo != NULL) {
        put_safe(o, "sudo", bytes_text(sudo));
    }
    put_safe(o, "detail", bytes_text(detail));
    return o;
}

/* A line that a full disk or a loss of power cut: what follows must not become a part of it. */
static void drop_cut_line(const struct quarantine *store, int fd) {
    struct stat st;
    bool cut = fstat(fd, &st) == 0 && (uint64_t)st.st_size > store->events_end;
    bool dropped = !cut || ftruncate(fd, (off_t)store->events_end) == 0;
    (void)dropped; /* of a file that may only grow the check of events tells */
}

/* The line and its end, into the file and, for whoever keeps logs elsewhere, to the system's log. */
static bool append(struct quarantine *store, char *line, struct error *err) {
    size_t n = strlen(line);
    store->has_last_event = false; /* until it is written: else the next one reads which is the last */
    if (!hash_line(bytes_make(line, n), store->last_event, err)) {
        return false;
    }
    syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", line);
    line[n] = '\n'; /* in place of the NUL: written with its length */
    int fd = openat(store->folder, EVENTS, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_sys(err, errno, "can't write an event");
    }
    drop_cut_line(store, fd);
    ssize_t put = write(fd, line, n + 1);
    if (put != (ssize_t)n + 1 || fsync(fd) != 0) {
        error_sys(err, put >= 0 && put <= (ssize_t)n ? ENOSPC : errno, "can't write an event");
        drop_cut_line(store, fd);
    } else {
        store->has_last_event = true;
        store->events_end += n + 1;
    }
    close(fd);
    return store->has_last_event;
}

/* Takes the event over, and chains it to the last one. */
static bool add_event(struct quarantine *store, json_t *o, struct error *err) {
    char previous[65] = "";
    if (!store->has_last_event) {
        store->events_end = 0;
    }
    bool ok = store->has_last_event || each_line(store, keep_hash, store, err);
    if (ok && store->has_last_event) {
        hex_encode(bytes_make(store->last_event, sizeof store->last_event), previous);
    }
    char *line = ok && json_object_set_new(o, "previous", json_string(previous)) == 0 ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    ok = ok && (line != NULL ? append(store, line, err) : error_set(err, ERR_LIMIT, "no memory for an event"));
    free(line);
    return ok;
}

bool event_add(struct quarantine *store, const char *event, const struct record *record, const char *detail, struct error *err) {
    return add_event(store, event_json(event, record, detail), err);
}

bool event_add_restored(struct quarantine *store, const struct record *record, const char *reason, bool allowed, struct error *err) {
    json_t *o = event_json("restored", record, reason);
    put_safe(o, "to", bytes_make(text_c(&record->to), record->to.n));
    json_object_set_new(o, "allow", json_boolean(allowed));
    return add_event(store, o, err);
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
