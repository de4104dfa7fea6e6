/* SPDX-License-Identifier: Apache-2.0 */
/* certban quarantine restore, export, purge. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cmd_quarantine.h"

static void say_restored(const struct session *s, const char *id, const struct restored *restored) {
    const struct report report = {.home = getenv("HOME")};
    struct text shown = {0};
    report_path(&report, &shown, bytes_make(text_c(&restored->path), restored->path.n));
    printf("%s is back: %s\n", id, text_c(&shown));
    if (restored->allowed) {
        text_clear(&shown);
        session_state_path(s, "allow.xml", &shown);
        printf("A rule in %s keeps it from being taken again.\n", text_c(&shown));
    }
    text_free(&shown);
}

static bool restore_one(struct session *s, const char *id, const struct restore_options *options) {
    struct restored restored = {0};
    struct error err = {0};
    bool ok = quarantine_restore(s->store, id, options, &restored, &err);
    if (!ok) {
        ui_error(id, &err);
        s->status = err.kind == ERR_USAGE && s->status != STATUS_ACTION_FAILED ? STATUS_USAGE : STATUS_ACTION_FAILED;
    } else if (!s->options->given[OPTION_QUIET]) {
        say_restored(s, id, &restored);
    }
    if (ok && restored.changed) {
        ui_say("%s: the content is not what was taken; no rule was written for it", id);
    }
    if (ok && restored.notes.n != 0) {
        ui_say("%s: %s", id, text_c(&restored.notes));
        s->status = STATUS_ACTION_FAILED;
    }
    restored_free(&restored);
    return ok;
}

/* All that is held of a group, until one can't be restored; called again, it goes on from there. */
static void restore_group(struct session *s, const char *group, const struct restore_options *options) {
    struct quarantine_listing listing = {0};
    struct error err = {0};
    size_t n = 0;
    bool ok = quarantine_list(s->store, &listing, &err);
    for (size_t i = 0; ok && i < listing.n; i++) {
        if (strcmp(listing.items[i].group, group) == 0) {
            n++;
            ok = restore_one(s, listing.items[i].id, options);
        }
    }
    if (n == 0) {
        ui_say("there are no items of group %s; certban quarantine list names all", group);
        s->status = STATUS_USAGE;
    }
    quarantine_listing_free(&listing);
}

static int run_restore(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    bool empty;
    if ((options->n_args == 0) != options->given[OPTION_GROUP]) {
        return command_usage(command, "restore needs IDs or --group GROUP, one of them");
    }
    if (options->given[OPTION_GROUP] && options->given[OPTION_AS]) {
        return command_usage(command, "--as names one file, and a group may have many");
    }
    if (options->n_args > 1 && options->given[OPTION_AS]) {
        return command_usage(command, "--as names one file, and %zu items are given", options->n_args);
    }
    if (!session_begin(&s, options, &empty, &err) || empty) {
        return session_refuse(&s, &err);
    }
    const struct restore_options restore = {.to = options->word[OPTION_TO_FOLDER],
                                            .as = options->word[OPTION_AS],
                                            .parents = options->given[OPTION_PARENTS],
                                            .changed = options->given[OPTION_CHANGED],
                                            .no_allow = options->given[OPTION_NO_ALLOW],
                                            .keep_privileges = options->given[OPTION_KEEP_PRIVILEGES],
                                            .reason = options->word[OPTION_REASON]};
    if (options->given[OPTION_GROUP]) {
        restore_group(&s, options->word[OPTION_GROUP], &restore);
    }
    for (size_t i = 0; i < options->n_args; i++) { /* each is its own: one that can't be restored keeps no other */
        (void)restore_one(&s, options->args[i], &restore);
    }
    return session_end(&s);
}

const struct command quarantine_restore_command = {
    .name = "restore",
    .args = "[ID…]",
    .help = "put a file back where it was, with owner, mode, times and attributes",
    .more = "Nothing is ever overwritten. A rule for the file's very bytes under its name is written to the state's allow.xml first, so\n"
            "that the next scan leaves it alone; --no-allow leaves the rule out.",
    .takes = TAKE(STATE) | TAKE(QUIET) | TAKE(TO_FOLDER) | TAKE(AS) | TAKE(PARENTS) | TAKE(CHANGED) | TAKE(NO_ALLOW) |
             TAKE(KEEP_PRIVILEGES) | TAKE(REASON) | TAKE(GROUP),
    .examples = "  certban quarantine restore 20230404-000001\n"
                "  certban quarantine restore --group app-1b6611df9c9a --parents\n"
                "  certban quarantine restore --to /tmp/samples --no-allow 20230404-000001",
    .max_args = SIZE_MAX,
    .run = run_restore,
    .parent = &command_quarantine,
};

static int run_export(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    bool empty;
    (void)command;
    if (!session_begin(&s, options, &empty, &err) || empty || !quarantine_export(s.store, options->args[0], options->args[1], &err)) {
        return session_refuse(&s, &err);
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
        return session_refuse(&s, &err);
    }
    for (size_t i = 0; i < options->n_args; i++) {
        if (!quarantine_has(s.store, options->args[i], &err)) {
            quarantine_listing_free(&listing);
            return session_refuse(&s, &err);
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

const struct command quarantine_export_command = {
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

const struct command quarantine_purge_command = {
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
