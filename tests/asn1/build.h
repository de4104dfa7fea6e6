/* SPDX-License-Identifier: Apache-2.0 */
/* Small certificates and signatures, made by hand: their signatures are not real, their structure is. */
#ifndef CERTBAN_TESTS_BUILD_H
#define CERTBAN_TESTS_BUILD_H

#include <stdarg.h>

#include "asn1/der.h"
#include "asn1/oid.h"

#define B(literal) bytes_make(literal, sizeof(literal) - 1)

/* The parts end to end; the list ends with END. */
#define END ((struct bytes){NULL, 0})
static inline struct bytes join_v(struct arena *arena, va_list list) {
    uint8_t *to = arena_alloc(arena, 0);
    size_t n = 0;
    for (;;) {
        struct bytes part = va_arg(list, struct bytes);
        if (part.p == NULL) {
            return bytes_make(to, n);
        }
        uint8_t *more = arena_alloc(arena, n + part.n);
        memcpy(more, to, n);
        memcpy(more + n, part.p, part.n);
        to = more;
        n += part.n;
    }
}

static inline struct bytes join(struct arena *arena, ...) {
    va_list list;
    va_start(list, arena);
    struct bytes all = join_v(arena, list);
    va_end(list);
    return all;
}

/* One element around the parts. */
static inline struct bytes tlv(struct arena *arena, uint8_t tag, ...) {
    va_list list;
    va_start(list, tag);
    struct bytes content = join_v(arena, list), out = bytes_none();
    va_end(list);
    return der_wrap(tag, content, arena, &out, NULL) ? out : bytes_none();
}

#define SEQ(...) tlv(arena, DER_SEQUENCE, __VA_ARGS__, END)
#define SET(...) tlv(arena, DER_SET, __VA_ARGS__, END)
#define PRIM(tag, content) tlv(arena, tag, content, END)

static inline struct bytes build_oid(struct arena *arena, enum oid oid) {
    return PRIM(DER_OID, oid_of(oid));
}

static inline struct bytes build_dotted(struct arena *arena, const char *dotted) {
    uint8_t octets[64];
    size_t n = 0;
    return oid_encode(dotted, octets, sizeof octets, &n) ? PRIM(DER_OID, bytes_make(octets, n)) : bytes_none();
}

/* A Name with one common name. */
static inline struct bytes build_name(struct arena *arena, const char *common_name) {
    return SEQ(SET(SEQ(build_oid(arena, OID_AT_COMMON_NAME), PRIM(DER_UTF8, bytes_text(common_name)))));
}

static inline struct bytes build_algorithm(struct arena *arena) {
    return SEQ(build_dotted(arena, "1.2.840.113549.1.1.11"), B("\x05\x00"));
}

/* A certificate of version 3 with a key identifier that is its serial; key tells two of one name apart. */
static inline struct bytes build_tbs(struct arena *arena, const char *issuer, const char *subject, struct bytes serial, const char *key) {
    struct bytes ski = SEQ(build_oid(arena, OID_EXT_SKI), PRIM(DER_OCTET_STRING, PRIM(DER_OCTET_STRING, serial)));
    struct bytes eku =
        SEQ(build_oid(arena, OID_EXT_EKU), B("\x01\x01\xff"), PRIM(DER_OCTET_STRING, SEQ(build_oid(arena, OID_EKU_CODE_SIGNING))));
    struct bytes spki = SEQ(build_algorithm(arena), PRIM(DER_BIT_STRING, join(arena, B("\x00"), bytes_text(key), END)));
    return SEQ(B("\xa0\x03\x02\x01\x02"), PRIM(DER_INTEGER, serial), build_algorithm(arena), build_name(arena, issuer),
               SEQ(PRIM(DER_UTC_TIME, bytes_text("200101000000Z")), PRIM(DER_UTC_TIME, bytes_text("300101000000Z"))),
               build_name(arena, subject), spki, tlv(arena, DER_CONTEXT_3_CONS, SEQ(ski, eku), END));
}

static inline struct bytes build_cert(struct arena *arena, const char *issuer, const char *subject, struct bytes serial, const char *key) {
    return SEQ(build_tbs(arena, issuer, subject, serial, key), build_algorithm(arena),
               PRIM(DER_BIT_STRING, B("\x00signature of the issuer")));
}

static inline struct bytes build_digest_algorithm(struct arena *arena) {
    return SEQ(build_dotted(arena, "2.16.840.1.101.3.4.2.1"), B("\x05\x00"));
}

static inline struct bytes build_attribute(struct arena *arena, enum oid type, struct bytes values) {
    return SEQ(build_oid(arena, type), PRIM(DER_SET, values));
}

/* A SignerInfo by issuer and serial; extra goes behind the usual signed attributes, unsigned_attributes is the content of [1]. */
static inline struct bytes build_signer(struct arena *arena, const char *issuer, struct bytes serial, struct bytes extra,
                                        struct bytes unsigned_attributes) {
    struct bytes attributes =
        join(arena, build_attribute(arena, OID_CONTENT_TYPE, build_oid(arena, OID_SPC_INDIRECT_DATA)),
             build_attribute(arena, OID_MESSAGE_DIGEST, PRIM(DER_OCTET_STRING, B("0123456789abcdef0123456789abcdef"))),
             build_attribute(arena, OID_SIGNING_TIME, PRIM(DER_UTC_TIME, bytes_text("230329120000Z"))), extra, END);
    return SEQ(B("\x02\x01\x01"), SEQ(build_name(arena, issuer), PRIM(DER_INTEGER, serial)), build_digest_algorithm(arena),
               PRIM(DER_CONTEXT_0_CONS, attributes), build_algorithm(arena), PRIM(DER_OCTET_STRING, B("signature")),
               unsigned_attributes.n != 0 ? PRIM(DER_CONTEXT_1_CONS, unsigned_attributes) : bytes_none());
}

/* SpcIndirectDataContent of a PE file. */
static inline struct bytes build_spc(struct arena *arena) {
    return SEQ(SEQ(build_oid(arena, OID_SPC_PE_IMAGE_DATA), SEQ(B("\x03\x01\x00"))),
               SEQ(build_digest_algorithm(arena), PRIM(DER_OCTET_STRING, B("fedcba9876543210fedcba9876543210"))));
}

/* A ContentInfo; certs, crls and signers are the contents of their sets, crls may be empty. */
static inline struct bytes build_signed_data(struct arena *arena, struct bytes certs, struct bytes crls, struct bytes signers) {
    return SEQ(
        build_oid(arena, OID_SIGNED_DATA),
        tlv(arena, DER_CONTEXT_0_CONS,
            SEQ(B("\x02\x01\x01"), SET(build_digest_algorithm(arena)),
                SEQ(build_oid(arena, OID_SPC_INDIRECT_DATA), PRIM(DER_CONTEXT_0_CONS, build_spc(arena))), PRIM(DER_CONTEXT_0_CONS, certs),
                crls.n != 0 ? PRIM(DER_CONTEXT_1_CONS, crls) : bytes_none(), PRIM(DER_SET, signers)),
            END));
}

#endif
