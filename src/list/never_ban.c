/* SPDX-License-Identifier: Apache-2.0 */
/* Looks certificates up in policies/never-ban.csv, of which tools/never-ban-table makes a sorted table when certban is built. */
#include "list/never_ban.h"

#include <stdlib.h>

#include "base/embedded.h"
#include "list/fold.h"

/* One row: 1 octet column of the list, 1 octet length, the hash with zeros behind. */
enum { ROW_VALUE = 64, ROW_SIZE = 2 + ROW_VALUE };
enum column { COLUMN_SHA256, COLUMN_SHA1, COLUMN_SPKI, COLUMN_TBS, COLUMNS };

static int row_order(const void *a, const void *b) {
    return memcmp(a, b, ROW_SIZE);
}

static enum column column_of(enum key_kind kind) {
    switch (kind) {
    case KEY_CERT_SHA256:
        return COLUMN_SHA256;
    case KEY_CERT_SHA1:
        return COLUMN_SHA1;
    case KEY_SPKI:
        return COLUMN_SPKI;
    case KEY_TBS:
        return COLUMN_TBS;
    default:
        return COLUMNS;
    }
}

bool never_ban_has(enum key_kind kind, struct bytes value) {
    struct bytes table = embedded_never_ban[0].content;
    enum column column = column_of(kind);
    uint8_t row[ROW_SIZE] = {(uint8_t)column, (uint8_t)value.n};
    if (column == COLUMNS || value.n == 0 || value.n > ROW_VALUE) {
        return false;
    }
    memcpy(row + 2, value.p, value.n);
    return bsearch(row, table.p, table.n / ROW_SIZE, ROW_SIZE, row_order) != NULL;
}

bool never_ban_certificate(const uint8_t sha256[32], const uint8_t spki_sha256[32]) {
    return (sha256 != NULL && never_ban_has(KEY_CERT_SHA256, bytes_make(sha256, 32))) ||
           (spki_sha256 != NULL && never_ban_has(KEY_SPKI, bytes_make(spki_sha256, 32)));
}

bool never_ban_subject(struct bytes common_name, struct bytes organization) {
    /* The organizations; and the common names that stand on the leaves of the platforms themselves. */
    static const char *const organizations[] = {"Microsoft", "Microsoft Corporation", "Apple", "Apple Inc.", "Apple Computer, Inc."};
    static const char *const names[] = {"Microsoft Windows",
                                        "Microsoft Windows Publisher",
                                        "Microsoft Windows Hardware Compatibility Publisher",
                                        "Microsoft Windows UEFI Driver Publisher",
                                        "Software Signing",
                                        "Apple Mac OS Application Signing"};
    size_t n_organizations = sizeof organizations / sizeof *organizations;
    for (size_t i = 0; i < n_organizations + sizeof names / sizeof *names; i++) {
        struct bytes name = bytes_text(i < n_organizations ? organizations[i] : names[i - n_organizations]);
        if (fold_equal(common_name, name) || (common_name.n == 0 && fold_equal(organization, name))) {
            return true;
        }
    }
    return false;
}
