/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/cms.h"
#include "base/embedded.h"
#include "base/hex.h"
#include "base/reader.h"
#include "crypto/cms_verify.h"
#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "crypto/identity.h"
#include "pki.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct error err;

static int setup(void **state) {
    (void)state;
    test_arena = arena_make(SIZE_MAX);
    return crypto_init(&err) ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    arena_free(&test_arena);
    return 0;
}

/* ---- hashing ---- */

static void digests_are_right(void **state) {
    (void)state;
    uint8_t out[HASH_SIZE_MAX];
    char hex[2 * HASH_SIZE_MAX + 1];
    static const struct {
        enum hash hash;
        const char *abc;
    } rows[] = {
        {HASH_MD5, "900150983cd24fb0d6963f7d28e17f72"},
        {HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(digest_two(rows[i].hash, bytes_text("a"), bytes_text("bc"), out, &err));
        hex_encode(bytes_make(out, hash_size(rows[i].hash)), hex);
        assert_string_equal(hex, rows[i].abc);
    }
    assert_false(digest_supported(HASH_MD2));
    assert_false(digest_bytes(HASH_MD4, bytes_none(), out, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

enum { BIG = 700 * 1000 };

static struct bytes big(void) {
    static uint8_t data[BIG];
    for (size_t i = 0; i < BIG; i++) {
        data[i] = (uint8_t)(i * 31 + i / 251);
    }
    return bytes_make(data, BIG);
}

static struct bytes hashed(enum hash hash, struct bytes data) {
    uint8_t *out = arena_alloc(&test_arena, HASH_SIZE_MAX);
    assert_non_null(out);
    assert_true(digest_bytes(hash, data, out, &err));
    return bytes_make(out, hash_size(hash));
}

static struct claim claim_new(enum hash hash, struct span *spans, size_t n, struct bytes data) {
    return (struct claim){.hash = hash, .digest_size = hash_size(hash), .expected = hashed(hash, data), .spans = spans, .n_spans = n};
}

static void claims_share_one_reading(void **state) {
    (void)state;
    struct bytes data = big();
    struct memory_source memory;
    memory_source_init(&memory, "big", data);
    struct span holes[] = {
        {0, 100, bytes_none(), false, NULL}, {104, 300000, bytes_none(), false, NULL}, {400000, 300000, bytes_none(), false, NULL}};
    struct span filled[] = {{0, 100, bytes_none(), false, NULL},
                            {0, 0, bytes_text("in between"), false, NULL},
                            {0, 5000, bytes_none(), true, NULL},
                            {200, 10, bytes_none(), false, NULL}};
    struct bytes without = join(bytes_cut(data, 0, 100), join(bytes_cut(data, 104, 300000), bytes_cut(data, 400000, 300000)));
    uint8_t *zeros = arena_alloc(&test_arena, 5000);
    struct bytes with =
        join(join(bytes_cut(data, 0, 100), bytes_text("in between")), join(bytes_make(zeros, 5000), bytes_cut(data, 200, 10)));
    struct claim claims[] = {claim_new(HASH_SHA256, holes, 3, without),
                             claim_new(HASH_SHA1, holes, 3, without),
                             claim_new(HASH_SHA256, filled, 4, with),
                             claim_new(HASH_SHA256, holes, 3, with),
                             {.hash = HASH_MD2, .digest_size = 16, .expected = bytes_none(), .spans = holes, .n_spans = 3}};
    enum check states[5];
    struct file_digest files[] = {{.hash = HASH_SHA256}, {.hash = HASH_MD5}};
    assert_true(digest_claims(&memory.source, claims, 5, states, NULL, files, 2, &err));
    assert_int_equal(states[0], CHECK_GOOD);
    assert_int_equal(states[1], CHECK_GOOD);
    assert_int_equal(states[2], CHECK_GOOD);
    assert_int_equal(states[3], CHECK_BAD);
    assert_int_equal(states[4], CHECK_NONE);
    assert_memory_equal(files[0].value, hashed(HASH_SHA256, data).p, 32);
    assert_memory_equal(files[1].value, hashed(HASH_MD5, data).p, 16);
    assert_int_equal(memory.source.bytes_read, BIG);
    memset(files[0].value, 0, sizeof files[0].value);
    assert_true(digest_claims(&memory.source, NULL, 0, NULL, NULL, files, 1, &err));
    assert_memory_equal(files[0].value, hashed(HASH_SHA256, data).p, 32);
}

static void odd_claims(void **state) {
    (void)state;
    struct bytes data = big();
    struct memory_source memory;
    memory_source_init(&memory, "big", data);
    struct span back[] = {
        {500000, 1000, bytes_none(), false, NULL}, {10, 1000, bytes_none(), false, NULL}, {20, 5, bytes_none(), false, NULL}};
    struct span past[] = {{BIG - 5, 6, bytes_none(), false, NULL}}, wrap[] = {{8, UINT64_MAX, bytes_none(), false, NULL}};
    struct span bomb[] = {{0, UINT64_MAX / 2, bytes_none(), true, NULL}, {0, UINT64_MAX / 2, bytes_none(), true, NULL}};
    struct bytes backwards = join(join(bytes_cut(data, 500000, 1000), bytes_cut(data, 10, 1000)), bytes_cut(data, 20, 5));
    struct claim claims[100] = {claim_new(HASH_SHA256, back, 3, backwards), claim_new(HASH_SHA256, past, 1, data),
                                claim_new(HASH_SHA256, wrap, 1, data),      claim_new(HASH_SHA256, bomb, 2, data),
                                claim_new(HASH_SHA256, back, 3, backwards), claim_new(HASH_SHA256, back, 3, backwards)};
    claims[4].digest_size = claims[4].expected.n = 20; /* cut, as Apple does */
    claims[5].digest_size = claims[5].expected.n = 4;  /* cut to nothing */
    struct span rising[100];
    for (size_t i = 6; i < 100; i++) {
        rising[i] = (struct span){i * 100, i * 1000, bytes_none(), false, NULL};
        claims[i] = claim_new(i % 2 == 0 ? HASH_SHA1 : HASH_SHA512, &rising[i], 1, bytes_cut(data, i * 100, i * 1000 - (i == 77)));
    }
    enum check states[100];
    static const enum check wanted[] = {CHECK_GOOD, CHECK_BAD, CHECK_BAD, CHECK_NONE, CHECK_GOOD, CHECK_BAD};
    assert_true(digest_claims(&memory.source, claims, 100, states, NULL, NULL, 0, &err));
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(states[i], i < 6 ? wanted[i] : i == 77 ? CHECK_BAD : CHECK_GOOD);
    }
}

static void pages_are_compared_one_by_one(void **state) {
    (void)state;
    struct bytes data = big();
    struct memory_source memory;
    memory_source_init(&memory, "big", data);
    struct span spans[] = {
        {0, 1000, bytes_none(), false, NULL}, {0, 3096, bytes_none(), true, NULL}, {4096, 100000, bytes_none(), false, NULL}};
    uint8_t *padding = arena_alloc(&test_arena, 3096);
    struct bytes run = join(join(bytes_cut(data, 0, 1000), bytes_make(padding, 3096)), bytes_cut(data, 4096, 100000));
    struct bytes expected = bytes_none();
    for (size_t at = 0; at < run.n; at += 4096) {
        expected = join(expected, bytes_cut(hashed(HASH_SHA256, bytes_cut(run, at, 4096)), 0, 20));
    }
    struct claim claim = {.hash = HASH_SHA256, .digest_size = 20, .expected = expected, .spans = spans, .n_spans = 3, .page = 4096};
    struct claim claims[4] = {claim, claim, claim, claim};
    claims[1].expected.n -= 20;
    claims[2].expected = join(expected, bytes_cut(expected, 0, 20));
    uint8_t *changed = arena_alloc(&test_arena, expected.n);
    memcpy(changed, expected.p, expected.n);
    changed[7 * 20 + 3] ^= 1;
    claims[3].expected = bytes_make(changed, expected.n);
    enum check states[4];
    uint64_t bad_page[4];
    assert_true(digest_claims(&memory.source, claims, 4, states, bad_page, NULL, 0, &err));
    uint64_t pages = expected.n / 20;
    assert_int_equal(states[0], CHECK_GOOD);
    assert_true(bad_page[0] == UINT64_MAX);
    assert_int_equal(states[1], CHECK_BAD);
    assert_int_equal(bad_page[1], pages - 1);
    assert_int_equal(states[2], CHECK_BAD);
    assert_int_equal(bad_page[2], pages);
    assert_int_equal(states[3], CHECK_BAD);
    assert_int_equal(bad_page[3], 7);
}

static bool fails(struct source *source, void *buf, size_t n, uint64_t at, struct error *e) {
    (void)source, (void)buf, (void)n, (void)at;
    return error_set(e, ERR_IO, "broken");
}

static void unreadable_sources_are_errors(void **state) {
    (void)state;
    struct source source = {.name = "broken", .size = 10, .pread = fails};
    struct file_digest file = {.hash = HASH_SHA256};
    assert_false(digest_claims(&source, NULL, 0, NULL, NULL, &file, 1, &err));
    assert_int_equal(err.kind, ERR_IO);
}

/* ---- identities ---- */

static void one_key_in_many_encodings(void **state) {
    (void)state;
    uint8_t a[32], b[32];
    bool explicit_curve;
    EVP_PKEY *rsa = key_new("RSA"), *other = key_new("RSA"), *ec = key_new("EC");
    struct bytes spki = key_spki(rsa), bits;
    struct der_cursor c = der_cursor_make(spki, 0), in;
    struct der algorithm, key;
    assert_true(der_enter(&c, DER_SEQUENCE, &in, &err) && der_next(&in, &algorithm, &err) && der_next(&in, &key, &err));
    bits = key.whole;
    struct bytes without_null = tlv(DER_SEQUENCE, tlv(DER_SEQUENCE, dotted("1.2.840.113549.1.1.1"), bytes_none()), bits);
    assert_false(bytes_equal(spki, without_null));
    struct bytes usual_ec = key_spki(ec);
    bool odd;
    assert_true(identity_usual_key(spki, b, &odd, &err) && !odd);
    assert_true(identity_usual_key(without_null, b, &odd, &err) && odd);
    assert_true(digest_bytes(HASH_SHA256, spki, a, &err));
    assert_memory_equal(a, b, 32);
    assert_true(identity_usual_key(usual_ec, b, &odd, &err) && !odd);
    assert_true(identity_canonical_key(spki, a, &explicit_curve, &err));
    assert_false(explicit_curve);
    assert_true(identity_canonical_key(without_null, b, &explicit_curve, &err));
    assert_memory_equal(a, b, 32);
    assert_true(identity_canonical_key(key_spki(other), b, &explicit_curve, &err));
    assert_memory_not_equal(a, b, 32);
    assert_true(identity_canonical_key(key_spki(ec), a, &explicit_curve, &err));
    assert_false(explicit_curve);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(ec, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"), 1);
    struct bytes compressed = key_spki(ec);
    assert_true(identity_canonical_key(compressed, b, &explicit_curve, &err));
    assert_memory_equal(a, b, 32);
    uint8_t usual[32];
    assert_true(digest_bytes(HASH_SHA256, usual_ec, usual, &err));
    assert_true(identity_usual_key(compressed, b, &odd, &err) && odd);
    assert_memory_equal(usual, b, 32);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(ec, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"), 1);
    assert_true(identity_canonical_key(key_spki(ec), b, &explicit_curve, &err));
    assert_true(explicit_curve);
    assert_memory_equal(a, b, 32);
    assert_true(identity_usual_key(key_spki(ec), b, &odd, &err) && odd);
    assert_memory_equal(usual, b, 32);
    assert_false(identity_usual_key(bytes_cut(spki, 0, spki.n - 1), b, &odd, &err));
    assert_false(identity_canonical_key(bytes_cut(spki, 0, spki.n - 1), b, &explicit_curve, &err));
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(other);
    EVP_PKEY_free(ec);
}

static void certificates_in_words(void **state) {
    (void)state;
    struct identity id = identity_new(key_new("EC"), (struct wish){.name = "Tester", .serial = 0x0123ab}, NULL);
    struct cert_info info;
    uint8_t out[HASH_SIZE_MAX];
    assert_true(cert_info_fill(&info, &id.cert, &test_arena, &err));
    assert_string_equal(info.common_name, "Tester");
    assert_string_equal(info.serial, "0123ab");
    assert_string_equal(info.organization, "");
    assert_memory_equal(info.sha256, hashed(HASH_SHA256, id.cert.der).p, 32);
    assert_int_equal(info.not_after, TO);
    assert_true(identity_hash(&id.cert, KEY_SPKI, HASH_SHA256, out, &err));
    assert_memory_equal(out, info.spki_sha256, 32);
    assert_true(identity_hash(&id.cert, KEY_TBS, HASH_SHA384, out, &err));
    assert_memory_equal(out, hashed(HASH_SHA384, id.cert.tbs).p, 48);
    assert_false(identity_hash(&id.cert, KEY_SERIAL, HASH_SHA256, out, &err));
    for (size_t cap = 0; cap < 400; cap += 8) {
        struct arena small = arena_make(cap);
        (void)!cert_info_fill(&info, &id.cert, &small, &err);
        arena_free(&small);
    }
    struct cert broken = {.der = bytes_text("no certificate"), .broken = true};
    assert_true(cert_info_fill(&info, &broken, &test_arena, &err));
    assert_string_equal(info.subject, "");
    identity_free(&id);
}

/* ---- signatures ---- */

static struct signer_proof verify(struct signer_info *signer, struct bytes content, struct cert *bag, size_t n, const struct cert *known,
                                  size_t n_known) {
    struct signed_data sd = {.certs = bag, .n_certs = n, .signers = signer, .n_signers = 1};
    struct signature signature = {.sd = &sd, .signer = signer, .content = content, .raw_signature = bytes_none()};
    struct signer_proof proof;
    assert_true(signer_verify(&signature, known, n_known, &test_arena, &proof, &err));
    assert_true((proof.state == CHECK_GOOD) == (*proof.detail == '\0'));
    return proof;
}

static struct bytes flipped(struct bytes b, size_t at) {
    struct bytes copy = join(b, bytes_none());
    uint8_t *p = arena_alloc(&test_arena, b.n);
    memcpy(p, copy.p, b.n);
    p[at] ^= 4;
    return bytes_make(p, b.n);
}

static void each_algorithm_is_checked(void **state) {
    (void)state;
    static const struct {
        const char *kind, *md;
        enum hash hash;
        bool pss;
    } rows[] = {
        {"RSA", "SHA256", HASH_SHA256, false}, {"RSA", "SHA1", HASH_SHA1, false},     {"RSA", "MD5", HASH_MD5, false},
        {"RSA-512", "SHA1", HASH_SHA1, false}, {"RSA", "SHA256", HASH_SHA256, true},  {"EC", "SHA256", HASH_SHA256, false},
        {"EC", "SHA384", HASH_SHA384, false},  {"ED25519", NULL, HASH_SHA512, false}, {"DSA", "SHA256", HASH_SHA256, false},
    };
    struct bytes content = bytes_text("what is signed");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int with_attrs = 0; with_attrs < 2; with_attrs++) {
            struct identity root = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
            struct identity id = identity_new(key_new(rows[i].kind), (struct wish){.name = "Signer"}, &root);
            struct signer_info good = signer_new(&id, rows[i].md, rows[i].hash, rows[i].pss, with_attrs == 1, content, "");
            struct cert bag[] = {root.cert, id.cert};
            struct signer_proof proof = verify(&good, content, bag, 2, NULL, 0);
            assert_int_equal(proof.state, CHECK_GOOD);
            assert_ptr_equal(proof.signer, &bag[1]);
            assert_false(proof.lookalike || proof.missing);
            assert_int_equal(verify(&good, bytes_text("what is sIgned"), bag, 2, NULL, 0).state, CHECK_BAD);
            struct signer_info bad = good;
            bad.signature = flipped(good.signature, good.signature.n - 1);
            assert_int_equal(verify(&bad, content, bag, 2, NULL, 0).state, CHECK_BAD);
            bad = good;
            bad.signature = bytes_none();
            assert_int_equal(verify(&bad, content, bag, 2, NULL, 0).state, CHECK_BAD);
            if (with_attrs) {
                bad = good;
                bad.signed_attrs = flipped(good.signed_attrs, good.signed_attrs.n - 1);
                assert_int_equal(verify(&bad, content, bag, 2, NULL, 0).state, CHECK_BAD);
            }
            identity_free(&id);
            identity_free(&root);
        }
    }
}

static void tricks_with_signers(void **state) {
    (void)state;
    struct bytes content = bytes_text("what is signed");
    struct identity root = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
    struct identity id = identity_new(key_new("EC"), (struct wish){.name = "Signer", .serial = 7}, &root);
    struct identity double_ = identity_new(key_new("EC"), (struct wish){.name = "Signer", .serial = 7}, &root);
    struct signer_info good = signer_new(&id, "SHA256", HASH_SHA256, false, true, content, "");
    struct cert lookalikes[] = {double_.cert, id.cert, id.cert};
    struct signer_proof proof = verify(&good, content, lookalikes, 3, NULL, 0);
    assert_int_equal(proof.state, CHECK_GOOD);
    assert_ptr_equal(proof.signer, &lookalikes[1]);
    assert_true(proof.lookalike);
    /* The certificate is only in the policy. */
    proof = verify(&good, content, &root.cert, 1, NULL, 0);
    assert_true(proof.missing && proof.signer == NULL);
    assert_int_equal(proof.state, CHECK_NONE);
    struct cert known[] = {root.cert, id.cert};
    proof = verify(&good, content, &double_.cert, 1, known, 2);
    assert_int_equal(proof.state, CHECK_GOOD);
    assert_ptr_equal(proof.signer, &known[1]);
    assert_true(proof.lookalike && !proof.missing);
    /* Another certificate that only shares the name proves nothing. */
    proof = verify(&good, content, &double_.cert, 1, NULL, 0);
    assert_int_equal(proof.state, CHECK_BAD);
    assert_ptr_equal(proof.signer, &double_.cert);
    struct signer_info bad = good;
    bad.duplicate_attribute = true;
    proof = verify(&bad, content, &id.cert, 1, NULL, 0);
    assert_int_equal(proof.state, CHECK_BAD);
    assert_ptr_equal(proof.signer, &id.cert);
    bad = good;
    bad.message_digest = bytes_none();
    assert_int_equal(verify(&bad, content, &id.cert, 1, NULL, 0).state, CHECK_BAD);
    /* Signed attributes passed off as content: the signature fits, and must not count. */
    bad = good;
    bad.signed_attrs = bytes_none();
    struct bytes set = tlv(DER_SET, bytes_cut(good.signed_attrs, 2, good.signed_attrs.n), bytes_none());
    assert_int_equal(verify(&bad, set, &id.cert, 1, NULL, 0).state, CHECK_BAD);
    bad = good;
    bad.hash = HASH_MD2;
    assert_int_equal(verify(&bad, content, &id.cert, 1, NULL, 0).state, CHECK_NONE);
    identity_free(&double_);
    identity_free(&id);
    identity_free(&root);
}

static void keys_past_the_limits_are_left_alone(void **state) {
    (void)state;
    struct identity id = identity_new(key_new("EC"), (struct wish){.name = "Signer"}, NULL);
    struct signer_info signer = signer_new(&id, "SHA256", HASH_SHA256, false, true, bytes_text("x"), "");
    static const struct { size_t modulus, exponent; } rows[] = {{48, 3}, {2049, 3}, {256, 9}, {20000, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t *ff = arena_alloc(&test_arena, rows[i].modulus + 1);
        memset(ff + 1, 0xff, rows[i].modulus);
        struct bytes n = tlv(DER_INTEGER, bytes_make(ff, rows[i].modulus + 1), bytes_none());
        struct bytes e = tlv(DER_INTEGER, bytes_make(ff + 1, rows[i].exponent), bytes_none());
        struct bytes bits = tlv(DER_BIT_STRING, bytes_make("", 1), tlv(DER_SEQUENCE, n, e));
        struct cert cert = id.cert;
        cert.spki = tlv(DER_SEQUENCE, tlv(DER_SEQUENCE, dotted("1.2.840.113549.1.1.1"), bytes_none()), bits);
        struct signer_proof proof = verify(&signer, bytes_text("x"), &cert, 1, NULL, 0);
        assert_int_equal(proof.state, CHECK_NONE);
        assert_ptr_equal(proof.signer, &cert);
    }
    identity_free(&id);
}

static void plain_signatures(void **state) {
    (void)state;
    struct identity id = identity_new(key_new("RSA"), (struct wish){.name = "Signer"}, NULL);
    struct bytes toc = bytes_text("a table of contents");
    struct signature signature = {.kind = KIND_XAR,
                                  .content = toc,
                                  .certs = &id.cert,
                                  .n_certs = 1,
                                  .raw_signature = sign(id.key, "SHA1", false, toc),
                                  .raw_hash = HASH_SHA1};
    struct signer_proof proof;
    assert_true(signer_verify(&signature, NULL, 0, &test_arena, &proof, &err));
    assert_int_equal(proof.state, CHECK_GOOD);
    signature.raw_prehashed = true;
    assert_true(signer_verify(&signature, NULL, 0, &test_arena, &proof, &err));
    assert_int_equal(proof.state, CHECK_BAD);
    signature.content = hashed(HASH_SHA1, toc);
    assert_true(signer_verify(&signature, NULL, 0, &test_arena, &proof, &err));
    assert_int_equal(proof.state, CHECK_GOOD);
    /* RSA over the bare digest, as old time stamps have it. */
    uint8_t bare[128];
    size_t n = sizeof bare;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(id.key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, bare, &n, signature.content.p, signature.content.n), 1);
    EVP_PKEY_CTX_free(ctx);
    signature.raw_signature = bytes_make(bare, n);
    assert_true(signer_verify(&signature, NULL, 0, &test_arena, &proof, &err));
    assert_int_equal(proof.state, CHECK_GOOD);
    signature.content = flipped(signature.content, 3);
    assert_true(signer_verify(&signature, NULL, 0, &test_arena, &proof, &err));
    assert_int_equal(proof.state, CHECK_BAD);
    identity_free(&id);
}

/* ---- chains ---- */

static struct anchors *anchors_of(const struct identity *id) {
    struct anchors *anchors = anchors_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    assert_int_equal(PEM_write_bio_X509(bio, id->x509), 1);
    long n = BIO_get_mem_data(bio, &pem);
    assert_true(anchors_add_pem(anchors, bytes_make(pem, (size_t)n), &err));
    assert_int_equal(anchors_count(anchors), 1);
    BIO_free(bio);
    return anchors;
}

static void chains_end_in_anchors(void **state) {
    (void)state;
    struct identity root = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
    struct identity twin = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
    struct identity ca = identity_new(key_new("RSA"), (struct wish){.name = "CA", .ca = true}, &root);
    struct identity leaf = identity_new(key_new("EC"), (struct wish){.name = "Leaf", .eku = "codeSigning"}, &ca);
    struct identity forged = identity_new(key_new("EC"), (struct wish){.name = "Forged"}, &leaf);
    struct anchors *anchors = anchors_of(&root), *wrong = anchors_of(&twin), *none = anchors_new();
    struct cert bag[] = {leaf.cert, twin.cert, {.der = bytes_text("?"), .broken = true}, ca.cert, root.cert};
    const struct {
        const struct anchors *anchors;
        const struct cert *leaf;
        size_t n_bag;
        enum purpose purpose;
        int64_t time;
        enum chain_state state;
        size_t n;
        bool anchored;
    } rows[] = {
        {anchors, &leaf.cert, 5, PURPOSE_CODE, NOW, CHAIN_TRUSTED, 2, true},
        {anchors, &leaf.cert, 4, PURPOSE_CODE, NOW, CHAIN_TRUSTED, 2, true},
        {anchors, &leaf.cert, 3, PURPOSE_CODE, NOW, CHAIN_INCOMPLETE, 0, false},
        {anchors, &leaf.cert, 5, PURPOSE_TIME, NOW, CHAIN_UNTRUSTED, 2, true},
        {anchors, &leaf.cert, 5, PURPOSE_CODE, TO + 1, CHAIN_UNTRUSTED, 2, true},
        {anchors, &leaf.cert, 5, PURPOSE_CODE, FROM - 1, CHAIN_UNTRUSTED, 2, true},
        {wrong, &leaf.cert, 5, PURPOSE_CODE, NOW, CHAIN_UNTRUSTED, 2, false},
        {wrong, &leaf.cert, 4, PURPOSE_CODE, NOW, CHAIN_INCOMPLETE, 1, false},
        {none, &leaf.cert, 5, PURPOSE_CODE, NOW, CHAIN_UNTRUSTED, 2, false},
        {anchors, &forged.cert, 5, PURPOSE_CODE, NOW, CHAIN_INCOMPLETE, 0, false},
        {anchors, &root.cert, 0, PURPOSE_CODE, NOW, CHAIN_TRUSTED, 0, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct chain chain;
        assert_true(
            chain_build(rows[i].anchors, rows[i].leaf, bag, rows[i].n_bag, rows[i].purpose, rows[i].time, &test_arena, &chain, &err));
        assert_int_equal(chain.state, rows[i].state);
        assert_int_equal(chain.n, rows[i].n);
        assert_int_equal(chain.anchored, rows[i].anchored);
        assert_int_equal(chain.namesake, rows[i].anchors == wrong);
        assert_true((chain.state == CHAIN_TRUSTED) == (*chain.detail == '\0'));
    }
    assert_true(cert_signed_by(&leaf.cert, &ca.cert, NULL));
    assert_false(cert_signed_by(&leaf.cert, &root.cert, NULL));
    for (size_t i = 4; i < 4 + leaf.cert.tbs.n; i += 7) { /* that a link held once says nothing of any other certificate */
        struct bytes copy;
        struct cert altered;
        assert_true(arena_copy(&test_arena, leaf.cert.der, &copy, &err));
        memcpy((uint8_t *)(uintptr_t)copy.p + i, &(uint8_t){copy.p[i] ^ 1}, 1);
        assert_false(cert_parse(copy, 0, &test_arena, &altered, &err) && cert_signed_by(&altered, &ca.cert, NULL));
    }
    assert_true(cert_signed_by(&leaf.cert, &ca.cert, NULL));
    anchors_free(anchors);
    anchors_free(wrong);
    anchors_free(none);
    identity_free(&forged);
    identity_free(&leaf);
    identity_free(&ca);
    identity_free(&twin);
    identity_free(&root);
}

/* Anybody can vouch for an authority's key with a chain of his own, as long as he likes: the way to the anchor is taken all the same. */
static void the_way_to_an_anchor_is_taken(void **state) {
    (void)state;
    struct identity root = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
    struct identity ca = identity_new(key_new("RSA"), (struct wish){.name = "CA", .ca = true}, &root);
    struct identity leaf = identity_new(key_new("EC"), (struct wish){.name = "Leaf", .eku = "codeSigning"}, &ca);
    struct identity mine = identity_new(key_new("EC"), (struct wish){.name = "Mine", .ca = true}, NULL);
    struct identity below = identity_new(key_new("EC"), (struct wish){.name = "Below", .ca = true}, &mine);
    EVP_PKEY_up_ref(ca.key);
    struct identity twin = identity_new(ca.key, (struct wish){.name = "CA", .ca = true}, &below);
    struct anchors *anchors = anchors_of(&root);
    struct cert bag[] = {twin.cert, below.cert, mine.cert, ca.cert};
    struct chain chain;
    for (unsigned order = 0; order < 2; order++) {
        for (int64_t when = NOW; when <= TO + 1; when += TO + 1 - NOW) {
            assert_true(chain_build(anchors, &leaf.cert, bag, 4, PURPOSE_CODE, when, &test_arena, &chain, &err));
            assert_int_equal(chain.state, when == NOW ? CHAIN_TRUSTED : CHAIN_UNTRUSTED);
            assert_true(chain.anchored);
            assert_int_equal(chain.n, 2);
            assert_true(bytes_equal(chain.certs[1]->der, root.cert.der));
        }
        bag[0] = ca.cert;
        bag[3] = twin.cert;
    }
    assert_true(chain_build(anchors, &leaf.cert, bag + 1, 3, PURPOSE_CODE, NOW, &test_arena, &chain, &err));
    assert_int_equal(chain.state, CHAIN_UNTRUSTED);
    assert_false(chain.anchored || chain.namesake);
    assert_int_equal(chain.n, 3);
    anchors_free(anchors);
    identity_free(&twin);
    identity_free(&below);
    identity_free(&mine);
    identity_free(&leaf);
    identity_free(&ca);
    identity_free(&root);
}

/* Hundreds of certificates with one name and different keys: the search gives up instead of trying them all. */
static void many_issuers_are_too_many(void **state) {
    (void)state;
    struct identity root = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
    struct identity leaf = identity_new(key_new("EC"), (struct wish){.name = "Leaf"}, &root);
    struct cert bag[80];
    for (size_t i = 0; i < 80; i++) {
        struct identity twin = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
        bag[i] = twin.cert;
        identity_free(&twin);
    }
    struct anchors *none = anchors_new();
    struct chain chain;
    assert_true(chain_build(none, &leaf.cert, bag, 80, PURPOSE_CODE, NOW, &test_arena, &chain, &err));
    assert_int_equal(chain.state, CHAIN_UNCHECKED);
    anchors_free(none);
    identity_free(&leaf);
    identity_free(&root);
}

static struct bytes file(const char *name) {
    char path[512];
    snprintf(path, sizeof path, TEST_SOURCE_ROOT "/certs/%s", name);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    uint8_t *data = arena_alloc(&test_arena, 4096);
    size_t n = fread(data, 1, 4096, in);
    fclose(in);
    return bytes_make(data, n);
}

static void builtin_anchors(void **state) {
    (void)state;
    struct anchors *anchors = anchors_new();
    assert_true(anchors_add_builtin(anchors, &err));
    assert_int_equal(anchors_count(anchors), 377);
    /* 3CX's certificates, and what they ended in while they were valid and afterwards. */
    struct cert leaf, ca, apple;
    struct chain chain;
    assert_true(cert_parse(file("3cx-ltd-1b6611df.der"), 0, &test_arena, &leaf, &err));
    assert_true(cert_parse(file("sectigo-rsa-code-signing-ca-1da24830.der"), 0, &test_arena, &ca, &err));
    assert_true(cert_parse(file("developer-id-ca.der"), 0, &test_arena, &apple, &err));
    assert_true(chain_build(anchors, &leaf, &ca, 1, PURPOSE_CODE, 1678838400, &test_arena, &chain, &err));
    assert_int_equal(chain.state, CHAIN_TRUSTED);
    assert_int_equal(chain.n, 2);
    assert_true(chain_build(anchors, &leaf, &ca, 1, PURPOSE_CODE, NOW, &test_arena, &chain, &err));
    assert_int_equal(chain.state, CHAIN_UNTRUSTED);
    assert_true(chain_build(anchors, &leaf, NULL, 0, PURPOSE_CODE, NOW, &test_arena, &chain, &err));
    assert_int_equal(chain.state, CHAIN_INCOMPLETE);
    assert_true(chain_build(anchors, &apple, NULL, 0, PURPOSE_CODE, 1678838400, &test_arena, &chain, &err));
    assert_int_equal(chain.state, CHAIN_TRUSTED);
    anchors_free(anchors);
    anchors = anchors_new();
    assert_false(anchors_add_pem(anchors, bytes_text("no certificate"), &err));
    assert_false(anchors_add_pem(anchors, bytes_text("-----BEGIN CERTIFICATE-----\nMIIF"), &err));
    assert_false(anchors_add_pem(anchors, bytes_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), &err));
    assert_int_equal(anchors_count(anchors), 0);
    anchors_free(anchors);
}

/* The compiled-in table, row by row: the certificates that certs/roots.csv names, with the limits that two of its rows give. */
static void table_of_anchors_fits(void **state) {
    (void)state;
    static const struct {
        const char *sha256;
        uint8_t trusted[2];
        int64_t disabled_from, not_before_limit[2];
    } known[] = {
        {"885de64c340e3ea70658f01e1145f957fcda27aabeea1ab9faa9fdb0102d4077", {1, 1}, 1627776000, {1493510400, 1493510400}},
        {"df545bf919a2439c36983b54cdfc903dfa4f37d3996d8d84b4c31eec6f3c163e", {1, 1}, INT64_MAX, {INT64_MAX, INT64_MAX}},
        {"5b789987f3c4055b8700941b33783a5f16e0cff937ea32011fe04779f7635308", {0, 1}, 1524960000, {1488326400, 1488326400}},
        {"6b9c08e86eb0f767cfad65cd98b62149e5494a67f5845e7bd1ed019f27b86bd6", {1, 1}, INT64_MAX, {1569888000, INT64_MAX}},
    };
    FILE *csv = fopen(TEST_SOURCE_ROOT "/certs/roots.csv", "r");
    char line[4096];
    assert_non_null(csv);
    assert_non_null(fgets(line, sizeof line, csv));
    size_t n = 0, met = 0;
    for (struct reader r = reader_make(embedded_roots[0].content, 0); r.left.n != 0; n++) {
        uint8_t trusted[] = {reader_u8(&r), reader_u8(&r)}, digest[32];
        int64_t disabled_from = (int64_t)reader_u64le(&r), limits[] = {(int64_t)reader_u64le(&r), (int64_t)reader_u64le(&r)};
        struct bytes der = reader_bytes(&r, reader_u32le(&r));
        char hex[65];
        assert_true(reader_ok(&r));
        assert_true(digest_bytes(HASH_SHA256, der, digest, &err));
        hex_encode(bytes_make(digest, 32), hex);
        assert_non_null(fgets(line, sizeof line, csv));
        assert_memory_equal(line, hex, 64);
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            if (strcmp(known[i].sha256, hex) == 0) {
                met++;
                assert_memory_equal(trusted, known[i].trusted, 2);
                assert_int_equal(disabled_from, known[i].disabled_from);
                assert_memory_equal(limits, known[i].not_before_limit, sizeof limits);
            }
        }
    }
    assert_int_equal(n, 377);
    assert_int_equal(met, sizeof known / sizeof known[0]);
    assert_null(fgets(line, sizeof line, csv));
    fclose(csv);
}

/* ---- time stamps ---- */

/* What one attribute's value is found to be. n is 0 or 1. */
static size_t stamps(struct signer_info *signer, struct cert *bag, size_t n_bag, const char *oid, struct bytes value,
                     const struct anchors *anchors, struct timestamp *out) {
    struct bytes type = dotted(oid);
    struct attribute attr = {.oid = bytes_cut(type, 2, type.n), .values = &value, .n_values = 1};
    signer->unsigned_attrs = &attr;
    signer->n_unsigned_attrs = 1;
    struct signed_data sd = {.certs = bag, .n_certs = n_bag, .signers = signer, .n_signers = 1};
    struct signature signature = {.sd = &sd, .signer = signer, .content = bytes_none(), .raw_signature = bytes_none()};
    struct timestamp *found;
    size_t n;
    bool more;
    assert_true(timestamps_verify(&signature, anchors, &test_arena, &found, &n, &more, &err));
    if (n != 0) {
        *out = found[0];
    }
    return n;
}

#define RFC3161 "1.3.6.1.4.1.311.3.3.1"
#define PKCS9 "1.2.840.113549.1.9.6"

static void time_stamps_are_judged(void **state) {
    (void)state;
    struct identity root = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
    struct identity id = identity_new(key_new("EC"), (struct wish){.name = "Signer"}, &root);
    struct identity tsa = identity_new(key_new("RSA"), (struct wish){.name = "TSA", .eku = "critical,timeStamping"}, &root);
    struct identity fake = identity_new(key_new("EC"), (struct wish){.name = "No TSA", .eku = "codeSigning"}, &root);
    struct anchors *anchors = anchors_of(&root), *none = anchors_new();
    struct signer_info signer = signer_new(&id, "SHA256", HASH_SHA256, false, true, bytes_text("x"), "");
    struct cert bag[] = {id.cert, root.cert, tsa.cert, fake.cert};
    struct bytes imprint = hashed(HASH_SHA256, signer.signature), other = hashed(HASH_SHA256, bytes_text("other"));
    struct bytes token = token_new(&tsa, "1.2.840.113549.1.9.16.1.4", tst_new(imprint.p));
    struct timestamp stamp = {0};
    static const char *const types[] = {RFC3161, "1.2.840.113549.1.9.16.2.14"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(stamps(&signer, bag, 2, types[i], token, anchors, &stamp), 1);
        assert_int_equal(stamp.state, CHECK_GOOD);
        assert_int_equal(stamp.kind, TIMESTAMP_RFC3161);
        assert_int_equal(stamp.time, TST_TIME);
        assert_true(bytes_equal(stamp.signer->der, tsa.cert.der));
    }
    assert_int_equal(stamps(&signer, bag, 2, RFC3161, token, none, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_UNTRUSTED);
    assert_int_equal(stamps(&signer, bag, 2, RFC3161, token, NULL, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_NONE);
    assert_int_equal(stamps(&signer, bag, 2, RFC3161, flipped(token, token.n - 1), anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_BAD);
    assert_int_equal(stamps(&signer, bag, 2, RFC3161, bytes_cut(token, 0, 40), anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_BAD);
    token = token_new(&tsa, "1.2.840.113549.1.9.16.1.4", tst_new(other.p));
    assert_int_equal(stamps(&signer, bag, 2, RFC3161, token, anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_BAD);
    assert_true(stamp.foreign);
    token = token_new(&tsa, "1.2.840.113549.1.7.1", tst_new(imprint.p));
    assert_int_equal(stamps(&signer, bag, 2, RFC3161, token, anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_BAD);
    token = token_new(&fake, "1.2.840.113549.1.9.16.1.4", tst_new(imprint.p));
    assert_int_equal(stamps(&signer, bag, 2, RFC3161, token, anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_UNTRUSTED);

    struct signer_info counter = signer_new(&tsa, "SHA256", HASH_SHA256, false, true, signer.signature, "240601120000Z");
    assert_int_equal(stamps(&signer, bag, 4, PKCS9, signer_der(&counter), anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_GOOD);
    assert_int_equal(stamp.kind, TIMESTAMP_PKCS9);
    assert_int_equal(stamp.time, TST_TIME);
    assert_int_equal(stamps(&signer, bag, 4, PKCS9, signer_der(&counter), none, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_UNTRUSTED);
    assert_int_equal(stamps(&signer, bag, 2, PKCS9, signer_der(&counter), anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_UNTRUSTED);
    counter = signer_new(&tsa, "SHA256", HASH_SHA256, false, true, signer.signature, "400601120000Z");
    assert_int_equal(stamps(&signer, bag, 4, PKCS9, signer_der(&counter), anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_UNTRUSTED);
    counter = signer_new(&tsa, "SHA256", HASH_SHA256, false, true, bytes_text("other"), "240601120000Z");
    assert_int_equal(stamps(&signer, bag, 4, PKCS9, signer_der(&counter), anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_BAD);
    assert_true(stamp.foreign);
    counter = signer_new(&fake, "SHA256", HASH_SHA256, false, true, signer.signature, "240601120000Z");
    assert_int_equal(stamps(&signer, bag, 4, PKCS9, signer_der(&counter), anchors, &stamp), 1);
    assert_int_equal(stamp.state, CHECK_UNTRUSTED);
    counter = signer_new(&fake, "SHA256", HASH_SHA256, false, true, signer.signature, "");
    assert_int_equal(stamps(&signer, bag, 4, PKCS9, signer_der(&counter), anchors, &stamp), 0);
    anchors_free(anchors);
    anchors_free(none);
    identity_free(&fake);
    identity_free(&tsa);
    identity_free(&id);
    identity_free(&root);
}

/* A token cut off anywhere, or with any bit wrong, is never good, and never a crash; nor is a small arena. */
static void broken_tokens_are_never_good(void **state) {
    (void)state;
    struct identity root = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
    struct identity tsa = identity_new(key_new("EC"), (struct wish){.name = "TSA", .eku = "timeStamping"}, &root);
    struct anchors *anchors = anchors_of(&root);
    struct signer_info signer = signer_new(&tsa, "SHA256", HASH_SHA256, false, true, bytes_text("x"), "");
    struct bytes token = token_new(&tsa, "1.2.840.113549.1.9.16.1.4", tst_new(hashed(HASH_SHA256, signer.signature).p));
    struct timestamp stamp = {0};
    for (size_t n = 0; n < token.n; n += 3) {
        assert_int_equal(stamps(&signer, &root.cert, 1, RFC3161, bytes_cut(token, 0, n), anchors, &stamp), 1);
        assert_int_not_equal(stamp.state, CHECK_GOOD);
    }
    for (size_t at = 0; at < token.n; at++) {
        (void)stamps(&signer, &root.cert, 1, RFC3161, flipped(token, at), anchors, &stamp);
        assert_true(stamp.state != CHECK_GOOD || stamp.time == TST_TIME);
    }
    struct bytes type = dotted(RFC3161);
    struct attribute attr = {.oid = bytes_cut(type, 2, type.n), .values = &token, .n_values = 1};
    signer.unsigned_attrs = &attr;
    signer.n_unsigned_attrs = 1;
    struct signature signature = {.signer = &signer, .content = bytes_none(), .raw_signature = bytes_none()};
    bool last = false;
    for (size_t cap = 0; cap < 64 * 1024 && !last; cap += 32) {
        struct arena small = arena_make(cap);
        struct timestamp *found;
        size_t n;
        bool more;
        last = timestamps_verify(&signature, anchors, &small, &found, &n, &more, &err);
        assert_true(last || err.kind == ERR_LIMIT);
        assert_true(!last || (n == 1 && found[0].state == CHECK_GOOD));
        arena_free(&small);
    }
    assert_true(last);
    anchors_free(anchors);
    identity_free(&tsa);
    identity_free(&root);
}

/* ---- the sandbox ---- */

/* After crypto_init nothing opens a file: in a child where opening kills, everything still works. */
static void nothing_opens_files(void **state) {
    (void)state;
    struct identity ec = identity_new(key_new("EC"), (struct wish){.name = "Root", .ca = true}, NULL);
    struct identity rsa = identity_new(key_new("RSA"), (struct wish){.name = "Leaf"}, &ec);
    struct signer_info plain = signer_new(&rsa, "SHA256", HASH_SHA256, false, true, bytes_text("x"), "");
    struct signer_info pss = signer_new(&rsa, "SHA256", HASH_SHA256, true, true, bytes_text("x"), "");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        if (filter == NULL || seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(openat), 0) != 0 ||
            seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(open), 0) != 0 || seccomp_load(filter) != 0) {
            _exit(2);
        }
        struct anchors *anchors = anchors_new();
        uint8_t out[32];
        bool explicit_curve;
        bool ok = anchors_add_builtin(anchors, &err) && cert_signed_by(&rsa.cert, &ec.cert, NULL) &&
                  verify(&plain, bytes_text("x"), &rsa.cert, 1, NULL, 0).state == CHECK_GOOD &&
                  verify(&pss, bytes_text("x"), &rsa.cert, 1, NULL, 0).state == CHECK_GOOD &&
                  identity_canonical_key(ec.cert.spki, out, &explicit_curve, &err);
        _exit(ok ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    identity_free(&rsa);
    identity_free(&ec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_right),
        cmocka_unit_test(claims_share_one_reading),
        cmocka_unit_test(odd_claims),
        cmocka_unit_test(pages_are_compared_one_by_one),
        cmocka_unit_test(unreadable_sources_are_errors),
        cmocka_unit_test(one_key_in_many_encodings),
        cmocka_unit_test(certificates_in_words),
        cmocka_unit_test(each_algorithm_is_checked),
        cmocka_unit_test(tricks_with_signers),
        cmocka_unit_test(keys_past_the_limits_are_left_alone),
        cmocka_unit_test(plain_signatures),
        cmocka_unit_test(chains_end_in_anchors),
        cmocka_unit_test(the_way_to_an_anchor_is_taken),
        cmocka_unit_test(many_issuers_are_too_many),
        cmocka_unit_test(builtin_anchors),
        cmocka_unit_test(table_of_anchors_fits),
        cmocka_unit_test(time_stamps_are_judged),
        cmocka_unit_test(broken_tokens_are_never_good),
        cmocka_unit_test(nothing_opens_files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
