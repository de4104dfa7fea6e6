/* SPDX-License-Identifier: Apache-2.0 */
/* Policies in certban's own XML (policies/policy.rng). */
#ifndef CERTBAN_LIST_POLICY_H
#define CERTBAN_LIST_POLICY_H

#include "base/text.h"
#include "list/blocklist.h"

/* policy_parse reads a policy from memory; origin names it in messages. The policy owns its memory: policy_free. Errors name
 * origin, line, element and what was expected. No DTD, no entities, no network, at most POLICY_SIZE_MAX bytes: 64 MiB, some 150,000 rules.
 */
#define POLICY_SIZE_MAX ((size_t)64 << 20)
CERTBAN_MUST_USE bool policy_parse(struct bytes xml, const char *origin, struct policy **out, struct error *err);

/* policy_load reads a file with policy_parse. */
CERTBAN_MUST_USE bool policy_load(const char *path, struct policy **out, struct error *err);
void policy_free(struct policy *policy);

/* policy_line is the line at which a rule stands in its XML. policy_reference is the i-th <reference> of the whole policy; NULL past the
 * last. Both are for policies that policy_parse made. */
uint32_t policy_line(const struct policy *policy, size_t rule);
const char *policy_reference(const struct policy *policy, size_t i);

/* policy_builtin is the i-th compiled-in policy's XML and name; false past the last. */
bool policy_builtin(size_t i, const char **name, struct bytes *xml);

#endif
