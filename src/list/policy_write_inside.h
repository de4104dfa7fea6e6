/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of policies share: policy_write.c writes rules, policy_write_only.c their conditions. */
#ifndef CERTBAN_LIST_POLICY_WRITE_INSIDE_H
#define CERTBAN_LIST_POLICY_WRITE_INSIDE_H

#include "list/policy_write.h"

/* policy_add_element appends an element with words in it on a line of its own; nothing for NULL. policy_add_time appends a time, where
 * day_too is set and it is a midnight as a day; policy_add_oid an OID's content octets, dotted. */
void policy_add_element(struct text *out, const char *indent, const char *name, const char *words);
void policy_add_time(struct text *out, int64_t seconds, bool day_too);
void policy_add_oid(struct text *out, struct bytes oid);

/* policy_add_only appends a rule's conditions; nothing when there are none. */
void policy_add_only(struct text *out, const struct conditions *only);

#endif
