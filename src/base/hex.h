/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTBAN_BASE_HEX_H
#define CERTBAN_BASE_HEX_H

#include "base/bytes.h"

/* hex_encode writes b.n * 2 lower-case digits and a NUL to out. */
void hex_encode(struct bytes b, char *out);

/* hex_decode reads s (digits only, even number of them) into out, which holds room bytes; *n gets the count. False when s is no hex or too
 * long. */
bool hex_decode(struct bytes s, uint8_t *out, size_t room, size_t *n);

/* hex_normalise turns hex as lists write it (colons, spaces, 0x, quotes, upper case, invisible U+200E, odd digit count: a 0
 * is put in front) into bytes; *n gets the count. False when anything else is in it, when it is empty, or too long for room. */
bool hex_normalise(struct bytes s, uint8_t *out, size_t room, size_t *n);

#endif
