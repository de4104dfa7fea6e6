/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of a reader in hostile hands. What is taken for a verdict must survive being sent on. */
#include "scan/wire.h"

enum { RULES = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = arena_make((size_t)16 << 20);
    struct verdict verdict, again;
    struct text out = {0};
    if (wire_decode(bytes_make(data, size), RULES, &arena, &verdict, NULL)) {
        wire_encode(&verdict, &out);
        if (!text_ok(&out) || !wire_decode(bytes_make(out.p, out.n), RULES, &arena, &again, NULL) || again.finding != verdict.finding ||
            again.n_matches != verdict.n_matches) {
            __builtin_trap();
        }
    }
    text_free(&out);
    arena_free(&arena);
    return 0;
}
