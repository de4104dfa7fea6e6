/* SPDX-License-Identifier: Apache-2.0 */
/* certban quarantine: what was moved away, and the way back. */
#include "cli/cmd_quarantine.h"

#include <stdlib.h>

#include "cli/json.h"

bool session_begin(struct session *s, const struct options *options, bool *empty, struct error *err) {
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

int session_end(struct session *s) {
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

int session_refuse(struct session *s, const struct error *err) {
    ui_error("", err);
    if (s->json && s->output.stream != NULL) {
        json_print(json_error(bytes_none(), err), s->output.stream);
    }
    s->status = err->kind == ERR_USAGE ? STATUS_USAGE : STATUS_NOT_EXAMINED;
    return session_end(s);
}

void session_state_path(const struct session *s, const char *name, struct text *out) {
    const struct report report = {.home = getenv("HOME")};
    struct text path = {0};
    text_addf(&path, "%s/%s", text_c(&s->state), name);
    report_path(&report, out, bytes_text(text_c(&path)));
    text_free(&path);
}

const struct quarantine_item *session_find(const struct quarantine_listing *listing, const char *id) {
    for (size_t i = 0; i < listing->n; i++) {
        if (strcmp(listing->items[i].id, id) == 0) {
            return &listing->items[i];
        }
    }
    return NULL;
}

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
    .examples = "  certban quarantine list\n"
                "  certban quarantine restore 20230404-000001\n"
                "  certban quarantine restore --help",
};
