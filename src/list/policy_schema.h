/* SPDX-License-Identifier: Apache-2.0 */
/* The published schema, compiled in: for "policy check" and for the test that the reader and the schema agree. */
#ifndef CERTBAN_LIST_POLICY_SCHEMA_H
#define CERTBAN_LIST_POLICY_SCHEMA_H

#include "base/bytes.h"
#include "base/error.h"

/* policy_validate holds a policy's XML against policies/policy.rng. It is slow and its words are libxml2's; policy_parse is what
 * decides. ERR_MALFORMED with "origin:line: …" when it does not fit. */
CERTBAN_MUST_USE bool policy_validate(struct bytes xml, const char *origin, struct error *err);

#endif
