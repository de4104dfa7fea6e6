/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTBAN_SCAN_FILESYSTEM_H
#define CERTBAN_SCAN_FILESYSTEM_H

#include <stdbool.h>

/* filesystem_left_out says whether an open folder lies on a file system that a walk enters only when it is named: one without
 * real files (proc, sysfs …), or one over a network, where a read may hang. */
bool filesystem_left_out(int fd);

#endif
