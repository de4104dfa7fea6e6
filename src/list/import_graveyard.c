/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cert Graveyard, formerly CertCentral (https://cdn.certgraveyard.org/cert_graveyard_database.csv): one certificate a line, named by hashes
 * of its TBSCertificate, by a thumbprint of SHA-1 or SHA-256, and by serial and issuer's common name. The column Hash is one file that
 * was signed with it: an example, no ban. TBS MD5 is left out, since it is weak and stands beside better ones.
 */
#include "list/import_csv.h"
#include "list/importer.h"

static const struct import_column columns[] = {
    {"TBS SHA256", FIELD_TBS, NULL},        {"TBS SHA384", FIELD_TBS, NULL},        {"TBS SHA1", FIELD_TBS, NULL},
    {"Thumbprint", FIELD_THUMBPRINT, NULL}, {"Serial", FIELD_SERIAL, NULL},         {"Signer", FIELD_REASON, "certificate of "},
    {"Country", FIELD_REASON, ""},          {"Issuer", FIELD_ISSUER, "issued by "}, {"Valid From", FIELD_REASON, "valid from "},
    {"Malware", FIELD_REASON, "signed "},   {"Malware Type", FIELD_REASON, ""},
};
static const struct csv_format format = {columns, sizeof columns / sizeof *columns, false};

static bool probe(struct bytes content) {
    static const char *const names[] = {"Malware", "Signer", "Issuer Short", "Serial", "Thumbprint"};
    return import_csv_probe(content, names, sizeof names / sizeof *names);
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    return import_csv(content, &format, import, err);
}

const struct importer importer_graveyard = {"cert-graveyard", "Cert Graveyard", probe, read};
