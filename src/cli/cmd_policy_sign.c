/* SPDX-License-Identifier: Apache-2.0 */
/* certban policy sign: policies as a signed bundle, for machines that get theirs by certban policy update. */
#include <stdlib.h>
#include <time.h>

#include "cli/cmd_policy.h"
#include "cli/ui.h"
#include "list/bundle.h"
#include "list/files.h"
#include "list/policy_report.h"
#include "list/policy_value.h"

enum { EXPIRES_DAYS = 90, DAY = 86400 };

/* Files read for one bundle. */
struct signing {
    struct note_listener listener; /* first: notes come by it */
    struct bytes *xml, *keys;
    struct policy **policies;
    size_t n_xml, n_keys, n_policies, errors;
};

/* Only what must not go live is told here: policy check tells the rest. */
static void heard_note(struct note_listener *listener, const struct policy_note *note) {
    struct signing *s = (struct signing *)(void *)listener;
    if (note->level == NOTE_ERROR) {
        s->errors++;
        ui_say("%s:%u: %s%s%s", note->policy->origin, note->line, note->rule != NULL ? note->rule->id : "", note->rule != NULL ? ": " : "",
               note->words);
    }
}

static bool read_files(const char *const *paths, size_t n, struct bytes *out, size_t *count, struct error *err) {
    for (size_t i = 0; i < n; i++) {
        if (!file_read(paths[i], FILE_ANYBODYS, &out[i], err)) {
            return error_within(err, "%s", paths[i]);
        }
        (*count)++;
    }
    return true;
}

static bool read_all(struct signing *s, const struct options *options, struct error *err) {
    s->xml = calloc(options->n_args + 1, sizeof *s->xml);
    s->keys = calloc(options->n_words[OPTION_KEY] + 1, sizeof *s->keys);
    s->policies = calloc(options->n_args + 1, sizeof *s->policies);
    if (s->xml == NULL || s->keys == NULL || s->policies == NULL) {
        return error_set(err, ERR_LIMIT, "no memory");
    }
    if (!read_files(options->args, options->n_args, s->xml, &s->n_xml, err) ||
        !read_files(options->words[OPTION_KEY], options->n_words[OPTION_KEY], s->keys, &s->n_keys, err)) {
        return false;
    }
    for (size_t i = 0; i < s->n_xml; i++) {
        if (!policy_parse(s->xml[i], options->args[i], &s->policies[i], err)) {
            return false;
        }
        s->n_policies++;
    }
    return true;
}

static void forget_all(struct signing *s) {
    for (size_t i = 0; i < s->n_xml; i++) {
        file_forget(s->xml[i]);
    }
    for (size_t i = 0; i < s->n_keys; i++) {
        file_forget(s->keys[i]);
    }
    for (size_t i = 0; i < s->n_policies; i++) {
        policy_free(s->policies[i]);
    }
    free(s->xml);
    free(s->keys);
    free(s->policies);
}

/* What the options say of the bundle, or what stands for it. */
static bool make_head(const struct policy *first, const struct options *options, int64_t now, struct bundle_head *head, struct error *err) {
    *head = (struct bundle_head){.id = first->id, .version = (uint64_t)now, .issued = now, .expires = now + EXPIRES_DAYS * (int64_t)DAY};
    if (options->given[OPTION_ID]) {
        head->id = options->word[OPTION_ID];
        if (!value_id(bytes_text(head->id))) {
            return error_set(err, ERR_USAGE, "--id takes 1 to 128 letters, digits, '.', '_', '-'");
        }
    }
    if (options->given[OPTION_BUNDLE_VERSION] &&
        (!value_number(bytes_text(options->word[OPTION_BUNDLE_VERSION]), BUNDLE_VERSION_MAX, &head->version) || head->version == 0)) {
        return error_set(err, ERR_USAGE, "--version takes a whole number from 1");
    }
    if (options->given[OPTION_EXPIRES] &&
        (!value_time(bytes_text(options->word[OPTION_EXPIRES]), true, &head->expires) || head->expires <= now)) {
        return error_set(err, ERR_USAGE, "--expires takes a day or time to come, like 2030-01-31 or 2030-01-31T12:00:00Z");
    }
    return true;
}

static bool sign(struct signing *s, const struct options *options, struct error *err) {
    struct bundle_head head;
    struct text document = {0};
    struct output output = {0};
    int64_t now = (int64_t)time(NULL);
    if (!read_all(s, options, err) || s->policies[0] == NULL || !make_head(s->policies[0], options, now, &head, err) ||
        !policy_report((const struct policy *const *)s->policies, s->n_policies, now, &s->listener, err)) {
        return false;
    }
    if (s->errors != 0) {
        return error_set(err, ERR_MALFORMED, "nothing was signed: a policy has errors");
    }
    bool ok = bundle_write(&head, s->xml, s->n_xml, s->keys, s->n_keys, &document, err) && output_open(options, &output, err);
    if (ok) {
        fwrite(text_c(&document), 1, document.n, output.stream);
        ok = output_finish(&output, true, err);
    }
    text_free(&document);
    if (ok && !options->given[OPTION_QUIET]) {
        char expires[UI_TIME_SIZE];
        ui_time(head.expires, expires);
        ui_say("bundle %s version %llu: %zu %s, expires %s", head.id, (unsigned long long)head.version, s->n_policies,
               s->n_policies == 1 ? "policy" : "policies", expires);
    }
    return ok;
}

static int run(const struct command *command, const struct options *options) {
    struct signing s = {.listener = {heard_note}};
    struct error err = {0};
    if (options->n_words[OPTION_KEY] == 0) {
        return command_usage(command, "sign needs --key FILE");
    }
    bool ok = sign(&s, options, &err);
    forget_all(&s);
    if (!ok) {
        ui_error("", &err);
    }
    return ui_finish(ok ? STATUS_FINE : err.kind == ERR_USAGE ? STATUS_USAGE : STATUS_NOT_EXAMINED);
}

const struct command policy_sign = {
    .name = "sign",
    .args = "FILE…",
    .help = "policies as one signed bundle, for certban policy update on other machines",
    .more = "The signature is Ed25519. --key may be given up to four times: machines need to trust one of the keys, so that a new key\n"
            "can be brought in beside the old one. A policy with errors (certban policy check) is not signed.",
    .takes = TAKE(KEY) | TAKE(ID) | TAKE(BUNDLE_VERSION) | TAKE(EXPIRES) | TAKE(OUTPUT) | TAKE(QUIET),
    .examples = "  openssl genpkey -algorithm ed25519 -out sign.pem; openssl pkey -in sign.pem -pubout -out bans.pem\n"
                "  certban policy sign --key sign.pem --id bans --output bans.bundle bans.xml incidents.xml",
    .min_args = 1,
    .max_args = BUNDLE_POLICIES_MAX,
    .run = run,
    .parent = &command_policy,
};
