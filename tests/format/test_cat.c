/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../asn1/build.h"
#include "../fuzz/hostile.h"
#include "format/format.h"

#include "../with_arena.h" /* the last: its arena has the name of many parameters */

/* What the table makes of the bytes: the first format that takes them, and what it read. */
static const struct format *read_as(struct bytes b, struct arena *memory, struct contents *contents) {
    struct memory_source source;
    struct error err = {0};
    struct probe probe = {.head = bytes_cut(b, 0, PROBE_HEAD), .tail = bytes_none(), .size = b.n};
    memory_source_init(&source, "test", b);
    for (size_t i = 0; formats[i] != NULL; i++) {
        if (formats[i]->probe(&probe)) {
            assert_true(formats[i]->read(&source.source, memory, contents, &err) || err.kind == ERR_LIMIT);
            return formats[i];
        }
    }
    return NULL;
}

static struct bytes leaf(void) {
    return build_cert(arena, "issuer", "leaf", B("\x12\x34"), "key");
}

static struct bytes signer(void) {
    return build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), bytes_none());
}

/* content: the whole [0] element, or nothing. */
static struct bytes made(enum oid type, struct bytes content, struct bytes certs, struct bytes signers) {
    return SEQ(build_oid(arena, OID_SIGNED_DATA),
               tlv(arena, DER_CONTEXT_0_CONS,
                   SEQ(B("\x02\x01\x01"), SET(build_digest_algorithm(arena)), SEQ(build_oid(arena, type), content),
                       PRIM(DER_CONTEXT_0_CONS, certs), PRIM(DER_SET, signers)),
                   END));
}

static struct bytes list(void) {
    return PRIM(DER_CONTEXT_0_CONS, SEQ(SEQ(build_dotted(arena, "1.3.6.1.4.1.311.12.1.1")), PRIM(DER_OCTET_STRING, B("0123456789abcdef"))));
}

static void a_catalog(void **state) {
    (void)state;
    struct contents c = {0};
    assert_string_equal(read_as(made(OID_CTL, list(), leaf(), signer()), arena, &c)->name, "cat");
    assert_int_equal(c.n_signatures, 1);
    assert_int_equal(c.anomalies.n, 0);
    assert_int_equal(c.unreadable.kind, ERR_NONE);
    const struct signature *s = &c.signatures[0];
    assert_string_equal(s->part, "signature");
    assert_int_equal(s->n_claims, 1);
    assert_int_equal(s->claims[0].hash, HASH_SHA256);
    assert_true(bytes_is(s->claims[0].expected, "0123456789abcdef0123456789abcdef"));
    struct der whole, element;
    assert_true(der_read(list(), &whole, NULL) && der_read(whole.content, &element, NULL));
    assert_true(bytes_equal(s->claims[0].spans[0].literal, element.content));
    assert_true(bytes_equal(s->content, element.content));
    assert_false(s->detached);
}

/* A DigSigBlob with a signature at that offset, and what may stand behind it. */
static struct bytes macros(uint8_t offset, struct bytes signature) {
    const uint8_t fields[44] = {[0] = 0xff, [4] = 8, [8] = 1, [12] = offset};
    return join(arena, bytes_make(fields, sizeof fields), signature, B("store of certificates"), END);
}

