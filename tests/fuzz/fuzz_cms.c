/* SPDX-License-Identifier: Apache-2.0 */
/* A SignedData of any bytes, with all that Authenticode reads of it. */
#include "asn1/cms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = arena_make((size_t)16 << 20);
    struct contents contents = {0};
    struct error err = {0};
    size_t added = 0;
    bool good = authenticode_add(&contents, &arena, "entry0", bytes_make(data, size), 0, &added, &err);
    if (good ? added != contents.n_signatures : err.kind == ERR_NONE || contents.n_signatures != 0) {
        __builtin_trap();
    }
    for (size_t i = 0; i < contents.n_signatures; i++) {
        const struct signature *s = &contents.signatures[i];
        if (s->part == NULL || s->sd == NULL || s->sd->whole.n > size) {
            __builtin_trap();
        }
    }
    arena_free(&arena);
    return 0;
}
