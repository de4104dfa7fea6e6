/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "../fuzz/hostile.h"
#include "asn1/carve.h"
#include "asn1/cms.h"
#include "asn1/x509.h"
#include "build.h"

#include "../with_arena.h" /* the last: its arena has the name of many parameters */

static struct bytes leaf(void) {
    return build_cert(arena, "issuer", "leaf", B("\x12\x34"), "key");
}

static struct bytes plain(struct bytes certs, struct bytes crls) {
    return build_signed_data(arena, certs, crls, build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), bytes_none()));
}

static void a_signature_is_read(void **state) {
    (void)state;
    struct bytes whole = plain(leaf(), bytes_none());
    struct anomalies odd = {0};
    struct signed_data *sd;
    assert_true(cms_parse(join(arena, whole, B("behind"), END), 5000, arena, &odd, &sd, NULL));
    assert_int_equal(odd.n, 0);
    assert_int_equal(sd->whole.n, whole.n);
    assert_int_equal(sd->at, 5000);
    assert_true(oid_is(sd->content_type, OID_SPC_INDIRECT_DATA));
    assert_false(sd->content_is_octets);
    assert_true(bytes_equal(sd->content, build_spc(arena)));
    assert_int_equal(sd->hash, HASH_SHA256);
    assert_int_equal(sd->n_hashes, 1);
    assert_false(der_is_ber(sd->whole));
    assert_false(sd->cut);
    assert_int_equal(sd->n_certs, 1);
    assert_true(bytes_equal(sd->certs[0].der, leaf()));
    assert_int_equal(sd->certs[0].at, 5000 + bytes_find(whole, leaf(), 0));
    assert_int_equal(sd->n_signers, 1);
    const struct signer_info *signer = &sd->signers[0];
    assert_true(bytes_equal(signer->issuer, build_name(arena, "issuer")));
    assert_true(bytes_equal(signer->serial, B("\x12\x34")));
    assert_true(cert_named_by(&sd->certs[0], signer->issuer, signer->serial, signer->key_id));
    assert_int_equal(signer->hash, HASH_SHA256);
    assert_true(bytes_equal(signer->algorithm, build_algorithm(arena)));
    assert_true(bytes_is(signer->signature, "signature"));
    assert_int_equal(signer->signed_attrs.p[0], 0xa0);
    assert_int_equal(signer->n_attrs, 3);
    assert_true(bytes_is(signer->message_digest, "0123456789abcdef0123456789abcdef"));
    assert_true(oid_is(signer->content_type, OID_SPC_INDIRECT_DATA));
    assert_int_equal(signer->signing_time, 1680091200);
    assert_false(signer->duplicate_attribute);
    assert_int_equal(signer->n_unsigned_attrs, 0);
    struct spc_indirect spc;
    assert_true(spc_parse(sd, &spc, NULL));
    assert_true(oid_is(spc.data_type, OID_SPC_PE_IMAGE_DATA));
    assert_true(bytes_equal(spc.data_value, B("\x30\x03\x03\x01\x00")));
    assert_int_equal(spc.hash, HASH_SHA256);
    assert_true(bytes_is(spc.digest, "fedcba9876543210fedcba9876543210"));
    assert_true(bytes_equal(spc.value, bytes_cut(sd->content, 2, sd->content.n)));
}

