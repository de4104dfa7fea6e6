/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comma-separated values (RFC 4180), as lenient as published lists need it: a byte order mark, LF or CRLF, blanks before an opening
 * quote. A record that is wrong is handed out as such and the next line read: a lost quote costs one record, not the rest of the file.
 */
#ifndef CERTBAN_LIST_CSV_H
#define CERTBAN_LIST_CSV_H

#include "base/arena.h"
#include "base/bytes.h"

enum { CSV_FIELDS_MAX = 128, CSV_FIELD_SIZE_MAX = 64 << 10 };

struct csv {
    struct bytes left;
    size_t line; /* of left's beginning, from 1 */
    uint8_t separator;
    struct arena arena; /* fields that hold quotes, until the next record */
};

/* One record. Fields lie in the content or in the reader's arena: good until the next record is read. */
struct csv_record {
    size_t line; /* where it begins */
    struct bytes fields[CSV_FIELDS_MAX];
    size_t n;
    const char *bad; /* why it is no record; NULL when it is one. n is then 0 */
};

/* csv_make reads content, which must outlive it; csv_free gives back what it needed. */
struct csv csv_make(struct bytes content, char separator);
void csv_free(struct csv *csv);

/* csv_next reads the next record; empty lines are none. False at the end. */
bool csv_next(struct csv *csv, struct csv_record *record);

#endif
