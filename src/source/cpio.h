/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpio archives: their headers, as POSIX.1-1988 10.1.2 ("070707") and cpio(5) have them ("New ASCII Format", "New CRC Format", "Old Binary
 * Format" in either order), and the walk of one.
 */
#ifndef CERTBAN_SOURCE_CPIO_H
#define CERTBAN_SOURCE_CPIO_H

#include "source/stream.h"

enum { CPIO_MAGIC = 6, CPIO_HEADER_MAX = 110, CPIO_NAME_MAX = 4096 };
#define CPIO_LAST "TRAILER!!!" /* the name behind which an archive ends */

/* Where a header of one kind has its numbers. */
struct cpio_layout {
    const char *magic;
    unsigned header, digits, base, align;
    struct {
        unsigned at, n;
    } mode, name, size;
};

struct cpio_header {
    uint64_t mode, name_size, size;
};

/* cpio_layout_of is the kind of header that begins so; NULL: none. */
const struct cpio_layout *cpio_layout_of(struct bytes head);

/* cpio_header_read takes the numbers of a header of that kind, of which layout->header octets are at hand. False where it is none. */
bool cpio_header_read(const struct cpio_layout *layout, struct bytes head, struct cpio_header *out);

/* cpio_aligned is where what is padded up to an offset goes on. */
uint64_t cpio_aligned(const struct cpio_layout *layout, uint64_t at);

/* cpio_goes_on says whether what stands behind an archive's end is something by itself, as what Linux unpacks first has it. */
bool cpio_goes_on(struct bytes head);

/* cpio_walk visits the files of an archive that comes out of a stream, made of so many packed octets. With behind also those of archives
 * that stand behind its end, one behind the other; what else stands there is one member more, "behind@OFFSET", of which no more than
 * 64 MiB are kept: ERR_LIMIT past them. */
CERTBAN_MUST_USE bool cpio_walk(struct stream *stream, uint64_t packed, bool behind, struct budget *budget, struct visitor *visitor,
                                struct error *err);

#endif
