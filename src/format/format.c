/* SPDX-License-Identifier: Apache-2.0 */
#include "format/format.h"

extern const struct format format_appx, format_clickonce, format_codesign, format_opc, format_nupkg, format_cab, format_cat, format_dmg,
    format_macho, format_msi, format_p7, format_p7x, format_pe, format_pkg, format_script, format_te, format_vba, format_xap, format_zip;
extern const struct format format_ar, format_asar, format_bz2, format_cpio, format_deb, format_gz, format_iso, format_lz, format_lz4,
    format_lzma, format_lha, format_p7z, format_rar, format_rpm, format_tar, format_xz, format_z, format_zst; /* archive.c, and so: */
extern const struct format format_arj, format_chm, format_cramfs, format_nsis, format_squashfs, format_szdd, format_wim;
extern const struct format format_ace, format_erofs, format_flatpak, format_inno, format_installshield, format_kwaj, format_lrzip,
    format_lzop, format_qcow, format_sparseimage, format_stuffit, format_vdi, format_vhd, format_vhdx, format_vmdk, format_wimpipe,
    format_zpaq;

/* One row a format, one file a row. */
/* clang-format off */
const struct format *const formats[] = {
    &format_pe,
    &format_te,
    &format_macho,
    &format_codesign,
    &format_msi,
    &format_cab,
    &format_cat,
    &format_p7x,
    &format_vba,
    &format_p7,
    &format_script,
    &format_appx,
    &format_nupkg,
    &format_opc,
    &format_xap,
    &format_zip,
    &format_pkg,
    &format_dmg,
    &format_tar,
    &format_p7z,
    &format_rar,
    &format_deb,
    &format_ar,
    &format_rpm,
    &format_lha,
    &format_gz,
    &format_bz2,
    &format_xz,
    &format_lzma,
    &format_lz,
    &format_zst,
    &format_lz4,
    &format_z,
    &format_iso,
    &format_cpio,
    &format_asar,
    &format_nsis,
    &format_wim,
    &format_arj,
    &format_chm,
    &format_squashfs,
    &format_szdd,
    &format_cramfs,
    &format_vhd,
    &format_vhdx,
    &format_vmdk,
    &format_qcow,
    &format_vdi,
    &format_installshield,
    &format_inno,
    &format_lzop,
    &format_lrzip,
    &format_zpaq,
    &format_ace,
    &format_stuffit,
    &format_flatpak,
    &format_kwaj,
    &format_erofs,
    &format_sparseimage,
    &format_wimpipe,
    &format_clickonce,
    NULL,
};
/* clang-format on */

const struct format *format_by_name(const char *name) {
    for (size_t i = 0; formats[i] != NULL; i++) {
        if (strcmp(formats[i]->name, name) == 0) {
            return formats[i];
        }
    }
    return NULL;
}
