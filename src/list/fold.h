/* SPDX-License-Identifier: Apache-2.0 */
/* Names as people write them, compared without regard to case and spacing: what RFC 5280 7.1 asks of attribute values, for single values.
 */
#ifndef CERTBAN_LIST_FOLD_H
#define CERTBAN_LIST_FOLD_H

#include "base/bytes.h"

/* fold_equal says whether two UTF-8 strings are equal when case is folded (Latin, Greek, Cyrillic, Armenian, full-width), runs of white
 * space count as one space and white space at either end does not count. Ill-formed bytes equal only themselves. */
bool fold_equal(struct bytes a, struct bytes b);

/* fold_hash is equal for strings that fold_equal calls equal; 0 for what is empty or only white space. The seed keeps lists from being
 * built against it. */
uint64_t fold_hash(struct bytes s, uint64_t seed);

#endif
