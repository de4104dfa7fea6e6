/* SPDX-License-Identifier: Apache-2.0 */
/* A policy as XML (policies/policy.rng): what policy_parse reads back as the same rules. */
#ifndef CERTBAN_LIST_POLICY_WRITE_H
#define CERTBAN_LIST_POLICY_WRITE_H

#include "base/arena.h"
#include "base/text.h"
#include "model/rule.h"

/*
 * policy_write appends the whole document. references are those of the policy (n_references may be 0). Times that are whole days
 * become days where the schema allows it. Keys of a rule that name one thing, a certificate, and share a role go into one
 * <certificate>, file hashes of one size into one <file>. Characters that XML can't hold come out as U+FFFD.
 * False when an issuer can't be written as a name, or memory runs out: *out is then of no use.
 */
CERTBAN_MUST_USE bool policy_write(const struct policy *policy, const char *const *references, size_t n_references, struct text *out,
                                   struct error *err);

/* policy_write in pieces, for policies that do not stand in memory as a whole: what stands before the rules, rules, and what stands behind
 * them. */
CERTBAN_MUST_USE bool policy_write_begin(const struct policy *policy, const char *const *references, size_t n_references, struct text *out,
                                         struct error *err);
CERTBAN_MUST_USE bool policy_write_rules(const struct rule *rules, size_t n, struct text *out, struct error *err);
CERTBAN_MUST_USE bool policy_write_end(struct text *out, struct error *err);

/* policy_issuer_text is an encoded Name as policies write issuers, in the arena; NULL when reading it back would not give an equal one. */
const char *policy_issuer_text(struct bytes name, struct arena *arena);

/* text_add_base64 appends b in RFC 4648 base64 without line ends. */
void text_add_base64(struct text *out, struct bytes b);

#endif
