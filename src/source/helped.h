/* SPDX-License-Identifier: Apache-2.0 */
/* Members of an archive that only a helper can unpack: it is given the archive once all others were looked at, and of what it unpacks,
 * these are shown. */
#ifndef CERTBAN_SOURCE_HELPED_H
#define CERTBAN_SOURCE_HELPED_H

#include "source/helper.h"

struct helped_left {
    const char *name; /* as the helper writes it */
    const char *how;  /* it is packed, for people */
    bool shown;
};

/* helped_visit shows n members of the source, which it sorts by name. Names that the helper changes are not found again: such members, and
 * all when it can't be run, are unreadable. False (err) as of take_apart. */
CERTBAN_MUST_USE bool helped_visit(enum helper_format format, struct source *source, struct budget *budget, struct helped_left *all,
                                   size_t n, struct visitor *visitor, struct error *err);

#endif
