/* SPDX-License-Identifier: Apache-2.0 */
/* The Online Certificate Status Protocol (RFC 6960): what to ask a responder, and what its answer is worth. */
#ifndef CERTBAN_CRYPTO_OCSP_H
#define CERTBAN_CRYPTO_OCSP_H

#include "base/bytes.h"
#include "base/error.h"
#include "model/verdict.h"

/* A question about one certificate: ocsp_ask makes it, ocsp_free takes it back. */
struct ocsp;

/* What a responder says. */
struct ocsp_answer {
    enum revocation state;            /* good, revoked, unknown: never unasked */
    int64_t this_update, next_update; /* TIME_NONE when not given */
    int64_t revoked_at;               /* TIME_NONE unless revoked */
    int reason;                       /* as in revocation lists (asn1/crl.h) */
};

/* ocsp_ask makes a request about a certificate (DER) that the issuer's certificate (DER) issued, with a nonce. NULL with err set when one
 * of them can't be read. */
struct ocsp *ocsp_ask(struct bytes cert, struct bytes issuer, struct error *err);
void ocsp_free(struct ocsp *ocsp);

/* ocsp_request is what to send: application/ocsp-request, as long as the question stands. */
struct bytes ocsp_request(const struct ocsp *ocsp);

/*
 * ocsp_read reads a response (DER). It counts when it is signed by the issuer, or by a certificate that the issuer made for
 * OCSP and that is valid now; when it is about this certificate; when its nonce, if it has one, is the question's; and when it is of
 * now: not from the future, its next update not past, and no older than a week if it names none. Else false, and err says why.
 */
CERTBAN_MUST_USE bool ocsp_read(const struct ocsp *ocsp, struct bytes response, struct ocsp_answer *out, struct error *err);

#endif
