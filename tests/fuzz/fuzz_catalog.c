/* SPDX-License-Identifier: Apache-2.0 */
/* Target: src/asn1/catalog.c. What a member is listed by is found again by it. */
#include "asn1/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes list = bytes_make(data, size);
    struct der_cursor members;
    struct catalog_member member;
    struct error err = {0};
    bool is_catalog;
    if (!catalog_open(list, &members, &is_catalog, &err)) {
        return 0;
    }
    for (unsigned i = 0; catalog_next(&members, &member, &err); i++) {
        for (size_t k = 0; k < member.n && i < 4; k++) {
            if (!catalog_lists(list, bytes_make(member.digests[k].value, member.digests[k].n))) {
                __builtin_trap();
            }
        }
    }
    if (members.failed && err.kind == ERR_NONE) {
        __builtin_trap(); /* a failure without a reason */
    }
    return 0;
}
