/* SPDX-License-Identifier: Apache-2.0 */
/* certban policy: what is banned, said in words. */
#include <stdlib.h>
#include <time.h>

#include "asn1/oid.h"
#include "cli/cmd_policy.h"
#include "cli/json.h"
#include "cli/ui.h"
#include "list/exception.h"
#include "list/policy_report.h"

enum { WORDS_MAX = 4096 };

/* What a sub-command works with. */
struct session {
    struct search_listener listener; /* first: the search hears by it */
    const struct options *options;
    struct output output;
    struct blocklist *list;
    int64_t now;
    bool json;
    int status;
};

static void heard_unreadable(struct search_listener *listener, const struct error *err) {
    struct session *s = (struct session *)(void *)listener;
    ui_error("", err);
    s->status = STATUS_NOT_EXAMINED;
}

static void heard_odd(struct search_listener *listener, const char *words) {
    (void)listener;
    ui_say("%s", words);
}

static bool session_begin(struct session *s, const struct options *options, struct error *err) {
    *s = (struct session){.listener = {heard_unreadable, heard_odd}, .options = options, .now = time(NULL), .json = ui_json(options)};
    s->list = blocklist_new();
    return s->list != NULL ? output_open(options, &s->output, err) : error_set(err, ERR_LIMIT, "no memory");
}

static int session_end(struct session *s) {
    struct error err;
    blocklist_free(s->list);
    if (s->output.stream != NULL && !output_finish(&s->output, true, &err)) {
        ui_error("", &err);
        s->status = STATUS_NOT_EXAMINED;
    }
    return ui_finish(s->status);
}

/* Loads what a scan with the same options would use, as far as it can be read. */
static bool session_load(struct session *s, struct error *err) {
    struct places places;
    struct search search;
    size_t unreadable;
    bool ok = policies_search(s->options, &places, &search, err) && search_load(&search, s->list, &s->listener, &unreadable, err);
    places_free(&places);
    policies_say_spared(s->list);
    return ok;
}

static void put_line(struct session *s, struct text *line) {
    fwrite(text_c(line), 1, line->n, s->output.stream);
    putc('\n', s->output.stream);
    text_clear(line);
}

static void put_json(struct session *s, json_t *object) {
    if (!json_print(object, s->output.stream)) {
        ui_say("no memory for a line of JSON");
        s->status = STATUS_NOT_EXAMINED;
    }
}

static void add_safe(struct text *out, const char *words) {
    text_add_safe(out, bytes_text(words), WORDS_MAX);
}

/* "2023-04-04" */
static void add_day(struct text *out, int64_t seconds) {
    char words[UI_TIME_SIZE];
    ui_time(seconds, words);
    text_add_bytes(out, bytes_cut(bytes_text(words), 0, strlen("2023-04-04")));
}

static void add_time(struct text *out, const char *before, int64_t seconds) {
    char words[UI_TIME_SIZE];
    ui_time(seconds, words);
    text_addf(out, "%s%s", before, words);
}

/* A policy of the future has no age yet. */
static long long age_days(const struct session *s, const struct policy *policy) {
    return (long long)(s->now > policy->issued ? (s->now - policy->issued) / (24 * 60 * 60) : 0);
}

static json_t *policy_object(const struct session *s, const struct policy *policy) {
    json_t *object = json_object(), *expired = json_array();
    json_put_text(object, "type", "policy");
    json_put_text(object, "id", policy->id);
    json_put_number(object, "version", policy->version);
    json_put_time(object, "issued", policy->issued);
    if (policy->issued != INT64_MIN) {
        json_put(object, "age_days", json_integer(age_days(s, policy)));
    }
    json_put_text(object, "title", policy->title);
    json_put_text(object, "origin", policy->origin);
    json_put_number(object, "rules", policy->n_rules);
    for (size_t i = 0; i < policy->n_rules; i++) {
        if (policy->rules[i].expires <= s->now) {
            json_array_append_new(expired, json_lossy(bytes_text(policy->rules[i].id)));
        }
    }
    if (json_array_size(expired) != 0) {
        json_put(object, "expired", expired);
    } else {
        json_decref(expired);
    }
    return object;
}

static void list_text(struct session *s, const struct policy *policy) {
    struct text line = {0};
    const char *separator = "        expired: ";
    text_addf(&line, "%-20s version %-4s ", policy->id, policy->version_text);
    if (policy->issued != INT64_MIN) {
        text_add(&line, "issued ");
        add_day(&line, policy->issued);
        text_addf(&line, " (%lld days ago)", age_days(s, policy));
    }
    text_addf(&line, "  %6zu %s  ", policy->n_rules, policy->n_rules == 1 ? "rule " : "rules");
    add_safe(&line, policy->origin);
    put_line(s, &line);
    text_add(&line, "        ");
    add_safe(&line, policy->title);
    put_line(s, &line);
    for (size_t i = 0; i < policy->n_rules; i++) {
        if (policy->rules[i].expires <= s->now) {
            text_addf(&line, "%s%s", separator, policy->rules[i].id);
            separator = ", ";
        }
    }
    if (line.n != 0) {
        put_line(s, &line);
    }
    text_free(&line);
}

