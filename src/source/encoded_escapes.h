/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 within strings: how JSON (RFC 8259 7), JavaScript, URLs (RFC 3986 2.1) and HTML write signs that mean something there, ends of
 * lines, and strings of several pieces. */
#ifndef CERTBAN_SOURCE_ENCODED_ESCAPES_H
#define CERTBAN_SOURCE_ENCODED_ESCAPES_H

#include "base/bytes.h"

/* encoded_escapes_leave puts in place of *n octets of text the digits alone, as far as these go with nothing but such signs and white space
 * between them: *n of them came of *used octets. False, and nothing has changed, where no such sign is among them. */
bool encoded_escapes_leave(uint8_t *p, size_t *n, size_t *used);

#endif
