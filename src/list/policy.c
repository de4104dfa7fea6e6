/* SPDX-License-Identifier: Apache-2.0 */
#include "list/policy.h"

#include <stdlib.h>

#include "base/embedded.h"
#include "list/policy_reader.h"

void policy_free(struct policy *policy) {
    if (policy == NULL) {
        return;
    }
    struct policy_file *file = (struct policy_file *)(void *)policy; /* its first member */
    struct arena arena = file->arena;
    free(file);
    arena_free(&arena);
}

bool policy_builtin(size_t i, const char **name, struct bytes *xml) {
    for (size_t k = 0; k <= i; k++) {
        if (embedded_policies[k].name == NULL) {
            return false;
        }
    }
    *name = embedded_policies[i].name;
    *xml = embedded_policies[i].content;
    return true;
}

uint32_t policy_line(const struct policy *policy, size_t rule) {
    const struct policy_file *file = (const struct policy_file *)(const void *)policy;
    return rule < policy->n_rules ? file->lines[rule] : 0;
}

const char *policy_reference(const struct policy *policy, size_t i) {
    const struct policy_file *file = (const struct policy_file *)(const void *)policy;
    return i < file->n_references ? file->references[i] : NULL;
}
