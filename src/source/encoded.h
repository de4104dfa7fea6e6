/* SPDX-License-Identifier: Apache-2.0 */
/* Files written as text, as mail and scripts carry them (source/encoded_text.h). */
#ifndef CERTBAN_SOURCE_ENCODED_H
#define CERTBAN_SOURCE_ENCODED_H

#include "base/source.h"

enum encoded_kind { ENCODED_NONE, ENCODED_BASE64, ENCODED_HEX, ENCODED_UU };

/* encoded_kind_of is how text that begins so is written; encoded_is_wide whether it is in UTF-16LE, of which the first does not know. */
enum encoded_kind encoded_kind_of(struct bytes head);
bool encoded_is_wide(struct bytes head);

/* encoded_begins says whether a file that carries signatures, or holds such ones, may begin here, encoded, which is known
 * by what the first octets of such files become so. */
bool encoded_begins(struct bytes head);

/* encoded_size is how much of the text from the source's beginning on belongs to the file; 0 where what comes out is no such file. */
CERTBAN_MUST_USE bool encoded_size(struct source *source, const struct limits *limits, uint64_t *n, struct error *err);

#endif
