/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives that libarchive takes apart, and files packed by themselves: a table of kinds, each with how it begins and what libarchive
 * needs for it. Only what the beginning says is ever tried: libarchive's own guessing is not asked.
 *
 * Where the beginnings are from: tar(5) and POSIX.1-2017 pax (ustar), 7zFormat.txt of the 7-Zip SDK, ECMA-119 (ISO 9660) and ECMA-167
 * (UDF), ar(5), deb(5), RFC 1952 (gzip), RFC 8878 (zstd), the .xz and .lzma format notes of XZ Utils, the LZ4 frame format, the lzip
 * manual, technote of RAR 5.0, header.doc of LHa for UNIX.
 */
#ifndef CERTBAN_SOURCE_ARCHIVE_H
#define CERTBAN_SOURCE_ARCHIVE_H

#include "base/bytes.h"

/* What of a file's middle is looked at: the first volume descriptor of an ISO 9660 or UDF image. */
enum { ARCHIVE_MIDDLE_AT = 32768, ARCHIVE_MIDDLE = 6 };

enum archive_kind {
    ARCHIVE_TAR,
    ARCHIVE_7Z,
    ARCHIVE_RAR,
    ARCHIVE_DEB,
    ARCHIVE_AR,
    ARCHIVE_RPM,
    ARCHIVE_LHA,
    ARCHIVE_GZIP,
    ARCHIVE_BZIP2,
    ARCHIVE_XZ,
    ARCHIVE_LZMA,
    ARCHIVE_LZIP,
    ARCHIVE_ZSTD,
    ARCHIVE_LZ4,
    ARCHIVE_COMPRESS,
    ARCHIVE_ISO,
    ARCHIVE_KINDS /* none of them */
};

/* archive_kind_of is the kind that a file's first bytes speak for; ARCHIVE_ISO by ARCHIVE_MIDDLE bytes at ARCHIVE_MIDDLE_AT, which
 * come into play only where the first bytes say nothing: an image that is something else, too, is asked for with archive_is_iso. */
enum archive_kind archive_kind_of(struct bytes head);
bool archive_is_iso(struct bytes middle);

/* asar_at_head says whether a file begins as an archive of an Electron program does (source/asar.c). */
bool asar_at_head(struct bytes head);

/* cpio_is_binary says whether a file begins as a cpio archive of binary numbers does (source/cpio.c). */
bool cpio_is_binary(struct bytes head);

/* archive_is_nsis: the data of an NSIS setup, which begins behind its program (source/helper.c). */
bool archive_is_nsis(struct bytes head);

/* A file packed by itself, perhaps a tar archive inside. */
bool archive_is_packed(enum archive_kind kind);

#endif
