/* SPDX-License-Identifier: Apache-2.0 */
#include "list/import_csv.h"

#include "list/csv.h"

/* How far into a list its header is looked for, and how many comments may stand before it. */
enum { HEAD_SIZE = 64 << 10, HEAD_RECORDS = 64 };

/* One column of the list at hand that means something. */
struct planned {
    const struct import_column *column;
    size_t at; /* the place of its field */
};
struct plan {
    struct planned all[CSV_FIELDS_MAX];
    size_t n;
    size_t n_fields; /* how many every record has */
    bool has_key;
};

static bool names_thing(enum import_field field) {
    return field >= FIELD_SHA256 && field <= FIELD_VALUE && field != FIELD_KEY;
}

/* Finds out which columns a header has, in the order of their meaning, then of the table. */
static void make_plan(const struct csv_record *header, const struct csv_format *format, struct plan *plan) {
    *plan = (struct plan){.n_fields = header->n};
    for (int field = 0; field < FIELD_COUNT; field++) {
        for (size_t c = 0; c < format->n_columns; c++) {
            for (size_t i = 0; i < header->n && plan->n < CSV_FIELDS_MAX && format->columns[c].field == (enum import_field)field; i++) {
                if (import_column_is(header->fields[i], format->columns[c].name)) {
                    plan->all[plan->n++] = (struct planned){&format->columns[c], i};
                    plan->has_key = plan->has_key || names_thing((enum import_field)field);
                }
            }
        }
    }
}

/* The columns in the order in which the format has them. */
static void plan_in_order(const struct csv_format *format, struct plan *plan) {
    struct csv_record header = {.n = format->n_columns};
    for (size_t i = 0; i < format->n_columns; i++) {
        header.fields[i] = bytes_text(format->columns[i].name);
    }
    make_plan(&header, format, plan);
}

static bool is_comment(const struct csv_record *record) {
    return record->n != 0 && record->fields[0].n != 0 && record->fields[0].p[0] == '#';
}

bool import_csv_probe(struct bytes content, const char *const *names, size_t n) {
    struct csv csv = csv_make(bytes_cut(content, 0, HEAD_SIZE), ',');
    struct csv_record record;
    bool found = false;
    for (size_t i = 0; i < HEAD_RECORDS && !found && csv_next(&csv, &record); i++) {
        size_t have = 0;
        for (size_t k = 0; k < n; k++) {
            size_t at = 0;
            while (at < record.n && !import_column_is(record.fields[at], names[k])) {
                at++;
            }
            have += at < record.n;
        }
        found = have == n;
        if (!is_comment(&record)) {
            break;
        }
    }
    csv_free(&csv);
    return found;
}

bool import_csv_names(struct bytes content, const struct csv_format *format) {
    struct csv csv = csv_make(bytes_cut(content, 0, HEAD_SIZE), ',');
    struct csv_record record;
    struct plan plan = {0};
    for (size_t i = 0; i < HEAD_RECORDS && !plan.has_key && csv_next(&csv, &record); i++) {
        make_plan(&record, format, &plan);
        if (!is_comment(&record)) {
            break;
        }
    }
    csv_free(&csv);
    return plan.has_key;
}

/* Without the apostrophe that keeps a spreadsheet from taking a field for a formula. */
static struct bytes plain_field(struct bytes field) {
    size_t n = 0;
    while (n < field.n && field.p[n] == '\'') {
        n++;
    }
    bool guarded = n != 0 && n < field.n && field.p[n] != '\0' && strchr("=+-@\t\r", field.p[n]) != NULL;
    return bytes_cut(field, guarded, field.n);
}

/* In the order of the format's table. */
static void tell_all(struct import_entry *entry, const struct csv_record *record, const struct plan *plan,
                     const struct csv_format *format) {
    for (size_t c = 0; c < format->n_columns; c++) {
        for (size_t i = 0; i < plan->n && format->columns[c].before != NULL; i++) {
            if (plan->all[i].column == &format->columns[c]) {
                import_entry_tell(entry, format->columns[c].before, plain_field(record->fields[plan->all[i].at]));
            }
        }
    }
}

static void read_record(const struct csv_record *record, const struct plan *plan, const struct csv_format *format, struct import *import) {
    struct import_entry entry;
    import_entry_begin(&entry, import, record->line);
    if (record->bad != NULL) {
        import_row_refuse(&entry.row, "%s", record->bad);
        return;
    }
    if (record->n != plan->n_fields) {
        import_row_refuse(&entry.row, "it has %zu fields where the header has %zu", record->n, plan->n_fields);
        return;
    }
    for (size_t i = 0; i < plan->n; i++) {
        import_entry_put(&entry, plan->all[i].column->field, plain_field(record->fields[plan->all[i].at]));
    }
    tell_all(&entry, record, plan, format);
    import_entry_end(&entry);
}

bool import_csv(struct bytes content, const struct csv_format *format, struct import *import, struct error *err) {
    struct csv csv = csv_make(content, ',');
    struct csv_record record;
    struct plan plan = {0};
    bool ok = true;
    while (ok && !import_failed(import) && csv_next(&csv, &record)) {
        if (plan.has_key) {
            if (!is_comment(&record)) {
                read_record(&record, &plan, format, import);
            }
            continue;
        }
        make_plan(&record, format, &plan);
        if (is_comment(&record)) {
            plan.has_key = plan.has_key && plan.n > 1; /* a comment of one word is no header */
        } else if (!plan.has_key && format->in_order) {
            plan_in_order(format, &plan);
            read_record(&record, &plan, format, import);
        } else if (!plan.has_key) {
            ok = error_set(err, ERR_MALFORMED, "line %zu: no header with a column that names a certificate or a file", record.line);
        }
    }
    csv_free(&csv);
    return ok;
}
