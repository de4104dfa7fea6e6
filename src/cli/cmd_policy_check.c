/* SPDX-License-Identifier: Apache-2.0 */
/* certban policy check: whether policies are fit to go live. Each is told of by its notes, and then as a whole. */
#include <stdlib.h>
#include <time.h>

#include "cli/cmd_policy.h"
#include "cli/json.h"
#include "cli/ui.h"
#include "list/files.h"
#include "list/policy_report.h"
#include "list/policy_schema.h"

enum { WORDS_MAX = 4096 };

/* One policy, and how many notes of each level there are on it. */
struct checked {
    struct policy *policy;
    size_t notes[NOTE_COUNT];
};

struct checking {
    struct note_listener listener; /* first: notes come by it */
    struct output output;
    struct checked *all;
    size_t n;
    bool json, quiet;
    int status;
};

static void put_json(struct checking *c, json_t *object) {
    if (!json_print(object, c->output.stream)) {
        ui_say("no memory for a line of JSON");
        c->status = STATUS_NOT_EXAMINED;
    }
}

static void put_line(struct checking *c, struct text *line) {
    fwrite(text_c(line), 1, line->n, c->output.stream);
    putc('\n', c->output.stream);
    text_free(line);
}

static void count(struct checking *c, const struct policy_note *note) {
    for (size_t i = 0; i < c->n; i++) {
        c->all[i].notes[note->level] += c->all[i].policy == note->policy;
    }
    if (note->level == NOTE_ERROR) {
        c->status = STATUS_NOT_EXAMINED;
    }
}

static void heard_note(struct note_listener *listener, const struct policy_note *note) {
    struct checking *c = (struct checking *)(void *)listener;
    count(c, note);
    if (c->json) {
        json_t *object = json_object();
        json_put_text(object, "type", "note");
        json_put_path(object, bytes_text(note->policy->origin));
        json_put_number(object, "line", note->line);
        json_put_text(object, "level", note_level_name(note->level));
        json_put_text(object, "rule", note->rule != NULL ? note->rule->id : NULL);
        json_put_text(object, "message", note->words);
        put_json(c, object);
        return;
    }
    struct text line = {0};
    text_add_safe(&line, bytes_text(note->policy->origin), WORDS_MAX);
    text_addf(&line, ":%u: %s: ", note->line, note_level_name(note->level));
    if (note->rule != NULL) {
        text_addf(&line, "rule %s: ", note->rule->id);
    }
    text_add_safe(&line, bytes_text(note->words), WORDS_MAX);
    put_line(c, &line);
}

/* Reads one policy and holds it against the published schema, too. */
static bool read_file(const char *path, struct policy **out, struct error *err) {
    struct bytes xml;
    if (!file_read_most(path, FILE_ANYBODYS, POLICY_SIZE_MAX, &xml, err)) {
        return error_within(err, "%s", path);
    }
    bool ok = policy_parse(xml, path, out, err);
    if (ok && !policy_validate(xml, path, err)) {
        policy_free(*out);
        ok = false;
    }
    file_forget(xml);
    return ok;
}

/* What can't be read is told, and the others are checked all the same. */
static void read_all(struct checking *c, const struct options *options) {
    for (size_t i = 0; i < options->n_args; i++) {
        struct error err = {0};
        if (read_file(options->args[i], &c->all[c->n].policy, &err)) {
            c->n++;
            continue;
        }
        c->status = STATUS_NOT_EXAMINED;
        if (c->json) {
            put_json(c, json_error(bytes_text(options->args[i]), &err));
        } else {
            ui_error("", &err);
        }
    }
}

static void tell_object(struct checking *c, const struct checked *checked) {
    const struct policy *policy = checked->policy;
    json_t *object = json_object();
    json_put_text(object, "type", "check");
    json_put_path(object, bytes_text(policy->origin));
    json_put_text(object, "policy", policy->id);
    json_put_number(object, "version", policy->version);
    json_put_number(object, "rules", policy->n_rules);
    json_put_number(object, "errors", checked->notes[NOTE_ERROR]);
    json_put_number(object, "warnings", checked->notes[NOTE_WARNING]);
    json_put_number(object, "advice", checked->notes[NOTE_ADVICE]);
    put_json(c, object);
}

static void tell(struct checking *c, const struct checked *checked) {
    const struct policy *policy = checked->policy;
    struct text line = {0};
    if (c->json) {
        tell_object(c, checked);
    } else if (!c->quiet) {
        text_add_safe(&line, bytes_text(policy->origin), WORDS_MAX);
        text_addf(&line, ": policy %s, version %s, %zu %s", policy->id, policy->version_text, policy->n_rules,
                  policy->n_rules == 1 ? "rule" : "rules");
        put_line(c, &line);
    }
}

/* All policies together, so that they are held against each other. */
static bool check(struct checking *c, const struct options *options, struct error *err) {
    read_all(c, options);
    const struct policy **policies = calloc(c->n + 1, sizeof(const struct policy *));
    for (size_t i = 0; policies != NULL && i < c->n; i++) {
        policies[i] = c->all[i].policy;
    }
    bool ok = policies != NULL ? policy_report(policies, c->n, (int64_t)time(NULL), &c->listener, err)
                               : error_set(err, ERR_LIMIT, "no memory to check policies");
    for (size_t i = 0; ok && i < c->n; i++) {
        tell(c, &c->all[i]);
    }
    free(policies);
    return ok;
}

static int run(const struct command *command, const struct options *options) {
    struct checking c = {.listener = {heard_note},
                         .all = calloc(options->n_args, sizeof *c.all),
                         .json = ui_json(options),
                         .quiet = options->given[OPTION_QUIET]};
    struct error err = {0};
    (void)command;
    bool ok = (c.all != NULL || error_set(&err, ERR_LIMIT, "no memory")) && output_open(options, &c.output, &err);
    ok = ok && check(&c, options, &err);
    if (c.output.stream != NULL) {
        struct error finish = {0};
        bool kept = output_finish(&c.output, ok, ok ? &err : &finish);
        ok = ok && kept;
    }
    if (!ok) {
        ui_error("", &err);
        c.status = STATUS_NOT_EXAMINED;
    }
    for (size_t i = 0; i < c.n; i++) {
        policy_free(c.all[i].policy);
    }
    free(c.all);
    return ui_finish(c.status);
}

const struct command policy_check = {
    .name = "check",
    .args = "FILE…",
    .help = "whether policies are fit to go live: errors with their line, warnings, advice",
    .more = "Files that are given together are also held against each other: rules that contradict, ids given twice.\n"
            "The exit status is 0 when there is no error, whatever the warnings.",
    .takes = TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(QUIET),
    .examples = "  certban policy check /etc/certban/policies.d/*.xml",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
    .parent = &command_policy,
};
