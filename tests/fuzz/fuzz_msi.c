/* SPDX-License-Identifier: Apache-2.0 */
#include "container_target.h"
#include "format_target.h"

extern const struct format format_msi;
extern const struct container container_cfb;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    format_target(&format_msi, data, size);
    container_target(&container_cfb, data, size);
    return 0;
}
