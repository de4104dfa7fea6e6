/* SPDX-License-Identifier: Apache-2.0 */
/* certban policy export: policies in the words of other programs, and what those can't say. */
#include <stdlib.h>
#include <time.h>

#include "cli/cmd_policy.h"
#include "cli/ui.h"
#include "list/exporter.h"
#include "list/files.h"

/* The policies of one export. */
struct exporting {
    struct export_listener listener; /* first: the export speaks by it */
    struct policies in_use;          /* for arguments that are ids, and for the certificates that its rules hold */
    struct policy **owned;           /* those read from files */
    size_t n_owned;
    const struct policy **chosen, **known;
    size_t n_chosen, n_known;
};

static void told(struct export_listener *listener, const struct rule *rule, const char *words) {
    (void)listener;
    ui_say("%s/%s: %s", rule->policy->id, rule->id, words);
}

/* An argument is a file, or the id of a policy in use. */
static bool choose(struct exporting *x, const char *word, struct error *err) {
    if (strcmp(word, "-") == 0 || file_exists(word)) {
        if (!policy_load(word, &x->owned[x->n_owned], err)) {
            return false;
        }
        x->chosen[x->n_chosen++] = x->owned[x->n_owned++];
        return true;
    }
    bool found = false;
    for (size_t i = 0; i < x->n_known; i++) {
        if (x->known[i] != NULL && strcmp(x->known[i]->id, word) == 0) {
            x->chosen[x->n_chosen++] = x->known[i];
            found = true;
        }
    }
    return found || error_set(err, ERR_USAGE, "%s is no file and no policy in use; certban policy list names all", word);
}

static bool exporting_begin(struct exporting *x, const struct options *options, struct error *err) {
    if (!policies_load(options, &x->in_use, err)) {
        return false;
    }
    size_t n = blocklist_policies(x->in_use.list);
    x->owned = calloc(options->n_args, sizeof(struct policy *));
    x->known = calloc(n + 1, sizeof(struct policy *));
    x->chosen = calloc(options->n_args * (n + 1), sizeof(struct policy *));
    if (x->owned == NULL || x->known == NULL || x->chosen == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for policies");
    }
    for (size_t i = 0; i < n; i++) {
        x->known[x->n_known++] = blocklist_policy(x->in_use.list, i);
    }
    for (size_t i = 0; i < options->n_args; i++) {
        if (!choose(x, options->args[i], err)) {
            return false;
        }
    }
    return true;
}

static void exporting_end(struct exporting *x) {
    for (size_t i = 0; i < x->n_owned; i++) {
        policy_free(x->owned[i]);
    }
    free(x->owned);
    free(x->known);
    free(x->chosen);
    policies_free(&x->in_use);
}

static void say_counts(const struct exporter *exporter, const struct export_counts *counts) {
    ui_say("%s: %zu %s: %zu written whole, %zu in part or wider, %zu left out", exporter->long_name, counts->rules,
           counts->rules == 1 ? "rule" : "rules", counts->whole, counts->part, counts->left_out);
}

static bool write_out(const struct options *options, const struct text *document, struct error *err) {
    struct output output = {0};
    if (!output_open(options, &output, err)) {
        return false;
    }
    fwrite(text_c(document), 1, document->n, output.stream);
    return output_finish(&output, true, err);
}

/* All is written to memory first: a file that exists stays whole when something is wrong. */
static int export_to(const struct exporter *exporter, const struct options *options) {
    struct exporting x = {.listener = {told}};
    struct text document = {0};
    struct export_counts counts = {0};
    struct error err = {0};
    bool ok = exporting_begin(&x, options, &err);
    struct export_job job = {.policies = x.chosen,
                             .n_policies = x.n_chosen,
                             .known = x.known,
                             .n_known = x.n_known,
                             .now = (int64_t)time(NULL),
                             .wider = options->given[OPTION_WIDER],
                             .listener = &x.listener};
    ok = ok && export_run(exporter, &job, &document, &counts, &err) && write_out(options, &document, &err);
    if (!ok) {
        ui_error("", &err);
    } else if (!options->given[OPTION_QUIET]) {
        say_counts(exporter, &counts);
    }
    bool nothing = counts.rules != 0 && counts.left_out == counts.rules;
    text_free(&document);
    exporting_end(&x);
    return ui_finish(ok && !nothing ? STATUS_FINE : STATUS_NOT_EXAMINED);
}

static int run(const struct command *command, const struct options *options) {
    const char *name = options->word[OPTION_TO_FORMAT];
    const struct exporter *exporter = name != NULL ? exporter_find(name) : NULL;
    if (exporter != NULL) {
        return export_to(exporter, options);
    }
    struct text all = {0};
    for (const struct exporter *const *e = exporters; *e != NULL; e++) {
        text_addf(&all, "%s%s", e == exporters ? "" : ", ", (*e)->name);
    }
    int status = name == NULL ? command_usage(command, "export needs --to FORMAT: %s", text_c(&all))
                              : command_usage(command, "there is no format \"%s\": %s", name, text_c(&all));
    text_free(&all);
    return status;
}

const struct command policy_export = {
    .name = "export",
    .args = "POLICY…",
    .help = "policies in the format of another program; what it can't say is told",
    .more =
        "POLICY is a file or the id of a policy in use. Formats: csv and json (certban's own rows: every key and condition), wdac (App\n"
        "Control, XML), applocker (XML), santa-plist, santa-json, crb, hsb, yara, osquery (SQL), stix (2.1).\n"
        "What a format can't say is told for each rule on standard error. A rule that would hit more there, or do more, is left\n"
        "out; --wider writes it. Where a format needs the certificate and a rule has only its hashes, it is taken from a policy\n"
        "in use that holds it. The exit status is 2 when nothing at all could be written.",
    .takes = TAKE(TO_FORMAT) | TAKE(OUTPUT) | TAKE(WIDER) | TAKE(POLICY) | TAKE(NO_BUILTIN) | TAKE(STATE) | TAKE(QUIET),
    .examples = "  certban policy export --to wdac --output deny.xml 3cx-2023\n"
                "  certban policy export --to crb --output certban.crb 3cx-2023 incidents",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
    .parent = &command_policy,
};
