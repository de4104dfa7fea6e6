/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What certban does not take apart itself, it lets another program take apart: 7z, or innoextract. Whoever examines says how such a
 * program is run (scan/helper.h); containers only name the format. Where there is none, that is an unreadable member.
 */
#ifndef CERTBAN_SOURCE_HELPER_H
#define CERTBAN_SOURCE_HELPER_H

#include "source/container.h"

enum helper_format {
    HELPER_NSIS, /* the data of an NSIS setup, from its first header on */
    HELPER_INNO, /* a setup made by Inno Setup: the whole program */
    HELPER_WIM,
    HELPER_APFS, /* a container of APFS volumes */
    HELPER_HFS,
    HELPER_FAT,
    HELPER_NTFS,
    HELPER_UDF,
    HELPER_RAR, /* up to version 4 */
    HELPER_RAR5,
    HELPER_7Z,
    HELPER_ZIP,
    HELPER_ARJ,
    HELPER_CAB,      /* what of a cabinet is packed by Quantum */
    HELPER_CHM,      /* Microsoft's compiled help */
    HELPER_SQUASHFS, /* a file system, as in AppImages and snaps */
    HELPER_CRAMFS,
    HELPER_EXT,    /* ext2, ext3, ext4 */
    HELPER_SZDD,   /* one file packed by Microsoft's compress: setup.ex_ */
    HELPER_FORMATS /* none of them */
};

struct helper {
    /* take_apart lets the program unpack the source, then shows each regular file that came of it: with the path that the program
     * gave it, of unknown origin as all are. False (err) when the source could not be unpacked to its end, after what could be was
     * shown, or when visit says so. *ran false: the program is not there or may not be run, and nothing
     * was shown. */
    bool (*take_apart)(struct helper *helper, enum helper_format format, struct source *source, struct budget *budget,
                       struct visitor *visitor, bool *ran, struct error *err);
};

/* helper_name is the program for a format: "7z", "innoextract". */
const char *helper_name(enum helper_format format);

/* helped_format_of is the format that a file's first bytes speak for, of those that are taken apart whole; HELPER_FORMATS: none.
 * helped_begins says whether there is one. helped_probe is the same of a file that is being told apart: compiled help, of which every
 * installation has some, is none in a quick search. */
enum helper_format helped_format_of(struct bytes head);
bool helped_begins(struct bytes head);
enum helper_format helped_probe(const struct probe *probe);

/* helper_walk is the walk of a container by budget->helper. Where it can't be run, there is one member, unreadable, that says so. */
CERTBAN_MUST_USE bool helper_walk(enum helper_format format, struct source *source, struct budget *budget, struct visitor *visitor,
                                  struct error *err);

#endif
