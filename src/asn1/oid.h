/* SPDX-License-Identifier: Apache-2.0 */
/* Object identifiers as content octets; compared with oid_is. One table of the known ones. */
#ifndef CERTBAN_ASN1_OID_H
#define CERTBAN_ASN1_OID_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/hash.h"

/* X(enumerator, dotted text) : the OIDs that certban tells apart */
#define OIDS(X)                                                                                                                            \
    X(DATA, "1.2.840.113549.1.7.1")                                                                                                        \
    X(SIGNED_DATA, "1.2.840.113549.1.7.2")                                                                                                 \
    X(CONTENT_TYPE, "1.2.840.113549.1.9.3")                                                                                                \
    X(MESSAGE_DIGEST, "1.2.840.113549.1.9.4")                                                                                              \
    X(SIGNING_TIME, "1.2.840.113549.1.9.5")                                                                                                \
    X(COUNTERSIGNATURE, "1.2.840.113549.1.9.6")                                                                                            \
    X(SEQUENCE_NUMBER, "1.2.840.113549.1.9.25.4")                                                                                          \
    X(TST_INFO, "1.2.840.113549.1.9.16.1.4")                                                                                               \
    X(TIMESTAMP_TOKEN, "1.2.840.113549.1.9.16.2.14")                                                                                       \
    X(COMMITMENT_TYPE, "1.2.840.113549.1.9.16.2.16")                                                                                       \
    X(SPC_INDIRECT_DATA, "1.3.6.1.4.1.311.2.1.4")                                                                                          \
    X(SPC_STATEMENT_TYPE, "1.3.6.1.4.1.311.2.1.11")                                                                                        \
    X(SPC_OPUS_INFO, "1.3.6.1.4.1.311.2.1.12")                                                                                             \
    X(SPC_PE_IMAGE_DATA, "1.3.6.1.4.1.311.2.1.15")                                                                                         \
    X(SPC_CAB_DATA, "1.3.6.1.4.1.311.2.1.25")                                                                                              \
    X(SPC_SIPINFO, "1.3.6.1.4.1.311.2.1.30")                                                                                               \
    X(SPC_PAGE_HASHES_V1, "1.3.6.1.4.1.311.2.3.1")                                                                                         \
    X(SPC_PAGE_HASHES_V2, "1.3.6.1.4.1.311.2.3.2")                                                                                         \
    X(SPC_NESTED_SIGNATURE, "1.3.6.1.4.1.311.2.4.1")                                                                                       \
    X(SPC_RFC3161, "1.3.6.1.4.1.311.3.3.1")                                                                                                \
    X(CTL, "1.3.6.1.4.1.311.10.1")                                                                                                         \
    X(PLATFORM_MANIFEST, "1.3.6.1.4.1.311.10.3.28")                                                                                        \
    X(LIFETIME_SIGNING, "1.3.6.1.4.1.311.10.3.13")                                                                                         \
    X(EKU_CODE_SIGNING, "1.3.6.1.5.5.7.3.3")                                                                                               \
    X(EKU_TIME_STAMPING, "1.3.6.1.5.5.7.3.8")                                                                                              \
    X(APPLE_CDHASHES_PLIST, "1.2.840.113635.100.9.1")                                                                                      \
    X(APPLE_CDHASHES, "1.2.840.113635.100.9.2")                                                                                            \
    X(EXT_SKI, "2.5.29.14")                                                                                                                \
    X(EXT_KEY_USAGE, "2.5.29.15")                                                                                                          \
    X(EXT_BASIC_CONSTRAINTS, "2.5.29.19")                                                                                                  \
    X(EXT_CRL_NUMBER, "2.5.29.20")                                                                                                         \
    X(EXT_CRL_REASON, "2.5.29.21")                                                                                                         \
    X(EXT_INVALIDITY_DATE, "2.5.29.24")                                                                                                    \
    X(EXT_DELTA_CRL, "2.5.29.27")                                                                                                          \
    X(EXT_DISTRIBUTION_POINT, "2.5.29.28")                                                                                                 \
    X(EXT_CERTIFICATE_ISSUER, "2.5.29.29")                                                                                                 \
    X(EXT_CRL_POINTS, "2.5.29.31")                                                                                                         \
    X(EXT_AKI, "2.5.29.35")                                                                                                                \
    X(EXT_EKU, "2.5.29.37")                                                                                                                \
    X(EXT_AUTHORITY_INFO, "1.3.6.1.5.5.7.1.1")                                                                                             \
    X(ACCESS_OCSP, "1.3.6.1.5.5.7.48.1")                                                                                                   \
    X(AT_COMMON_NAME, "2.5.4.3")                                                                                                           \
    X(AT_COUNTRY, "2.5.4.6")                                                                                                               \
    X(AT_ORGANIZATION, "2.5.4.10")                                                                                                         \
    X(AT_ORGANIZATIONAL_UNIT, "2.5.4.11")                                                                                                  \
    X(AT_UID, "0.9.2342.19200300.100.1.1")

enum oid {
#define X(id, dotted) OID_##id,
    OIDS(X)
#undef X
        OID_COUNT
};

/* oid_is says whether content octets name that OID. */
bool oid_is(struct bytes content, enum oid oid);

/* oid_of is the content octets of a known OID. */
struct bytes oid_of(enum oid oid);

/* oid_dotted is "1.2.840…" in the arena; NULL without memory; "?" for octets that are no OID or longer than 128. */
const char *oid_dotted(struct bytes content, struct arena *arena);

/* oid_encode turns dotted text into content octets in out (room bytes); *n gets the count. False when it is no dotted OID. */
bool oid_encode(const char *dotted, uint8_t *out, size_t room, size_t *n);

/* oid_hash is the hash that an OID of a digest or of a signature algorithm (sha256WithRSA, ecdsa-with-SHA384 …) names; HASH_NONE for
 * others. */
enum hash oid_hash(struct bytes content);

#endif
