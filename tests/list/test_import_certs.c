/* SPDX-License-Identifier: Apache-2.0 */
/* Importers of certificates themselves and of their public keys. */
#include "import_list.h"

#include "base/hex.h"

static void certificates_are_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_certs/list.pem");
    struct outcome o = read_list("certificates", content);
    assert_counts(&o, 6, 1, 1, 4, 0);
    assert_told(&o, ": is a CA's certificate");
    assert_told(&o, ": is a PEM block of \"PUBLIC KEY\", no certificate\n");
    assert_told(&o, ": is no base64\n");
    assert_told(&o, ": is no certificate: ");
    assert_written(&o, "<der>MII");
    assert_non_null(o.policy->rules[0].cert);
    assert_int_equal(o.policy->rules[0].n_keys, 5);
    outcome_free(&o);
    file_forget(content);
    content = file_of(SEEDS "import_certs/two.der");
    o = read_list("certificates", content);
    assert_counts(&o, 2, 1, 0, 1, 0);
    outcome_free(&o);
    file_forget(content);
    reads_any_part("certificates", SEEDS "import_certs/list.pem");
    reads_any_part("certificates", SEEDS "import_certs/two.der");
}

/* The key of a real certificate, given by its modulus, has the hash that the shipped policy has for it. */
static void crb_is_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_crb/own.crb"), shipped = file_of(TEST_SOURCE_ROOT "/policies/3cx-2023.xml");
    struct outcome o = read_list("crb", content);
    assert_counts(&o, 9, 3, 0, 6, 0);
    const struct rule *rule = &o.policy->rules[0];
    assert_string_equal(rule->id, "Own.Revoked.1");
    assert_string_equal(rule->reason, "leaked key");
    assert_int_equal(rule->n_keys, 1);
    assert_int_equal(rule->keys[0].kind, KEY_SPKI);
    assert_int_equal(rule->keys[0].role, ROLE_SIGNER);
    char hex[65];
    hex_encode(rule->keys[0].value, hex);
    assert_true(bytes_find(shipped, bytes_text(hex), 0) < shipped.n);
    assert_int_equal(o.policy->rules[1].keys[0].role, ROLE_CHAIN);
    assert_int_equal(o.policy->rules[1].keys[1].role, ROLE_TIMESTAMP);
    assert_told(&o, "4: is trusted: that bans nothing\n");
    assert_told(&o, "5: its public key is no modulus");
    assert_told(&o, "6: its public key is no modulus");
    assert_told(&o, "8: may sign nothing");
    assert_told(&o, "9: is neither trusted nor revoked\n");
    assert_told(&o, "10: it has 3 fields");
    outcome_free(&o);
    file_forget(content);
    file_forget(shipped);
    reads_any_part("crb", SEEDS "import_crb/own.crb");
}

/* The dates of entries, what their reasons are worth, and the signature by a certificate in the same file. */
static void crls_are_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_crl/with-issuer.pem");
    struct outcome o = read_list("crl", content);
    assert_counts(&o, 6, 5, 0, 1, 0);
    assert_told(&o, "3: is revoked no longer\n");
    const struct rule *replaced = &o.policy->rules[0], *held = &o.policy->rules[1], *stolen = &o.policy->rules[3];
    assert_int_equal(replaced->action, ACTION_FLAG);
    assert_int_equal(held->action, ACTION_REPORT);
    assert_int_equal(stolen->action, ACTION_QUARANTINE);
    assert_int_equal(stolen->confidence, CONFIDENCE_HIGH);
    assert_int_equal(stolen->n_keys, 2);
    assert_int_equal(stolen->keys[1].role, ROLE_CHAIN);
    assert_int_equal(o.policy->rules[2].only.signed_after, 1677672000); /* revoked 2023-03-01 */
    assert_int_equal(stolen->only.signed_after, 1667260800);            /* invalid since 2022-11-01 */
    assert_string_equal(stolen->reason, "revoked by Test Code Signing CA: key compromise");
    outcome_free(&o);
    file_forget(content);
    /* Without the issuer nobody knows whether it is true. */
    content = file_of(SEEDS "import_crl/list.der");
    o = read_list("crl", content);
    assert_counts(&o, 6, 5, 0, 1, 0);
    assert_int_equal(o.policy->rules[3].confidence, CONFIDENCE_MEDIUM);
    assert_written(&o, "key compromise; the list's signature is unchecked");
    outcome_free(&o);
    file_forget(content);
    reads_any_part("crl", SEEDS "import_crl/list.der");
    reads_any_part("crl", SEEDS "import_crl/with-issuer.pem");
}

