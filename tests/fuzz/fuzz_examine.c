/* SPDX-License-Identifier: Apache-2.0 */
/* A file of any bytes through all that a reader process does: formats, containers, identities, proof, the answer. */
#include "crypto/crypto.h"
#include "list/policy.h"
#include "list/search.h"
#include "scan/examine.h"
#include "scan/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct check_sink {
    struct verdict_sink sink;
    unsigned own;
    size_t n_rules;
};

static void on_verdict(struct verdict_sink *sink, const struct verdict *verdict) {
    struct check_sink *check = (struct check_sink *)sink;
    struct arena arena = arena_make((size_t)16 << 20);
    struct verdict back;
    struct text out = {0};
    check->own += verdict->inside[0] == '\0';
    wire_encode(verdict, &out);
    if (!text_ok(&out) || !wire_decode(bytes_make(out.p, out.n), check->n_rules, &arena, &back, NULL) || back.finding != verdict->finding) {
        __builtin_trap();
    }
    text_free(&out);
    arena_free(&arena);
}

static void on_unreadable(struct search_listener *listener, const struct error *err) {
    (void)listener;
    (void)err;
    __builtin_trap();
}

static void on_odd(struct search_listener *listener, const char *words) {
    (void)listener;
    (void)words;
}

static struct examiner *examiner(void) {
    static struct examiner all;
    static struct search_listener listener = {on_unreadable, on_odd};
    if (all.list == NULL) {
        const struct search search = {.builtin = true};
        struct blocklist *list = blocklist_new();
        size_t unreadable;
        struct error err;
        if (list == NULL || !crypto_init(&err) || !search_load(&search, list, &listener, &unreadable, &err) ||
            !blocklist_seal(list, &err)) {
            __builtin_trap();
        }
        all = (struct examiner){.list = list, .verify = true, .describe = true, .search = true, .members = true};
        (void)examiner_anchors(&all);
    }
    return &all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct memory_source memory;
    struct arena arena = arena_make((size_t)16 << 20);
    struct check_sink check = {.sink = {on_verdict}, .n_rules = blocklist_count(examiner()->list)};
    memory_source_init(&memory, "input", bytes_make(data, size));
    examine(examiner(), &memory.source, "/input", &arena, &check.sink);
    if (check.own != 1) {
        __builtin_trap();
    }
    arena_free(&arena);
    return 0;
}