static void which_format(void **state) {
    (void)state;
    struct bytes text = PRIM(DER_CONTEXT_0_CONS, PRIM(DER_OCTET_STRING, B("text")));
    struct bytes spc = PRIM(DER_CONTEXT_0_CONS, build_spc(arena));
    const struct {
        struct bytes b;
        const char *name;
        size_t signatures, claims;
        bool detached;
    } rows[] = {
        {made(OID_DATA, text, leaf(), signer()), "p7", 1, 1, false},
        {made(OID_DATA, bytes_none(), leaf(), signer()), "p7", 1, 0, true},
        {made(OID_SPC_INDIRECT_DATA, spc, leaf(), signer()), "p7", 1, 0, false},
        {join(arena, B("PKCX"), made(OID_SPC_INDIRECT_DATA, spc, leaf(), signer()), END), "p7x", 1, 0, false},
        {macros(44, made(OID_SPC_INDIRECT_DATA, spc, leaf(), signer())), "vba", 1, 0, false},
        {macros(36, made(OID_SPC_INDIRECT_DATA, spc, leaf(), signer())), "vba", 1, 0, false},
        {macros(40, made(OID_SPC_INDIRECT_DATA, spc, leaf(), signer())), NULL, 0, 0, false},
        {made(OID_DATA, bytes_none(), leaf(), bytes_none()), "p7", 0, 0, false},
        {made(OID_CTL, list(), bytes_none(), bytes_none()), "cat", 0, 0, false},
        {made(OID_CTL, list(), leaf(), bytes_none()), "cat", 1, 0, false}, /* a catalog whose signer was taken out */
        {B("\x30\x03\x06\x01\x2a"), NULL, 0, 0, false},
        {B("PKCX"), NULL, 0, 0, false},
        {B("PKCXPKCX"), NULL, 0, 0, false},
        {B("\x30"), NULL, 0, 0, false},
        {B("\x30\x85\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), NULL, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct contents c = {0};
        const struct format *format = read_as(rows[i].b, arena, &c);
        assert_int_equal(format == NULL, rows[i].name == NULL);
        if (format != NULL) {
            assert_string_equal(format->name, rows[i].name);
        }
        assert_int_equal(c.n_signatures, rows[i].signatures);
        for (size_t k = 0; k < c.n_signatures; k++) {
            assert_int_equal(c.signatures[k].n_claims, rows[i].claims);
            assert_int_equal(c.signatures[k].detached, rows[i].detached);
        }
    }
}

static void nested_ones_prove_nothing(void **state) {
    (void)state;
    struct contents c = {0};
    struct bytes inner = made(OID_CTL, list(), leaf(), signer());
    struct bytes outer =
        build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), build_attribute(arena, OID_SPC_NESTED_SIGNATURE, inner));
    read_as(made(OID_CTL, list(), leaf(), outer), arena, &c);
    assert_int_equal(c.n_signatures, 2);
    assert_int_equal(c.signatures[0].n_claims, 1);
    assert_int_equal(c.signatures[1].n_claims, 0);
}

static void what_stands_behind(void **state) {
    (void)state;
    struct contents c = {0}, z = {0};
    struct bytes good = made(OID_CTL, list(), leaf(), signer());
    read_as(join(arena, good, leaf(), END), arena, &c);
    assert_int_equal(c.n_signatures, 2);
    assert_true(c.signatures[1].carved);
    assert_true(anomaly_has(&c.anomalies, ANOMALY_APPENDED_DATA) && c.anomalies.all[0].weighty);
    assert_int_equal(c.anomalies.all[0].at, good.n);
    read_as(join(arena, good, B("\0\0\0\0\0\0\0\0"), END), arena, &z);
    assert_true(z.anomalies.n == 1 && !z.anomalies.all[0].weighty);
}

static void cut_ones_are_carved(void **state) {
    (void)state;
    struct contents c = {0};
    struct bytes good = made(OID_CTL, list(), leaf(), signer());
    size_t behind_certificate = bytes_find(good, leaf(), 0) + leaf().n;
    read_as(bytes_cut(good, 0, behind_certificate), arena, &c);
    assert_int_equal(c.unreadable.kind, ERR_MALFORMED);
    assert_int_equal(c.n_signatures, 1);
    assert_int_equal(c.signatures[0].sd->n_certs, 1);
}

static void any(struct bytes variant, struct arena *memory, void *context) {
    (void)context;
    struct contents c = {0};
    read_as(variant, memory, &c);
}

static void hostile(void **state) {
    (void)state;
    struct bytes sample = join(arena, made(OID_CTL, list(), leaf(), signer()), leaf(), END);
    hostile_each(sample, any, NULL);
    hostile_cuts(join(arena, B("PKCX"), sample, END), 1, any, NULL);
    hostile_cuts(macros(44, sample), 1, any, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_catalog), T(which_format), T(nested_ones_prove_nothing), T(what_stands_behind), T(cut_ones_are_carved), T(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
