/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far archives go that are headers and data in turn, each of which says how long it is: nothing is unpacked. One row a kind.
 *
 * From RFC 8878 3.1 (zstd), the LZ4 frame format, ar(5), rpm's file format, header.doc of LHa for UNIX, cpio(5), TECHNOTE.TXT of ARJ,
 * chmspec (ITSF), squashfs_fs.h and cramfs_fs.h of Linux, szddd.c of libmspack.
 */
#ifndef CERTBAN_SOURCE_ARCHIVE_EXTENT_H
#define CERTBAN_SOURCE_ARCHIVE_EXTENT_H

#include "base/source.h"

struct archive_extent;

/* archive_extent_of is the row of a file that begins so; NULL: its headers don't say. */
const struct archive_extent *archive_extent_of(struct bytes head);

/* archive_extent_is_dear says whether it is worth looking only where everything is searched: there are headers all over the file, not at
 * its members alone, or everybody has such files. */
bool archive_extent_is_dear(const struct archive_extent *extent);

/* archive_extent_find is where the first header stands that makes no sense, or leads past the end; behind the last one in what is sound. 0
 * where that can't be said. False (err) when the source can't be read. */
CERTBAN_MUST_USE bool archive_extent_find(const struct archive_extent *extent, struct source *source, uint64_t *end, struct error *err);

/* archive_extent_skipped is the content of the next frame of zstd or LZ4, from the frame at *at on, that unpackers pass by: n octets from
 * *at on, behind which it goes on. *n is 0 where there is none, or none that could hide anything. */
CERTBAN_MUST_USE bool archive_extent_skipped(const struct archive_extent *extent, struct source *source, uint64_t *at, uint64_t *n,
                                             struct error *err);

#endif