static void poison_in_the_bag(void **state) {
    (void)state;
    struct bytes good = leaf(), odd_serial = build_cert(arena, "issuer", "odd", B("\x00\x00\x01"), "key");
    struct bytes third = SEQ(build_tbs(arena, "issuer", "third", B("\x11"), "key"), build_algorithm(arena),
                             PRIM(DER_BIT_STRING, B("\x00x")), PRIM(DER_OCTET_STRING, B("hidden")));
    struct bytes swallowed = PRIM(DER_OCTET_STRING, good);
    const struct {
        struct bytes certs, crls;
        enum anomaly_name name;
        size_t n;
    } rows[] = {
        {join(arena, B("\xde\xad\xbe\xef\x00"), good, END), bytes_none(), ANOMALY_STUFFED_CERTIFICATE, 1},
        {join(arena, PRIM(DER_CONTEXT_1_CONS, B("\x02\x01\x01")), good, END), bytes_none(), ANOMALY_STUFFED_CERTIFICATE, 1},
        {join(arena, PRIM(DER_CONTEXT_3_CONS, B("\x06\x01\x2a")), good, END), bytes_none(), ANOMALY_STUFFED_CERTIFICATE, 1},
        {swallowed, bytes_none(), ANOMALY_STUFFED_CERTIFICATE, 1},
        {join(arena, SEQ(B("\x02\x01\x01")), good, END), bytes_none(), ANOMALY_STUFFED_CERTIFICATE, 2},
        {join(arena, third, good, END), bytes_none(), ANOMALY_TRAILING_BYTES, 2},
        {join(arena, good, good, END), bytes_none(), ANOMALY_DUPLICATE_CERTIFICATE, 1},
        {join(arena, odd_serial, good, END), bytes_none(), ANOMALY_ODD_SERIAL, 2},
        {bytes_none(), good, ANOMALY_STUFFED_CERTIFICATE, 1},
        {bytes_none(), join(arena, B("\xff\xff"), good, END), ANOMALY_STUFFED_CERTIFICATE, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct anomalies odd = {0};
        struct signed_data *sd;
        assert_true(cms_parse(plain(rows[i].certs, rows[i].crls), 0, arena, &odd, &sd, NULL));
        assert_int_equal(odd.n, 1);
        assert_int_equal(odd.all[0].name, rows[i].name);
        assert_int_equal(sd->n_certs, rows[i].n);
        assert_int_equal(sd->n_signers, 1);
        bool found = false;
        for (size_t k = 0; k < sd->n_certs; k++) {
            found = found || (bytes_equal(sd->certs[k].der, good) && !sd->certs[k].broken);
        }
        assert_true(found);
    }
}

static void limits_keep_what_was_read(void **state) {
    (void)state;
    struct bytes certs = bytes_none(), signers = bytes_none(), attributes = bytes_none();
    for (int i = 0; i < LIMIT_CERTIFICATES_USUAL + 10; i++) {
        uint8_t serial[] = {1, (uint8_t)(i >> 8), (uint8_t)i};
        certs = join(arena, certs, build_cert(arena, "issuer", "x", bytes_make(serial, 3), "key"), END);
    }
    for (int i = 0; i < LIMIT_SIGNERS_USUAL + 2; i++) {
        signers = join(arena, signers, build_signer(arena, "issuer", B("\x12"), bytes_none(), bytes_none()), END);
    }
    for (int i = 0; i < LIMIT_ATTRIBUTES_USUAL + 2; i++) {
        attributes = join(arena, attributes, build_attribute(arena, OID_SEQUENCE_NUMBER, B("\x02\x01\x01")), END);
    }
    struct signed_data *sd;
    assert_true(cms_parse(plain(certs, bytes_none()), 0, arena, NULL, &sd, NULL));
    assert_int_equal(sd->n_certs, LIMIT_CERTIFICATES_USUAL);
    assert_int_equal(sd->n_signers, 1);
    assert_true(sd->cut);
    assert_true(cms_parse(build_signed_data(arena, leaf(), bytes_none(), signers), 0, arena, NULL, &sd, NULL));
    assert_int_equal(sd->n_signers, LIMIT_SIGNERS_USUAL);
    assert_true(sd->cut);
    signers = build_signer(arena, "issuer", B("\x12"), bytes_none(), attributes);
    assert_true(cms_parse(build_signed_data(arena, leaf(), bytes_none(), signers), 0, arena, NULL, &sd, NULL));
    assert_int_equal(sd->signers[0].n_unsigned_attrs, LIMIT_ATTRIBUTES_USUAL + 1); /* the last is all of the rest */
    assert_int_equal(sd->signers[0].unsigned_attrs[LIMIT_ATTRIBUTES_USUAL].oid.n, 0);
    assert_true(sd->cut);
}

static void doubled_attributes(void **state) {
    (void)state;
    struct bytes again = build_attribute(arena, OID_MESSAGE_DIGEST, PRIM(DER_OCTET_STRING, B("other")));
    struct bytes two_types = build_attribute(arena, OID_CONTENT_TYPE, build_oid(arena, OID_DATA));
    struct signed_data *sd;
    assert_true(cms_parse(build_signed_data(arena, leaf(), bytes_none(), build_signer(arena, "issuer", B("\x12"), again, bytes_none())), 0,
                          arena, NULL, &sd, NULL));
    assert_true(sd->signers[0].duplicate_attribute);
    assert_int_equal(sd->signers[0].message_digest.n, 0);
    assert_true(sd->signers[0].content_type.n != 0);
    assert_true(cms_parse(build_signed_data(arena, leaf(), bytes_none(), build_signer(arena, "issuer", B("\x12"), two_types, bytes_none())),
                          0, arena, NULL, &sd, NULL));
    assert_true(sd->signers[0].duplicate_attribute);
    assert_int_equal(sd->signers[0].content_type.n, 0);
}

static void signers_by_key_id(void **state) {
    (void)state;
    struct bytes signer = SEQ(B("\x02\x01\x03"), PRIM(DER_CONTEXT_0, B("\x12\x34")), build_digest_algorithm(arena), build_algorithm(arena),
                              B("\x24\x80\x04\x02si\x04\x02gn\0\0"));
    struct signed_data *sd;
    assert_true(cms_parse(build_signed_data(arena, leaf(), bytes_none(), signer), 0, arena, NULL, &sd, NULL));
    assert_int_equal(sd->n_signers, 1);
    assert_true(bytes_is(sd->signers[0].signature, "sign"));
    assert_int_equal(sd->signers[0].signing_time, INT64_MIN);
    assert_int_equal(sd->signers[0].signed_attrs.n, 0);
    assert_true(cert_named_by(&sd->certs[0], sd->signers[0].issuer, sd->signers[0].serial, sd->signers[0].key_id));
    assert_true(der_is_ber(sd->whole));
}

static void what_is_no_signed_data(void **state) {
    (void)state;
    struct signed_data *sd = NULL;
    struct error err = {0};
    assert_false(cms_parse(SEQ(build_oid(arena, OID_DATA), PRIM(DER_CONTEXT_0_CONS, SEQ(B("\x02\x01\x01")))), 0, arena, NULL, &sd, &err));
    assert_int_equal(err.kind, ERR_MALFORMED);
    assert_false(cms_parse(leaf(), 0, arena, NULL, &sd, &err));
    assert_false(cms_parse(bytes_none(), 0, arena, NULL, &sd, &err));
    assert_null(sd);
}

static struct bytes nested_in(struct bytes inner) {
    return build_signed_data(arena, leaf(), bytes_none(),
                             build_signer(arena, "issuer", B("\x12\x34"), bytes_none(),
                                          inner.n != 0 ? build_attribute(arena, OID_SPC_NESTED_SIGNATURE, inner) : bytes_none()));
}

static void nested_signatures(void **state) {
    (void)state;
    struct bytes one = nested_in(bytes_none());
    struct bytes blob = nested_in(join(arena, nested_in(one), one, END));
    struct contents contents = {0};
    size_t added = 0;
    assert_true(authenticode_add(&contents, arena, "entry0", blob, 100, &added, NULL));
    assert_int_equal(added, 4);
    static const char *const parts[] = {"entry0", "entry0/nested0", "entry0/nested0/nested0", "entry0/nested1"};
    static const int outers[] = {-1, 0, 1, 0};
    for (size_t i = 0; i < added; i++) {
        const struct signature *s = &contents.signatures[i];
        assert_string_equal(s->part, parts[i]);
        assert_ptr_equal(s->outer, outers[i] < 0 ? NULL : &contents.signatures[outers[i]]);
        assert_true(bytes_is(s->claimed, "fedcba9876543210fedcba9876543210"));
        assert_int_equal(s->hash, HASH_SHA256);
        assert_ptr_equal(s->signer, &s->sd->signers[0]);
        assert_true(bytes_equal(s->content, bytes_cut(build_spc(arena), 2, 1000)));
        assert_true(bytes_equal(bytes_cut(blob, (size_t)(s->sd->at - 100), s->sd->whole.n),
                                bytes_cut(blob, (size_t)(s->sd->at - 100), s->sd->whole.n)));
        assert_int_equal(blob.p[s->sd->at - 100], 0x30);
        assert_false(s->carved || s->algorithm_mismatch);
    }
    assert_int_equal(contents.anomalies.n, 0);
    assert_int_equal(contents.unreadable.kind, ERR_NONE);
}

/* A countersignature that says what it commits to is a second signer's; any other is left to be a time stamp. */
static void second_signers(void **state) {
    (void)state;
    struct bytes commitment = build_attribute(arena, OID_COMMITMENT_TYPE, SEQ(build_dotted(arena, "1.2.840.113549.1.9.16.6.2")));
    struct bytes stamp = build_signer(arena, "authority", B("\x01"), bytes_none(), bytes_none());
    struct bytes third = build_signer(arena, "third", B("\x03"), commitment, bytes_none());
    struct bytes second = build_signer(arena, "repository", B("\x02"), commitment, build_attribute(arena, OID_COUNTERSIGNATURE, third));
    struct bytes counters = build_attribute(arena, OID_COUNTERSIGNATURE, join(arena, stamp, second, END));
    struct bytes blob =
        build_signed_data(arena, leaf(), bytes_none(), build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), counters));
    static const char *const parts[] = {"signature", "signature/counter0", "signature/counter0/counter0"};
    struct contents contents = {0};
    size_t added = 0;
    assert_true(authenticode_add(&contents, arena, "signature", blob, 0, &added, NULL));
    assert_int_equal(added, 3);
    for (size_t i = 0; i < added; i++) {
        const struct signature *s = &contents.signatures[i];
        assert_string_equal(s->part, parts[i]);
        assert_int_equal(s->counters, i != 0);
        assert_ptr_equal(s->outer, i != 0 ? &contents.signatures[i - 1] : NULL);
        assert_true(i == 0 || (s->claimed.n == 0 && bytes_is(s->content, "signature")));
        assert_ptr_equal(s->sd, contents.signatures[0].sd);
    }
    assert_int_equal(contents.anomalies.n, 0);
}

