/* SPDX-License-Identifier: Apache-2.0 */
/* What a Windows Installer package says of itself in its tables: name, version and maker in Property; in Media the cabinets that are
 * beside it, not in it. */
#include "format/msi.h"
#include "layout/msi_tables.h"

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

bool msi_outside(struct cfb *cfb, struct contents *contents, struct error *err) {
    struct msi_outside outside;
    if (!msi_outside_read(cfb, &outside, err)) {
        return false;
    }
    for (size_t i = 0; i < outside.n; i++) {
        anomaly_note(&contents->anomalies, cfb->arena, ANOMALY_OUTSIDE_MEMBER, 0, 0, outside.names[i]);
    }
    return true;
}
