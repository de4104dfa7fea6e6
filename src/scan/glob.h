/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTBAN_SCAN_GLOB_H
#define CERTBAN_SCAN_GLOB_H

#include <stdbool.h>

/* glob_fits says whether text matches a pattern of literal bytes, '?' (any byte but '/'), '*' (any run without '/') and '**'
 * (any run). Linear in practice: a star remembers one place to come back to, never more. A pattern without '/' is compared with
 * the text's last name. */
bool glob_fits(const char *pattern, const char *text);

#endif