/* 20 levels; the innermost has a certificate of its own. */
static void nested_too_deep(void **state) {
    (void)state;
    struct bytes hidden = build_cert(arena, "issuer", "hidden", B("\x66"), "key");
    struct bytes blob = plain(hidden, bytes_none());
    for (int i = 0; i < 20; i++) {
        blob = nested_in(blob);
    }
    struct contents contents = {0};
    size_t added = 0;
    assert_true(authenticode_add(&contents, arena, "entry0", blob, 0, &added, NULL));
    assert_int_equal(added, 10); /* the outermost, eight, and the loose certificates */
    assert_true(anomaly_has(&contents.anomalies, ANOMALY_NESTED_TOO_DEEP));
    assert_int_equal(contents.unreadable.kind, ERR_LIMIT);
    const struct signature *loose = &contents.signatures[9];
    assert_true(loose->carved);
    assert_null(loose->signer);
    assert_int_equal(loose->sd->n_certs, 2);
    assert_true(bytes_equal(loose->sd->certs[1].der, hidden));
}

/* More side by side than are read: the last one's certificate is still told. */
static void too_many_signatures(void **state) {
    (void)state;
    struct bytes one = nested_in(bytes_none()), many = bytes_none();
    struct bytes hidden = build_cert(arena, "issuer", "hidden", B("\x66"), "key");
    for (int i = 0; i < 40; i++) {
        many = join(arena, many, one, END);
    }
    struct bytes attributes =
        join(arena, build_attribute(arena, OID_SPC_NESTED_SIGNATURE, many),
             build_attribute(arena, OID_SPC_NESTED_SIGNATURE, join(arena, many, plain(hidden, bytes_none()), END)), END);
    struct contents contents = {0};
    size_t added = 0;
    struct bytes blob =
        build_signed_data(arena, leaf(), bytes_none(), build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), attributes));
    assert_true(authenticode_add(&contents, arena, "entry0", blob, 0, &added, NULL));
    assert_int_equal(contents.n_signatures, SIGNATURES_MAX);
    assert_int_equal(contents.unreadable.kind, ERR_LIMIT);
    const struct signed_data *loose = contents.signatures[SIGNATURES_MAX - 1].sd;
    assert_true(bytes_equal(loose->certs[loose->n_certs - 1].der, hidden));
}

