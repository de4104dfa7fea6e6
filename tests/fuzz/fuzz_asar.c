/* SPDX-License-Identifier: Apache-2.0 */
#include "container_target.h"

extern const struct container container_asar;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    container_target(&container_asar, data, size);
    return 0;
}
