/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in CSV: what its columns are is a table, the rest is the same for all. */
#ifndef CERTBAN_LIST_IMPORT_CSV_H
#define CERTBAN_LIST_IMPORT_CSV_H

#include "list/import_fields.h"

struct csv_format {
    const struct import_column *columns;
    size_t n_columns;
    bool in_order; /* without a header the columns are these, in this order */
};

/* import_csv_probe says whether one of the first records is a header that has the n columns of these names. */
bool import_csv_probe(struct bytes content, const char *const *names, size_t n);

/* import_csv_names says whether one of the first records is a header with a column of the format by which a thing can be named. */
bool import_csv_names(struct bytes content, const struct csv_format *format);

/* import_csv reads a list. Lines that begin with # are comments, unless they are the header. ERR_MALFORMED without a header that names a
 * key. */
CERTBAN_MUST_USE bool import_csv(struct bytes content, const struct csv_format *format, struct import *import, struct error *err);

#endif
