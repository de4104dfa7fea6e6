/* SPDX-License-Identifier: Apache-2.0 */
/* certban policy update: takes a signed bundle of policies into use, or leaves everything as it is and says why. */
#include <stdlib.h>
#include <time.h>

#include "cli/cmd_policy.h"
#include "cli/json.h"
#include "cli/ui.h"
#include "list/bundle_store.h"
#include "list/fetch.h"
#include "list/files.h"

/* Public keys, from files that nobody else may write: whoever can add a key rules the machine. */
struct trusted {
    struct ed25519_key *all;
    size_t n;
};

static bool add_key(struct trusted *keys, const char *path, struct error *err) {
    struct bytes pem;
    struct ed25519_key *all = reallocarray(keys->all, keys->n + 1, sizeof *all);
    if (all == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for keys");
    }
    keys->all = all;
    if (!file_read(path, FILE_TRUSTED, &pem, err)) {
        return error_within(err, "%s", path);
    }
    bool ok = ed25519_public(pem, &all[keys->n], err) || error_within(err, "%s", path);
    file_forget(pem);
    keys->n += ok;
    return ok;
}

/* The keys named, else those of the folder. */
static bool read_keys(struct trusted *keys, const struct options *options, struct error *err) {
    static const char *const endings[] = {".pem", ".pub", NULL};
    struct names names = {0};
    struct text folder = {0};
    ui_etc("keys.d", &folder);
    bool named = options->n_words[OPTION_TRUSTED_KEY] != 0, ok = true;
    for (size_t i = 0; i < options->n_words[OPTION_TRUSTED_KEY] && ok; i++) {
        ok = add_key(keys, options->words[OPTION_TRUSTED_KEY][i], err);
    }
    if (ok && !named && !folder_names(text_c(&folder), FILE_TRUSTED, endings, &names, err)) {
        ok = error_within(err, "%s", text_c(&folder));
    }
    for (size_t i = 0; i < names.n && ok; i++) {
        struct text path = {0};
        text_addf(&path, "%s/%s", text_c(&folder), names.all[i]);
        ok = text_ok(&path) ? add_key(keys, text_c(&path), err) : error_set(err, ERR_LIMIT, "no memory for a path");
        text_free(&path);
    }
    names_free(&names);
    ok = ok &&
         (keys->n != 0 || error_set(err, ERR_USAGE, "no key is trusted: give --trusted-key FILE, or put one into %s", text_c(&folder)));
    text_free(&folder);
    return ok;
}

static bool get(const char *word, const struct options *options, struct bytes *out, struct error *err) {
    if (fetch_is_url(word)) {
        return fetch_url(word, options->word[OPTION_CA], BUNDLE_SIZE_MAX, out, err);
    }
    return file_read(word, FILE_ANYBODYS, out, err) || error_within(err, "%s", word);
}

static bool tell(const struct bundle_installed *installed, const struct options *options, struct error *err) {
    struct output output;
    char expires[UI_TIME_SIZE];
    bool ok = true;
    if (!output_open(options, &output, err)) {
        return false;
    }
    ui_time(installed->expires, expires);
    if (ui_json(options)) {
        json_t *object = json_object();
        json_put_text(object, "type", "bundle");
        json_put_text(object, "id", installed->id);
        json_put_number(object, "version", installed->version);
        if (installed->before != 0) {
            json_put_number(object, "before", installed->before);
        }
        json_put_text(object, "expires", expires);
        json_put_number(object, "policies", installed->n_policies);
        json_put_number(object, "rules", installed->n_rules);
        json_put_text(object, "state", installed->current ? "current" : "installed");
        ok = json_print(object, output.stream);
    } else if (!options->given[OPTION_QUIET]) {
        fprintf(output.stream, "bundle %s version %llu %s: %zu %s, %zu %s, expires %s\n", installed->id,
                (unsigned long long)installed->version, installed->current ? "is in use already" : "is in use now", installed->n_policies,
                installed->n_policies == 1 ? "policy" : "policies", installed->n_rules, installed->n_rules == 1 ? "rule" : "rules",
                expires);
    }
    return output_finish(&output, true, err) && (ok || error_set(err, ERR_LIMIT, "no memory for the report"));
}

static int run(const struct command *command, const struct options *options) {
    const char *word = options->args[0];
    struct trusted keys = {0};
    struct text state = {0};
    struct bytes content = bytes_none();
    struct bundle_installed installed;
    struct error err = {0};
    (void)command;
    bool got = read_keys(&keys, options, &err) && ui_state(options, &state, &err) && get(word, options, &content, &err);
    struct bundle_keys trusted = {keys.all, keys.n};
    struct bundle_install job = {
        .state = text_c(&state), .keys = &trusted, .now = (int64_t)time(NULL), .may_shrink = options->given[OPTION_YES]};
    bool taken = got && bundle_install(&job, content, word, &installed, &err);
    if (got) {
        file_forget(content);
    }
    bool ok = taken && tell(&installed, options, &err);
    if (!ok) {
        ui_error("", &err);
    }
    if (!ok && ui_json(options)) {
        (void)json_print(json_error(bytes_text(word), &err), stdout);
    }
    if (!taken && !options->given[OPTION_QUIET]) {
        ui_say("nothing was changed");
    }
    free(keys.all);
    text_free(&state);
    return ui_finish(ok ? STATUS_FINE : STATUS_NOT_EXAMINED);
}

const struct command policy_update = {
    .name = "update",
    .args = "FILE|URL",
    .help = "take a signed bundle of policies into use, or leave all as it is",
    .more = "A bundle is taken when a trusted key signed it, its version rises, it has not expired, and all its policies can be read. The\n"
            "one before it is kept beside it. The policies are in use for every command from then on; when the bundle expires without\n"
            "a newer one they stay in use, and it is told. URLs are https only, and need a build with libcurl.",
    .takes = TAKE(TRUSTED_KEY) | TAKE(STATE) | TAKE(CA) | TAKE(YES) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(QUIET),
    .examples = "  certban policy update --trusted-key bans.pem bans.bundle\n"
                "  certban policy update https://mirror.example/bans.bundle",
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .parent = &command_policy,
};
