/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in UTF-16 of any octets become well-formed UTF-8, no longer than three octets for two. */
#include <stdlib.h>

#include "list/wide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes content = bytes_make(data, size);
    struct text out = {0};
    if (wide_is(content) && wide_narrow(content, &out, NULL) &&
        (!utf8_valid(bytes_make(text_c(&out), out.n)) || out.n > (size - 1) / 2 * 3)) {
        abort();
    }
    text_free(&out);
    return 0;
}
