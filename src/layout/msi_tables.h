/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a Windows Installer database. The format of its streams is not published; as Wine's msi.dll (string.c, table.c) and
 * msitools read it:
 *   "!_StringPool"  u32 code page (bit 31: string numbers have 3 octets, not 2), then for each string, counted from 1, u16 length
 *                   and u16 references; a length of 0 with references: these are the high half of the next entry's length
 *   "!_StringData"  the strings end to end
 *   "!TABLE"        one column behind the other: string numbers, and integers of 2 or 4 octets, little-endian
 */
#ifndef CERTBAN_FORMAT_MSI_TABLES_H
#define CERTBAN_FORMAT_MSI_TABLES_H

#include "layout/cfb.h"

struct msi_strings {
    struct bytes pool, data;
    size_t width; /* of a string number */
};

/* msi_strings_read reads the strings; there are none where there is no database. False without memory, when the file can't
 * be read, or when they are more than LIMIT_MSI_TABLE (ERR_LIMIT). */
CERTBAN_MUST_USE bool msi_strings_read(struct cfb *cfb, struct msi_strings *out, struct error *err);

/* msi_table_read is the stream of a table ("!Property"); empty when there is none or it is broken. False as msi_strings_read. */
CERTBAN_MUST_USE bool msi_table_read(struct cfb *cfb, const char *name, struct bytes *out, struct error *err);

/* msi_string_number is the number of a string; 0 when there is none such. */
uint32_t msi_string_number(const struct msi_strings *s, const char *text);

/* msi_string_text is a string in UTF-8: what is no UTF-8 is taken for Latin-1, which the usual code pages share their letters with. NULL
 * when there is none of that number, or without memory. */
const char *msi_string_text(const struct msi_strings *s, uint32_t number, struct arena *arena);

/* msi_cell is the integer of width octets (2 to 4) at an offset of a table; 0 past its end. */
uint32_t msi_cell(struct bytes table, size_t at, size_t width);

/* What the table Media names that is not in the package: cabinets in the folder where it lies. */
struct msi_outside {
    const char **names; /* in the arena, each once; of unknown origin */
    size_t n;
};

/* msi_outside_read lists the cabinets that the package keeps beside itself; none where there is no database. False without memory, when the
 * file can't be read, or when there are more than LIMIT_OUTSIDE (ERR_LIMIT). */
CERTBAN_MUST_USE bool msi_outside_read(struct cfb *cfb, struct msi_outside *out, struct error *err);

#endif
