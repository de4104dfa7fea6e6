/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../asn1/build.h"
#include "../fuzz/hostile.h"
#include "../layout/build_cfb.h"
#include "format/format.h"

static struct arena whole, *arena = &whole;
static struct memory_source memory;

static int setup(void **state) {
    (void)state;
    whole = arena_make(ARENA_FILE_CAP);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static struct bytes blob(void) {
    struct bytes leaf = build_cert(arena, "issuer", "leaf", B("\x12\x34"), "key");
    return build_signed_data(arena, leaf, bytes_none(), build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), bytes_none()));
}

static struct contents read_file(struct bytes file) {
    struct contents contents = {0};
    struct error err = {0};
    memory_source_init(&memory, "file", file);
    struct probe probe = {.head = bytes_cut(file, 0, PROBE_HEAD), .tail = bytes_none(), .size = file.n};
    assert_true(format_by_name("msi")->probe(&probe));
    assert_true(format_by_name("msi")->read(&memory.source, arena, &contents, &err));
    return contents;
}

static struct contents read_items(const struct item *items, size_t n) {
    return read_file(build_cfb(arena, 9, false, items, n).file);
}

/* The bytes that a claim hashes. */
static struct bytes covered(const struct claim *claim) {
    struct bytes all = bytes_none(), part;
    for (size_t i = 0; i < claim->n_spans; i++) {
        part = claim->spans[i].literal;
        if (part.n == 0) {
            assert_true(source_read(&memory.source, arena, claim->spans[i].at, claim->spans[i].n, &part, NULL));
        }
        all = join(arena, all, part, END);
    }
    return all;
}

static void members_are_hashed_in_the_order_of_their_names(void **state) {
    (void)state;
    const struct item items[] = {
        {"b", 0, CFB_STREAM, bytes_text("<b>")}, {"\5DigitalSignature", 0, CFB_STREAM, blob()}, {"ab", 0, CFB_STREAM, bytes_text("<ab>")},
        {"a", 0, CFB_STORAGE, bytes_none()},     {"z", 4, CFB_STREAM, bytes_text("<z>")},       {"x", 4, CFB_STREAM, bytes_text("<x>")},
        {"none", 0, CFB_STREAM, bytes_none()},
    };
    struct contents c = read_items(items, sizeof items / sizeof items[0]);
    assert_int_equal(c.n_signatures, 1);
    assert_string_equal(c.signatures[0].part, "signature");
    assert_int_equal(c.signatures[0].n_claims, 1);
    assert_true(c.signatures[0].covers_part);
    assert_true(bytes_equal(c.signatures[0].claims[0].expected, B("fedcba9876543210fedcba9876543210")));
    assert_true(
        bytes_is(covered(&c.signatures[0].claims[0]), "<x><z>\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1<ab><b>\5\5\5\5\5\5\5\5\5\5\5\5\5\5\5\5"));
    assert_true(anomaly_has(&c.anomalies, ANOMALY_COVERS_PART));
    assert_int_equal(c.anomalies.n, 1);
    assert_int_equal(c.unreadable.kind, ERR_NONE);
}

static void the_digest_of_names_is_a_claim_of_its_own(void **state) {
    (void)state;
    const struct item items[] = {
        {"\5DigitalSignature", 0, CFB_STREAM, blob()},
        {"\5MsiDigitalSignatureEx", 0, CFB_STREAM, B("0123456789abcdef0123456789abcdef")},
        {"s", 0, CFB_STORAGE, bytes_none()},
        {"t", 3, CFB_STREAM, bytes_text("<t>")},
    };
    struct contents c = read_items(items, sizeof items / sizeof items[0]);
    assert_int_equal(c.n_signatures, 1);
    assert_int_equal(c.signatures[0].n_claims, 2);
    assert_false(c.signatures[0].covers_part);
    assert_int_equal(c.anomalies.n, 0);
    assert_true(bytes_is(covered(&c.signatures[0].claims[0]), "0123456789abcdef0123456789abcdef<t>\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
                                                              "\5\5\5\5\5\5\5\5\5\5\5\5\5\5\5\5"));
    struct bytes state4 = B("\7\0\0\0"), times = B("\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11");
    struct bytes root = B("\5\5\5\5\5\5\5\5\5\5\5\5\5\5\5\5"), storage = B("\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1");
    assert_true(bytes_equal(covered(&c.signatures[0].claims[1]),
                            join(arena, root, state4, B("s\0"), storage, state4, times, B("t\0"), B("\3\0\0\0"), state4, times, END)));
    assert_true(bytes_is(c.signatures[0].claims[1].expected, "0123456789abcdef0123456789abcdef"));
}

