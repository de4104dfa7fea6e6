/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate as the bytes of a file show it. Filled by asn1/x509; all bytes lie in the file's arena. */
#ifndef CERTBAN_MODEL_CERT_H
#define CERTBAN_MODEL_CERT_H

#include "base/bytes.h"

struct cert {
    struct bytes der;              /* the Certificate element as it stands, tag and length included */
    uint64_t at;                   /* its offset in the file; 0 when not known */
    struct bytes tbs;              /* the TBSCertificate element */
    struct bytes serial;           /* INTEGER content octets without leading zero octets; zero is one 00; negative ones as they stand */
    struct bytes issuer;           /* the Name element */
    struct bytes subject;          /* the Name element */
    struct bytes spki;             /* the SubjectPublicKeyInfo element */
    struct bytes key;              /* its BIT STRING's content without the unused-bits octet */
    struct bytes algorithm;        /* the signature algorithm element inside of the TBSCertificate, which the outer one must repeat */
    struct bytes signature;        /* the signature BIT STRING's content without the unused-bits octet */
    struct bytes eku;              /* content of the ExtKeyUsageSyntax SEQUENCE: OID elements; empty when has_eku is false */
    struct bytes ski, aki;         /* key identifiers; empty when absent */
    struct bytes crl_points;       /* value of cRLDistributionPoints; empty when absent (asn1/urls.h) */
    struct bytes authority_info;   /* value of authorityInfoAccess; empty when absent */
    int64_t not_before, not_after; /* seconds since 1970 */
    size_t large_extension;        /* octets of its extensions that are larger than any authority's; 0: there are none */
    bool is_ca;                    /* basicConstraints cA */
    bool has_eku;
    bool signs_no_crls; /* keyUsage is there and leaves out cRLSign */
    bool odd_serial;    /* negative, zero, leading zeros or over 20 octets (evasion: spelled differently by tools) */
    bool not_minimal;   /* the outer element or its parts are not as its issuer made them: the thumbprint has two spellings */
    bool broken;        /* could not be parsed as a certificate: only der and at are set */
};

#endif
