/* SPDX-License-Identifier: Apache-2.0 */
#include "source/plist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = arena_make((size_t)16 << 20);
    const struct plist *root = NULL;
    struct version_info version = {0};
    struct error err = {0};
    if (plist_parse(bytes_make(data, size), &arena, &root, &err)) {
        (void)plist_string(root, "CFBundleName");
        plist_version(root, &version);
    } else if (err.kind == ERR_NONE) {
        __builtin_trap();
    }
    arena_free(&arena);
    return 0;
}
