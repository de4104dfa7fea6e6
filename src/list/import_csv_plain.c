/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of one's own, and others in plain CSV with a header, such as LOLCerts (https://github.com/WithSecureLabs/lolcerts, csv/): any of
 * the columns below, in any order, others are ignored. sha256, sha1 and md5 are of the certificate, those of files are file_sha256 and so
 * on. key and value name one thing in words: "tbs-sha256", "serial" … Refused are rows with a date that can't be read, since a ban
 * without its date would be wider than was meant.
 */
#include "list/import_csv.h"
#include "list/importer.h"

const struct import_column import_own_columns[] = {
    {"id", FIELD_ID, NULL},
    {"rule", FIELD_ID, NULL},
    {"policy", FIELD_POLICY, NULL},
    {"action", FIELD_ACTION, NULL},
    {"severity", FIELD_SEVERITY, NULL},
    {"confidence", FIELD_CONFIDENCE, NULL},
    {"weak", FIELD_WEAK, NULL},
    {"sha256", FIELD_SHA256, NULL},
    {"certificate_sha256", FIELD_SHA256, NULL},
    {"thumbprint_sha256", FIELD_SHA256, NULL},
    {"tbs", FIELD_TBS, NULL},
    {"tbs_hash", FIELD_TBS, NULL},
    {"tbs_sha256", FIELD_TBS, NULL},
    {"tbs_sha384", FIELD_TBS, NULL},
    {"tbs_sha512", FIELD_TBS, NULL},
    {"tbs_sha1", FIELD_TBS, NULL},
    {"sha1", FIELD_SHA1, NULL},
    {"certificate_sha1", FIELD_SHA1, NULL},
    {"thumbprint_sha1", FIELD_SHA1, NULL},
    {"thumbprint", FIELD_THUMBPRINT, NULL},
    {"fingerprint", FIELD_THUMBPRINT, NULL},
    {"spki_sha256", FIELD_SPKI, NULL},
    {"md5", FIELD_MD5, NULL},
    {"file_sha256", FIELD_FILE_SHA256, NULL},
    {"file_sha1", FIELD_FILE_SHA1, NULL},
    {"file_md5", FIELD_FILE_MD5, NULL},
    {"authentihash", FIELD_AUTHENTICODE, NULL},
    {"authentihash_sha256", FIELD_AUTHENTICODE, NULL},
    {"authentihash_sha1", FIELD_AUTHENTICODE, NULL},
    {"cdhash", FIELD_CDHASH, NULL},
    {"team_id", FIELD_TEAM_ID, NULL},
    {"kind", FIELD_KIND, NULL},
    {"thing", FIELD_THING, NULL},
    {"role", FIELD_ROLE, NULL},
    {"organization", FIELD_ORGANIZATION, NULL},
    {"file_size", FIELD_FILE_SIZE, NULL},
    {"serial", FIELD_SERIAL, NULL},
    {"serial_number", FIELD_SERIAL, NULL},
    {"key", FIELD_KEY, NULL},
    {"value", FIELD_VALUE, NULL},
    {"name", FIELD_REASON, ""},
    {"reason", FIELD_REASON, ""},
    {"description", FIELD_REASON, ""},
    {"malware", FIELD_REASON, "signed "},
    {"comment", FIELD_REASON, ""},
    {"subject", FIELD_REASON, "certificate of "},
    {"subject_cn", FIELD_SUBJECT, "certificate of "},
    {"common_name", FIELD_SUBJECT, "certificate of "},
    {"issuer", FIELD_ISSUER, "issued by "},
    {"issuer_cn", FIELD_ISSUER, "issued by "},
    {"issuer_common_name", FIELD_ISSUER, "issued by "},
    {"signed_after", FIELD_SIGNED_AFTER, NULL},
    {"effective_from", FIELD_SIGNED_AFTER, NULL},
    {"timestamp", FIELD_SIGNED_AFTER, NULL},
    {"signed_before", FIELD_SIGNED_BEFORE, NULL},
    {"expires", FIELD_EXPIRES, NULL},
    {"platform", FIELD_PLATFORM, NULL},
    {"product", FIELD_PRODUCT, NULL},
    {"original_name", FIELD_ORIGINAL_NAME, NULL},
    {"internal_name", FIELD_INTERNAL_NAME, NULL},
    {"file_description", FIELD_DESCRIPTION, NULL},
    {"company", FIELD_COMPANY, NULL},
    {"version_min", FIELD_VERSION_MIN, NULL},
    {"version_max", FIELD_VERSION_MAX, NULL},
    {"path", FIELD_PATH, NULL},
    {"issued_under", FIELD_ISSUED_UNDER, NULL},
    {"eku", FIELD_EKU, NULL},
    {"no_eku", FIELD_NO_EKU, NULL},
    {"except", FIELD_EXCEPT, NULL},
    {"certificate", FIELD_CERTIFICATE, NULL},
    {"reference", FIELD_REFERENCE, NULL},
    {"references", FIELD_REFERENCE, NULL},
};
const size_t import_own_n_columns = sizeof import_own_columns / sizeof *import_own_columns;
static const struct csv_format format = {import_own_columns, sizeof import_own_columns / sizeof *import_own_columns, false};

/* A sha256 alone does not show that the list is one of certificates: then the user must say so. */
static bool probe(struct bytes content) {
    static const char *const telling[] = {"serial",      "serial_number", "thumbprint", "tbs_sha256", "tbs_sha1",
                                          "spki_sha256", "issuer",        "issuer_cn",  "value"};
    bool tells = false;
    for (size_t i = 0; i < sizeof telling / sizeof *telling && !tells; i++) {
        tells = import_csv_probe(content, &telling[i], 1);
    }
    return tells && import_csv_names(content, &format);
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    return import_csv(content, &format, import, err);
}

const struct importer importer_csv = {"csv", "plain CSV", probe, read};
