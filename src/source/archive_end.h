/* SPDX-License-Identifier: Apache-2.0 */
/* Where an archive ends by its own word: what stands behind is no member, and nobody who unpacks it meets it. */
#ifndef CERTBAN_SOURCE_ARCHIVE_END_H
#define CERTBAN_SOURCE_ARCHIVE_END_H

#include "base/source.h"
#include "source/probe.h"

/* archive_end_is_told says whether it is worth looking behind a file: of what must be unpacked for that, or gone through, only where it is
 * searched whole. */
bool archive_end_is_told(const struct probe *probe);

/* archive_end finds it for the archive that source is, told apart by the probe; *end is 0 where it can't be said. What has to be unpacked
 * for that (a packed file, or one that is a packed member) is unpacked in a thorough search alone, a packed file not past 64 MiB. False
 * (err) only when the source can't be read, or without memory. */
CERTBAN_MUST_USE bool archive_end(struct source *source, const struct probe *probe, struct arena *scratch, uint64_t *end,
                                  struct error *err);

#endif
