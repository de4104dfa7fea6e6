/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a rule excuses (model/rule.h), in text and compared. */
#ifndef CERTBAN_LIST_EXCEPTION_H
#define CERTBAN_LIST_EXCEPTION_H

#include "base/arena.h"
#include "base/text.h"
#include "model/rule.h"

enum { EXCEPTIONS_MAX = 1024 };

/* exception_equal says whether two exceptions are of the same files. */
bool exception_equal(const struct exception *a, const struct exception *b);

/* exceptions_equal says whether two rules excuse the same files, in the same order. */
bool exceptions_equal(const struct conditions *a, const struct conditions *b);

/* exceptions_add_query appends them as certban's own rows have them: "authenticode=HEX&product=WORDS&version_min=1.2.3.4|…", each with
 * what it asks for, all with | between. exceptions_of_query reads that into conditions, in the arena. False when it is something else. */
void exceptions_add_query(struct text *out, const struct conditions *only);
CERTBAN_MUST_USE bool exceptions_of_query(struct bytes text, struct arena *arena, struct conditions *only);

/* exceptions_add_words appends them for people: "authenticode 00ff…, or product X, version from 1.2.3.4". */
void exceptions_add_words(struct text *out, const struct conditions *only);

#endif
