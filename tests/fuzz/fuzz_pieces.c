/* SPDX-License-Identifier: Apache-2.0 */
#include "container_target.h"

extern const struct container container_pe_pieces;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    container_target(&container_pe_pieces, data, size);
    return 0;
}
