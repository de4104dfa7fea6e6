/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers that a helper takes apart whole: Windows images (the WIM header of Microsoft's "Windows Imaging File Format"), setups
 * made by NSIS (firstheader in its Source/exehead/fileform.h), archives of ARJ (its TECHNOTE.TXT), file systems of SquashFS (squashfs_fs.h
 * of Linux) and cramfs (cramfs_fs.h of Linux), compiled help (ITSF, as chmspec describes it), files packed by Microsoft's compress (SZDD).
 *
 * Archives of which only some need a helper ask for it themselves: source/archive.c, source/dmg.c; setups made by Inno Setup
 * are told apart in source/inno.c.
 */
#include "source/helper.h"

#include <zlib.h>

#include "base/reader.h"
#include "source/archive.h"

static const struct {
    const char *words, *program;
} formats[HELPER_FORMATS] = {
    [HELPER_NSIS] = {"NSIS setup", "7z"},         [HELPER_INNO] = {"Inno Setup files", "innoextract"},
    [HELPER_WIM] = {"Windows image", "7z"},       [HELPER_APFS] = {"APFS volumes", "7z"},
    [HELPER_HFS] = {"HFS volume", "7z"},          [HELPER_FAT] = {"FAT volume", "7z"},
    [HELPER_NTFS] = {"NTFS volume", "7z"},        [HELPER_UDF] = {"UDF file system", "7z"},
    [HELPER_RAR] = {"rest of the archive", "7z"}, [HELPER_RAR5] = {"rest of the archive", "7z"},
    [HELPER_7Z] = {"rest of the archive", "7z"},  [HELPER_ZIP] = {"rest of the archive", "7z"},
    [HELPER_CAB] = {"rest of the cabinet", "7z"}, [HELPER_ARJ] = {"ARJ archive", "7z"},
    [HELPER_CHM] = {"compiled help", "7z"},       [HELPER_CRAMFS] = {"cramfs", "7z"},
    [HELPER_EXT] = {"ext volume", "7z"},          [HELPER_SQUASHFS] = {"SquashFS", "7z"},
    [HELPER_SZDD] = {"packed file", "7z"},
};

const char *helper_name(enum helper_format format) {
    return formats[format].program;
}

bool helper_walk(enum helper_format format, struct source *source, struct budget *budget, struct visitor *visitor, struct error *err) {
    struct error why = {0};
    bool ran = false;
    if (budget->helper == NULL) {
        error_set(&why, ERR_UNSUPPORTED, "needs %s, which is not there", helper_name(format));
    } else if (budget->helper->take_apart(budget->helper, format, source, budget, visitor, &ran, &why)) {
        return true;
    }
    if (ran) {
        *err = why;
        return false;
    }
    const struct member member = {.path = formats[format].words, .problem = &why};
    return visitor->visit(visitor, &member, err);
}

bool archive_is_nsis(struct bytes head) {
    return bytes_starts(bytes_cut(head, 4, 16), bytes_make("\xef\xbe\xad\xdeNullsoftInst", 16)) && head.p[0] < 16 &&
           bytes_zero(bytes_cut(head, 1, 3));
}

/* 2 u16 size of the main header, then so many octets, of them 6 u8 type 2, and their CRC. */
static bool is_arj(struct bytes head) {
    enum { LEAST = 30, MOST = 2600, TYPE_AT = 6, MAIN = 2 };
    struct reader r = reader_make(head, 0);
    reader_skip(&r, 2);
    size_t n = reader_u16le(&r);
    struct bytes covered = reader_bytes(&r, n);
    uint32_t sum = reader_u32le(&r);
    return reader_ok(&r) && n >= LEAST && n <= MOST && covered.p[TYPE_AT] == MAIN && crc32(0, covered.p, (uInt)n) == sum;
}

/* 4 u32 version. */
static bool is_chm(struct bytes head) {
    enum { VERSION_AT = 4, VERSION_MAX_CHM = 4 };
    struct reader r = reader_make(head, 0);
    reader_skip(&r, VERSION_AT);
    uint32_t version = reader_u32le(&r);
    return reader_ok(&r) && version != 0 && version <= VERSION_MAX_CHM;
}

/* 12 u32 size of a block and 22 u16 its logarithm, 20 u16 packing, 28 u16 version 4 and u16 0. */
static bool is_squashfs(struct bytes head) {
    enum { PACKINGS = 6, LOG_MAX = 20 };
    struct reader r = reader_make(head, 0);
    reader_skip(&r, 12);
    uint32_t block = reader_u32le(&r);
    reader_skip(&r, 4);
    uint16_t packing = reader_u16le(&r), log = reader_u16le(&r);
    reader_skip(&r, 4);
    uint16_t major = reader_u16le(&r), minor = reader_u16le(&r);
    return reader_ok(&r) && packing != 0 && packing <= PACKINGS && log <= LOG_MAX && block == UINT32_C(1) << log && major == 4 &&
           minor == 0;
}

/* 16 "Compressed ROMFS". */
static bool is_cramfs(struct bytes head) {
    enum { SIGNATURE_AT = 16 };
    return bytes_starts(bytes_cut(head, SIGNATURE_AT, head.n), bytes_text("Compressed ROMFS"));
}

static const struct {
    size_t n;
    const char *magic;
    bool (*is)(struct bytes head); /* what else must hold; NULL: nothing */
    enum helper_format format;
} wholes[] = {
    {8, "MSWIM\0\0\0", NULL, HELPER_WIM},
    {0, "", archive_is_nsis, HELPER_NSIS},
    {2, "\x60\xea", is_arj, HELPER_ARJ},
    {4, "ITSF", is_chm, HELPER_CHM},
    {4, "hsqs", is_squashfs, HELPER_SQUASHFS},
    {8, "SZDD\x88\xf0\x27\x33", NULL, HELPER_SZDD},
    {4, "\x45\x3d\xcd\x28", is_cramfs, HELPER_CRAMFS},
};

enum helper_format helped_format_of(struct bytes head) {
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        if (bytes_starts(head, bytes_make(wholes[i].magic, wholes[i].n)) && (wholes[i].is == NULL || wholes[i].is(head))) {
            return wholes[i].format;
        }
    }
    return HELPER_FORMATS;
}

bool helped_begins(struct bytes head) {
    return helped_format_of(head) != HELPER_FORMATS;
}

enum helper_format helped_probe(const struct probe *probe) {
    enum helper_format format = helped_format_of(probe->head);
    return probe->quick && format == HELPER_CHM ? HELPER_FORMATS : format;
}

/* ---- the container ---- */

static bool probe_image(const struct probe *probe) {
    return helped_probe(probe) != HELPER_FORMATS;
}

static bool walk_image(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor,
                       struct anomalies *anomalies, struct error *err) {
    struct bytes head;
    (void)anomalies;
    if (!source_read_some(source, arena, 0, PROBE_HEAD, &head, err)) {
        return false;
    }
    enum helper_format format = helped_format_of(head);
    return format == HELPER_FORMATS || helper_walk(format, source, budget, visitor, err);
}

const struct container container_helped = {.name = "helped", .probe = probe_image, .walk = walk_image};
