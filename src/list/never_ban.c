/* SPDX-License-Identifier: Apache-2.0 */
/* Reads policies/never-ban.csv: one certificate a line (sha256,sha1,spki-sha256,tbs,name,what; hashes in hex, the TBS hash with the
 * certificate's own algorithm), a header line, # comments. */
#include "list/never_ban.h"

#include <stdlib.h>

#include "base/embedded.h"
#include "base/hex.h"
#include "list/fold.h"

/* One row: 1 octet kind, 1 octet length, the value. Sorted by memcmp. */
enum { COLUMNS = 4, ROW_VALUE = 64, ROW_SIZE = 2 + ROW_VALUE };
struct never_row {
    uint8_t b[ROW_SIZE];
};

struct never_ban {
    size_t n;
    struct never_row rows[];
};

static int row_order(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct never_row));
}

static struct never_row row_make(enum key_kind kind, struct bytes value) {
    struct never_row row = {{(uint8_t)kind, (uint8_t)value.n}};
    memcpy(row.b + 2, value.p, value.n <= ROW_VALUE ? value.n : 0);
    return row;
}

/* The part of *line up to the next comma, which is taken too. */
static struct bytes take_field(struct bytes *line) {
    size_t n = bytes_find(*line, bytes_text(","), 0);
    struct bytes field = bytes_cut(*line, 0, n);
    *line = bytes_cut(*line, n + 1, SIZE_MAX);
    return field;
}

/* Takes the hashes of one line; what is no hex there (comments, the header, empty fields) is none. */
static size_t line_parse(struct bytes line, struct never_row *rows) {
    static const enum key_kind columns[COLUMNS] = {KEY_CERT_SHA256, KEY_CERT_SHA1, KEY_SPKI, KEY_TBS};
    size_t n_rows = 0;
    for (size_t i = 0; i < COLUMNS; i++) {
        struct bytes hex = take_field(&line);
        uint8_t value[ROW_VALUE];
        size_t n;
        if (hex_decode(hex, value, sizeof value, &n) && n != 0) {
            rows[n_rows++] = row_make(columns[i], bytes_make(value, n));
        }
    }
    return n_rows;
}

struct never_ban *never_ban_new(void) {
    struct bytes left = embedded_never_ban[0].content, end = bytes_text("\n");
    size_t room = 0;
    for (size_t at = 0; at < left.n; at = bytes_find(left, end, at) + 1) {
        room += COLUMNS;
    }
    struct never_ban *never = malloc(sizeof *never + room * sizeof *never->rows);
    if (never == NULL) {
        return NULL;
    }
    never->n = 0;
    while (left.n != 0) {
        size_t n = bytes_find(left, end, 0);
        never->n += line_parse(bytes_cut(left, 0, n), &never->rows[never->n]);
        left = bytes_cut(left, n + 1, SIZE_MAX);
    }
    qsort(never->rows, never->n, sizeof *never->rows, row_order);
    return never;
}

void never_ban_free(struct never_ban *never) {
    free(never);
}

bool never_ban_has(const struct never_ban *never, enum key_kind kind, struct bytes value) {
    if (value.n > ROW_VALUE) {
        return false;
    }
    struct never_row row = row_make(kind, value);
    return bsearch(&row, never->rows, never->n, sizeof row, row_order) != NULL;
}

bool never_ban_subject(struct bytes common_name, struct bytes organization) {
    /* The organizations; and the common names that stand on the leaves of the platforms themselves. */
    static const char *const organizations[] = {"Microsoft", "Microsoft Corporation", "Apple", "Apple Inc.", "Apple Computer, Inc."};
    static const char *const names[] = {"Microsoft Windows", "Microsoft Windows Publisher",
                                        "Microsoft Windows Hardware Compatibility Publisher", "Software Signing",
                                        "Apple Mac OS Application Signing"};
    size_t n_organizations = sizeof organizations / sizeof *organizations;
    for (size_t i = 0; i < n_organizations + sizeof names / sizeof *names; i++) {
        struct bytes name = bytes_text(i < n_organizations ? organizations[i] : names[i - n_organizations]);
        if (fold_equal(common_name, name) || (common_name.n == 0 && fold_equal(organization, name))) {
            return true;
        }
    }
    return false;
}
