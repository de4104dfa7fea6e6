/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats that are ZIP archives and signed by one of their members have in common. */
#ifndef CERTBAN_FORMAT_ZIP_SIGNED_H
#define CERTBAN_FORMAT_ZIP_SIGNED_H

#include "format/format.h"
#include "source/zip_part.h"

/* zip_signed_probe: an archive whose directory ends with a member of that name, as far as its last bytes show. */
bool zip_signed_probe(const struct probe *probe, const char *name);

/* zip_signed_part is the last part of that name; NULL when there is none. */
const struct zip_part *zip_signed_part(const struct zip_index *index, const char *name);

/* zip_signed_add reads the part and adds the signatures of the SignedData in it, which stands behind magic, as "signature". *blob is
 * the SignedData. What can't be read goes to contents->unreadable, with blob empty. */
CERTBAN_MUST_USE bool zip_signed_add(struct source *source, const struct zip_part *part, const char *magic, struct arena *arena,
                                     struct contents *contents, struct error *err);

/* zip_signed_directory fills three spans with the directory and the end records as they would be without that part, which stands
 * last: its entry left out, entries and sizes less, the directory at its local header's place, disks 0. */
CERTBAN_MUST_USE bool zip_signed_directory(const struct zip_index *index, const struct zip_part *part, struct arena *arena,
                                           struct span *spans, struct error *err);

#endif
