/* SPDX-License-Identifier: Apache-2.0 */
#include "list/exporter.h"

extern const struct exporter exporter_csv, exporter_json, exporter_wdac, exporter_applocker, exporter_santa_plist, exporter_santa_json,
    exporter_clamav_crb, exporter_clamav_hsb, exporter_yara, exporter_osquery, exporter_stix;

const struct exporter *const exporters[] = {
    &exporter_csv,        &exporter_json,       &exporter_wdac, &exporter_applocker, &exporter_santa_plist, &exporter_santa_json,
    &exporter_clamav_crb, &exporter_clamav_hsb, &exporter_yara, &exporter_osquery,   &exporter_stix,        NULL,
};

const struct exporter *exporter_find(const char *name) {
    for (const struct exporter *const *e = exporters; *e != NULL; e++) {
        if (strcmp((*e)->name, name) == 0) {
            return *e;
        }
    }
    return NULL;
}
