/* SPDX-License-Identifier: Apache-2.0 */
/* What a Windows Installer package says of itself in its tables: name, version and maker in Property; in Media the cabinets that are
 * beside it, not in it. */
#include "format/msi.h"
#include "format/msi_tables.h"

static const char *property(const struct msi_strings *s, struct bytes table, const char *name, struct arena *arena) {
    uint32_t number = msi_string_number(s, name);
    size_t rows = table.n / (2 * s->width);
    for (size_t i = 0; number != 0 && i < rows; i++) {
        if (msi_cell(table, i * s->width, s->width) == number) {
            return msi_string_text(s, msi_cell(table, (rows + i) * s->width, s->width), arena);
        }
    }
    return NULL;
}

bool msi_version(struct source *source, struct arena *arena, struct version_info *version, struct error *err) {
    struct cfb cfb;
    struct msi_strings s;
    struct bytes table;
    if (!cfb_open(&cfb, source, arena, err) || !msi_strings_read(&cfb, &s, err) || !msi_table_read(&cfb, "!Property", &table, err)) {
        return false;
    }
    version->product = property(&s, table, "ProductName", arena);
    version->file_version = property(&s, table, "ProductVersion", arena);
    version->company = property(&s, table, "Manufacturer", arena);
    return true;
}

/* ---- cabinets beside the package ---- */

enum { COLUMNS_MAX = 32, STRING = 0x0800, SIZE = 0xff, BIAS = 0x8000 };

/* Where the columns of a table are is in the table _Columns: its columns are the table's name, u16 number of the column from 1 on, its
 * name, u16 type (both with BIAS added; the low octet is the size of an integer). *before is the width of the columns before the one of
 * that name, *all that of all; false when there is none. */
static bool find_column(const struct msi_strings *s, struct bytes columns, const char *table, const char *name, size_t *before,
                        size_t *all) {
    size_t w = s->width, rows = columns.n / (2 * w + 4), widths[COLUMNS_MAX] = {0}, at = 0;
    uint32_t table_number = msi_string_number(s, table), name_number = msi_string_number(s, name);
    for (size_t i = 0; table_number != 0 && name_number != 0 && i < rows; i++) {
        uint32_t number = (msi_cell(columns, rows * w + i * 2, 2) - BIAS) & 0xffff;
        if (msi_cell(columns, i * w, w) != table_number || number == 0 || number > COLUMNS_MAX) {
            continue;
        }
        uint32_t type = (msi_cell(columns, rows * (2 * w + 2) + i * 2, 2) - BIAS) & 0xffff;
        widths[number - 1] = (type & STRING) != 0 ? w : (type & SIZE) == 4 ? 4 : 2;
        at = msi_cell(columns, rows * (w + 2) + i * w, w) == name_number ? number : at;
    }
    *before = *all = 0;
    for (size_t i = 0; i < COLUMNS_MAX; i++) {
        *before += i + 1 < at ? widths[i] : 0;
        *all += widths[i];
    }
    return at != 0;
}

bool msi_outside(struct cfb *cfb, struct contents *contents, struct error *err) {
    struct msi_strings s;
    struct bytes media, columns;
    size_t before, all;
    if (!msi_table_read(cfb, "!Media", &media, err) || media.n == 0) {
        return media.n == 0;
    }
    if (!msi_table_read(cfb, "!_Columns", &columns, err) || !msi_strings_read(cfb, &s, err)) {
        return false;
    }
    if (!find_column(&s, columns, "Media", "Cabinet", &before, &all)) {
        return true;
    }
    size_t rows = media.n / all;
    for (size_t i = 0; i < rows; i++) {
        const char *name = msi_string_text(&s, msi_cell(media, rows * before + i * s.width, s.width), cfb->arena);
        if (name != NULL && name[0] != '\0' && name[0] != '#') { /* "#NAME" is a stream of the package */
            anomaly_note(&contents->anomalies, cfb->arena, ANOMALY_OUTSIDE_MEMBER, 0, 0, name);
        }
    }
    return true;
}
