/* SPDX-License-Identifier: Apache-2.0 */
/* What the containers of cabinets and packages show of files made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "../asn1/build.h"
#include "../fuzz/hostile.h"
#include "../layout/build_cfb.h"
#include "base/text.h"
#include "layout/cab.h"
#include "source/container.h"

extern const struct container container_cab, container_cfb;

static struct arena whole, *arena = &whole;
static uint8_t large[70000];

static int setup(void **state) {
    (void)state;
    whole = arena_make((size_t)256 << 20);
    uint32_t next = 1;
    for (size_t i = 0; i < sizeof large; i++) {
        next = next * 1664525 + 1013904223;
        large[i] = (uint8_t)(next >> 24) & 0x3f; /* no stretch of it comes twice; it can be packed a little */
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static struct bytes number(uint32_t value, size_t n) {
    uint8_t octets[4];
    struct bytes copy;
    build_u32(octets, value);
    return arena_copy(arena, bytes_make(octets, n), &copy, NULL) ? copy : bytes_none();
}

/* One block; with MSZIP it refers to the one before it. */
static struct bytes block(struct bytes plain, struct bytes before, unsigned method) {
    struct bytes packed = plain;
    if (method == CAB_MSZIP) {
        z_stream z = {0};
        uint8_t *out = arena_alloc(arena, CAB_BLOCK_MAX + 4096);
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
        if (before.n != 0) {
            assert_int_equal(deflateSetDictionary(&z, before.p, (uInt)before.n), Z_OK);
        }
        z.next_in = (Bytef *)plain.p;
        z.avail_in = (uInt)plain.n;
        z.next_out = out;
        z.avail_out = CAB_BLOCK_MAX + 4096;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        packed = join(arena, B("CK"), bytes_make(out, CAB_BLOCK_MAX + 4096 - z.avail_out), END);
        deflateEnd(&z);
    }
    return join(arena, B("\0\0\0\0"), number((uint32_t)packed.n, 2), number((uint32_t)plain.n, 2), B("r"), packed, END);
}

struct file {
    const char *name;
    uint32_t size, at;
    uint16_t folder;
};

/* A cabinet with one folder of that content, one reserved byte in front of each block's data, and a table of files. */
static struct bytes cabinet(struct bytes content, unsigned method, const struct file *files, size_t n) {
    struct bytes blocks = bytes_none(), entries = bytes_none(), before = bytes_none();
    uint32_t count = 0;
    for (size_t at = 0; at < content.n; at += CAB_BLOCK_MAX, count++) {
        struct bytes part = bytes_cut(content, at, CAB_BLOCK_MAX);
        blocks = join(arena, blocks, block(part, before, method), END);
        before = part;
    }
    for (size_t i = 0; i < n; i++) {
        entries = join(arena, entries, number(files[i].size, 4), number(files[i].at, 4), number(files[i].folder, 2), B("\x21\0\0\0\x20\0"),
                       bytes_make(files[i].name, strlen(files[i].name) + 1), END);
    }
    uint32_t data = (uint32_t)(CAB_RESERVE_AT + 8 + entries.n);
    return join(arena, B("MSCF\0\0\0\0"), number(data + (uint32_t)blocks.n, 4), B("\0\0\0\0\x30\0\0\0\0\0\0\0\x03\x01\x01\0"),
                number((uint32_t)n, 2), B("\x04\0\0\0\0\0\0\0\0\x01"), number(data, 4), number(count, 2), number(method, 2), entries,
                blocks, END);
}

/* Writes down "name=content" (a long one by its size, when it is that of large), or "name!kind of error". */
struct recorder {
    struct visitor visitor;
    struct text text;
};

