/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The central directory of a ZIP archive as strict readers take it (PKWARE's APPNOTE 4.3.12 to 4.3.16): the last end record, the
 * directory right before it. For formats that are signed inside of an archive and hash its records; what an archive holds, and
 * in how many ways it can be read, is the business of source/zip.
 */
#ifndef CERTBAN_LAYOUT_ZIP_INDEX_H
#define CERTBAN_LAYOUT_ZIP_INDEX_H

#include "base/source.h"

/* A member that was asked for. All offsets are those of the source. */
struct zip_part {
    struct bytes name;
    uint64_t entry_at, entry_n; /* its entry in the directory */
    uint64_t at, data_at;       /* its local header, and the packed data behind that */
    uint64_t packed, size;
    uint16_t flags, method;
};

struct zip_index {
    uint64_t at, n;   /* of the directory: its entries */
    uint64_t entries; /* as counted */
    uint64_t last_at; /* the local header that stands last, of those of all entries */
    uint64_t shift;   /* bytes in front of the archive that its offsets do not count */
    uint64_t end64_at, locator_at, end_at;
    struct bytes end64, locator, end; /* those records whole, the last with its comment; the first two are empty where there are none */
    struct zip_part *parts;           /* in the directory's order */
    size_t n_parts, room_parts;
};

/* zip_index_read fills *index with the parts whose names are wanted (NULL: all of them). ERR_MALFORMED when there is no such directory, or
 * when it does not hold what the end record counts, ERR_LIMIT past LIMIT_PARTS of them. */
CERTBAN_MUST_USE bool zip_index_read(struct source *source, struct arena *arena, bool (*wanted)(struct bytes name), struct zip_index *index,
                                     struct error *err);

#endif
