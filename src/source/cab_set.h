/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cabinets of a set ([MS-CAB] 1.2): a folder may go on in the next cabinet, and a block of it, too. Each cabinet names the one before and
 * the one behind it, which are files in the same folder.
 */
#ifndef CERTBAN_SOURCE_CAB_SET_H
#define CERTBAN_SOURCE_CAB_SET_H

#include "source/cab_folder.h"

enum { CAB_SET_MAX = LIMIT_CABINETS_GREATEST }; /* cabinets over which one folder may go */

struct cabinet {
    struct source *source;
    struct cab_header header;
    struct cab_tables tables;
};

/* cabinet_read reads header and tables. */
CERTBAN_MUST_USE bool cabinet_read(struct cabinet *cabinet, struct source *source, struct arena *arena, struct error *err);

/* cab_set_parts is what makes up a folder of the cabinet, in order: one part for most. False (why) when one is in a cabinet that can't be
 * had. Other cabinets are opened beside this one. */
CERTBAN_MUST_USE bool cab_set_parts(const struct cabinet *cabinet, size_t folder, struct beside *beside, struct arena *arena,
                                    struct cab_part parts[CAB_SET_MAX], size_t *n, struct error *why);

/* cab_set_alone is what of a folder stands in the cabinet itself. */
struct cab_part cab_set_alone(const struct cabinet *cabinet, size_t folder);

#endif
