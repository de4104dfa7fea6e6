/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate revocation lists (X.509 v1 and v2, RFC 5280 5). Entries are walked one by one, so that a list of millions costs no memory.
 */
#ifndef CERTBAN_ASN1_CRL_H
#define CERTBAN_ASN1_CRL_H

#include "asn1/der.h"
#include "model/cert.h"

struct crl {
    struct bytes der;                 /* the CertificateList element: what follows it is not looked at */
    struct bytes tbs;                 /* the TBSCertList element: what is signed */
    struct bytes issuer;              /* the Name element */
    struct bytes algorithm;           /* the outer signatureAlgorithm element */
    struct bytes signature;           /* the BIT STRING's content without the unused-bits octet */
    struct bytes entries;             /* content of revokedCertificates; empty when there are none */
    int64_t this_update, next_update; /* INT64_MAX when next_update is not given */
    struct bytes number;              /* cRLNumber: INTEGER content as serials are; empty when not given */
    struct bytes key_id;              /* of the key that signed it (authorityKeyIdentifier); empty when not given */
    struct bytes scope;  /* the value of issuingDistributionPoint: which certificates it speaks of; empty: all of the issuer's */
    struct bytes points; /* of that: the names of the distribution point (GeneralName elements); empty when not given */
    bool users_only, authorities_only; /* of that: certificates of CAs, or all others, are left out */
    bool partial;                      /* of that: it leaves out more, some reasons, or what nobody here knows */
    bool indirect;                     /* it may speak of certificates of other issuers */
    bool delta;                        /* it has a deltaCRLIndicator: it says what changed since another one */
    bool unknown_critical;             /* it has a critical extension that is not known: RFC 5280 5.2 forbids to use it */
};

/* crl_parse reads the list at the start of der. Nothing is copied. */
CERTBAN_MUST_USE bool crl_parse(struct bytes der, struct crl *crl, struct error *err);

/* CRLReason (RFC 5280 5.3.1). */
enum crl_reason {
    CRL_UNSPECIFIED = 0,
    CRL_KEY_COMPROMISE = 1,
    CRL_CA_COMPROMISE = 2,
    CRL_AFFILIATION_CHANGED = 3,
    CRL_SUPERSEDED = 4,
    CRL_CESSATION = 5,
    CRL_HOLD = 6,
    CRL_REMOVE = 8, /* of a delta list: no longer revoked */
    CRL_PRIVILEGE_WITHDRAWN = 9,
    CRL_AA_COMPROMISE = 10
};

struct crl_entry {
    struct bytes serial;   /* as in struct cert */
    struct bytes issuer;   /* the Name element of who issued the certificate: the list's, or that of an indirect list's entry */
    int64_t revoked_at;    /* seconds since 1970 */
    int64_t invalid_since; /* invalidityDate; INT64_MAX when not given */
    int reason;            /* an enum crl_reason, or what else stands there */
    bool unknown_critical; /* as of the list: RFC 5280 5.3 */
    size_t number;         /* from 1 */
};

/* A walk over the entries of a list. */
struct crl_walk {
    struct der_cursor cursor;
    struct bytes issuer; /* of the next entries */
    size_t number;
};
struct crl_walk crl_walk_begin(const struct crl *crl);

/* crl_walk_at begins in the middle: at the entry that stands at that offset of crl->entries. Up to the next one that names its issuer
 * (certificateIssuer), entries come with the list's own. */
struct crl_walk crl_walk_at(const struct crl *crl, size_t at);

/* crl_next takes the next entry. False at the end, or with err and walk->cursor.failed when what comes is no element. An entry that is
 * wrong inside comes with serial empty. */
bool crl_next(struct crl_walk *walk, struct crl_entry *entry, struct error *err);

/* crl_issuer_is_named says whether a certificate names who issues the lists that speak of it: that Name stands as cRLIssuer in one of its
 * cRLDistributionPoints (RFC 5280 4.2.1.13). */
bool crl_issuer_is_named(const struct cert *cert, struct bytes issuer);

#endif
