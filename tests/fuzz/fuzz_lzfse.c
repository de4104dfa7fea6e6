/* SPDX-License-Identifier: Apache-2.0 */
/* LZFSE and LZVN, with room for all, for some and for none of what comes out. */
#include <stdlib.h>

#include "source/lzfse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t rooms[] = {0, 77, 1 << 20};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        uint8_t *out = malloc(rooms[i] + 1);
        size_t got = 0;
        struct error err = {0};
        if (out != NULL) {
            bool ok = lzfse_decode(bytes_make(data, size), out, rooms[i], &got, &err);
            if (ok ? got > rooms[i] : err.kind == ERR_NONE) {
                __builtin_trap();
            }
            if (lzvn_decode(bytes_make(data, size), out, rooms[i], &got, &err) && got > rooms[i]) {
                __builtin_trap();
            }
        }
        free(out);
    }
    return 0;
}
