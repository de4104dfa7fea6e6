/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Importers: blocklists as other people publish them. To add one: write import_NAME.c, define its struct importer there, put it into
 * the table in importer.c, and give it a fuzz seed in tests/fuzz/seeds/import/.
 */
#ifndef CERTBAN_LIST_IMPORTER_H
#define CERTBAN_LIST_IMPORTER_H

#include "list/import.h"

struct importer {
    const char *name;      /* for --from and the id of the policy: "cert-graveyard" */
    const char *long_name; /* for people: "Cert Graveyard, CSV" */

    /* Whether the content looks like this format: compares bytes of its beginning, changes nothing, never wrong about its own. */
    bool (*probe)(struct bytes content);

    /* Gives every entry to the import. False when the content is not this format at all; a wrong entry is refused, and the next one
     * read. */
    bool (*read)(struct bytes content, struct import *import, struct error *err);
};

/* The table, NULL-terminated; of two that probe true the first one reads. */
extern const struct importer *const importers[];

/* importer_find is the one of that name; NULL when there is none. importer_guess is the one whose content it is; NULL when none. */
const struct importer *importer_find(const char *name);
const struct importer *importer_guess(struct bytes content);

#endif
