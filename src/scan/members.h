/* SPDX-License-Identifier: Apache-2.0 */
/* Lists as they are handed around: packed into a cabinet (disallowedcertstl.cab) or a ZIP archive. */
#ifndef CERTBAN_SCAN_MEMBERS_H
#define CERTBAN_SCAN_MEMBERS_H

#include "base/bytes.h"
#include "base/error.h"

/* Gets each member whole, in memory that is good during the call. path is as the archive has it: bytes of unknown origin. False (err) ends
 * the reading. */
struct member_reader {
    bool (*read)(struct member_reader *reader, const char *path, struct bytes content, struct error *err);
};

/* members_packed says whether the content is an archive that members_read can take apart. */
bool members_packed(struct bytes content);

/* members_read hands out what is in it, one level deep: at most 1,000 members, and 512 MiB in all (ERR_LIMIT past them). A member that
 * can't be unpacked ends it, too: a list of which a part is missing is not that list. */
CERTBAN_MUST_USE bool members_read(struct bytes content, const char *name, struct member_reader *reader, struct error *err);

#endif
