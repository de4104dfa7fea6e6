/* SPDX-License-Identifier: Apache-2.0 */
/* certban version: the program, its libraries, what its readers run in here, and the built-in policies with their number of rules and age.
 */
#include <time.h>

#include "cli/json.h"
#include "cli/ui.h"
#include "scan/sandbox.h"

/* name, version: as the build found them */
static const struct { const char *name, *version; } libraries[] = {CERTBAN_LIBRARIES};

static void say_text(const struct policies *policies) {
    printf("certban %s\nbuilt with", CERTBAN_VERSION);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        printf("%s %s %s", i != 0 ? "," : "", libraries[i].name, libraries[i].version);
    }
    const char *sandbox = sandbox_available();
    printf("\nreaders' sandbox here: %s\n", sandbox != NULL ? sandbox : "none (--no-sandbox goes without)");
    puts("policies built in:");
    for (size_t i = 0; i < blocklist_policies(policies->list); i++) {
        const struct policy *policy = blocklist_policy(policies->list, i);
        struct text line = {0};
        char issued[UI_TIME_SIZE];
        ui_time(policy->issued, issued);
        text_add(&line, "  ");
        text_add_safe(&line, bytes_text(policy->id), 100);
        text_addf(&line, " version %u, %zu rules, issued %.10s, %lld days ago: ", policy->version, policy->n_rules, issued,
                  (long long)(((int64_t)time(NULL) - policy->issued) / 86400));
        text_add_safe(&line, bytes_text(policy->title != NULL ? policy->title : ""), 200);
        puts(text_c(&line));
        text_free(&line);
    }
}

static bool say_json(const struct policies *policies) {
    json_t *o = json_object(), *built_with = json_object(), *all = json_array();
    json_put_text(o, "type", "version");
    json_put_text(o, "version", CERTBAN_VERSION);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        json_put_text(built_with, libraries[i].name, libraries[i].version);
    }
    json_put(o, "libraries", built_with);
    if (sandbox_available() != NULL) {
        json_put_text(o, "sandbox", sandbox_available());
    }
    for (size_t i = 0; i < blocklist_policies(policies->list); i++) {
        const struct policy *policy = blocklist_policy(policies->list, i);
        json_t *p = json_object();
        json_put_text(p, "id", policy->id);
        json_put_number(p, "version", policy->version);
        json_put_time(p, "issued", policy->issued);
        json_put_number(p, "rules", policy->n_rules);
        json_put_text(p, "title", policy->title);
        json_array_append_new(all, p);
    }
    json_put(o, "policies", all);
    return json_print(o, stdout);
}

static int run(const struct command *command, const struct options *options) {
    (void)command;
    struct policies policies = {0};
    struct error err = {0};
    if (!policies_builtin(&policies, &err)) {
        ui_error("a built-in policy", &err);
        return STATUS_NOT_EXAMINED;
    }
    bool ok = true;
    if (ui_json(options)) {
        ok = say_json(&policies);
    } else {
        say_text(&policies);
    }
    policies_free(&policies);
    return ui_finish(ok ? STATUS_FINE : STATUS_NOT_EXAMINED);
}

const struct command command_version = {
    .name = "version",
    .args = "",
    .help = "version, libraries, built-in policies with their number of rules and age",
    .takes = TAKE(JSON) | TAKE(FORMAT),
    .examples = "  certban version\n  certban version --json",
    .run = run,
};
