/* SPDX-License-Identifier: Apache-2.0 */
/* Where catalogs are: what the user named, and Windows\System32\CatRoot of the Windows installations that a walk is in. */
#ifndef CERTBAN_SCAN_CATROOT_H
#define CERTBAN_SCAN_CATROOT_H

#include "scan/scan.h"

struct catroots {
    char **all;
    size_t n;
};

/* catroots_find gathers options->catalogs and, for a walk, the CatRoot of each path that is or lies in a Windows installation. Names are
 * compared as Windows does, without case. Nothing is listed outside of what looks like one. */
CERTBAN_MUST_USE bool catroots_find(const struct scan_options *options, struct catroots *roots, struct error *err);

void catroots_free(struct catroots *roots);

#endif
