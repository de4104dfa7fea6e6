/* SPDX-License-Identifier: Apache-2.0 */
/* Words as in the query of a URL (name=value&…): what could mean something to the text around them is %XX, a blank is +. */
#ifndef CERTBAN_LIST_QUERY_H
#define CERTBAN_LIST_QUERY_H

#include "base/arena.h"
#include "base/text.h"

/* query_add appends words, encoded. */
void query_add(struct text *out, struct bytes words);

/* query_words are words without their escapes, in the arena. False without memory. */
CERTBAN_MUST_USE bool query_words(struct bytes text, struct arena *arena, struct bytes *out);

/* query_take takes the piece up to a separator off a text, and the separator. */
struct bytes query_take(struct bytes *text, char separator);

#endif
