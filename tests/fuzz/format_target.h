/* SPDX-License-Identifier: Apache-2.0 */
/* What every format must keep to, whatever the bytes: for the fuzz targets of drivers. */
#ifndef CERTBAN_TESTS_FORMAT_TARGET_H
#define CERTBAN_TESTS_FORMAT_TARGET_H

#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "format/format.h"

static inline void format_check_claims(struct source *source, const struct claim *claims, size_t n) {
    for (size_t i = 0; i < n; i++) {
        enum check state = CHECK_NONE;
        uint64_t bad_page = 0;
        struct error err;
        if (claims[i].what == NULL || claims[i].digest_size > HASH_SIZE_MAX || (claims[i].n_spans != 0 && claims[i].spans == NULL)) {
            __builtin_trap();
        }
        (void)!digest_claims(source, &claims[i], 1, &state, &bad_page, NULL, 0, &err);
    }
}

/* Reads the bytes as that format, if it takes them for its own, and looks at what came out. */
static inline void format_target(const struct format *format, const uint8_t *data, size_t size) {
    struct memory_source memory;
    struct arena arena = arena_make((size_t)16 << 20);
    struct contents contents = {0};
    struct version_info version = {0};
    struct error err = {0};
    struct bytes b = bytes_make(data, size);
    memory_source_init(&memory, "input", b);
    struct probe probe = {.head = bytes_cut(b, 0, PROBE_HEAD),
                          .tail = bytes_cut(b, size > PROBE_TAIL ? size - PROBE_TAIL : 0, PROBE_TAIL),
                          .size = size,
                          .thorough = true};
    if (!crypto_init(&err)) {
        __builtin_trap();
    }
    if (format->probe(&probe)) {
        bool ok = format->read(&memory.source, &arena, &contents, &err);
        if (!ok && err.kind == ERR_NONE) {
            __builtin_trap(); /* a failure without a reason */
        }
        for (size_t i = 0; i < contents.n_signatures; i++) {
            const struct signature *s = &contents.signatures[i];
            if (s->part == NULL || (s->signer != NULL && s->sd == NULL)) {
                __builtin_trap();
            }
            format_check_claims(&memory.source, s->claims, s->n_claims);
            format_check_claims(&memory.source, s->pages, s->n_pages);
        }
        if (format->version != NULL) {
            (void)!format->version(&memory.source, &arena, &version, &err);
        }
    }
    arena_free(&arena);
}

#endif
