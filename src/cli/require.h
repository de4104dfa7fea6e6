/* SPDX-License-Identifier: Apache-2.0 */
/* What a gate demands beyond "not banned": check --require-signed and --require-signer. */
#ifndef CERTBAN_CLI_REQUIRE_H
#define CERTBAN_CLI_REQUIRE_H

#include "base/error.h"
#include "base/text.h"
#include "cli/options.h"
#include "model/verdict.h"

struct require {
    bool is_signed;             /* by somebody whose chain ends in a trusted root */
    const char *const *signers; /* or by one of these: a SHA-256 thumbprint, or a name (common name, organisation, team id) */
    size_t n_signers;
};

/* require_make reads the options; a thumbprint of another hash is ERR_USAGE (nobody may be let in by a hash that can be forged). */
CERTBAN_MUST_USE bool require_make(const struct options *options, struct require *require, struct error *err);

/* require_met says whether a file (not a member) fulfils it; else why receives one clause in words. A name counts only with a
 * trusted chain, which anybody can write otherwise; a thumbprint counts by itself. Only proven signatures count. */
bool require_met(const struct require *require, const struct verdict *verdict, struct text *why);

#endif
