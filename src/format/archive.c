/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of archives in reports. They have no signature that covers them whole; what they hold is looked at by their container
 * (source/archive.c, source/asar.c, source/helper.c); of some it is only said that they are not looked into (source/unread.c).
 *
 * Which of them is moved away for a member's sake: what people download and unpack (7z, RAR), what installs (deb, rpm), and what is a
 * program's own (asar), as ZIP is.
 * A tar archive, alone or packed, and a packed file are as often somebody's backup, and an image of a disc or of Windows holds a whole
 * system: these are flagged, and who knows better moves them.
 */
#include "source/archive.h"
#include "format/format.h"
#include "source/helper.h"
#include "source/unread.h"

/* X(identifier, kind, name, words, acts on members) */
#define ARCHIVES(X)                                                                                                                        \
    X(tar, TAR, "tar", "tar archive", false)                                                                                               \
    X(p7z, 7Z, "7z", "7-Zip archive", true)                                                                                                \
    X(rar, RAR, "rar", "RAR archive", true)                                                                                                \
    X(deb, DEB, "deb", "Debian package", true)                                                                                             \
    X(ar, AR, "ar", "ar archive", false)                                                                                                   \
    X(rpm, RPM, "rpm", "RPM package", true)                                                                                                \
    X(lha, LHA, "lha", "LHA archive", true)                                                                                                \
    X(gz, GZIP, "gz", "file packed by gzip", false)                                                                                        \
    X(bz2, BZIP2, "bz2", "file packed by bzip2", false)                                                                                    \
    X(xz, XZ, "xz", "file packed by xz", false)                                                                                            \
    X(lzma, LZMA, "lzma", "file packed by lzma", false)                                                                                    \
    X(lz, LZIP, "lz", "file packed by lzip", false)                                                                                        \
    X(zst, ZSTD, "zst", "file packed by zstd", false)                                                                                      \
    X(lz4, LZ4, "lz4", "file packed by LZ4", false)                                                                                        \
    X(z, COMPRESS, "z", "file packed by compress", false)

/* They have no signature that covers them whole. */
#define ONLY_MEMBERS .unsigned_itself = true, .members_only = true
#define X(id, kind, word, words, acts)                                                                                                     \
    static bool probe_##id(const struct probe *probe) {                                                                                    \
        return probe_archive(probe) == ARCHIVE_##kind;                                                                                     \
    }                                                                                                                                      \
    const struct format format_##id = {.name = word, .long_name = words, ONLY_MEMBERS, .acts_on_members = acts, .probe = probe_##id};
ARCHIVES(X)
#undef X

/* X(identifier, kind, name, words, acts on members) of what a helper takes apart whole */
#define HELPED(X)                                                                                                                          \
    X(nsis, NSIS, "nsis", "data of an NSIS setup", true)                                                                                   \
    X(wim, WIM, "wim", "Windows image", false)                                                                                             \
    X(arj, ARJ, "arj", "ARJ archive", true)                                                                                                \
    X(chm, CHM, "chm", "compiled help", true)                                                                                              \
    X(squashfs, SQUASHFS, "squashfs", "SquashFS file system", false)                                                                       \
    X(cramfs, CRAMFS, "cramfs", "cramfs file system", false)                                                                               \
    X(szdd, SZDD, "szdd", "file packed by Microsoft's compress", false)

#define X(id, kind, word, words, acts)                                                                                                     \
    static bool probe_##id(const struct probe *probe) {                                                                                    \
        return helped_probe(probe) == HELPER_##kind;                                                                                       \
    }                                                                                                                                      \
    const struct format format_##id = {.name = word, .long_name = words, ONLY_MEMBERS, .acts_on_members = acts, .probe = probe_##id};
HELPED(X)
#undef X

/* X(identifier, kind, name, words) of what is not looked into */
#define UNREAD(X)                                                                                                                          \
    X(vhd, VHD, "vhd", "virtual disk (VHD)")                                                                                               \
    X(vhdx, VHDX, "vhdx", "virtual disk (VHDX)")                                                                                           \
    X(vmdk, VMDK, "vmdk", "virtual disk (VMDK)")                                                                                           \
    X(qcow, QCOW, "qcow", "virtual disk (QCOW)")                                                                                           \
    X(vdi, VDI, "vdi", "virtual disk (VDI)")                                                                                               \
    X(installshield, INSTALLSHIELD, "installshield", "cabinet of InstallShield")                                                           \
    X(lzop, LZOP, "lzop", "file packed by lzop")                                                                                           \
    X(lrzip, LRZIP, "lrzip", "file packed by lrzip")                                                                                       \
    X(zpaq, ZPAQ, "zpaq", "ZPAQ archive")                                                                                                  \
    X(ace, ACE, "ace", "ACE archive")                                                                                                      \
    X(stuffit, STUFFIT, "stuffit", "StuffIt archive")                                                                                      \
    X(flatpak, FLATPAK, "flatpak", "Flatpak bundle")                                                                                       \
    X(kwaj, KWAJ, "kwaj", "file packed by Microsoft's compress")                                                                           \
    X(erofs, EROFS, "erofs", "EROFS file system")                                                                                          \
    X(sparseimage, SPARSEIMAGE, "sparseimage", "sparse disk image")                                                                        \
    X(wimpipe, WIMPIPE, "wimpipe", "Windows image made for a pipe")

#define X(id, kind, word, words)                                                                                                           \
    static bool probe_##id(const struct probe *probe) {                                                                                    \
        return probe_unread(probe) == UNREAD_##kind;                                                                                       \
    }                                                                                                                                      \
    const struct format format_##id = {.name = word, .long_name = words, ONLY_MEMBERS, .probe = probe_##id};
UNREAD(X)
#undef X

static bool probe_inno(const struct probe *probe) {
    return probe_unread(probe) == UNREAD_INNO;
}

/* What is not packed in them a search finds. */
const struct format format_inno = {.name = "inno", .long_name = "part of an Inno setup", .unsigned_itself = true, .probe = probe_inno};

static bool probe_asar(const struct probe *probe) {
    return asar_at_head(probe->head);
}

static bool probe_iso(const struct probe *probe) {
    return archive_is_iso(probe->middle);
}

static bool probe_cpio(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("070701")) || bytes_starts(probe->head, bytes_text("070702")) ||
           bytes_starts(probe->head, bytes_text("070707")) || cpio_is_binary(probe->head);
}

const struct format format_asar = {
    .name = "asar", .long_name = "archive of an Electron program", ONLY_MEMBERS, .acts_on_members = true, .probe = probe_asar};
const struct format format_cpio = {.name = "cpio", .long_name = "cpio archive", ONLY_MEMBERS, .probe = probe_cpio};
const struct format format_iso = {.name = "iso", .long_name = "disc image", ONLY_MEMBERS, .probe = probe_iso};
