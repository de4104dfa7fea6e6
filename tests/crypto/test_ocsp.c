/* SPDX-License-Identifier: Apache-2.0 */
/* What a responder's answer is worth by its dates. Who may sign it is asked of openssl's responder in tests/cli/run-crl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "crypto/ocsp.h"
#include "pki.h"

#include <openssl/ocsp.h>

enum { HOUR = 3600, DAY = 24 * HOUR };

static struct identity authority, leaf, other;

/* An answer about a certificate, signed by the authority, with dates relative to now; until 0: it names no next update. */
static struct bytes answer_about(const struct identity *about, int status, long from, long until) {
    time_t now = time(NULL);
    ASN1_TIME *this_update = ASN1_TIME_adj(NULL, now, 0, from), *next_update = until != 0 ? ASN1_TIME_adj(NULL, now, 0, until) : NULL;
    ASN1_TIME *revoked = ASN1_TIME_set(NULL, NOW);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), about->x509, authority.x509);
    assert_non_null(OCSP_basic_add1_status(basic, id, status, status == V_OCSP_CERTSTATUS_REVOKED ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0,
                                           revoked, this_update, next_update));
    assert_int_equal(OCSP_basic_sign(basic, authority.x509, authority.key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char *der = NULL;
    int n = i2d_OCSP_RESPONSE(response, &der);
    struct bytes copy;
    assert_true(n > 0 && arena_copy(&test_arena, bytes_make(der, (size_t)n), &copy, NULL));
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    ASN1_TIME_free(revoked);
    return copy;
}

static bool counts(struct bytes response, struct ocsp_answer *out, struct error *err) {
    struct ocsp *ocsp = ocsp_ask(leaf.cert.der, authority.cert.der, err);
    assert_non_null(ocsp);
    bool ok = ocsp_read(ocsp, response, out, err);
    ocsp_free(ocsp);
    return ok;
}

static void answers_of_now_count(void **state) {
    (void)state;
    struct ocsp_answer answer;
    struct error err = {0};
    assert_true(counts(answer_about(&leaf, V_OCSP_CERTSTATUS_GOOD, -HOUR, DAY), &answer, &err));
    assert_int_equal(answer.state, REVOCATION_GOOD);
    assert_true(answer.revoked_at == TIME_NONE && answer.next_update - answer.this_update == DAY + HOUR);
    assert_true(counts(answer_about(&leaf, V_OCSP_CERTSTATUS_REVOKED, -HOUR, DAY), &answer, &err));
    assert_int_equal(answer.state, REVOCATION_REVOKED);
    assert_int_equal(answer.revoked_at, NOW);
    assert_int_equal(answer.reason, OCSP_REVOKED_STATUS_KEYCOMPROMISE);
    assert_true(counts(answer_about(&leaf, V_OCSP_CERTSTATUS_UNKNOWN, -HOUR, DAY), &answer, &err));
    assert_int_equal(answer.state, REVOCATION_UNKNOWN);
    assert_true(counts(answer_about(&leaf, V_OCSP_CERTSTATUS_GOOD, -6 * DAY, 0), &answer, &err));
    assert_true(answer.next_update == TIME_NONE);
    assert_true(counts(answer_about(&leaf, V_OCSP_CERTSTATUS_GOOD, -30 * DAY, DAY), &answer, &err)); /* its own word */
}

static void others_do_not(void **state) {
    (void)state;
    static const struct { long from, until; } dates[] = {{-2 * DAY, -DAY}, {DAY, 2 * DAY}, {-8 * DAY, 0}, {-HOUR, -2 * HOUR}};
    struct ocsp_answer answer = {.state = REVOCATION_UNASKED};
    struct error err = {0};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        assert_false(counts(answer_about(&leaf, V_OCSP_CERTSTATUS_GOOD, dates[i].from, dates[i].until), &answer, &err));
        assert_string_equal(err.text, "the responder's answer is not of now");
    }
    assert_false(counts(answer_about(&other, V_OCSP_CERTSTATUS_GOOD, -HOUR, DAY), &answer, &err));
    assert_string_equal(err.text, "the responder's answer is about another certificate");
    assert_int_equal(answer.state, REVOCATION_UNASKED);
    struct bytes whole = answer_about(&leaf, V_OCSP_CERTSTATUS_GOOD, -HOUR, DAY);
    for (size_t n = 0; n < whole.n; n += n < 64 ? 1 : 7) {
        assert_false(counts(bytes_cut(whole, 0, n), &answer, &err));
    }
}

static void what_is_no_certificate_is_not_asked_about(void **state) {
    (void)state;
    struct error err = {0};
    assert_null(ocsp_ask(bytes_text("none"), authority.cert.der, &err));
    assert_null(ocsp_ask(leaf.cert.der, bytes_none(), &err));
    assert_true(err.text[0] != '\0');
}

static int set_up(void **state) {
    (void)state;
    test_arena = arena_make((size_t)16 << 20);
    authority = identity_new(key_new("EC"), (struct wish){.name = "CA", .ca = true}, NULL);
    leaf = identity_new(key_new("EC"), (struct wish){.name = "Leaf", .serial = 0x1a2b}, &authority);
    other = identity_new(key_new("EC"), (struct wish){.name = "Other", .serial = 0x1a2c}, &authority);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    identity_free(&authority);
    identity_free(&leaf);
    identity_free(&other);
    arena_free(&test_arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_of_now_count), cmocka_unit_test(others_do_not),
                                       cmocka_unit_test(what_is_no_certificate_is_not_asked_about)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
