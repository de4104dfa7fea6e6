/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ocsp.h"

#include "crypto/crypto.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <time.h>

enum { SKEW_SECONDS = 300, AGE_SECONDS = 7 * 86400, RESPONSE_MAX = 1 << 20 };

struct ocsp {
    X509 *cert, *issuer;
    OCSP_REQUEST *request;
    OCSP_CERTID *id; /* the request's */
    unsigned char *der;
    size_t n;
};

static X509 *cert_of(struct bytes der) {
    const unsigned char *p = der.p;
    return der.n <= LONG_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
}

void ocsp_free(struct ocsp *ocsp) {
    if (ocsp != NULL) {
        X509_free(ocsp->cert);
        X509_free(ocsp->issuer);
        OCSP_REQUEST_free(ocsp->request);
        OPENSSL_free(ocsp->der);
        free(ocsp);
    }
}

/* The request takes the id over; ours is another one. */
static bool make_request(struct ocsp *ocsp) {
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), ocsp->cert, ocsp->issuer); /* SHA-1 names here, it proves nothing: all know it */
    ocsp->request = OCSP_REQUEST_new();
    if (id == NULL || ocsp->request == NULL || OCSP_request_add0_id(ocsp->request, id) == NULL) {
        OCSP_CERTID_free(id);
        return false;
    }
    ocsp->id = id;
    int n = OCSP_request_add1_nonce(ocsp->request, NULL, -1) == 1 ? i2d_OCSP_REQUEST(ocsp->request, &ocsp->der) : -1;
    ocsp->n = n > 0 ? (size_t)n : 0;
    return n > 0;
}

struct ocsp *ocsp_ask(struct bytes cert, struct bytes issuer, struct error *err) {
    struct ocsp *ocsp = crypto_init(err) ? calloc(1, sizeof *ocsp) : NULL;
    if (ocsp == NULL) {
        return NULL;
    }
    ocsp->cert = cert_of(cert);
    ocsp->issuer = cert_of(issuer);
    bool ok = ocsp->cert != NULL && ocsp->issuer != NULL && make_request(ocsp);
    ERR_clear_error();
    if (!ok) {
        error_set(err, ERR_MALFORMED, "the certificate or its issuer's can't be read as OCSP needs it");
        ocsp_free(ocsp);
        return NULL;
    }
    return ocsp;
}

struct bytes ocsp_request(const struct ocsp *ocsp) {
    return bytes_make(ocsp->der, ocsp->n);
}

static int64_t seconds_of(const ASN1_GENERALIZEDTIME *time) {
    struct tm tm;
    return time != NULL && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : TIME_NONE;
}

/* The issuer is all that is trusted: the response is signed by it, or by one that it made for that (RFC 6960 4.2.2.2). */
static bool is_signed(const struct ocsp *ocsp, OCSP_BASICRESP *basic) {
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *issuers = sk_X509_new_null();
    bool ok = store != NULL && issuers != NULL && X509_STORE_add_cert(store, ocsp->issuer) == 1 &&
              X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 && sk_X509_push(issuers, ocsp->issuer) > 0 &&
              OCSP_basic_verify(basic, issuers, store, 0) == 1;
    sk_X509_free(issuers);
    X509_STORE_free(store);
    return ok;
}

static bool read_basic(const struct ocsp *ocsp, OCSP_BASICRESP *basic, struct ocsp_answer *out, struct error *err) {
    static const enum revocation states[] = {[V_OCSP_CERTSTATUS_GOOD] = REVOCATION_GOOD,
                                             [V_OCSP_CERTSTATUS_REVOKED] = REVOCATION_REVOKED,
                                             [V_OCSP_CERTSTATUS_UNKNOWN] = REVOCATION_UNKNOWN};
    ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
    int status = -1, reason = -1;
    if (OCSP_check_nonce(ocsp->request, basic) == 0) {
        return error_set(err, ERR_DENIED, "the responder's answer is to another question");
    }
    if (!is_signed(ocsp, basic)) {
        return error_set(err, ERR_DENIED, "the responder's answer is signed by nobody who may");
    }
    if (OCSP_resp_find_status(basic, ocsp->id, &status, &reason, &revoked, &this_update, &next_update) != 1 || status < 0 ||
        (size_t)status >= sizeof states / sizeof *states) {
        return error_set(err, ERR_DENIED, "the responder's answer is about another certificate");
    }
    if (OCSP_check_validity(this_update, next_update, SKEW_SECONDS, next_update == NULL ? AGE_SECONDS : -1) != 1) {
        return error_set(err, ERR_DENIED, "the responder's answer is not of now");
    }
    *out = (struct ocsp_answer){.state = states[status],
                                .this_update = seconds_of(this_update),
                                .next_update = seconds_of(next_update),
                                .revoked_at = status == V_OCSP_CERTSTATUS_REVOKED ? seconds_of(revoked) : TIME_NONE,
                                .reason = reason > 0 ? reason : 0};
    return true;
}

bool ocsp_read(const struct ocsp *ocsp, struct bytes response, struct ocsp_answer *out, struct error *err) {
    const unsigned char *p = response.p;
    OCSP_RESPONSE *whole = response.n <= RESPONSE_MAX ? d2i_OCSP_RESPONSE(NULL, &p, (long)response.n) : NULL;
    bool ok = whole != NULL || error_set(err, ERR_MALFORMED, "the responder's answer is no OCSP response");
    int status = ok ? OCSP_response_status(whole) : -1;
    if (ok && status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        ok = error_set(err, ERR_UNSUPPORTED, "the responder answers: %s", OCSP_response_status_str(status));
    }
    OCSP_BASICRESP *basic = ok ? OCSP_response_get1_basic(whole) : NULL;
    if (ok && basic == NULL) {
        ok = error_set(err, ERR_MALFORMED, "the responder's answer has no basic response");
    }
    ok = ok && read_basic(ocsp, basic, out, err);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(whole);
    ERR_clear_error();
    return ok;
}
