/* SPDX-License-Identifier: Apache-2.0 */
/* Disk images, partition tables, HFS Plus volumes. */
#include "container_target.h"

extern const struct container container_dmg;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    container_target(&container_dmg, data, size);
    return 0;
}
