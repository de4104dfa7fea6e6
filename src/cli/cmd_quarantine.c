/* SPDX-License-Identifier: Apache-2.0 */
/* certban quarantine: what was moved away, and the way back. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/report.h"
#include "cli/ui.h"
#include "store/quarantine.h"

/* What a sub-command works with. */
struct session {
    const struct options *options;
    struct text state;
    struct quarantine *store;
    struct output output;
    bool json;
    int status;
};

/* A store that is not there holds nothing: that is no error for who only looks. *empty tells. */
static bool session_begin(struct session *s, const struct options *options, bool *empty, struct error *err) {
    *s = (struct session){.options = options, .json = ui_json(options)};
    *empty = false;
    if (!ui_state(options, &s->state, err) || !output_open(options, &s->output, err)) {
        return false;
    }
    if (quarantine_open(text_c(&s->state), false, &s->store, err)) {
        return true;
    }
    s->store = NULL;
    *empty = err->kind == ERR_USAGE;
    return *empty;
}

static int session_end(struct session *s) {
    struct error err;
    if (s->store != NULL) {
        quarantine_close(s->store);
    }
    if (s->output.stream != NULL && !output_finish(&s->output, true, &err)) {
        ui_error("", &err);
        s->status = STATUS_NOT_EXAMINED;
    }
    text_free(&s->state);
    return ui_finish(s->status);
}

static int refuse(struct session *s, const struct error *err) {
    ui_error("", err);
    if (s->json && s->output.stream != NULL) {
        json_print(json_error(bytes_none(), err), s->output.stream);
    }
    s->status = err->kind == ERR_USAGE ? STATUS_USAGE : STATUS_NOT_EXAMINED;
    return session_end(s);
}

/* ---- list, show ---- */

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
    if (!json_print(o, s->output.stream)) {
        s->status = STATUS_NOT_EXAMINED;
    }
}

/* A path in the state folder, as people read it. */
static void add_state_path(const struct session *s, const char *name, struct text *out) {
    const struct report report = {.home = getenv("HOME")};
    struct text path = {0};
    text_addf(&path, "%s/%s", text_c(&s->state), name);
    report_path(&report, out, bytes_text(text_c(&path)));
    text_free(&path);
}

static void print_line(struct session *s, const struct quarantine_item *item) {
    struct text path = {0}, rule = {0};
    char when[UI_TIME_SIZE];
    const struct report report = {.home = getenv("HOME")};
    ui_time(item->taken_at, when);
    report_path(&report, &path, item->path);
    report_words(&rule, item->rule);
    fprintf(s->output.stream, "%s  %s  %s  %llu bytes%s%s\n    %s by %s\n", item->id, when, text_c(&path), (unsigned long long)item->size,
            strcmp(item->state, "held") == 0 ? "" : "  ", strcmp(item->state, "held") == 0 ? "" : item->state, item->finding,
            text_c(&rule));
    text_free(&path);
    text_free(&rule);
}

static int run_list(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    struct quarantine_listing listing = {0};
    bool empty;
    (void)command;
    if (!session_begin(&s, options, &empty, &err) || (!empty && !quarantine_list(s.store, &listing, &err))) {
        return refuse(&s, &err);
    }
    for (size_t i = 0; i < listing.n; i++) {
        if (s.json) {
            print_json(&s, &listing.items[i]);
        } else {
            print_line(&s, &listing.items[i]);
        }
    }
    if (!s.json && !options->given[OPTION_QUIET]) {
        struct text where = {0};
        add_state_path(&s, "quarantine", &where);
        fprintf(s.output.stream, "%zu item%s in %s\n", listing.n, listing.n == 1 ? "" : "s", text_c(&where));
        text_free(&where);
    }
    quarantine_listing_free(&listing);
    return session_end(&s);
}

static const struct quarantine_item *find(const struct quarantine_listing *listing, const char *id) {
    for (size_t i = 0; i < listing->n; i++) {
        if (strcmp(listing->items[i].id, id) == 0) {
            return &listing->items[i];
        }
    }
    return NULL;
}