static bool record(struct visitor *visitor, const struct member *member, struct error *err) {
    struct recorder *r = (struct recorder *)visitor;
    struct arena own = arena_make((size_t)1 << 20);
    struct error why = {0};
    struct bytes all, head, again;
    (void)err;
    text_addf(&r->text, "%s%s", r->text.n != 0 ? " " : "", member->path);
    if (member->source == NULL) {
        text_addf(&r->text, "!%s", error_kind_name(member->problem->kind));
    } else if (!source_read_some(member->source, &own, 0, 4096, &head, &why) ||
               !source_read(member->source, &own, 0, member->source->size, &all, &why) ||
               !source_read_some(member->source, &own, 0, 66000, &again, &why)) {
        text_addf(&r->text, "!%s", error_kind_name(why.kind));
    } else if (all.n <= 64) {
        text_add(&r->text, "=");
        text_add_bytes(&r->text, all);
    } else {
        size_t at = bytes_find(bytes_make(large, sizeof large), all, 0);
        assert_true(at < sizeof large && bytes_starts(all, again) && bytes_starts(all, head));
        text_addf(&r->text, "=%zu@%zu", all.n, at);
    }
    arena_free(&own);
    return true;
}

static const char *shown(const struct container *container, struct bytes file, uint64_t bytes_left) {
    struct recorder r = {.visitor = {record}};
    struct budget budget = {.depth_left = 8, .members_left = 1000, .bytes_left = bytes_left};
    struct anomalies anomalies = {0};
    struct memory_source memory;
    struct error err = {0};
    memory_source_init(&memory, "file", file);
    struct probe probe = {.head = bytes_cut(file, 0, PROBE_HEAD), .size = file.n};
    assert_true(container->probe(&probe));
    if (!container->walk(&memory.source, arena, &budget, &r.visitor, &anomalies, &err)) {
        assert_true(err.kind != ERR_NONE && err.text[0] != '\0');
        text_addf(&r.text, " ?%s", error_kind_name(err.kind));
    }
    const char *copy = arena_printf(arena, "%s", text_c(&r.text));
    text_free(&r.text);
    return copy;
}

#define PLENTY (UINT64_C(64) << 20)

static void files_come_in_the_order_of_their_bytes(void **state) {
    (void)state;
    static const struct file files[] = {{"end", 4000, 66000, 0}, {"begin", 10, 0, 0}, {"most", 65990, 10, 0}, {"none", 0, 5, 0}};
    for (unsigned method = CAB_STORED; method <= CAB_MSZIP; method++) {
        struct bytes content = join(arena, B("0123456789"), bytes_make(large + 10, sizeof large - 10), END);
        assert_string_equal(shown(&container_cab, cabinet(content, method, files, 4), PLENTY),
                            "begin=0123456789 most=65990@10 end=4000@66000");
    }
}

static void what_can_not_be_read_is_named(void **state) {
    (void)state;
    static const struct file files[] = {{"past", 10, 65, 0}, {"good", 10, 0, 0}, {"nowhere", 1, 0, 9}, {"before", 1, 0, 0xfffd}};
    struct bytes content = B("0123456789012345678901234567890123456789012345678901234567890123456789");
    assert_string_equal(shown(&container_cab, cabinet(content, CAB_MSZIP, files, 4), PLENTY),
                        "before!malformed good=0123456789 past!malformed nowhere!malformed");
    assert_string_equal(shown(&container_cab, cabinet(content, CAB_QUANTUM, files + 1, 1), PLENTY), "good!unsupported");
    assert_string_equal(shown(&container_cab, cabinet(content, 9, files + 1, 1), PLENTY), "good!malformed");
    struct bytes cut = cabinet(content, CAB_MSZIP, files + 1, 1);
    assert_string_equal(shown(&container_cab, bytes_cut(cut, 0, cut.n - 20), PLENTY), "good!malformed");
    assert_string_equal(shown(&container_cab, bytes_cut(cut, 0, 50), PLENTY), " ?malformed");
    assert_string_equal(
        shown(&container_cab, cabinet(bytes_make(large, sizeof large), CAB_MSZIP, &(struct file){"far", 10, 60000, 0}, 1), 50000),
        "far!limit");
}

