/* SPDX-License-Identifier: Apache-2.0 */
/* Files written as text: in base64 (RFC 4648), as mail and scripts carry them, and in what uuencode made of them (POSIX uuencode). */
#ifndef CERTBAN_SOURCE_ENCODED_H
#define CERTBAN_SOURCE_ENCODED_H

#include "base/source.h"

/* encoded_begins says whether a file that carries signatures, or holds such ones, may begin here, encoded. Base64 is known by what the
 * first octets of such files become in it. */
bool encoded_begins(struct bytes head);

/* encoded_size is how much of the text from the source's beginning on belongs to the file; 0 where what comes out is no such file. */
CERTBAN_MUST_USE bool encoded_size(struct source *source, const struct limits *limits, uint64_t *n, struct error *err);

#endif
