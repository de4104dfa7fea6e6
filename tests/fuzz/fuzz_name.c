/* SPDX-License-Identifier: Apache-2.0 */
/* A Name of any bytes, and any text as a name. */
#include "asn1/name.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = arena_make((size_t)16 << 20);
    struct bytes name = bytes_make(data, size), copy, read;
    const char *text = name_text(name, &arena);
    if (text != NULL && !utf8_valid(bytes_text(text))) {
        __builtin_trap();
    }
    name_attribute(name, OID_AT_COMMON_NAME, &arena);
    name_odd(name);
    if (text != NULL && name_equal(name, name) && name_from_text(text, &arena, &read, NULL) && name_equal(name, read) &&
        name_hash(name) != name_hash(read)) {
        __builtin_trap();
    }
    if (arena_copy(&arena, name, &copy, NULL) && (size == 0 || memchr(data, 0, size) == NULL) &&
        name_from_text((const char *)copy.p, &arena, &read, NULL)) {
        const char *printed = name_text(read, &arena);
        if (!name_matches_text(read, (const char *)copy.p) && copy.n < 1024) {
            __builtin_trap();
        }
        if (printed != NULL && !utf8_valid(bytes_text(printed))) {
            __builtin_trap();
        }
    }
    arena_free(&arena);
    return 0;
}
