/* SPDX-License-Identifier: Apache-2.0 */
/* What every importer's fuzz target does: any content is read or refused, and what comes out is a policy that the reader and the schema
 * take. Entries are never lost: each made a rule, went into one, or was refused. */
#include <stdlib.h>

#include "list/importer.h"
#include "list/policy_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    struct import_listener listener;
    size_t refused;
};

static void heard_refused(struct import_listener *listener, size_t line, const char *why) {
    struct heard *heard = (struct heard *)(void *)listener;
    heard->refused++;
    if (line == 0 || why[0] == '\0') {
        abort();
    }
}

static void heard_noted(struct import_listener *listener, size_t line, const char *why) {
    (void)listener;
    if (line == 0 || why[0] == '\0') {
        abort();
    }
}

static size_t count_weak(struct bytes xml) {
    struct policy *policy;
    size_t weak = 0;
    if (!policy_parse(xml, "fuzz.xml", &policy, NULL)) {
        abort();
    }
    for (size_t i = 0; i < policy->n_rules; i++) {
        bool all = true;
        for (size_t k = 0; k < policy->rules[i].n_keys; k++) {
            all = all && policy->rules[i].keys[k].weak;
        }
        weak += all;
    }
    policy_free(policy);
    return weak;
}

static void import_target(const struct importer *importer, const uint8_t *data, size_t size) {
    struct heard heard = {.listener = {heard_refused, heard_noted}};
    struct import *import = import_new(ACTION_QUARANTINE, &heard.listener);
    struct error err = {0};
    struct bytes content = bytes_make(data, size);
    if (import == NULL) {
        return;
    }
    importer_guess(content);
    bool read = importer->read(content, import, &err);
    struct import_counts counts = import_counts(import);
    if (counts.refused != heard.refused || counts.rows < counts.refused || (!read && err.text[0] == '\0')) {
        abort();
    }
    struct import_head head = {"fuzz", "Fuzz", 1, 1700000000};
    struct text xml = {0};
    if (counts.rules != 0) {
        if (!import_finish(import, &head, &xml, &err) || !policy_validate(bytes_make(xml.p, xml.n), "fuzz.xml", &err)) {
            abort();
        }
        if (count_weak(bytes_make(xml.p, xml.n)) != counts.weak) {
            abort();
        }
    }
    text_free(&xml);
    import_free(import);
}
