/* SPDX-License-Identifier: Apache-2.0 */
#include "list/importer.h"

extern const struct importer importer_applocker, importer_certs, importer_crb, importer_crl, importer_cscb, importer_csv, importer_ctl,
    importer_graveyard, importer_json, importer_lolcerts, importer_loldrivers, importer_loldrivers_signers, importer_misp, importer_santa,
    importer_stix, importer_wdac, importer_yara;

/* Lists of revocations come in the same clothes as certificates, and every JSON of objects looks like certban's own rows: so these stand
 * behind. */
const struct importer *const importers[] = {&importer_cscb,
                                            &importer_graveyard,
                                            &importer_crb,
                                            &importer_yara,
                                            &importer_wdac,
                                            &importer_applocker,
                                            &importer_santa,
                                            &importer_stix,
                                            &importer_misp,
                                            &importer_loldrivers,
                                            &importer_loldrivers_signers,
                                            &importer_lolcerts,
                                            &importer_crl,
                                            &importer_ctl,
                                            &importer_certs,
                                            &importer_json,
                                            &importer_csv,
                                            NULL};

const struct importer *importer_find(const char *name) {
    for (const struct importer *const *i = importers; *i != NULL; i++) {
        if (strcmp((*i)->name, name) == 0) {
            return *i;
        }
    }
    return NULL;
}

const struct importer *importer_guess(struct bytes content) {
    for (const struct importer *const *i = importers; *i != NULL; i++) {
        if ((*i)->probe(content)) {
            return *i;
        }
    }
    return NULL;
}