static int run_list(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    (void)command;
    bool ok = session_begin(&s, options, &err) && session_load(&s, &err);
    for (size_t i = 0; ok && i < blocklist_policies(s.list); i++) {
        const struct policy *policy = blocklist_policy(s.list, i);
        if (s.json) {
            put_json(&s, policy_object(&s, policy));
        } else {
            list_text(&s, policy);
        }
    }
    if (!ok) {
        ui_error("", &err);
        s.status = STATUS_NOT_EXAMINED;
    }
    return session_end(&s);
}

static json_t *key_object(const struct key *key) {
    json_t *object = json_object();
    struct text words = {0};
    json_put_text(object, "key", key_name(key->kind));
    switch (key->kind) {
    case KEY_SUBJECT:
    case KEY_SUBSCRIBER:
        break;
    case KEY_TEAM_ID:
    case KEY_PROGRAM:
    case KEY_ORIGINAL_NAME:
        json_put_bytes(object, "value", key->value);
        break;
    default:
        json_put_hex(object, "value", key->value);
    }
    key_text(key, &words);
    json_put_text(object, "words", text_c(&words));
    text_free(&words);
    json_put_text(object, "role", role_name(key->role));
    json_put(object, "weak", json_boolean(key->weak));
    return object;
}

static void add_version(struct text *out, const char *before, const struct version *v) {
    text_addf(out, "%s%u.%u.%u.%u", before, v->part[0], v->part[1], v->part[2], v->part[3]);
}

static void add_usage(struct text *out, size_t begin, const char *before, struct bytes oid) {
    struct arena arena = arena_make((size_t)1 << 12);
    const char *words = oid.n != 0 ? oid_dotted(oid, &arena) : NULL;
    if (words != NULL) {
        text_addf(out, "%s%s%s", out->n != begin ? ", " : "", before, words);
    }
    arena_free(&arena);
}

/* "signed after 2022-11-01T00:00:00Z, product X": nothing when there are no conditions. */
static void add_conditions(struct text *out, const struct conditions *only) {
    const struct {
        const char *name, *value;
    } words[] = {{"platform", only->platform},
                 {"product", only->product},
                 {"original name", only->original_name},
                 {"internal name", only->internal_name},
                 {"description", only->description},
                 {"company", only->company},
                 {"path", only->path}};
    size_t begin = out->n;
    if (only->has_after) {
        add_time(out, "signed after ", only->signed_after);
    }
    if (only->has_before) {
        add_time(out, out->n != begin ? ", signed before " : "signed before ", only->signed_before);
    }
    if (only->has_min) {
        add_version(out, out->n != begin ? ", version from " : "version from ", &only->min);
    }
    if (only->has_max) {
        add_version(out, out->n != begin ? ", version up to " : "version up to ", &only->max);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].value != NULL) {
            text_addf(out, "%s%s ", out->n != begin ? ", " : "", words[i].name);
            add_safe(out, words[i].value);
        }
    }
    if (only->issued_under.n != 0) {
        text_add(out, out->n != begin ? ", issued under " : "issued under ");
        text_add_hex(out, only->issued_under);
    }
    add_usage(out, begin, "usage ", only->eku);
    add_usage(out, begin, "not for usage ", only->eku_except);
    if (only->n_except != 0) {
        text_add(out, out->n != begin ? ", except " : "all except ");
        exceptions_add_words(out, only);
    }
}

static json_t *rule_object(const struct rule *rule) {
    json_t *object = json_object(), *keys = json_array();
    struct text only = {0};
    json_put_text(object, "type", "rule");
    json_put_text(object, "policy", rule->policy->id);
    json_put_text(object, "id", rule->id);
    json_put_text(object, "kind", rule->allow ? "allow" : "ban");
    if (!rule->allow) {
        json_put_text(object, "action", action_name(rule->action));
        json_put_text(object, "severity", severity_name(rule->severity));
        json_put_text(object, "confidence", confidence_name(rule->confidence));
    }
    json_put_text(object, "weak", rule->weak_accepted ? "accept" : NULL);
    json_put_text(object, "archives", rule->takes_archives ? "take" : NULL);
    json_put_text(object, "never_ban", rule->never_ban_overridden ? "override" : NULL);
    if (rule->expires != INT64_MAX) {
        json_put_time(object, "expires", rule->expires);
    }
    json_put_text(object, "reason", rule->reason);
    json_put_text(object, "reference", rule->reference);
    add_conditions(&only, &rule->only);
    json_put_text(object, "only", text_c(&only));
    text_free(&only);
    for (size_t i = 0; i < rule->n_keys; i++) {
        json_array_append_new(keys, key_object(&rule->keys[i]));
    }
    json_put(object, "keys", keys);
    return object;
}

