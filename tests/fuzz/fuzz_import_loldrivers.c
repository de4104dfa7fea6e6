/* SPDX-License-Identifier: Apache-2.0 */
#include "import_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    import_target(importer_find("loldrivers"), data, size);
    return 0;
}
