/* SPDX-License-Identifier: Apache-2.0 */
/* certban crl: what revocation lists hold, what they say of files, and getting them. */
#include "cli/cmd_crl.h"

#include <time.h>

#include "cli/json.h"
#include "cli/ui.h"
#include "list/files.h"
#include "list/revocations.h"

bool crl_folder(const struct options *options, struct text *out, struct error *err) {
    bool ok = ui_state(options, out, err);
    text_add(out, "/crl");
    return ok && (text_ok(out) || error_set(err, ERR_LIMIT, "no memory for a path"));
}

static void number_of(const struct crl *crl, struct text *out) {
    text_add_hex(out, crl->number);
}

static bool list_json(const struct revocation_list *list, FILE *out) {
    const struct crl *crl = &list->crl;
    json_t *o = json_object();
    struct text number = {0};
    number_of(crl, &number);
    json_put_text(o, "type", "crl");
    json_put_path(o, bytes_text(list->name));
    json_put(o, "issuer", json_lossy(bytes_text(list->who)));
    json_put_text(o, "number", text_c(&number));
    json_put_time(o, "this_update", crl->this_update);
    json_put_time(o, "next_update", crl->next_update == INT64_MAX ? INT64_MIN : crl->next_update);
    json_put_number(o, "entries", list->entries);
    json_put(o, "delta", json_boolean(crl->delta));
    if (crl->indirect) {
        json_put(o, "indirect", json_true());
    }
    json_put(o, "stale", json_boolean(list->stale));
    text_free(&number);
    return json_print(o, out);
}

static bool list_text(const struct revocation_list *list, FILE *out) {
    const struct crl *crl = &list->crl;
    char from[UI_TIME_SIZE], until[UI_TIME_SIZE];
    struct text line = {0};
    ui_time(crl->this_update, from);
    ui_time(crl->next_update == INT64_MAX ? INT64_MIN : crl->next_update, until);
    text_add_safe(&line, bytes_text(list->name), 4096);
    text_add(&line, "\n    ");
    text_add_safe(&line, bytes_text(list->who), 200);
    if (crl->number.n != 0) {
        text_add(&line, ", number ");
        number_of(crl, &line);
    }
    text_addf(&line, ", %zu entr%s, of %s, %s%s%s%s%s\n", list->entries, list->entries == 1 ? "y" : "ies", from,
              until[0] != '\0' ? "next update " : "no next update", until, crl->delta ? ", a delta" : "", crl->indirect ? ", indirect" : "",
              list->stale ? ", out of date" : "");
    fwrite(text_c(&line), 1, line.n, out);
    bool ok = text_ok(&line);
    text_free(&line);
    return ok;
}

struct told {
    struct revocations_listener listener; /* first: lists are told by it */
    bool any;
};

static void heard(struct revocations_listener *listener, const char *words) {
    ((struct told *)(void *)listener)->any = true;
    ui_say("%s", words);
}

/* The folders named, else STATE/crl, which may not be there yet. */
static bool read_lists(const struct options *options, struct revocations *set, struct revocations_listener *listener, struct error *err) {
    struct text folder = {0};
    bool ok = true;
    if (options->n_args == 0) {
        ok = crl_folder(options, &folder, err) && (!file_exists(text_c(&folder)) || revocations_add(set, text_c(&folder), listener, err));
    }
    for (size_t i = 0; ok && i < options->n_args; i++) {
        ok = revocations_add(set, options->args[i], listener, err);
    }
    text_free(&folder);
    return ok;
}

static int run_list(const struct command *command, const struct options *options) {
    struct told told = {.listener = {.odd = heard}};
    struct error err = {0};
    struct output output;
    struct revocations *set = revocations_new((int64_t)time(NULL));
    (void)command;
    bool ok = (set != NULL || error_set(&err, ERR_LIMIT, "no memory for revocation lists")) &&
              read_lists(options, set, &told.listener, &err) && output_open(options, &output, &err);
    bool printed = ok;
    for (size_t i = 0; ok && revocations_list(set, i) != NULL; i++) {
        const struct revocation_list *list = revocations_list(set, i);
        printed = (ui_json(options) ? list_json(list, output.stream) : list_text(list, output.stream)) && printed;
    }
    ok = ok && output_finish(&output, printed, &err) && (printed || error_set(&err, ERR_LIMIT, "no memory for the report"));
    revocations_free(set);
    if (!ok) {
        ui_error("", &err);
    }
    return ui_finish(ok && !told.any ? STATUS_FINE : STATUS_NOT_EXAMINED);
}

static const struct command crl_list = {
    .name = "list",
    .args = "[DIR…]",
    .help = "the revocation lists in folders: issuer, number, dates, entries",
    .more = "Without DIR it is the folder that fetch fills, STATE/crl. The exit status is 2 when a list can't be read or is out of date.",
    .takes = TAKE(STATE) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT),
    .examples = "  certban crl list\n"
                "  certban crl list --json /var/lib/crls | jq -r 'select(.stale) | .path'",
    .max_args = SIZE_MAX,
    .run = run_list,
    .parent = &command_crl,
};

static const struct command *const crl_commands[] = {&crl_list, &crl_check, &crl_fetch, NULL};

const struct command command_crl = {
    .name = "crl",
    .args = "COMMAND …",
    .help = "certificates that their issuers revoked: list and fetch revocation lists, check files against them",
    .sub = crl_commands,
    .examples = "  certban crl fetch setup.exe && certban crl check setup.exe\n"
                "  certban crl check --help",
};
