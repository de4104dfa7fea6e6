/* SPDX-License-Identifier: Apache-2.0 */
#include "container_target.h"

extern const struct container container_pe_pieces, container_carrier;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    container_target(size != 0 && data[0] == 'M' ? &container_pe_pieces : &container_carrier, data, size);
    return 0;
}
