/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a package manager owns: moving one would be undone by its next upgrade, and unnoticed by it until then. */
#ifndef CERTBAN_SCAN_PACKAGES_H
#define CERTBAN_SCAN_PACKAGES_H

#include <stddef.h>

#include "base/text.h"

/* One question: an absolute path without links, and the answer. */
struct package_ask {
    const char *path;
    char package[64]; /* "" when no package owns it */
};

/* packages_rpm_rules says whether the system below root ("": this one) keeps its packages by rpm: whether there is a database. On others
 * the program alone may be there, as a tool. */
bool packages_rpm_rules(const char *root);

/* packages_rpm asks rpm(8), at that path (NULL: the system's own, if rpm rules it), about those that have no answer yet. */
void packages_rpm(const char *program, struct package_ask *asks, size_t n);

/* packages_find answers all questions in one pass over dpkg's lists in folder (NULL: the system's own /var/lib/dpkg). Without
 * dpkg nothing is owned. A path is found under /usr and without, as merged systems have it, and behind a diversion. */
void packages_find(const char *folder, struct package_ask *asks, size_t n);

#endif
