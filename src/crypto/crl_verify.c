/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crl_verify.h"

#include "asn1/name.h"
#include "crypto/anchors.h"
#include "crypto/pubkey.h"

enum check crl_signed_by(const struct crl *crl, const struct cert *issuer) {
    const char *detail;
    if (issuer->broken || !name_equal(issuer->subject, crl->issuer)) {
        return CHECK_NONE;
    }
    if (issuer->signs_no_crls) {
        return CHECK_BAD; /* RFC 5280 6.3.3 (f): such a key's word counts for certificates only */
    }
    struct signed_thing thing = {.spki = issuer->spki,
                                 .algorithm = crl->algorithm,
                                 .hash = HASH_NONE,
                                 .a = crl->tbs,
                                 .b = bytes_none(),
                                 .signature = crl->signature};
    return pubkey_verify(&thing, &detail);
}

enum check crl_signed_by_anchor(const struct crl *crl, const struct anchors *anchors) {
    enum check state = CHECK_NONE;
    size_t n;
    const struct anchor *named = anchors_named(anchors, name_hash(crl->issuer), &n);
    for (size_t i = 0; i < n && state != CHECK_GOOD; i++) {
        enum check one = crl_signed_by(crl, &named[i].cert);
        state = one != CHECK_NONE ? one : state;
    }
    return state;
}
