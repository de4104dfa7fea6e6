/* SPDX-License-Identifier: Apache-2.0 */
#include "format_target.h"

extern const struct format format_xap;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    format_target(&format_xap, data, size);
    return 0;
}
