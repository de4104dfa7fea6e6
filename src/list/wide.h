/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in UTF-16, as PowerShell and spreadsheets on Windows write text. */
#ifndef CERTBAN_LIST_WIDE_H
#define CERTBAN_LIST_WIDE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"

/* wide_is says whether content begins with the byte order mark of UTF-16, of either order. */
bool wide_is(struct bytes content);

/* wide_narrow appends such content in UTF-8, without the mark. What is no character (half of a pair, an octet too many) becomes U+FFFD; the
 * encoding in an XML declaration, which would say what the text no longer is, becomes blanks. False without memory. */
CERTBAN_MUST_USE bool wide_narrow(struct bytes content, struct text *out, struct error *err);

#endif
