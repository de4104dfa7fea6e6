/* SPDX-License-Identifier: Apache-2.0 */
#include "container_target.h"

extern const struct container container_encoded;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    container_target(&container_encoded, data, size);
    return 0;
}
