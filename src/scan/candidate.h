/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are worth a reader, by a few of their bytes: nearly all of a disk ends here. */
#ifndef CERTBAN_SCAN_CANDIDATE_H
#define CERTBAN_SCAN_CANDIDATE_H

#include "format/format.h"
#include "scan/examine.h"
#include "source/container.h"

/* candidate_is says by the table of formats and containers whether a file needs a reader at all; probe->name is its path's last part. */
bool candidate_is(const struct examiner *examiner, const struct probe *probe);

/* candidate_wants_whole says of a candidate whether it may be none once all of it was read, into probe->whole. */
bool candidate_wants_whole(const struct examiner *examiner, const struct probe *probe);

/* candidate_probe reads the bytes by which a source is known: that of a file, or (outermost false) of a member, which is unpacked up to its
 * middle and its tail in this order. */
CERTBAN_MUST_USE bool candidate_probe(const struct examiner *examiner, struct source *source, bool outermost, struct arena *arena,
                                      struct probe *probe, struct error *err);

#endif
