/* SPDX-License-Identifier: Apache-2.0 */
/* Where archives end by their own word: inside of the file, whatever it says. */
#include "source/archive_extent.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes b = bytes_make(data, size);
    const struct archive_extent *extent = archive_extent_of(b);
    struct memory_source memory;
    uint64_t end;
    memory_source_init(&memory, "input", b);
    if (extent != NULL && (!archive_extent_find(extent, &memory.source, &end, NULL) || end > size)) {
        abort();
    }
    return 0;
}
