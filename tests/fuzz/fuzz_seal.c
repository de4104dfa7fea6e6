/* SPDX-License-Identifier: Apache-2.0 */
/* Targets: src/format/seal.c, and by its rules src/format/pattern.c. */
#include "format/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const paths[] = {"", "Info.plist", "Resources/en.lproj/a.strings", "Frameworks/a.framework/Versions/A/a"};
    struct arena arena = arena_make((size_t)16 << 20);
    struct seal seal;
    struct error err = {0};
    if (seal_read(bytes_make(data, size), &arena, &seal, &err)) {
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
            (void)seal_rule_for(&seal, paths[i]);
        }
        for (size_t i = 0; i < seal.n_entries; i++) {
            const struct seal_entry *found = seal_find(&seal, seal.entries[i].path);
            if (found == NULL || strcmp(found->path, seal.entries[i].path) != 0) {
                __builtin_trap();
            }
        }
    } else if (err.kind == ERR_NONE) {
        __builtin_trap(); /* a failure without a reason */
    }
    arena_free(&arena);
    return 0;
}
