/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of any bytes: every way to walk them. */
#include "asn1/der.h"
#include "asn1/oid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct der_cursor *from, struct arena *arena) {
    struct der_cursor c = *from, in;
    struct der e;
    struct bytes octets;
    int64_t time;
    while (der_next(&c, &e, NULL)) {
        if (e.whole.n < e.content.n || e.whole.p + e.whole.n < e.content.p + e.content.n) {
            __builtin_trap();
        }
        if (der_octets(&e, arena, &octets, NULL) && octets.n > e.content.n) {
            __builtin_trap();
        }
        if (der_time(&e, &time, NULL) || der_minimal(&e, arena, &octets, NULL)) {
            oid_hash(e.content);
        }
        oid_dotted(e.content, arena);
        if ((e.tag & 0x20) != 0 && der_inside(&c, &e, &in, NULL)) {
            walk(&in, arena);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = arena_make((size_t)4 << 20);
    struct der_cursor c = der_cursor_make(bytes_make(data, size), 0);
    struct bytes once, twice;
    der_is_ber(c.left);
    walk(&c, &arena);
    arena_reset(&arena);
    if (der_canonical(c.left, &arena, &once, NULL) && der_canonical(once, &arena, &twice, NULL) && !bytes_equal(once, twice)) {
        __builtin_trap();
    }
    arena_free(&arena);
    return 0;
}
