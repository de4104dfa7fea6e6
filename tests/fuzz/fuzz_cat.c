/* SPDX-License-Identifier: Apache-2.0 */
/* Target: src/format/cat.c, all of its formats. */
#include "format_target.h"

extern const struct format format_cat, format_p7x, format_p7, format_vba;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    format_target(&format_cat, data, size);
    format_target(&format_p7x, data, size);
    format_target(&format_p7, data, size);
    format_target(&format_vba, data, size);
    return 0;
}
