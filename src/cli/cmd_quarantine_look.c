/* SPDX-License-Identifier: Apache-2.0 */
/* certban quarantine list, show, verify: they change nothing. */
#include <stdlib.h>
#include <string.h>

#include "cli/cmd_quarantine.h"
#include "cli/json.h"

#define LOOKS (TAKE(STATE) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(QUIET))

/* What the record has of some items only. */
static void put_rare(json_t *o, const struct quarantine_item *item) {
    static const char *const keys[] = {"names", "elsewhere", "users", "lost", "plain_copy"};
    json_t *record = json_loads(item->record, 0, NULL);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *value = json_object_get(record, keys[i]);
        bool empty = value == NULL || (json_is_array(value) && json_array_size(value) == 0) ||
                     (json_is_integer(value) && json_integer_value(value) == 0);
        if (!empty) {
            json_put(o, keys[i], json_incref(value));
        }
    }
    json_decref(record);
}

static void print_json(struct session *s, const struct quarantine_item *item) {
    json_t *o = json_object();
    json_put_text(o, "type", "quarantined");
    json_put_text(o, "id", item->id);
    json_put_path(o, item->path);
    json_put(o, "size", json_integer((json_int_t)item->size));
    json_put_hex(o, "sha256", bytes_make(item->sha256, sizeof item->sha256));
    json_put_text(o, "finding", item->finding);
    json_put_text(o, "rule", item->rule);
    json_put_text(o, "policy", item->policy);
    json_put_text(o, "reason", item->reason);
    json_put_text(o, "group", item->group);
    json_put_time(o, "taken_at", item->taken_at);
    json_put_text(o, "state", item->state);
    put_rare(o, item);
    if (!json_print(o, s->output.stream)) {
        s->status = STATUS_NOT_EXAMINED;
    }
}

static void print_line(struct session *s, const struct quarantine_item *item) {
    struct text path = {0}, rule = {0};
    char when[UI_TIME_SIZE];
    const struct report report = {.home = getenv("HOME")};
    ui_time(item->taken_at, when);
    report_path(&report, &path, item->path);
    report_words(&rule, item->rule);
    fprintf(s->output.stream, "%s  %s  %s  %llu bytes%s%s\n    %s by %s%s%s\n", item->id, when, text_c(&path),
            (unsigned long long)item->size, strcmp(item->state, "held") == 0 ? "" : "  ",
            strcmp(item->state, "held") == 0 ? "" : item->state, item->finding, text_c(&rule), item->group[0] != '\0' ? ", group " : "",
            item->group);
    text_free(&path);
    text_free(&rule);
}

static int by_sha256(const void *a, const void *b) {
    const struct quarantine_item *x = a, *y = b;
    int order = memcmp(x->sha256, y->sha256, sizeof x->sha256);
    return order != 0 ? order : strcmp(x->id, y->id);
}

/* Above the first of the items that have the same content. */
static void print_head(const struct session *s, const struct quarantine_listing *listing, size_t i) {
    const uint8_t *sha256 = listing->items[i].sha256;
    struct text hash = {0};
    size_t n = 0;
    if (i != 0 && memcmp(listing->items[i - 1].sha256, sha256, 32) == 0) {
        return;
    }
    while (i + n < listing->n && memcmp(listing->items[i + n].sha256, sha256, 32) == 0) {
        n++;
    }
    text_add_hex(&hash, bytes_make(sha256, 32));
    fprintf(s->output.stream, "SHA-256 %s: %zu item%s\n", text_c(&hash), n, n == 1 ? "" : "s");
    text_free(&hash);
}

static int run_list(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    struct quarantine_listing listing = {0};
    bool empty;
    (void)command;
    if (!session_begin(&s, options, &empty, &err) || (!empty && !quarantine_list(s.store, &listing, &err))) {
        return session_refuse(&s, &err);
    }
    if (options->given[OPTION_GROUP_BY] && listing.n != 0) {
        qsort(listing.items, listing.n, sizeof *listing.items, by_sha256);
    }
    for (size_t i = 0; i < listing.n; i++) {
        if (s.json) {
            print_json(&s, &listing.items[i]);
        } else {
            if (options->given[OPTION_GROUP_BY]) {
                print_head(&s, &listing, i);
            }
            print_line(&s, &listing.items[i]);
        }
    }
    if (!s.json && !options->given[OPTION_QUIET]) {
        struct text where = {0};
        session_state_path(&s, "quarantine", &where);
        fprintf(s.output.stream, "%zu item%s in %s\n", listing.n, listing.n == 1 ? "" : "s", text_c(&where));
        text_free(&where);
    }
    quarantine_listing_free(&listing);
    return session_end(&s);
}

