/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certban's rows as CSV (RFC 4180): a header, every field quoted, LF at line ends. A field that a spreadsheet would take for a
 * formula gets an apostrophe in front. The certificate itself, where a rule holds it, is not written: its identities are.
 */
#include "list/export_row.h"

static void add_field(struct text *out, const char *field) {
    const char *first = field + strspn(field, "'"); /* one apostrophe is taken off again, so that those of the field's own need one more */
    text_add_char(out, '"');
    if (first[0] != '\0' && strchr("=+-@\t\r", first[0]) != NULL) {
        text_add_char(out, '\'');
    }
    for (; *field != '\0'; field++) {
        if (*field == '"') {
            text_add_char(out, '"');
        }
        text_add_char(out, *field == '\n' || *field == '\r' ? ' ' : *field);
    }
    text_add_char(out, '"');
}

static void write_row(struct text *out, const char *const *fields) {
    for (size_t i = 0; i < EXPORT_COLUMN_COUNT; i++) {
        text_add(out, i == 0 ? "" : ",");
        add_field(out, fields[i]);
    }
    text_add_char(out, '\n');
}

static void write(struct export *e) {
    struct export_thing thing;
    const char *fields[EXPORT_COLUMN_COUNT];
    e->means = export_row_means;
    e->means.allows = false; /* most readers of such a list know bans only: an excuse would become one */
    write_row(e->out, export_columns);
    while (export_rule(e)) {
        while (export_thing(e, &thing)) {
            for (size_t i = 0; i < thing.n; i++) {
                export_row(e, &thing.keys[i], fields);
                write_row(e->out, fields);
            }
            export_said(e);
        }
    }
}

const struct exporter exporter_csv = {"csv", "certban's own rows, CSV", write};
