/* SPDX-License-Identifier: Apache-2.0 */
/* Any content is read as revocation lists or named as what it is; every entry that was indexed is found again by its issuer and serial, and
 * says what the list says. */
#include <stdlib.h>

#include "asn1/name.h"
#include "list/revocations_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void heard(struct revocations_listener *listener, const char *words) {
    (void)listener;
    if (words[0] == '\0') {
        abort();
    }
}

/* An entry of a list is at one of the places that its certificate has, once; names that are one but for their order may share it. */
static void find(struct revocations *set, struct revocation_list *list, const struct crl_entry *entry) {
    size_t found = 0, n = revocations_count(set);
    for (size_t i = revocations_find(set, entry->issuer, entry->serial, 0); i < n;
         i = revocations_find(set, entry->issuer, entry->serial, i + 1)) {
        const struct rule *rule = revocations_rule(set, i);
        if (rule == NULL || !bytes_equal(rule->keys[0].value, entry->serial) || !name_equal(rule->keys[0].issuer, entry->issuer)) {
            abort();
        }
        found += rule->revoked_by == list;
    }
    if (found != 1 && !(found == 0 && list->n_issuers != 0)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct revocations_listener listener = {.odd = heard};
    struct revocations *set = revocations_new(1700000000);
    uint8_t *copy = malloc(size + 1);
    if (set == NULL || copy == NULL) {
        free(copy);
        revocations_free(set);
        return 0;
    }
    memcpy(copy, data, size);
    if (revocations_read(set, "fuzz.crl", bytes_make(copy, size), &listener, NULL) && revocations_seal(set, 7, NULL)) {
        struct revocation_list *list;
        for (size_t i = 0; (list = revocations_list(set, i)) != NULL; i++) {
            struct crl_walk walk = crl_walk_begin(&list->crl);
            struct crl_entry entry;
            while (crl_next(&walk, &entry, NULL)) {
                if (entry.serial.n != 0 && entry.serial.n <= REVOCATION_SERIAL_MAX && entry.issuer.n != 0 &&
                    (list->crl.indirect || name_equal(entry.issuer, list->crl.issuer))) {
                    find(set, list, &entry);
                }
            }
        }
    }
    revocations_free(set);
    return 0;
}
