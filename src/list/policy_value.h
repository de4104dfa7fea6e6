/* SPDX-License-Identifier: Apache-2.0 */
/* The values in a policy's attributes and elements, from text to plain data. None of them accepts anything half. */
#ifndef CERTBAN_LIST_POLICY_VALUE_H
#define CERTBAN_LIST_POLICY_VALUE_H

#include "base/arena.h"
#include "base/hash.h"
#include "model/rule.h"

/* value_hex reads hex with any of the fillers that lists put into it. *digits gets the number of digits as written, so that a
 * hash with a digit too few is not taken for a whole one. False when it is no hex or has more than room octets. */
bool value_hex(struct bytes text, uint8_t *out, size_t room, size_t *n, size_t *digits);

/* value_time reads RFC 3339 with a zone ("2022-11-01T00:00:00Z", "+02:00"), or only a day when day_too, as seconds since 1970.
 * Years 1990 to 2100. */
bool value_time(struct bytes text, bool day_too, int64_t *out);

/* value_version reads one to four numbers of 16 bits with dots between; missing parts become filler. */
bool value_version(struct bytes text, uint16_t filler, struct version *out);

/* version_above says whether a is higher than b. */
bool version_above(const struct version *a, const struct version *b);

/* value_number reads a decimal number without sign or leading zero, up to max. */
bool value_number(struct bytes text, uint64_t max, uint64_t *out);

/* value_oid encodes a dotted OID as content octets in the arena. */
bool value_oid(struct bytes text, struct arena *arena, struct bytes *out);

/* value_base64 decodes RFC 4648 base64 with white space anywhere, into the arena. */
bool value_base64(struct bytes text, struct arena *arena, struct bytes *out);

/* value_id says whether text may be the id of a policy or rule: letters, digits, . _ -, at most 128, a letter or digit first. */
bool value_id(struct bytes text);

/* value_is_nothing says whether a hash names nothing or everything: it is that of the empty string, or all its octets are equal. */
bool value_is_nothing(struct bytes hash);

/* value_trim copies text to the arena with runs of white space as one space and none at the ends; NULL without memory. */
const char *value_trim(struct bytes text, struct arena *arena);

#endif
