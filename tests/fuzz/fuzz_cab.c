/* SPDX-License-Identifier: Apache-2.0 */
#include "container_target.h"
#include "format_target.h"

extern const struct format format_cab;
extern const struct container container_cab;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    format_target(&format_cab, data, size);
    container_target(&container_cab, data, size);
    return 0;
}
