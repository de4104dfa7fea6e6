/* SPDX-License-Identifier: Apache-2.0 */
/* certban's own flat form of a policy, as CSV and as JSON Lines have it: a row a key, with all that its rule says. */
#ifndef CERTBAN_LIST_EXPORT_ROW_H
#define CERTBAN_LIST_EXPORT_ROW_H

#include "list/export_inside.h"

/* X(enumerator, name): the columns in their order. Rows with one id and one thing are alternatives for one certificate or file. */
#define EXPORT_COLUMNS(X)                                                                                                                  \
    X(ID, "id")                                                                                                                            \
    X(POLICY, "policy")                                                                                                                    \
    X(KIND, "kind")                                                                                                                        \
    X(THING, "thing")                                                                                                                      \
    X(KEY, "key")                                                                                                                          \
    X(VALUE, "value")                                                                                                                      \
    X(ORGANIZATION, "organization")                                                                                                        \
    X(ISSUER, "issuer")                                                                                                                    \
    X(FILE_SIZE, "file_size")                                                                                                              \
    X(ROLE, "role")                                                                                                                        \
    X(ACTION, "action")                                                                                                                    \
    X(SEVERITY, "severity")                                                                                                                \
    X(CONFIDENCE, "confidence")                                                                                                            \
    X(WEAK, "weak")                                                                                                                        \
    X(EXPIRES, "expires")                                                                                                                  \
    X(AFTER, "signed_after")                                                                                                               \
    X(BEFORE, "signed_before")                                                                                                             \
    X(PLATFORM, "platform")                                                                                                                \
    X(PRODUCT, "product")                                                                                                                  \
    X(ORIGINAL_NAME, "original_name")                                                                                                      \
    X(INTERNAL_NAME, "internal_name")                                                                                                      \
    X(DESCRIPTION, "file_description")                                                                                                     \
    X(COMPANY, "company")                                                                                                                  \
    X(MIN, "version_min")                                                                                                                  \
    X(MAX, "version_max")                                                                                                                  \
    X(PATH, "path")                                                                                                                        \
    X(ISSUED_UNDER, "issued_under")                                                                                                        \
    X(EKU, "eku")                                                                                                                          \
    X(NO_EKU, "no_eku")                                                                                                                    \
    X(EXCEPT, "except")                                                                                                                    \
    X(REASON, "reason")                                                                                                                    \
    X(REFERENCE, "reference")                                                                                                              \
    X(CERTIFICATE, "certificate")

enum export_column {
#define X(id, name) EXPORT_##id,
    EXPORT_COLUMNS(X)
#undef X
        EXPORT_COLUMN_COUNT
};
extern const char *const export_columns[EXPORT_COLUMN_COUNT];

/* What such a document can tell: everything. */
extern const struct export_means export_row_means;

/* export_row fills in the fields of one key of the current rule ("" for what there is none of); they live as long as the rule. */
void export_row(struct export *e, const struct key *key, const char *fields[EXPORT_COLUMN_COUNT]);

#endif
