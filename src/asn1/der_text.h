/* SPDX-License-Identifier: Apache-2.0 */
/* Stretches of base64 (RFC 4648) that DER may be wrapped in: told by its first octets, 30 82, 30 83 or 30 80 ("MII", "MIM", "MIA"). */
#ifndef CERTBAN_ASN1_DER_TEXT_H
#define CERTBAN_ASN1_DER_TEXT_H

#include "base/bytes.h"

/* der_text_next finds the next stretch that begins in [*from, to) of b and is long enough for a certificate; width is the octets of a
 * character: 1, or 2 in UTF-16LE. Returns its end, with its beginning in *from; 0 when there is none. */
size_t der_text_next(struct bytes b, size_t *from, size_t to, size_t width);

#endif
