/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind a signature or behind a container's end, where nothing covers it, in words. */
#ifndef CERTBAN_FORMAT_APPENDED_H
#define CERTBAN_FORMAT_APPENDED_H

#include "model/signature.h"

/* appended_is_zero says whether all of b are zero bytes. */
bool appended_is_zero(struct bytes b);

/* appended_note notes b, which stands at offset at and is the beginning of size bytes, under a name, and says what it looks like:
 * the marker of the 3CX attack, an updater's tag, zeros, or its entropy. As ANOMALY_APPENDED_DATA zeros and tags are not weighty. */
void appended_note(struct contents *contents, struct arena *arena, enum anomaly_name name, struct bytes b, uint64_t at, uint64_t size);

/* appended_behind looks at what follows in blob, which stands at offset at, behind the SignedData that begins it; first is the
 * index of its first signature in contents. Seven zeros are padding; anything else is noted and searched for signatures. */
void appended_behind(struct contents *contents, struct arena *arena, size_t first, struct bytes blob, uint64_t at);

#endif