static void signatures_out_of_place_are_found(void **state) {
    (void)state;
    const struct item items[] = {
        {"\5digitalsignature", 0, CFB_STREAM, blob()}, {"s", 0, CFB_STORAGE, bytes_none()},
        {"\5DigitalSignature", 2, CFB_STREAM, blob()}, {"\5DigitalSignature", 60, CFB_STREAM, blob()},
        {"\5DigitalSignature", 0, CFB_STREAM, blob()}, {"\5DigitalSignature", 0, CFB_STREAM, blob()},
    };
    struct contents c = read_items(items, sizeof items / sizeof items[0]);
    static const char *const parts[] = {"\5digitalsignature", "s/\5DigitalSignature", "\5DigitalSignature", "signature",
                                        "\5DigitalSignature"};
    assert_int_equal(c.n_signatures, 5);
    size_t odd = 0;
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(c.signatures[i].part, parts[i]);
        assert_int_equal(c.signatures[i].n_claims, 1);
    }
    for (size_t i = 0; i < c.anomalies.n; i++) {
        odd += c.anomalies.all[i].name == ANOMALY_UNREFERENCED_STREAM;
    }
    assert_int_equal(odd, 4);
}

static void renamed_signatures_and_certificates_are_found(void **state) {
    (void)state;
    struct item items[] = {{"renamed", 0, CFB_STREAM, blob()}, {"MsiDigitalCertificate.A", 0, CFB_STREAM, bytes_none()}};
    struct contents c = read_items(items, 1);
    assert_int_equal(c.n_signatures, 1);
    assert_true(c.signatures[0].carved);
    assert_true(c.anomalies.all[0].name == ANOMALY_CARVED && c.anomalies.all[0].weighty);
    items[0] = (struct item){"\5DigitalSignature", 0, CFB_STREAM, blob()};
    items[1].content = build_cert(arena, "issuer", "payload", B("\x56\x78"), "key");
    c = read_items(items, 2);
    assert_int_equal(c.n_signatures, 2);
    assert_null(c.signatures[1].signer);
    for (size_t i = 0; i < c.anomalies.n; i++) {
        assert_false(c.anomalies.all[i].weighty);
    }
}

static void what_stands_behind_is_told(void **state) {
    (void)state;
    const struct item items[] = {{"\5DigitalSignature", 0, CFB_STREAM, join(arena, blob(), B("behind it"), END)}};
    struct bytes file = build_cfb(arena, 9, false, items, 1).file;
    struct contents c = read_file(join(arena, file, B("PK\3\4 and so on"), END));
    assert_true(anomaly_has(&c.anomalies, ANOMALY_APPENDED_DATA));
    assert_true(anomaly_has(&c.anomalies, ANOMALY_DATA_AFTER_CONTAINER));
    assert_true(anomaly_has(&c.anomalies, ANOMALY_POLYGLOT));
    const struct item padded[] = {{"\5DigitalSignature", 0, CFB_STREAM, join(arena, blob(), B("\0\0\0\0\0"), END)}};
    c = read_file(join(arena, build_cfb(arena, 9, false, padded, 1).file, B("\0\0\0\0\0\0\0\0\0"), END));
    assert_int_equal(c.anomalies.n, 1); /* covers-part */
}

static void damage_is_searched_around(void **state) {
    (void)state;
    const struct item items[] = {{"\5DigitalSignature", 0, CFB_STREAM, blob()}, {"t", 0, CFB_STREAM, bytes_text("<t>")}};
    struct built_cfb b = build_cfb(arena, 9, false, items, 2);
    static const struct {
        size_t at; /* in the entry of the signature, or of the other stream */
        uint32_t value;
    } changes[] = {{128 + 120, 0x7fffffff}, {128 + 120, 64}, {128 + 116, 0x7fffffff}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct bytes copy;
        assert_true(arena_copy(arena, b.file, &copy, NULL));
        build_u32((uint8_t *)copy.p + b.directory + changes[i].at, changes[i].value);
        struct contents c = read_file(copy);
        assert_int_equal(c.n_signatures, 1);
        assert_true(c.signatures[0].carved);
    }
    struct bytes copy;
    assert_true(arena_copy(arena, b.file, &copy, NULL));
    build_u32((uint8_t *)copy.p + b.directory + (size_t)2 * 128 + 116, 0x7fffffff); /* a stream that can't be hashed */
    struct contents c = read_file(copy);
    assert_int_equal(c.n_signatures, 1);
    assert_int_equal(c.signatures[0].n_claims, 0);
    assert_int_equal(c.unreadable.kind, ERR_MALFORMED);
}

