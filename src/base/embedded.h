/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are compiled in (tools/embed): policies, the schema, trust anchors. */
#ifndef CERTBAN_BASE_EMBEDDED_H
#define CERTBAN_BASE_EMBEDDED_H

#include "base/bytes.h"

/* One file; a NUL that is not counted stands behind its content. A table ends with a row whose name is NULL. */
struct embedded {
    const char *name; /* the last name of its path: "3cx-2023.xml" */
    struct bytes content;
};

extern const struct embedded embedded_policies[], embedded_policy_schema[], embedded_never_ban[], embedded_roots[];

#endif
