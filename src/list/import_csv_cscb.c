/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code-signing certificate blocklist of MalwareBazaar (https://bazaar.abuse.ch/export/csv/cscb/): comments, a header which may be
 * one of them, then one certificate a line, named by its SHA-256 and by serial and issuer's common name. Refused are lines that have
 * neither.
 */
#include "list/import_csv.h"
#include "list/importer.h"

static const struct import_column columns[] = {
    {"time_stamp_utc", FIELD_REASON, "listed "},
    {"serial_number", FIELD_SERIAL, NULL},
    {"thumbprint", FIELD_THUMBPRINT, NULL},
    {"thumbprint_algorithm", FIELD_REASON, NULL},
    {"subject_cn", FIELD_REASON, "certificate of "},
    {"issuer_cn", FIELD_ISSUER, "issued by "},
    {"valid_from", FIELD_REASON, NULL},
    {"valid_to", FIELD_REASON, NULL},
    {"reason", FIELD_REASON, "signed "},
    {"cscb_reason", FIELD_REASON, "signed "},
    {"time_stamp", FIELD_REASON, "listed "},
};

/* Without a header: the first nine. */
static const struct csv_format format = {columns, sizeof columns / sizeof *columns, false}, headless = {columns, 9, true};

static bool probe(struct bytes content) {
    static const char *const names[] = {"serial_number", "thumbprint", "thumbprint_algorithm", "subject_cn"};
    return import_csv_probe(content, names, sizeof names / sizeof *names);
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    return import_csv(content, probe(content) ? &format : &headless, import, err);
}

const struct importer importer_cscb = {"cscb", "MalwareBazaar code-signing certificate blocklist", probe, read};