/* Plain blocks of LZX: no translation (1 bit), kind 3 (3), size (24), filler to a word of 16 bits; three numbers; the bytes. */
static void lzx_is_unpacked(void **state) {
    (void)state;
    uint32_t bits = (3u << 24 | 10u) << 4;
    struct bytes plain = join(arena, number(bits >> 16, 2), number(bits, 2), B("\1\0\0\0\1\0\0\0\1\0\0\0"), B("0123456789"), END);
    struct bytes file = cabinet(plain, 0x0f00 | CAB_LZX, &(struct file){"lzx", 6, 2, 0}, 1), copy;
    assert_true(arena_copy(arena, file, &copy, NULL));
    ((uint8_t *)copy.p)[file.n - plain.n - 3] = 10; /* cbUncomp: the block holds ten bytes */
    assert_string_equal(shown(&container_cab, copy, PLENTY), "lzx=234567");
    assert_string_equal(shown(&container_cab, bytes_cut(copy, 0, copy.n - 6), PLENTY), "lzx!malformed");
}

static void streams_of_a_package_are_members(void **state) {
    (void)state;
    struct item items[] = {
        {"Binary.a", 0, CFB_STREAM, bytes_text("a stream")},
        {"T", 0, CFB_STREAM, bytes_text("a table")},
        {"\5DigitalSignature", 0, CFB_STREAM, bytes_text("0x")},
        {"sub", 0, CFB_STORAGE, bytes_none()},
        {"c.cab", 4, CFB_STREAM, bytes_make(large, sizeof large / 4)},
        {"\5Odd", 0, CFB_STREAM, bytes_text("MZ")},
        {"empty", 0, CFB_STREAM, bytes_none()},
    };
    struct built_cfb b = build_cfb(arena, 9, false, items, sizeof items / sizeof items[0]);
    assert_string_equal(shown(&container_cfb, b.file, PLENTY), ""); /* no package */
    uint8_t *name = (uint8_t *)b.file.p + b.directory + (size_t)2 * 128;
    name[0] = 0x40; /* "T" becomes a table's name */
    name[1] = 0x48;
    assert_string_equal(shown(&container_cfb, b.file, PLENTY), "Binary.a=a stream sub/c.cab=17500@0 \5Odd=MZ");
    build_u32((uint8_t *)b.file.p + b.directory + 128 + 116, 0x7fffffff);
    assert_string_equal(shown(&container_cfb, b.file, PLENTY), "Binary.a!malformed sub/c.cab=17500@0 \5Odd=MZ");
}

static bool look(struct visitor *visitor, const struct member *member, struct error *err) {
    struct arena own = arena_make((size_t)1 << 20);
    struct bytes all;
    (void)visitor;
    (void)err;
    if (member->source != NULL) {
        (void)!source_read_some(member->source, &own, 0, 100000, &all, NULL);
    }
    arena_free(&own);
    return true;
}

static void walk_any(struct bytes variant, struct arena *own, void *context) {
    struct visitor visitor = {look};
    struct budget budget = {.depth_left = 8, .members_left = 1000, .bytes_left = 1 << 20};
    struct anomalies anomalies = {0};
    struct memory_source memory;
    struct error err = {0};
    (void)context;
    memory_source_init(&memory, "file", variant);
    if (!container_cab.walk(&memory.source, own, &budget, &visitor, &anomalies, &err)) {
        assert_int_not_equal(err.kind, ERR_NONE);
    }
}

static void hostile_files_are_survived(void **state) {
    (void)state;
    static const struct file files[] = {{"a", 30, 5, 0}, {"b", 5, 0, 0}};
    hostile_each(cabinet(B("0123456789012345678901234567890123456789"), CAB_MSZIP, files, 2), walk_any, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_come_in_the_order_of_their_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_can_not_be_read_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(lzx_is_unpacked, setup, teardown),
        cmocka_unit_test_setup_teardown(streams_of_a_package_are_members, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_files_are_survived, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