static void show(struct session *s, const struct quarantine_item *item) {
    if (s->json) {
        print_json(s, item);
    } else {
        fputs(item->record, s->output.stream); /* JSON: whatever is in it is escaped */
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
        return refuse(&s, &err);
    }
    for (size_t i = 0; i < options->n_args; i++) {
        const struct quarantine_item *item = find(&listing, options->args[i]);
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

/* ---- restore ---- */

static int run_restore(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    bool empty;
    if (options->n_args > 1 && options->given[OPTION_AS]) {
        return command_usage(command, "--as names one file, and %zu items are given", options->n_args);
    }
    if (!session_begin(&s, options, &empty, &err) || empty) {
        return refuse(&s, &err);
    }
    const struct restore_options restore = {.to = options->word[OPTION_TO_FOLDER],
                                            .as = options->word[OPTION_AS],
                                            .parents = options->given[OPTION_PARENTS],
                                            .changed = options->given[OPTION_CHANGED],
                                            .no_allow = options->given[OPTION_NO_ALLOW],
                                            .keep_privileges = options->given[OPTION_KEEP_PRIVILEGES],
                                            .reason = options->word[OPTION_REASON]};
    for (size_t i = 0; i < options->n_args; i++) {
        struct text path = {0};
        const struct report report = {.home = getenv("HOME")};
        struct text shown = {0};
        if (!quarantine_restore(s.store, options->args[i], &restore, &path, &err)) {
            ui_error(options->args[i], &err);
            s.status = err.kind == ERR_USAGE ? STATUS_USAGE : STATUS_ACTION_FAILED;
            text_free(&path);
            break;
        }
        report_path(&report, &shown, bytes_make(text_c(&path), path.n));
        if (!options->given[OPTION_QUIET]) {
            printf("%s is back: %s\n", options->args[i], text_c(&shown));
            if (!restore.no_allow && !restore.changed) {
                text_clear(&shown);
                add_state_path(&s, "allow.xml", &shown);
                printf("A rule in %s keeps it from being taken again.\n", text_c(&shown));
            }
        }
        text_free(&shown);
        text_free(&path);
    }
    return session_end(&s);
}

/* ---- export, purge, verify ---- */

static int run_export(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    bool empty;
    (void)command;
    if (!session_begin(&s, options, &empty, &err) || empty || !quarantine_export(s.store, options->args[0], options->args[1], &err)) {
        return refuse(&s, &err);
    }
    return session_end(&s);
}

/* Deleting asks first: on a terminal, or beforehand by --yes. */
static bool may_purge(const struct options *options, size_t n) {
    char answer[16];
    if (options->given[OPTION_YES]) {
        return true;
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        ui_say("purge deletes for good; --yes says that this is meant");
        return false;
    }
    fprintf(stderr, "certban: delete %zu item%s for good? [y/N] ", n, n == 1 ? "" : "s");
    return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

static bool is_meant(const struct options *options, const struct quarantine_item *item) {
    if (options->given[OPTION_OLDER_THAN]) {
        return item->taken_at < (int64_t)time(NULL) - (int64_t)options->number[OPTION_OLDER_THAN] * 86400;
    }
    for (size_t i = 0; i < options->n_args; i++) {
        if (strcmp(options->args[i], item->id) == 0) {
            return true;
        }
    }
    return false;
}

static int run_purge(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    struct quarantine_listing listing = {0};
    bool empty;
    if ((options->n_args == 0) != options->given[OPTION_OLDER_THAN]) {
        return command_usage(command, "purge needs IDs or --older-than DAYS, one of them");
    }
    if (!session_begin(&s, options, &empty, &err) || empty || !quarantine_list(s.store, &listing, &err)) {
        return refuse(&s, &err);
    }
    for (size_t i = 0; i < options->n_args; i++) {
        if (find(&listing, options->args[i]) == NULL) {
            quarantine_listing_free(&listing);
            error_set(&err, ERR_USAGE, "there is no item %s; certban quarantine list names all", options->args[i]);
            return refuse(&s, &err);
        }
    }
    size_t n = 0, purged = 0;
    for (size_t i = 0; i < listing.n; i++) {
        n += is_meant(options, &listing.items[i]);
    }
    if (n != 0 && !may_purge(options, n)) {
        s.status = STATUS_USAGE;
        n = 0;
    }
    for (size_t i = 0; n != 0 && i < listing.n; i++) {
        if (is_meant(options, &listing.items[i])) {
            if (quarantine_purge(s.store, listing.items[i].id, &err)) {
                purged++;
            } else {
                ui_error(listing.items[i].id, &err);
                s.status = STATUS_ACTION_FAILED;
            }
        }
    }
    if (!options->given[OPTION_QUIET]) {
        printf("%zu item%s deleted\n", purged, purged == 1 ? "" : "s");
    }
    quarantine_listing_free(&listing);
    return session_end(&s);
}

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
        return refuse(&s, &err);
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

/* ---- the table ---- */

#define LOOKS (TAKE(STATE) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(QUIET))

static const struct command quarantine_list_command = {
    .name = "list",
    .args = "",
    .help = "what is in the quarantine",
    .takes = LOOKS,
    .examples = "  certban quarantine list\n"
                "  certban quarantine list --json | jq -r .path",
    .run = run_list,
    .parent = &command_quarantine,
};

static const struct command quarantine_show_command = {
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

static const struct command quarantine_restore_command = {
    .name = "restore",
    .args = "ID…",
    .help = "put a file back where it was, with owner, mode, times and attributes",
    .more = "Nothing is ever overwritten. A rule for the file's very bytes is written to the state's allow.xml first, so that the\n"
            "next scan leaves it alone; --no-allow leaves the rule out.",
    .takes = TAKE(STATE) | TAKE(QUIET) | TAKE(TO_FOLDER) | TAKE(AS) | TAKE(PARENTS) | TAKE(CHANGED) | TAKE(NO_ALLOW) |
             TAKE(KEEP_PRIVILEGES) | TAKE(REASON),
    .examples = "  certban quarantine restore 20230404-000001\n"
                "  certban quarantine restore --to /tmp/samples --no-allow 20230404-000001",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run_restore,
    .parent = &command_quarantine,
};

static const struct command quarantine_export_command = {
    .name = "export",
    .args = "ID FILE",
    .help = "write an item with its record and events to a new tar file; the item stays",
    .takes = TAKE(STATE) | TAKE(QUIET),
    .examples = "  certban quarantine export 20230404-000001 evidence.tar",
    .min_args = 2,
    .max_args = 2,
    .run = run_export,
    .parent = &command_quarantine,
};

static const struct command quarantine_purge_command = {
    .name = "purge",
    .args = "[ID…]",
    .help = "delete items for good; their records stay in the history",
    .takes = TAKE(STATE) | TAKE(QUIET) | TAKE(YES) | TAKE(OLDER_THAN),
    .examples = "  certban quarantine purge 20230404-000001\n"
                "  certban quarantine purge --older-than 365 --yes",
    .max_args = SIZE_MAX,
    .run = run_purge,
    .parent = &command_quarantine,
};

static const struct command quarantine_verify_command = {
    .name = "verify",
    .args = "",
    .help = "whether every item is as it was taken, and the record of events unbroken",
    .takes = LOOKS,
    .examples = "  certban quarantine verify",
    .run = run_verify,
    .parent = &command_quarantine,
};

static const struct command *const quarantine_commands[] = {
    &quarantine_list_command,
    &quarantine_show_command,
    &quarantine_restore_command,
    &quarantine_export_command,
    &quarantine_purge_command,
    &quarantine_verify_command,
    NULL,
};

const struct command command_quarantine = {
    .name = "quarantine",
    .args = "COMMAND …",
    .help = "what was moved away: list, show, restore, export, purge, verify",
    .sub = quarantine_commands,
};