const struct command quarantine_list_command = {
    .name = "list",
    .args = "",
    .help = "what is in the quarantine",
    .takes = LOOKS | TAKE(GROUP_BY),
    .examples = "  certban quarantine list\n"
                "  certban quarantine list --group sha256\n"
                "  certban quarantine list --json | jq -r .path",
    .run = run_list,
    .parent = &command_quarantine,
};

static void show(struct session *s, const struct quarantine_item *item) {
    if (s->json) {
        print_json(s, item);
    } else {
        struct text safe = {0};
        text_add_json(&safe, item->record);
        fputs(text_c(&safe), s->output.stream);
        text_free(&safe);
    }
}

/* What was restored or purged has its record still. */
static bool show_past(struct session *s, const char *id) {
    struct quarantine_listing past = {0};
    struct error err;
    bool found = s->store != NULL && quarantine_past(s->store, id, &past, &err);
    if (found) {
        show(s, &past.items[0]);
    }
    quarantine_listing_free(&past);
    return found;
}

static int run_show(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    struct quarantine_listing listing = {0};
    bool empty;
    (void)command;
    if (!session_begin(&s, options, &empty, &err) || (!empty && !quarantine_list(s.store, &listing, &err))) {
        return session_refuse(&s, &err);
    }
    for (size_t i = 0; i < options->n_args; i++) {
        const struct quarantine_item *item = session_find(&listing, options->args[i]);
        if (item != NULL) {
            show(&s, item);
        } else if (!show_past(&s, options->args[i])) {
            ui_say("there is no item %s; certban quarantine list names all", options->args[i]);
            s.status = STATUS_USAGE;
        }
    }
    quarantine_listing_free(&listing);
    return session_end(&s);
}

const struct command quarantine_show_command = {
    .name = "show",
    .args = "ID…",
    .help = "the whole record of an item, held or gone: where it was, what it was, why it was taken",
    .takes = LOOKS,
    .examples = "  certban quarantine show 20230404-000001",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run_show,
    .parent = &command_quarantine,
};

/* A line of quarantine_verify: what is wrong, an item's ID before it where it is one's. */
static void tell_problem(struct session *s, const char *line) {
    if (!s->json) {
        ui_say("%s", line);
        return;
    }
    struct error err;
    error_set(&err, ERR_CHANGED, "%s", line);
    json_print(json_error(bytes_none(), &err), s->output.stream);
}

static int run_verify(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    struct text problems = {0};
    size_t n = 0;
    bool empty;
    (void)command;
    if (!session_begin(&s, options, &empty, &err) || (!empty && !quarantine_verify(s.store, &problems, &n, &err))) {
        return session_refuse(&s, &err);
    }
    size_t n_problems = 0;
    for (char *line = problems.n != 0 ? strtok(problems.p, "\n") : NULL; line != NULL; line = strtok(NULL, "\n")) {
        tell_problem(&s, line);
        s.status = STATUS_NOT_EXAMINED;
        n_problems++;
    }
    if (s.json) {
        json_t *o = json_object();
        json_put_text(o, "type", "verified");
        json_put(o, "items", json_integer((json_int_t)n));
        json_put(o, "problems", json_integer((json_int_t)n_problems));
        json_print(o, s.output.stream);
    } else if (!options->given[OPTION_QUIET]) {
        fprintf(s.output.stream, "%zu item%s looked at: %s\n", n, n == 1 ? "" : "s",
                n_problems == 0 ? "all is as it was taken" : "see above");
    }
    text_free(&problems);
    return session_end(&s);
}

const struct command quarantine_verify_command = {
    .name = "verify",
    .args = "",
    .help = "whether every item is as it was taken, and the record of events unbroken",
    .takes = LOOKS,
    .examples = "  certban quarantine verify",
    .run = run_verify,
    .parent = &command_quarantine,
};
