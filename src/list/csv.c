/* SPDX-License-Identifier: Apache-2.0 */
#include "list/csv.h"

static const size_t csv_memory_max = (size_t)CSV_FIELDS_MAX * (CSV_FIELD_SIZE_MAX + 64);

struct csv csv_make(struct bytes content, char separator) {
    struct bytes mark = bytes_text("\xef\xbb\xbf");
    content = bytes_starts(content, mark) ? bytes_cut(content, mark.n, content.n) : content;
    return (struct csv){content, 1, (uint8_t)separator, arena_make(csv_memory_max)};
}

void csv_free(struct csv *csv) {
    arena_free(&csv->arena);
}

static uint8_t next_byte(const struct csv *csv) {
    return csv->left.n != 0 ? csv->left.p[0] : '\0';
}

static void skip(struct csv *csv, size_t n) {
    csv->left = bytes_cut(csv->left, n, csv->left.n);
}

static size_t line_end_size(struct bytes b) {
    if (b.n != 0 && b.p[0] == '\n') {
        return 1;
    }
    return b.n > 1 && b.p[0] == '\r' && b.p[1] == '\n' ? 2 : 0;
}

/* Takes a line end; false when there is none here. */
static bool take_line_end(struct csv *csv) {
    size_t n = line_end_size(csv->left);
    skip(csv, n);
    csv->line += n != 0;
    return n != 0;
}

static size_t blanks(struct bytes b, uint8_t separator) {
    size_t n = 0;
    while (n < b.n && (b.p[n] == ' ' || b.p[n] == '\t') && b.p[n] != separator) {
        n++;
    }
    return n;
}

/* What stands between quotes, from behind the opening one to behind the closing one. Returns why not, or NULL. */
static const char *take_quoted(struct csv *csv, struct bytes *field) {
    struct bytes all = bytes_cut(csv->left, 0, CSV_FIELD_SIZE_MAX);
    size_t end = 0, pairs = 0, lines = 0;
    for (; end < all.n && (all.p[end] != '"' || (end + 1 < all.n && all.p[end + 1] == '"')); end++) {
        lines += all.p[end] == '\n';
        if (all.p[end] == '"') {
            end++;
            pairs++;
        }
    }
    if (end >= all.n) {
        return "it has a quote that does not end";
    }
    *field = bytes_cut(all, 0, end);
    if (pairs != 0) {
        uint8_t *plain = arena_alloc(&csv->arena, end);
        size_t n = 0;
        if (plain == NULL) {
            return "it needs too much memory";
        }
        for (size_t i = 0; i < end; i++) {
            plain[n++] = all.p[i];
            i += all.p[i] == '"';
        }
        *field = bytes_make(plain, n);
    }
    skip(csv, end + 1);
    csv->line += lines;
    return NULL;
}

static void take_plain(struct csv *csv, struct bytes *field) {
    size_t n = 0;
    while (n < csv->left.n && csv->left.p[n] != csv->separator && line_end_size(bytes_cut(csv->left, n, 2)) == 0) {
        n++;
    }
    *field = bytes_cut(csv->left, 0, n);
    skip(csv, n);
}

/* The fields of one record and its line end. Returns why not, or NULL. */
static const char *take_record(struct csv *csv, struct csv_record *record) {
    for (bool more = true; more;) {
        if (record->n == CSV_FIELDS_MAX) {
            return "it has too many fields";
        }
        struct bytes *field = &record->fields[record->n++];
        size_t before = blanks(csv->left, csv->separator);
        if (before < csv->left.n && csv->left.p[before] == '"') {
            skip(csv, before + 1);
            const char *bad = take_quoted(csv, field);
            if (bad != NULL) {
                return bad;
            }
            skip(csv, blanks(csv->left, csv->separator));
            if (csv->left.n != 0 && next_byte(csv) != csv->separator && line_end_size(csv->left) == 0) {
                return "it has text behind a closing quote";
            }
        } else {
            take_plain(csv, field);
        }
        more = csv->left.n != 0 && next_byte(csv) == csv->separator;
        skip(csv, more);
    }
    take_line_end(csv);
    return NULL;
}

bool csv_next(struct csv *csv, struct csv_record *record) {
    while (take_line_end(csv)) {
    }
    if (csv->left.n == 0) {
        return false;
    }
    arena_reset(&csv->arena);
    record->line = csv->line;
    record->n = 0;
    struct bytes begin = csv->left;
    record->bad = take_record(csv, record);
    if (record->bad != NULL) {
        size_t end = bytes_find(begin, bytes_text("\n"), 0);
        csv->left = bytes_cut(begin, end + 1, begin.n);
        csv->line = record->line + 1;
        record->n = 0;
    }
    return true;
}
