/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include "asn1/oid.h"
#include "base/hash.h"

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define MUST(x) ((x) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x), abort()))

struct arena test_arena;

struct bytes join(struct bytes a, struct bytes b) {
    uint8_t *p = arena_alloc(&test_arena, a.n + b.n);
    MUST(p != NULL);
    memcpy(p, a.p, a.n);
    memcpy(p + a.n, b.p, b.n);
    return bytes_make(p, a.n + b.n);
}

struct bytes tlv(uint8_t tag, struct bytes a, struct bytes b) {
    size_t n = a.n + b.n;
    uint8_t head[4] = {tag, (uint8_t)n};
    size_t h = 2;
    if (n > 255) {
        head[1] = 0x82;
        head[2] = (uint8_t)(n >> 8);
        head[3] = (uint8_t)n;
        h = 4;
    } else if (n > 127) {
        head[1] = 0x81;
        head[2] = (uint8_t)n;
        h = 3;
    }
    return join(bytes_make(head, h), join(a, b));
}

struct bytes dotted(const char *oid) {
    uint8_t out[64];
    size_t n;
    MUST(oid_encode(oid, out, sizeof out, &n));
    return tlv(DER_OID, bytes_make(out, n), bytes_none());
}

EVP_PKEY *key_new(const char *kind) {
    if (strcmp(kind, "EC") == 0) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    }
    if (strcmp(kind, "ED25519") == 0) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    if (strncmp(kind, "RSA", 3) == 0) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)(kind[3] == '-' ? atoi(kind + 4) : 1024));
    }
    EVP_PKEY *params = NULL, *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    MUST(EVP_PKEY_paramgen_init(ctx) == 1 && EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024) == 1 && EVP_PKEY_paramgen(ctx, &params) == 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL);
    MUST(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_keygen(ctx, &key) == 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(params);
    return key;
}

static struct bytes taken(unsigned char *der, int n) {
    MUST(n > 0);
    struct bytes copy = join(bytes_make(der, (size_t)n), bytes_none());
    OPENSSL_free(der);
    return copy;
}

struct bytes key_spki(EVP_PKEY *key) {
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    return taken(der, n);
}

static void extend(X509 *x509, const char *name, const char *value) {
    X509_EXTENSION *extension = X509V3_EXT_conf(NULL, NULL, name, value);
    MUST(extension != NULL && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

struct identity identity_new(EVP_PKEY *key, struct wish wish, const struct identity *issuer) {
    static long count = 1000;
    struct identity made = {.key = key, .x509 = X509_new()};
    X509_set_version(made.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), wish.serial != 0 ? wish.serial : ++count);
    ASN1_TIME_set(X509_getm_notBefore(made.x509), FROM);
    ASN1_TIME_set(X509_getm_notAfter(made.x509), TO);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.x509), "CN", MBSTRING_UTF8, (const unsigned char *)wish.name, -1, -1, 0);
    X509_set_issuer_name(made.x509, X509_get_subject_name(issuer != NULL ? issuer->x509 : made.x509));
    X509_set_pubkey(made.x509, key);
    if (wish.ca) {
        extend(made.x509, "basicConstraints", "critical,CA:TRUE");
    }
    if (wish.eku != NULL) {
        extend(made.x509, "extendedKeyUsage", wish.eku);
    }
    EVP_PKEY *by = issuer != NULL ? issuer->key : key;
    MUST(X509_sign(made.x509, by, EVP_PKEY_is_a(by, "ED25519") ? NULL : EVP_sha256()) > 0);
    unsigned char *der = NULL;
    int n = i2d_X509(made.x509, &der);
    struct error err;
    MUST(cert_parse(taken(der, n), 0, &test_arena, &made.cert, &err));
    return made;
}

void identity_free(struct identity *identity) {
    EVP_PKEY_free(identity->key);
    X509_free(identity->x509);
}

struct bytes sign(EVP_PKEY *key, const char *md, bool pss, struct bytes data) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    size_t n = 0;
    MUST(EVP_DigestSignInit_ex(ctx, &pctx, md, NULL, NULL, key, NULL) == 1);
    MUST(!pss || (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 32) == 1));
    MUST(EVP_DigestSign(ctx, NULL, &n, data.p, data.n) == 1);
    uint8_t *out = arena_alloc(&test_arena, n);
    MUST(out != NULL && EVP_DigestSign(ctx, out, &n, data.p, data.n) == 1);
    EVP_MD_CTX_free(ctx);
    return bytes_make(out, n);
}

struct bytes attribute_der(const char *oid, struct bytes value) {
    return tlv(DER_SEQUENCE, dotted(oid), tlv(DER_SET, value, bytes_none()));
}