static void show_rule(struct session *s, const struct rule *rule) {
    struct text line = {0};
    text_addf(&line, "%s %s", rule->allow ? "allow" : "ban", rule->id);
    if (!rule->allow) {
        text_addf(&line, "  (%s, severity %s, confidence %s)", action_name(rule->action), severity_name(rule->severity),
                  confidence_name(rule->confidence));
        text_add(&line, rule->weak_accepted ? "  WEAK KEYS ACCEPTED" : "");
        text_add(&line, rule->never_ban_overridden ? "  NEVER-BAN LIST OVERRIDDEN" : "");
    }
    if (rule->expires != INT64_MAX) {
        add_time(&line, rule->expires <= s->now ? "  EXPIRED " : "  expires ", rule->expires);
    }
    put_line(s, &line);
    const char *const words[] = {rule->reason, rule->reference};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i] != NULL) {
            text_add(&line, i == 0 ? "    " : "    source: ");
            add_safe(&line, words[i]);
            put_line(s, &line);
        }
    }
    text_add(&line, "    only: ");
    size_t empty = line.n;
    add_conditions(&line, &rule->only);
    if (line.n != empty) {
        put_line(s, &line);
    }
    text_clear(&line);
    for (size_t i = 0; i < rule->n_keys; i++) {
        const struct key *key = &rule->keys[i];
        struct text name = {0};
        key_text(key, &name);
        text_addf(&line, "    %-9s ", key->role == ROLE_ANY ? "" : role_name(key->role));
        add_safe(&line, text_c(&name));
        text_add(&line, key->weak ? "  (weak)" : "");
        put_line(s, &line);
        text_free(&name);
    }
    text_free(&line);
}

static void show_policy(struct session *s, const struct policy *policy) {
    if (s->json) {
        put_json(s, policy_object(s, policy));
        for (size_t i = 0; i < policy->n_rules; i++) {
            put_json(s, rule_object(&policy->rules[i]));
        }
        return;
    }
    list_text(s, policy);
    for (size_t i = 0; policy_reference(policy, i) != NULL; i++) {
        struct text line = {0};
        text_add(&line, "        ");
        add_safe(&line, policy_reference(policy, i));
        put_line(s, &line);
        text_free(&line);
    }
    for (size_t i = 0; i < policy->n_rules; i++) {
        putc('\n', s->output.stream);
        show_rule(s, &policy->rules[i]);
    }
}

static int run_show(const struct command *command, const struct options *options) {
    struct session s;
    struct error err = {0};
    bool ok = session_begin(&s, options, &err) && session_load(&s, &err);
    for (size_t i = 0; ok && i < options->n_args; i++) {
        bool found = false;
        for (size_t k = 0; k < blocklist_policies(s.list); k++) {
            const struct policy *policy = blocklist_policy(s.list, k);
            if (strcmp(policy->id, options->args[i]) == 0) {
                show_policy(&s, policy);
                found = true;
            }
        }
        if (!found) {
            s.status = command_usage(command, "there is no policy \"%s\"; certban policy list names all", options->args[i]);
        }
    }
    if (!ok) {
        ui_error("", &err);
        s.status = STATUS_NOT_EXAMINED;
    }
    return session_end(&s);
}

static const struct command policy_list = {
    .name = "list",
    .args = "",
    .help = "the policies in use: version, age, number of rules, expired rules by name",
    .takes = TAKE(POLICY) | TAKE(NO_BUILTIN) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(STATE),
    .examples = "  certban policy list",
    .run = run_list,
    .parent = &command_policy,
};

static const struct command policy_show = {
    .name = "show",
    .args = "ID…",
    .help = "all of a policy: each rule with its reason, its source, and what it names",
    .takes = TAKE(POLICY) | TAKE(NO_BUILTIN) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(STATE),
    .examples = "  certban policy show 3cx-2023",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run_show,
    .parent = &command_policy,
};

static const struct command *const policy_commands[] = {&policy_list,   &policy_show, &policy_check,  &policy_test, &policy_import,
                                                        &policy_export, &policy_sign, &policy_update, NULL};

const struct command command_policy = {
    .name = "policy",
    .args = "COMMAND …",
    .help = "what is banned: list, show, check and try policies, import and export blocklists, sign and update",
    .sub = policy_commands,
    .examples = "  certban policy list\n"
                "  certban policy import --help",
};
