/* SPDX-License-Identifier: Apache-2.0 */
/* The mathematics of signatures and time stamps. */
#ifndef CERTBAN_CRYPTO_CMS_VERIFY_H
#define CERTBAN_CRYPTO_CMS_VERIFY_H

#include "crypto/trust.h"
#include "model/signature.h"

struct signer_proof {
    enum check state;          /* CHECK_GOOD: this certificate's key signed exactly this content */
    const struct cert *signer; /* the certificate whose key verifies; else the best candidate by name; NULL when there is none */
    bool lookalike;            /* another certificate with the same issuer and serial, but another key, is in the bag */
    bool missing;              /* no certificate of the bag is named by the signer */
    const char *detail;        /* why it is not good; "" when it is */
};

/*
 * signer_verify checks one signature: the messageDigest attribute against signature->content, then the signed attributes (or
 * the content itself) against each candidate certificate: those of the bag that the signer names, then n_known others (a
 * policy's own copies). RSA PKCS#1 and PSS, ECDSA, DSA within the limits (RSA 512..16384 bits, e up to 64 bits; DSA up to
 * 3072); past them state is CHECK_NONE with the reason. XAR's plain signatures (raw_signature) are checked the same way.
 */
CERTBAN_MUST_USE bool signer_verify(const struct signature *signature, const struct cert *known, size_t n_known, struct arena *arena,
                                    struct signer_proof *out, struct error *err);

struct timestamp {
    enum timestamp_kind kind;
    enum check state;          /* CHECK_GOOD only with an anchor trusted for time */
    int64_t time;              /* TIME_NONE when it can't be read */
    const struct cert *signer; /* NULL when unknown */
    const struct cert *certs;  /* the token's own bag (PKCS#9: the outer one) */
    size_t n_certs;
    const char *detail; /* why it is not good; "" when it is */
    bool foreign;       /* the imprint is of another signature */
};

/*
 * timestamps_verify lists every PKCS#9 countersignature and RFC 3161 token (1.3.6.1.4.1.311.3.3.1 and CMS …16.2.14) of the
 * signature and judges each: imprint, signature, the authority's EKU and validity, its chain for PURPOSE_TIME. Left out are PKCS#9
 * countersignatures by second signers (cms_vouches: those of NuGet's repositories) and those whose certificate has no timeStamping
 * EKU and that carry no signingTime. anchors NULL: states stay CHECK_NONE unless something is bad. *more: there are more of them than
 * LIMIT_TIMESTAMPS, and those are not looked at.
 */
CERTBAN_MUST_USE bool timestamps_verify(const struct signature *signature, const struct anchors *anchors, struct arena *arena,
                                        struct timestamp **out, size_t *n, bool *more, struct error *err);

#endif