static struct bytes pss_algorithm(void) {
    struct bytes sha256 = tlv(DER_SEQUENCE, dotted("2.16.840.1.101.3.4.2.1"), bytes_none());
    struct bytes mgf = tlv(DER_SEQUENCE, dotted("1.2.840.113549.1.1.8"), sha256);
    struct bytes salt = tlv(DER_CONTEXT_2_CONS, bytes_make("\x02\x01\x20", 3), bytes_none());
    struct bytes tagged = join(tlv(DER_CONTEXT_0_CONS, sha256, bytes_none()), tlv(DER_CONTEXT_1_CONS, mgf, bytes_none()));
    return tlv(DER_SEQUENCE, dotted("1.2.840.113549.1.1.10"), tlv(DER_SEQUENCE, tagged, salt));
}

static struct bytes key_algorithm(EVP_PKEY *key) {
    struct bytes oid = EVP_PKEY_is_a(key, "RSA")       ? dotted("1.2.840.113549.1.1.1")
                       : EVP_PKEY_is_a(key, "EC")      ? dotted("1.2.840.10045.4.3.2")
                       : EVP_PKEY_is_a(key, "ED25519") ? dotted("1.3.101.112")
                                                       : dotted("2.16.840.1.101.3.4.3.2");
    return tlv(DER_SEQUENCE, oid, bytes_none());
}

struct signer_info signer_new(const struct identity *by, const char *md, enum hash hash, bool pss, bool with_attrs, struct bytes content,
                              const char *time) {
    struct signer_info made = {.issuer = by->cert.issuer,
                               .serial = by->cert.serial,
                               .key_id = bytes_none(),
                               .hash = hash,
                               .algorithm = pss ? pss_algorithm() : key_algorithm(by->key),
                               .signed_attrs = bytes_none(),
                               .message_digest = bytes_none(),
                               .content_type = bytes_none(),
                               .signing_time = INT64_MIN};
    struct bytes data = content;
    if (with_attrs) {
        uint8_t *digest = arena_alloc(&test_arena, HASH_SIZE_MAX);
        size_t n = 0;
        MUST(digest != NULL && EVP_Q_digest(NULL, hash_name(hash), NULL, content.p, content.n, digest, &n) == 1);
        made.message_digest = bytes_make(digest, n);
        struct bytes attrs = join(attribute_der("1.2.840.113549.1.9.3", dotted("1.2.840.113549.1.7.1")),
                                  attribute_der("1.2.840.113549.1.9.4", tlv(DER_OCTET_STRING, made.message_digest, bytes_none())));
        if (*time != '\0') {
            attrs = join(attrs, attribute_der("1.2.840.113549.1.9.5", tlv(DER_UTC_TIME, bytes_text(time), bytes_none())));
        }
        made.signed_attrs = tlv(DER_CONTEXT_0_CONS, attrs, bytes_none());
        data = tlv(DER_SET, attrs, bytes_none());
    }
    made.signature = sign(by->key, md, pss, data);
    return made;
}

struct bytes signer_der(const struct signer_info *signer) {
    struct bytes sha256 = tlv(DER_SEQUENCE, dotted("2.16.840.1.101.3.4.2.1"), bytes_none());
    struct bytes sid = tlv(DER_SEQUENCE, signer->issuer, tlv(DER_INTEGER, signer->serial, bytes_none()));
    struct bytes head = join(bytes_make("\x02\x01\x01", 3), join(sid, sha256));
    struct bytes tail = join(signer->signed_attrs, join(signer->algorithm, tlv(DER_OCTET_STRING, signer->signature, bytes_none())));
    return tlv(DER_SEQUENCE, head, tail);
}

struct bytes token_new(const struct identity *by, const char *type, struct bytes content) {
    BIO *in = BIO_new_mem_buf(content.p, (int)content.n);
    ASN1_OBJECT *oid = OBJ_txt2obj(type, 1);
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY);
    MUST(cms != NULL && CMS_set1_eContentType(cms, oid) == 1 && CMS_set_detached(cms, 0) == 1);
    MUST(CMS_add1_signer(cms, by->x509, by->key, EVP_sha256(), CMS_BINARY) != NULL && CMS_final(cms, in, NULL, CMS_BINARY) == 1);
    unsigned char *der = NULL;
    int n = i2d_CMS_ContentInfo(cms, &der);
    CMS_ContentInfo_free(cms);
    ASN1_OBJECT_free(oid);
    BIO_free(in);
    return taken(der, n);
}

struct bytes tst_new(const uint8_t imprint[32]) {
    struct bytes sha256 = tlv(DER_SEQUENCE, dotted("2.16.840.1.101.3.4.2.1"), bytes_none());
    struct bytes message = tlv(DER_SEQUENCE, sha256, tlv(DER_OCTET_STRING, bytes_make(imprint, 32), bytes_none()));
    struct bytes head = join(bytes_make("\x02\x01\x01", 3), join(dotted("1.2.3.4"), message));
    struct bytes time = tlv(DER_GENERALIZED_TIME, bytes_text("20240601120000Z"), bytes_none());
    return tlv(DER_SEQUENCE, head, join(bytes_make("\x02\x01\x05", 3), time));
}