static void several_signers_and_none(void **state) {
    (void)state;
    struct bytes signer = build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), bytes_none());
    struct contents contents = {0};
    size_t added = 0;
    assert_true(authenticode_add(&contents, arena, "entry0",
                                 build_signed_data(arena, leaf(), bytes_none(), join(arena, signer, signer, END)), 0, &added, NULL));
    assert_int_equal(added, 2);
    assert_string_equal(contents.signatures[1].part, "entry0#1");
    assert_ptr_equal(contents.signatures[1].signer, &contents.signatures[0].sd->signers[1]);
    assert_true(anomaly_has(&contents.anomalies, ANOMALY_SEVERAL_SIGNERS));
    contents = (struct contents){0};
    assert_true(
        authenticode_add(&contents, arena, "entry0", build_signed_data(arena, leaf(), bytes_none(), bytes_none()), 0, &added, NULL));
    assert_int_equal(added, 1);
    assert_null(contents.signatures[0].signer);
    assert_int_equal(contents.signatures[0].sd->n_certs, 1);
    assert_true(anomaly_has(&contents.anomalies, ANOMALY_NO_SIGNER));
}

static void hidden_in_attributes(void **state) {
    (void)state;
    struct bytes hidden = build_cert(arena, "issuer", "hidden", B("\x66"), "key");
    uint8_t big[9000] = {0};
    struct bytes small = SEQ(build_dotted(arena, "1.3.6.1.4.1.42921.1.2.1"), SET(PRIM(DER_OCTET_STRING, hidden)));
    struct bytes large = SEQ(build_dotted(arena, "1.3.6.1.4.1.42921.1.2.1"), SET(PRIM(DER_OCTET_STRING, bytes_make(big, sizeof big))));
    const struct {
        struct bytes attributes;
        size_t added;
        bool weighty, carved;
    } rows[] = {
        {small, 2, false, true},
        {large, 1, true, false},
        {build_attribute(arena, OID_SPC_RFC3161, hidden), 2, false, true},
        {build_attribute(arena, OID_COUNTERSIGNATURE, hidden), 2, false, true},
        {build_attribute(arena, OID_SPC_NESTED_SIGNATURE, hidden), 2, false, true},
        {join(arena, B("\xff\xff"), hidden, END), 2, false, true},
        {SEQ(build_dotted(arena, "1.2.3"), SET(plain(hidden, bytes_none()))), 2, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct contents contents = {0};
        size_t added = 0;
        struct bytes blob =
            build_signed_data(arena, leaf(), bytes_none(), build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), rows[i].attributes));
        assert_true(authenticode_add(&contents, arena, "entry0", blob, 0, &added, NULL));
        assert_int_equal(added, rows[i].added);
        assert_true(anomaly_has(&contents.anomalies, ANOMALY_STUFFED_ATTRIBUTE));
        assert_int_equal(contents.anomalies.all[0].weighty, rows[i].weighty);
        assert_int_equal(anomaly_has(&contents.anomalies, ANOMALY_CARVED), rows[i].carved);
        if (rows[i].carved) {
            assert_true(contents.signatures[1].carved);
            assert_int_equal(contents.signatures[1].sd->n_certs, 1);
            assert_true(bytes_equal(contents.signatures[1].sd->certs[0].der, hidden));
        }
    }
}

