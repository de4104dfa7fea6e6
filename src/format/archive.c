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
#include "source/unread.h"

/* X(identifier, kind, name, words, acts on members) */
#define ARCHIVES(X)                                                                                                                        \
    X(tar, TAR, "tar", "tar archive", false)                                                                                               \
    X(p7z, 7Z, "7z", "7-Zip archive", true)                                                                                                \
    X(rar, RAR, "rar", "RAR archive", true)                                                                                                \
    X(deb, DEB, "deb", "Debian package", true)                                                                                             \
    X(ar, AR, "ar", "ar archive", false)                                                                                                   \
    X(rpm, RPM, "rpm", "RPM package", true)                                                                                                \
    X(gz, GZIP, "gz", "file packed by gzip", false)                                                                                        \
    X(bz2, BZIP2, "bz2", "file packed by bzip2", false)                                                                                    \
    X(xz, XZ, "xz", "file packed by xz", false)                                                                                            \
    X(lzma, LZMA, "lzma", "file packed by lzma", false)                                                                                    \
    X(lz, LZIP, "lz", "file packed by lzip", false)                                                                                        \
    X(zst, ZSTD, "zst", "file packed by zstd", false)                                                                                      \
    X(lz4, LZ4, "lz4", "file packed by LZ4", false)                                                                                        \
    X(z, COMPRESS, "z", "file packed by compress", false)

static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    (void)source;
    (void)arena;
    (void)contents;
    (void)err;
    return true;
}

/* They have no signature that covers them whole. */
#define ONLY_MEMBERS .unsigned_itself = true, .members_only = true
#define X(id, kind, word, words, acts)                                                                                                     \
    static bool probe_##id(const struct probe *probe) {                                                                                    \
        return probe_archive(probe) == ARCHIVE_##kind;                                                                                     \
    }                                                                                                                                      \
    const struct format format_##id = {                                                                                                    \
        .name = word, .long_name = words, ONLY_MEMBERS, .acts_on_members = acts, .probe = probe_##id, .read = read};
ARCHIVES(X)
#undef X

static bool probe_asar(const struct probe *probe) {
    return asar_at_head(probe->head);
}

static bool probe_wim(const struct probe *probe) {
    return archive_is_wim(probe->head);
}

static bool probe_nsis(const struct probe *probe) {
    return archive_is_nsis(probe->head);
}

static bool probe_iso(const struct probe *probe) {
    return archive_is_iso(probe->middle);
}

static bool probe_cpio(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("070701")) || bytes_starts(probe->head, bytes_text("070702")) ||
           bytes_starts(probe->head, bytes_text("070707")) || cpio_is_binary(probe->head);
}

static bool probe_vhd(const struct probe *probe) {
    return unread_kind_of(probe->head, probe->tail) == UNREAD_VHD;
}

static bool probe_vhdx(const struct probe *probe) {
    return unread_kind_of(probe->head, probe->tail) == UNREAD_VHDX;
}

static bool probe_installshield(const struct probe *probe) {
    return unread_kind_of(probe->head, probe->tail) == UNREAD_INSTALLSHIELD;
}

const struct format format_vhd = {.name = "vhd", .long_name = "virtual disk (VHD)", ONLY_MEMBERS, .probe = probe_vhd, .read = read};
const struct format format_vhdx = {.name = "vhdx", .long_name = "virtual disk (VHDX)", ONLY_MEMBERS, .probe = probe_vhdx, .read = read};
const struct format format_installshield = {.name = "installshield",
                                            .long_name = "cabinet of InstallShield",
                                            ONLY_MEMBERS,
                                            .acts_on_members = true,
                                            .probe = probe_installshield,
                                            .read = read};
const struct format format_asar = {.name = "asar",
                                   .long_name = "archive of an Electron program",
                                   ONLY_MEMBERS,
                                   .acts_on_members = true,
                                   .probe = probe_asar,
                                   .read = read};
const struct format format_nsis = {
    .name = "nsis", .long_name = "data of an NSIS setup", ONLY_MEMBERS, .acts_on_members = true, .probe = probe_nsis, .read = read};
const struct format format_wim = {.name = "wim", .long_name = "Windows image", ONLY_MEMBERS, .probe = probe_wim, .read = read};
const struct format format_cpio = {.name = "cpio", .long_name = "cpio archive", ONLY_MEMBERS, .probe = probe_cpio, .read = read};
const struct format format_iso = {.name = "iso", .long_name = "disc image", ONLY_MEMBERS, .probe = probe_iso, .read = read};