/* Gives an entry the name of a table as the installer encodes it. */
static void name_table(struct built_cfb *b, uint32_t id, const char *name) {
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    uint8_t *e = (uint8_t *)b->file.p + b->directory + (size_t)id * 128;
    size_t units = 0, n = strlen(name);
    memset(e, 0, 64);
    e[units++] = 0x40;
    e[units++] = 0x48;
    for (size_t i = 0; i < n; i += 2) {
        unsigned low = (unsigned)(strchr(alphabet, name[i]) - alphabet);
        unsigned code = i + 1 < n ? 0x3800 + low + ((unsigned)(strchr(alphabet, name[i + 1]) - alphabet) << 6) : 0x4800 + low;
        e[units++] = (uint8_t)code;
        e[units++] = (uint8_t)(code >> 8);
    }
    e[64] = (uint8_t)(units + 2);
}

static void the_table_property_is_read(void **state) {
    (void)state;
    for (unsigned wide = 0; wide < 2; wide++) {
        struct bytes pool = join(arena, wide ? B("\xe4\4\0\x80") : B("\xe4\4\0\0"),
                                 B("\x0b\0\1\0\0\0\0\0\x0e\0\1\0\5\0\1\0\0\0\1\0\3\0\1\0"), END); /* the last one has 65539 octets */
        uint8_t *rest = arena_alloc(arena, 65540);
        memset(rest, 'x', 65540);
        struct bytes data = join(arena, B("ProductNameProductVersion1.2.\xe9"), bytes_make(rest, 65539), END);
        struct bytes table = wide ? B("\3\0\0\1\0\0\4\0\0\5\0\0") : B("\3\0\1\0\4\0\5\0");
        const struct item items[] = {{"p", 0, CFB_STREAM, pool}, {"d", 0, CFB_STREAM, data}, {"t", 0, CFB_STREAM, table}};
        struct built_cfb b = build_cfb(arena, 12, false, items, 3);
        struct version_info version = {0};
        struct error err = {0};
        name_table(&b, 1, "_StringPool");
        name_table(&b, 2, "_StringData");
        name_table(&b, 3, "Property");
        memory_source_init(&memory, "file", b.file);
        assert_true(format_by_name("msi")->version(&memory.source, arena, &version, &err));
        assert_string_equal(version.file_version, "1.2.\xc3\xa9");
        assert_int_equal(strlen(version.product), 1024); /* cut to what is kept of a value */
        assert_null(version.company);
    }
}

static void read_any(struct bytes variant, struct arena *own, void *context) {
    struct memory_source source;
    struct contents contents = {0};
    struct error err = {0};
    (void)context;
    memory_source_init(&source, "file", variant);
    if (!format_by_name("msi")->read(&source.source, own, &contents, &err)) {
        assert_int_not_equal(err.kind, ERR_NONE);
    }
}

static void hostile_files_are_survived(void **state) {
    (void)state;
    const struct item items[] = {
        {"\5DigitalSignature", 0, CFB_STREAM, blob()},
        {"\5MsiDigitalSignatureEx", 0, CFB_STREAM, B("0123456789abcdef0123456789abcdef")},
        {"s", 0, CFB_STORAGE, bytes_none()},
        {"t", 3, CFB_STREAM, bytes_text("<t>")},
    };
    struct bytes file = build_cfb(arena, 9, false, items, 4).file;
    hostile_cuts(file, 1, read_any, NULL);
    hostile_flips(file, 61, read_any, NULL);
    hostile_caps(file, file.n * 8, 509, read_any, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_are_hashed_in_the_order_of_their_names, setup, teardown),
        cmocka_unit_test_setup_teardown(the_digest_of_names_is_a_claim_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(signatures_out_of_place_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(renamed_signatures_and_certificates_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stands_behind_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_searched_around, setup, teardown),
        cmocka_unit_test_setup_teardown(the_table_property_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_files_are_survived, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