/* Reads a list that makes no rule; whether it was one at all. */
static bool read_vainly(const char *format, struct bytes content, struct outcome *outcome, struct error *err) {
    struct import *import = import_new(ACTION_FLAG, &outcome->listener);
    bool ok = importer_find(format)->read(content, import, err);
    outcome->counts = import_counts(import);
    import_free(import);
    return ok;
}

static void forged_lists_are_refused(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_crl/forged.pem");
    struct outcome o = {.listener = {heard, heard}};
    struct error err = {0};
    assert_true(read_vainly("crl", content, &o, &err));
    assert_counts(&o, 1, 0, 0, 1, 0);
    assert_told(&o, "1: is a list whose signature is not its issuer's\n");
    file_forget(content);
    outcome_free(&o);
    content = file_of(SEEDS "import_disallowed/signed.stl");
    uint8_t *changed = malloc(content.n);
    size_t at = bytes_find(content, bytes_text("\xca\x97\x81\x12"), 0); /* SHA-256 of "a" */
    assert_non_null(changed);
    assert_true(at < content.n);
    memcpy(changed, content.p, content.n);
    changed[at] ^= 1;
    o = (struct outcome){.listener = {heard, heard}};
    assert_false(read_vainly("disallowed", bytes_make(changed, content.n), &o, &err));
    assert_non_null(strstr(err.text, "its signature is broken"));
    free(changed);
    file_forget(content);
    outcome_free(&o);
    content = file_of(SEEDS "import_disallowed/trusted.stl");
    assert_false(read_vainly("disallowed", content, &o, &err));
    assert_non_null(strstr(err.text, "is no list of disallowed certificates"));
    file_forget(content);
}

static void disallowed_are_read(void **state) {
    (void)state;
    static const char *const lists[] = {SEEDS "import_disallowed/disallowed.stl", SEEDS "import_disallowed/signed.stl"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct bytes content = file_of(lists[i]);
        struct outcome o = read_list("disallowed", content);
        assert_counts(&o, 9, 4, 1, 4, 1);
        assert_told(&o, "6: tbs has 10 digits");
        assert_told(&o, "7: is disallowed from no time that can be read\n");
        assert_told(&o, "8: is no subject of such a list\n");
        assert_written(&o, "<reason>DigiBad \xe2\x80\x93 r\xc3\xb6t</reason>");
        assert_int_equal(o.policy->rules[3].only.signed_after, 1667260800);
        assert_int_equal(o.policy->rules[0].n_keys, 2);
        outcome_free(&o);
        file_forget(content);
        reads_any_part("disallowed", lists[i]);
    }
    struct bytes content = file_of(SEEDS "import_disallowed/sha1.stl");
    struct outcome o = read_list("disallowed", content);
    assert_counts(&o, 3, 1, 0, 2, 0);
    assert_int_equal(o.policy->rules[0].keys[0].kind, KEY_CERT_SHA1);
    outcome_free(&o);
    file_forget(content);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_read),
        cmocka_unit_test(crb_is_read),
        cmocka_unit_test(crls_are_read),
        cmocka_unit_test(disallowed_are_read),
        cmocka_unit_test(forged_lists_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
