/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a helper has left, told to the reader one by one. */
#ifndef CERTBAN_SCAN_KEEPER_SHOW_H
#define CERTBAN_SCAN_KEEPER_SHOW_H

#include "model/limits.h"

/* keeper_show sends a KEEPER_FILE for each regular file below a folder, at any depth. Links and special files are passed over: nothing
 * of them is in the archive, or it is there under another name. False when something could not be opened, or is deeper than
 * LIMIT_HELPER_DEPTH. */
CERTBAN_MUST_USE bool keeper_show(int socket, const char *folder, const struct limits *limits, struct error *err);

#endif
