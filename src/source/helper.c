/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers that a helper takes apart whole: Windows images (the WIM header of Microsoft's "Windows Imaging File Format"), setups
 * made by NSIS (firstheader in its Source/exehead/fileform.h) and by Inno Setup (TSetupLdrOffsetTable in its Struct.pas).
 *
 * Archives of which only some need a helper ask for it themselves: source/archive.c, source/dmg.c.
 */
#include "source/helper.h"

#include "layout/pe.h"
#include "source/archive.h"

static const struct {
    const char *words, *program;
} formats[HELPER_FORMATS] = {
    [HELPER_NSIS] = {"NSIS setup", "7z"},         [HELPER_INNO] = {"Inno Setup files", "innoextract"},
    [HELPER_WIM] = {"Windows image", "7z"},       [HELPER_APFS] = {"APFS volumes", "7z"},
    [HELPER_HFS] = {"HFS volume", "7z"},          [HELPER_FAT] = {"FAT volume", "7z"},
    [HELPER_NTFS] = {"NTFS volume", "7z"},        [HELPER_UDF] = {"UDF file system", "7z"},
    [HELPER_RAR] = {"rest of the archive", "7z"}, [HELPER_RAR5] = {"rest of the archive", "7z"},
    [HELPER_7Z] = {"rest of the archive", "7z"},
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

bool archive_is_wim(struct bytes head) {
    return bytes_starts(head, bytes_make("MSWIM\0\0\0", 8));
}

bool archive_is_nsis(struct bytes head) {
    return bytes_starts(bytes_cut(head, 4, 16), bytes_make("\xef\xbe\xad\xdeNullsoftInst", 16)) && head.p[0] < 16 &&
           bytes_zero(bytes_cut(head, 1, 3));
}

/* ---- Inno Setup ---- */

/* Since 5.1.5 the loader's table is the resource RCDATA 11111; before, "Inno" at 0x30 leads to it. */
static bool is_inno(struct source *source, struct arena *arena, bool *is, struct error *err) {
    enum { OLD_AT = 0x30, OLD_SIZE = 12, LOADER_TABLE = 11111 };
    struct bytes b, id = bytes_text("rDlPtS");
    struct pe pe;
    struct pe_resources walk;
    struct pe_resource resource;
    struct error why = {0};
    bool end = false;
    *is = false;
    if (!source_read_some(source, arena, OLD_AT, OLD_SIZE, &b, err)) {
        return false;
    }
    if (bytes_starts(b, bytes_text("Inno"))) {
        *is = true;
        return true;
    }
    if (!pe_headers(source, arena, &pe, &why)) {
        return why.kind == ERR_MALFORMED || error_set(err, why.kind, "%s", why.text);
    }
    pe_resources_begin(&walk, source, &pe, PE_RT_RCDATA);
    while (!end && !*is) {
        if (!pe_resources_next(&walk, &resource, &end, err)) {
            return false;
        }
        if (!end && resource.name == LOADER_TABLE) {
            if (!source_read_some(source, arena, resource.at, resource.n < id.n ? resource.n : id.n, &b, err)) {
                return false;
            }
            *is = bytes_equal(b, id);
        }
    }
    return true;
}

/* ---- the containers ---- */

static bool probe_image(const struct probe *probe) {
    return archive_is_wim(probe->head) || archive_is_nsis(probe->head);
}

static bool walk_image(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor,
                       struct anomalies *anomalies, struct error *err) {
    struct bytes head;
    (void)anomalies;
    if (!source_read_some(source, arena, 0, 32, &head, err)) {
        return false;
    }
    return helper_walk(archive_is_wim(head) ? HELPER_WIM : HELPER_NSIS, source, budget, visitor, err);
}

static bool probe_inno(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_text("MZ"));
}

static bool walk_inno(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor,
                      struct anomalies *anomalies, struct error *err) {
    bool is;
    (void)anomalies;
    return is_inno(source, arena, &is, err) && (!is || helper_walk(HELPER_INNO, source, budget, visitor, err));
}

const struct container container_helped = {.name = "helped", .probe = probe_image, .walk = walk_image};
const struct container container_inno = {.name = "inno", .probe = probe_inno, .walk = walk_inno};
