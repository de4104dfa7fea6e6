/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648 section 4) the way readers of XML take it. */
#ifndef CERTBAN_BASE_BASE64_H
#define CERTBAN_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* base64_digit is the value of a digit, 0 to 63; -1 for anything else. */
int base64_digit(uint8_t c);

/* base64_decode decodes p in place and returns how many octets it gave. White space and anything else that is no digit is passed
 * over; the first '=' ends it; base64_decode_on begins anew behind one, for what must not be hidden there. */
size_t base64_decode(uint8_t *p, size_t n);
size_t base64_decode_on(uint8_t *p, size_t n);

#endif
