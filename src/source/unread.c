/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are known and not looked into: what they hold is one unreadable member, with what would help. Sources: Microsoft's
 * "Virtual Hard Disk Image Format Specification" (the footer, which dynamic disks have at both ends) and [MS-VHDX] 2.2.1; the header
 * of InstallShield's cabinets as unshield reads it (lib/cabfile.h); that of its setups, which stands behind a program's sections, as the
 * free unpackers (ISx, "isxunpack") describe it: 14 octets of magic, u16 number of files; the headers of lzop (src/lzop.c), lrzip
 * (doc/magic.header.txt), ZPAQ (its specification, "locator"), ACE (acefile), StuffIt (The Unarchiver's wiki) and Flatpak bundles
 * (shared-mime-info), docs/interop/qcow2 of QEMU, VMware's "Virtual Disk Format 5.0", VDICore.h of VirtualBox, libmspack
 * (kwajd.c, szddd.c), erofs_fs.h of Linux, libmodi's "Mac OS disk image types", wimlib (header.h), innoextract
 * (stream/slice.cpp, setup/version.cpp).
 */
#include "source/unread.h"

#include "base/reader.h"
#include "source/container.h"

enum { FOOTER = 512, COUNT_MAX = 4096 };

/* Where a row's magic may stand, and what else must hold. */
enum place {
    AT_START,
    AT_BOTH_ENDS, /* FOOTER octets before the end, too */
    COUNTED,      /* a u16 number of files stands behind it: the magic alone is a word of many texts */
};

static const struct {
    size_t at, n; /* where the magic stands, and how long it is */
    const char *magic, *words, *why;
    enum unread_kind kind;
    enum place place;
} rows[] = {
    {0, 8, "conectix", "virtual disk", "needs to be mounted: a virtual disk (VHD) is not looked into", UNREAD_VHD, AT_BOTH_ENDS},
    {0, 8, "vhdxfile", "virtual disk", "needs to be mounted: a virtual disk (VHDX) is not looked into", UNREAD_VHDX, AT_START},
    {0, 4, "KDMV", "virtual disk", "needs to be mounted: a virtual disk (VMDK) is not looked into", UNREAD_VMDK, AT_START},
    {0, 4, "QFI\xfb", "virtual disk", "needs to be mounted: a virtual disk (QCOW) is not looked into", UNREAD_QCOW, AT_START},
    {64, 4, "\x7f\x10\xda\xbe", "virtual disk", "needs to be mounted: a virtual disk (VDI) is not looked into", UNREAD_VDI, AT_START},
    {0, 4, "ISc(", "InstallShield files", "needs unshield: a cabinet of InstallShield is not looked into", UNREAD_INSTALLSHIELD, AT_START},
    {0, 14, "InstallShield", "InstallShield files", "needs to be unpacked: a setup of InstallShield is not looked into",
     UNREAD_INSTALLSHIELD, COUNTED},
    {0, 14, "ISSetupStream", "InstallShield files", "needs to be unpacked: a setup of InstallShield is not looked into",
     UNREAD_INSTALLSHIELD, COUNTED},
    {0, 8, "idska32\x1a", "Inno Setup files", "needs its setup: the parts of an Inno setup are not looked into", UNREAD_INNO, AT_START},
    {0, 8, "idska16\x1a", "Inno Setup files", "needs its setup: the parts of an Inno setup are not looked into", UNREAD_INNO, AT_START},
    {0, 23, "Inno Setup Setup Data (", "Inno Setup files", "needs its setup: the parts of an Inno setup are not looked into", UNREAD_INNO,
     AT_START},
    {0, 9, "\x89LZO\0\r\n\x1a\n", "packed file", "needs lzop: what it packs is not looked into", UNREAD_LZOP, AT_START},
    {0, 5, "LRZI\0", "packed file", "needs lrzip: what it packs is not looked into", UNREAD_LRZIP, AT_START},
    {0, 13, "7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3", "ZPAQ archive", "needs zpaq: its archives are not looked into", UNREAD_ZPAQ,
     AT_START},
    {0, 4, "zPQ\1", "ZPAQ archive", "needs zpaq: its archives are not looked into", UNREAD_ZPAQ, AT_START},
    {0, 4, "zPQ\2", "ZPAQ archive", "needs zpaq: its archives are not looked into", UNREAD_ZPAQ, AT_START},
    {7, 7, "**ACE**", "ACE archive", "needs unace: archives of ACE are not looked into", UNREAD_ACE, AT_START},
    {0, 8, "StuffIt!", "StuffIt archive", "needs StuffIt: its archives are not looked into", UNREAD_STUFFIT, AT_START},
    {0, 15, "StuffIt (c)1997", "StuffIt archive", "needs StuffIt: its archives are not looked into", UNREAD_STUFFIT, AT_START},
    {10, 4, "rLau", "StuffIt archive", "needs StuffIt: its archives are not looked into", UNREAD_STUFFIT, AT_START},
    {0, 12, "flatpak\0\1\0\x89\xe5", "Flatpak bundle", "needs flatpak: its bundles are not looked into", UNREAD_FLATPAK, AT_START},
    {0, 8, "KWAJ\x88\xf0\x27\xd1", "packed file", "needs expand: what Microsoft's compress packed so is not looked into", UNREAD_KWAJ,
     AT_START},
    {0, 8, "SZ \x88\xf0\x27\x33\xd1", "packed file", "needs expand: what Microsoft's compress packed so is not looked into", UNREAD_KWAJ,
     AT_START},
    {1024, 4, "\xe2\xe1\xf5\xe0", "file system", "needs to be mounted: a file system of EROFS is not looked into", UNREAD_EROFS, AT_START},
    {0, 8, "sprs\0\0\0\3", "disk image", "needs to be converted: a sparse disk image is not looked into", UNREAD_SPARSEIMAGE, AT_START},
    {0, 8, "WLPWM\0\0\0", "Windows image", "needs wimlib: a Windows image made for a pipe is not looked into", UNREAD_WIMPIPE, AT_START},
};
enum { ROWS = sizeof rows / sizeof *rows };

static bool fits(size_t i, struct bytes head) {
    if (head.n <= rows[i].at || head.p[rows[i].at] != (uint8_t)rows[i].magic[0]) { /* nearly every file ends here, for every row */
        return false;
    }
    if (!bytes_starts(bytes_cut(head, rows[i].at, rows[i].n), bytes_make(rows[i].magic, rows[i].n))) {
        return false;
    }
    struct reader r = reader_make(bytes_cut(head, rows[i].n, head.n), 0);
    uint16_t count = rows[i].place == COUNTED ? reader_u16le(&r) : 1;
    return reader_ok(&r) && count != 0 && count < COUNT_MAX;
}

/* The row of a file; ROWS: none. */
static size_t row_of(struct bytes head, struct bytes tail) {
    struct bytes footer = bytes_cut(tail, tail.n > FOOTER ? tail.n - FOOTER : 0, FOOTER);
    size_t i = 0;
    while (i < ROWS && !fits(i, head) && !(rows[i].place == AT_BOTH_ENDS && footer.n == FOOTER && fits(i, footer))) {
        i++;
    }
    return i;
}

enum unread_kind unread_kind_of(struct bytes head, struct bytes tail) {
    size_t i = row_of(head, tail);
    return i < ROWS ? rows[i].kind : UNREAD_NONE;
}

static bool probe(const struct probe *probe) {
    return probe_unread(probe) != UNREAD_NONE;
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct bytes head, tail;
    struct error why;
    (void)budget;
    (void)anomalies;
    if (!source_read_some(source, arena, 0, UNREAD_HEAD, &head, err) ||
        !source_read_some(source, arena, source->size > FOOTER ? source->size - FOOTER : 0, FOOTER, &tail, err)) {
        return false;
    }
    size_t i = row_of(head, tail);
    if (i == ROWS) {
        return true;
    }
    error_set(&why, ERR_UNSUPPORTED, "%s", rows[i].why);
    const struct member member = {.path = rows[i].words, .problem = &why};
    return visitor->visit(visitor, &member, err);
}

const struct container container_unread = {.name = "unread", .probe = probe, .walk = walk};
