/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks: how certban knows its own rules again in the lists that it writes for other programs. Such a list has no place for much of what a
 * rule says, but it has one for words: a comment, a description, a name. There stands
 *   [certban:POLICY/RULE?at=PLACES&NAME=VALUE&…]
 * with the names of import_own_columns (list/import_fields.h) and values as in the query of a URL. PLACES says of each thing that stands
 * there, in their order and with commas between, its role, a dot and its number within the rule, and perhaps, behind another dot,
 * "name:" and its issuer's whole name, "cn:" and its issuer's common name, or "size:" and the size of a file.
 *
 * A mark never names what is banned: that stands where the program reads it for which the list is. It is taken from anybody, since the list
 * could as well say in its own words what it says.
 */
#ifndef CERTBAN_LIST_IMPORT_MARK_H
#define CERTBAN_LIST_IMPORT_MARK_H

#include "list/import.h"

struct import_mark {
    struct bytes before, after; /* the words around it, without idle white space */
    struct bytes policy, rule;  /* empty: there is no mark */
    struct bytes fields;        /* NAME=VALUE&… */
    struct bytes places;        /* those that were not taken yet */
};

/* import_mark_find finds the last mark in a text, which must outlive it; without one *out holds the text as before. */
bool import_mark_find(struct bytes text, struct import_mark *out);

/* import_mark_is says whether there is one. */
bool import_mark_is(const struct import_mark *mark);

/* import_mark_take gives what the mark says of its rule to the row: id, group, what the rule is worth, when it expires, its platform,
 * reason and reference. The reason is the words before the mark where it has none itself. Returns why the row must be refused, or NULL. */
CERTBAN_MUST_USE const char *import_mark_take(const struct import_mark *mark, struct import_row *row);

/* import_mark_place gives the next place to the row: role, thing, issuer, size of the file. Behind the last one nothing changes. */
void import_mark_place(struct import_mark *mark, struct import_row *row);

/* import_mark_issued says whether the next place has an issuer, whole or by its common name. */
bool import_mark_issued(const struct import_mark *mark);

/* import_mark_field is a field's value in the import's memory, empty when the mark has none of that name. */
struct bytes import_mark_field(const struct import_mark *mark, struct import *import, const char *name);

#endif
