/* SPDX-License-Identifier: Apache-2.0 */
/* A policy of any bytes is read or refused; what is read can be indexed, reported on and exported. */
#include "list/exporter.h"
#include "list/policy_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore_told(struct export_listener *listener, const struct rule *rule, const char *words) {
    (void)listener, (void)rule, (void)words;
}

/* In every format, both ways; every rule is counted once. */
static void export_all(const struct policy *const *all) {
    struct export_listener listener = {ignore_told};
    for (size_t i = 0; exporters[i / 2] != NULL; i++) {
        struct export_job job = {.policies = all, .n_policies = 1, .now = 1700000000, .wider = i % 2 != 0, .listener = &listener};
        struct export_counts counts;
        struct text out = {0};
        if (export_run(exporters[i / 2], &job, &out, &counts, NULL) &&
            (counts.rules != all[0]->n_rules || counts.whole + counts.part + counts.left_out != counts.rules ||
             !utf8_valid(bytes_make(out.p, out.n)))) {
            __builtin_trap();
        }
        text_free(&out);
    }
}

static void ignore(struct note_listener *listener, const struct policy_note *note) {
    (void)listener, (void)note;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct policy *policy;
    struct note_listener listener = {ignore};
    if (!policy_parse(bytes_make(data, size), "fuzz.xml", &policy, NULL)) {
        return 0;
    }
    const struct policy *all[] = {policy};
    if (!policy_report(all, 1, 1700000000, &listener, NULL)) {
        __builtin_trap();
    }
    for (size_t i = 0; i < policy->n_rules; i++) {
        for (size_t k = 0; k < policy->rules[i].n_keys; k++) {
            struct text words = {0};
            key_text(&policy->rules[i].keys[k], &words);
            text_free(&words);
        }
    }
    export_all(all);
    policy_free(policy);
    return 0;
}
