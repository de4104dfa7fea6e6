/* SPDX-License-Identifier: Apache-2.0 */
/* Names in UTF-16, as the folders of some file systems have them. */
#ifndef CERTBAN_SOURCE_WIDE_NAME_H
#define CERTBAN_SOURCE_WIDE_NAME_H

#include "base/arena.h"
#include "base/reader.h"

/* wide_name is a name of n big-endian units as UTF-8, in the arena: NULs are left out, a slash becomes a colon. NULL without memory. */
char *wide_name(struct reader *r, uint16_t n, struct arena *arena);

#endif