/* A crowd of harmless oddities leaves room for those that count. */
static void weighty_ones_are_kept(void **state) {
    (void)state;
    struct contents contents = {0};
    size_t added = 0;
    struct bytes attributes = bytes_none();
    for (int i = 0; i < 100; i++) {
        attributes = join(arena, attributes, SEQ(build_dotted(arena, "1.2.3"), SET(B("\x05\x00"))), END);
    }
    struct bytes signer = build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), attributes);
    assert_true(authenticode_add(&contents, arena, "entry0", build_signed_data(arena, leaf(), bytes_none(), signer), 0, &added, NULL));
    assert_in_range(contents.anomalies.n, 1, 32);
    for (int i = 0; i < 100; i++) {
        anomaly_note(&contents.anomalies, arena, ANOMALY_BER_ENCODING, 0, 0, NULL);
    }
    assert_int_equal(contents.anomalies.n, ANOMALIES_MAX);
    assert_true(anomaly_note(&contents.anomalies, arena, ANOMALY_CARVED, 7, 0, NULL)->weighty);
    assert_true(anomaly_has(&contents.anomalies, ANOMALY_CARVED));
    assert_int_equal(contents.anomalies.n, ANOMALIES_MAX);
}

/* Processor seconds that two searches through so many bytes of a pattern take. */
static double search_seconds(struct bytes pattern, uint8_t *data, size_t size) {
    for (size_t at = 0; at < size; at++) {
        data[at] = pattern.p[at % pattern.n];
    }
    struct contents contents = {0};
    struct memory_source memory;
    size_t added = 0;
    clock_t start = clock();
    carve_bytes(&contents, arena, bytes_make(data, size), 0);
    memory_source_init(&memory, "memory", bytes_make(data, size));
    assert_true(carve_source(&contents, arena, &memory.source, 0, size, &added, NULL));
    assert_int_equal(contents.n_signatures, 0);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Bytes made to be looked at again and again: each of these took minutes if every candidate were read to its end. Four times the bytes
 * take about four times as long, not sixteen; a busy machine is slow at both. */
static void searches_are_linear(void **state) {
    (void)state;
    static const struct bytes patterns[] = {
        {(const uint8_t *)"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x05\x00", 17},
        {(const uint8_t *)"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 13},
        {(const uint8_t *)"MIAGCSqGSIb3DQEHAqCABQAw", 24}, /* the first one's like in base64 */
        {(const uint8_t *)"MIAGCSqGSIb3DQEHAqCABQAw.", 25},
        {(const uint8_t *)"\x30\x80\x30\x80\x02\x00\x05\x00", 8},
        {(const uint8_t *)"\x30\x82\xff\x00\x30\x80\x02\x01\x05\x30\x00\x30\x80", 13},
        {(const uint8_t *)"\x30\x80", 2},
        {(const uint8_t *)"\x30", 1},
    };
    size_t size = (size_t)2 << 20;
    uint8_t *data = malloc(size);
    assert_non_null(data);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        double few = search_seconds(patterns[i], data, size / 4), many = search_seconds(patterns[i], data, size);
        print_message("pattern %zu: %.2f s, %.2f s\n", i, few, many);
        assert_true(many < 9 * few + 0.2);
    }
    free(data);
}

static void hashes_that_differ(void **state) {
    (void)state;
    struct bytes blob = plain(leaf(), bytes_none());
    size_t at = blob.n;
    for (size_t i = bytes_find(blob, oid_of(OID_MESSAGE_DIGEST), 0); i > 0 && at == blob.n; i--) {
        struct bytes sha256 = B("\x60\x86\x48\x01\x65\x03\x04\x02\x01");
        if (bytes_starts(bytes_cut(blob, i, blob.n), sha256)) {
            at = i + 8;
        }
    }
    uint8_t *changed = arena_alloc(arena, blob.n);
    memcpy(changed, blob.p, blob.n);
    changed[at] = 9; /* SHA3-384 in the SignerInfo */
    struct contents contents = {0};
    size_t added;
    assert_true(authenticode_add(&contents, arena, "entry0", bytes_make(changed, blob.n), 0, &added, NULL));
    assert_true(contents.signatures[0].algorithm_mismatch);
    assert_true(anomaly_has(&contents.anomalies, ANOMALY_ALGORITHM_MISMATCH));
    assert_false(anomaly_has(&contents.anomalies, ANOMALY_WEAK_DIGEST));
    contents = (struct contents){0};
    changed[at] = 99;
    assert_true(authenticode_add(&contents, arena, "entry0", bytes_make(changed, blob.n), 0, &added, NULL));
    assert_true(anomaly_has(&contents.anomalies, ANOMALY_WEAK_DIGEST));
}

static void names_of_programs(void **state) {
    (void)state;
    struct bytes opus = SEQ(PRIM(DER_CONTEXT_0_CONS, PRIM(DER_CONTEXT_0, B("\0A\0\xe9\x20\xac"))),
                            PRIM(DER_CONTEXT_1_CONS, PRIM(DER_CONTEXT_0, B("http://example.org/"))));
    struct contents contents = {0};
    size_t added;
    struct bytes signer = build_signer(arena, "issuer", B("\x12\x34"), build_attribute(arena, OID_SPC_OPUS_INFO, opus), bytes_none());
    assert_true(authenticode_add(&contents, arena, "entry0", build_signed_data(arena, leaf(), bytes_none(), signer), 0, &added, NULL));
    assert_string_equal(contents.signatures[0].program, "A\xc3\xa9\xe2\x82\xac");
    assert_string_equal(contents.signatures[0].url, "http://example.org/");
}

static void carving(void **state) {
    (void)state;
    struct bytes lone = build_cert(arena, "issuer", "lone", B("\x66"), "key");
    struct bytes signed_data = plain(leaf(), bytes_none());
    struct bytes junk = B("junk 0\x82 0\x80\x00\x00 0\x82\x01\x00\x30\x82\x00\x00\x02 ");
    struct bytes cut = bytes_cut(signed_data, 0, signed_data.n - 3);
    struct bytes whole = join(arena, junk, lone, junk, signed_data, junk, lone, cut, END);
    struct contents contents = {0};
    assert_int_equal(carve_bytes(&contents, arena, whole, 1 << 20), 2);
    const struct signature *loose = &contents.signatures[1], *found = &contents.signatures[0];
    size_t at = (1 << 20) + junk.n * 2 + lone.n;
    assert_string_equal(found->part, arena_printf(arena, "carved@%zu", at));
    assert_true(found->carved && loose->carved);
    assert_int_equal(found->sd->at, at);
    assert_true(bytes_is(found->claimed, "fedcba9876543210fedcba9876543210"));
    assert_null(loose->signer);
    assert_int_equal(loose->sd->n_certs, 2); /* the lone one, once, and that of the SignedData that is cut short */
    assert_true(bytes_equal(loose->sd->certs[0].der, lone));
    assert_int_equal(loose->sd->certs[0].at, (1 << 20) + junk.n);
    assert_true(bytes_equal(loose->sd->certs[1].der, leaf()));
    assert_true(anomaly_has(&contents.anomalies, ANOMALY_CARVED));
    assert_int_equal(carve_bytes(&contents, arena, junk, 0), 0);
}

/* Across the borders of the pieces in which a source is searched. */
static void carving_a_source(void **state) {
    (void)state;
    struct bytes lone = build_cert(arena, "issuer", "lone", B("\x66"), "key");
    struct bytes signed_data = plain(leaf(), bytes_none());
    size_t size = (size_t)9 << 20;
    uint8_t *data = calloc(size, 1);
    assert_non_null(data);
    const size_t places[] = {0, ((size_t)4 << 20) - 100, ((size_t)8 << 20) - 7, size - signed_data.n};
    for (size_t i = 0; i < 4; i++) {
        memcpy(data + places[i], i == 2 ? lone.p : signed_data.p, i == 2 ? lone.n : signed_data.n);
    }
    struct memory_source memory;
    memory_source_init(&memory, "memory", bytes_make(data, size));
    struct contents contents = {0};
    size_t added = 0;
    assert_true(carve_source(&contents, arena, &memory.source, 0, size, &added, NULL));
    free(data);
    assert_int_equal(added, 4);
    unsigned signatures = 0;
    for (size_t i = 0; i < added; i++) {
        const struct signature *s = &contents.signatures[i];
        if (s->signer == NULL) {
            assert_int_equal(s->sd->n_certs, 1);
            assert_true(bytes_equal(s->sd->certs[0].der, lone));
        } else {
            assert_true(s->sd->at == places[0] || s->sd->at == places[1] || s->sd->at == places[3]);
            assert_true(bytes_equal(s->sd->certs[0].der, leaf()));
            signatures++;
        }
    }
    assert_int_equal(signatures, 3);
}

static void any(struct bytes b, struct arena *its, void *context) {
    (void)context;
    struct contents contents = {0};
    size_t added;
    struct error err = {0};
    if (!authenticode_add(&contents, its, "x", b, 0, &added, &err)) {
        assert_int_not_equal(err.kind, ERR_NONE);
        carve_bytes(&contents, its, b, 0);
    }
}

static void hostile(void **state) {
    (void)state;
    struct bytes attributes = join(arena, build_attribute(arena, OID_SPC_NESTED_SIGNATURE, nested_in(bytes_none())),
                                   SEQ(build_dotted(arena, "1.2.3"), SET(leaf())), END);
    struct bytes blob = build_signed_data(arena, join(arena, leaf(), B("\xff"), leaf(), END), leaf(),
                                          build_signer(arena, "issuer", B("\x12\x34"), bytes_none(), attributes));
    hostile_cuts(blob, 1, any, NULL);
    hostile_flips(blob, 5, any, NULL);
    hostile_caps(blob, 64 << 10, 509, any, NULL);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_signature_is_read),
        T(poison_in_the_bag),
        T(limits_keep_what_was_read),
        T(doubled_attributes),
        T(signers_by_key_id),
        T(what_is_no_signed_data),
        T(nested_signatures),
        T(second_signers),
        T(nested_too_deep),
        T(too_many_signatures),
        T(several_signers_and_none),
        T(hidden_in_attributes),
        T(hashes_that_differ),
        T(weighty_ones_are_kept),
        T(searches_are_linear),
        T(names_of_programs),
        T(carving),
        T(carving_a_source),
        T(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
