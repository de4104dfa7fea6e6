/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of lists that say by a name what each value is: columns of CSV, members of JSON objects. */
#ifndef CERTBAN_LIST_IMPORT_FIELDS_H
#define CERTBAN_LIST_IMPORT_FIELDS_H

#include "list/import.h"

/* What a field holds. In this order the values of an entry must be given, so that the issuer is there before the serial and a rule is
 * called by its strongest key. */
enum import_field {
    FIELD_POLICY, /* with the id it names a rule of certban: rows of one rule, one behind the other, become one again */
    FIELD_ID,
    FIELD_KIND,         /* ban or allow: only bans are taken */
    FIELD_THING,        /* a number: rows of one rule with the same one name one certificate or file */
    FIELD_ROLE,         /* where the certificate must stand */
    FIELD_ISSUER,       /* a whole name or a common name */
    FIELD_ORGANIZATION, /* of a subject, or of a subscriber's issuer */
    FIELD_FILE_SIZE,
    FIELD_SHA256, /* of the certificate, as the next ones */
    FIELD_TBS,    /* any hash of the TBSCertificate, told apart by length */
    FIELD_SHA1,
    FIELD_THUMBPRINT, /* told apart by length */
    FIELD_SPKI,
    FIELD_MD5,
    FIELD_FILE_SHA256,
    FIELD_FILE_SHA1,
    FIELD_FILE_MD5,
    FIELD_AUTHENTICODE,
    FIELD_CDHASH,
    FIELD_TEAM_ID,
    FIELD_SUBSCRIBER, /* the OID */
    FIELD_FIRST_PAGE,
    FIELD_PROGRAM, /* a name, as the next one */
    FIELD_NAMED,   /* by its version resource */
    FIELD_SERIAL,  /* one, or several with , ; or | between */
    FIELD_SUBJECT, /* common name: a key when nothing else names the certificate */
    FIELD_KEY,     /* says what the next one is: "sha1", "serial" … */
    FIELD_VALUE,
    FIELD_SIGNED_AFTER, /* conditions of the ban, from here */
    FIELD_SIGNED_BEFORE,
    FIELD_PLATFORM,
    FIELD_PRODUCT,
    FIELD_ORIGINAL_NAME,
    FIELD_INTERNAL_NAME,
    FIELD_DESCRIPTION,
    FIELD_COMPANY,
    FIELD_VERSION_MIN,
    FIELD_VERSION_MAX,
    FIELD_PATH,
    FIELD_ISSUED_UNDER,
    FIELD_EKU,
    FIELD_NO_EKU,
    FIELD_EXCEPT, /* as list/exception.h has it */
    FIELD_EXPIRES,
    FIELD_ACTION, /* of the rule; it never does more than the import allows */
    FIELD_SEVERITY,
    FIELD_CONFIDENCE,
    FIELD_WEAK,
    FIELD_CERTIFICATE, /* the certificate itself, DER in base64, of one that the entry's keys name */
    FIELD_REASON,
    FIELD_REFERENCE,
    FIELD_COUNT
};

/* A name by which lists call a field. */
struct import_column {
    const char *name; /* case does not matter, blanks and - are _ */
    enum import_field field;
    const char *before; /* put before the value in the rule's reason; NULL: it is not told there */
};

/* import_column_is says whether a list's name is that one. */
bool import_column_is(struct bytes name, const char *column);

/* The columns of certban's own rows, and of plain CSV. */
extern const struct import_column import_own_columns[];
extern const size_t import_own_n_columns;

/* An entry and what was told of it so far. */
struct import_entry {
    struct import_row row;
    struct text reason;
    struct bytes policy;       /* of which the rule was */
    struct bytes key;          /* the field that says what the value is */
    struct bytes organization; /* of the subject */
    const char *why;           /* why it must be refused; NULL while it need not */
};

/* import_entry_begin starts an entry, which is counted; _put gives it a value, in the order of enum import_field; _tell puts one into its
 * reason. _end makes a rule of it or refuses it: when a condition can't be read, since the ban would be wider than was meant. */
void import_entry_begin(struct import_entry *entry, struct import *import, size_t line);
void import_entry_put(struct import_entry *entry, enum import_field field, struct bytes value);
void import_entry_tell(struct import_entry *entry, const char *before, struct bytes value);
void import_entry_end(struct import_entry *entry);

#endif
