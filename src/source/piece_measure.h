/* SPDX-License-Identifier: Apache-2.0 */
/* How long files are by their own word, for the table in source/piece.c. */
#ifndef CERTBAN_SOURCE_PIECE_MEASURE_H
#define CERTBAN_SOURCE_PIECE_MEASURE_H

#include "base/source.h"
#include "source/archive.h"
#include "source/unpack.h"

/* The window begins where the piece does. *n, which is 0 before, stays so where none begins; it is 1 where its length can't be said. False
 * (err) when that can't be said. */
typedef bool piece_measure(struct source *window, struct arena *scratch, uint64_t *n, struct error *err);

/* Installers and programs: piece_measure.c. */
piece_measure measure_cabinet, measure_compound, measure_7z, measure_program, measure_apple, measure_rar, measure_wim,
    measure_installshield, measure_xar, measure_squashfs;
/* Archives, and files packed by themselves, of which the first bytes are unpacked, and what is written as text: piece_packed.c. */
piece_measure measure_nsis, measure_tar, measure_gzip, measure_xz, measure_lzma, measure_frames, measure_begun, measure_encoded;

/* measure_packed finds where the last stream of a packed file of that kind ends; *end is 0 where that can't be said: what is broken, longer
 * than 64 MiB, or of too many streams. */
CERTBAN_MUST_USE bool measure_packed(struct source *packed, enum unpack_method method, enum archive_kind kind, struct arena *scratch,
                                     uint64_t *end, struct error *err);

#endif
