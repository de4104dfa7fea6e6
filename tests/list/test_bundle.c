/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles: what is signed reads back; whatever is changed, cut, old, or by another key is refused, and the installed one stays as it
 * was, byte for byte. A child that installs is killed at every system call: one of the two bundles is there whole each time.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "list/bundle_store.h"
#include "list/files.h"

enum { STEPS_MAX = 2000 };
#define NOW INT64_C(1800000000)
#define DAYS INT64_C(86400)

/* Two keys made for this test, of no use to anybody (openssl genpkey -algorithm ed25519). */
static const char key_a[] = "-----BEGIN PRIVATE KEY-----\n"
                            "MC4CAQAwBQYDK2VwBCIEIAVHcgIRdCyB12YPxwvxgwzs+6if6h/pKR8anWF97Dli\n"
                            "-----END PRIVATE KEY-----\n",
                  public_a[] = "-----BEGIN PUBLIC KEY-----\n"
                               "MCowBQYDK2VwAyEAvUiSECFhSACT40uy5yHCSSliXaUIZo0Ki3xdHXcNdW4=\n"
                               "-----END PUBLIC KEY-----\n",
                  key_b[] = "-----BEGIN PRIVATE KEY-----\n"
                            "MC4CAQAwBQYDK2VwBCIEIDMXM7eJbrW2mtkOvc4zPUlAVpoqLqHRdRq9z5u55JL8\n"
                            "-----END PRIVATE KEY-----\n";

struct place {
    char state[128];
    struct ed25519_key a, b;
};

static struct text policy_xml(const char *id, unsigned version, unsigned rules) {
    struct text xml = {0};
    text_addf(&xml, "<policy xmlns=\"urn:certban:policy:1\" id=\"%s\" version=\"%u\" issued=\"2024-01-01\"><title>t</title>", id, version);
    for (unsigned i = 0; i < rules; i++) {
        text_addf(&xml, "<ban id=\"r%u\"><file><sha256>%064x</sha256></file></ban>", i, i + 4096);
    }
    text_add(&xml, "</policy>");
    return xml;
}

/* What a bundle of one policy is made of; zeroes stand for what is usual. */
struct recipe {
    const char *id, *policy, *key, *key_too;
    uint64_t version;
    unsigned policy_version, rules;
    int64_t issued, expires;
};

static struct text make(struct recipe r) {
    struct text xml =
        policy_xml(r.policy != NULL ? r.policy : "p", r.policy_version != 0 ? r.policy_version : 1, r.rules != 0 ? r.rules : 4);
    struct bytes policy = bytes_make(xml.p, xml.n), keys[2] = {bytes_text(r.key != NULL ? r.key : key_a), bytes_none()};
    struct bundle_head head = {.id = r.id != NULL ? r.id : "bans",
                               .version = r.version != 0 ? r.version : 5,
                               .issued = r.issued != 0 ? r.issued : NOW - DAYS,
                               .expires = r.expires != 0 ? r.expires : NOW + 30 * DAYS};
    struct text out = {0};
    struct error err = {0};
    if (r.key_too != NULL) {
        keys[1] = bytes_text(r.key_too);
    }
    if (!bundle_write(&head, &policy, 1, keys, r.key_too != NULL ? 2 : 1, &out, &err)) {
        fail_msg("%s", err.text);
    }
    text_free(&xml);
    return out;
}

static struct bytes bytes_of(const struct text *t) {
    return bytes_make(t->p, t->n);
}

/* Installs with key a trusted, or a and b. */
static bool install(const struct place *p, struct bytes content, bool both, bool may_shrink, struct bundle_installed *out,
                    struct error *err) {
    struct ed25519_key keys[2] = {p->a, p->b};
    struct bundle_keys trusted = {keys, both ? 2 : 1};
    struct bundle_install job = {.state = p->state, .keys = &trusted, .now = NOW, .may_shrink = may_shrink};
    error_clear(err);
    return bundle_install(&job, content, "new.bundle", out, err);
}

static int set_up(void **state) {
    struct place *p = calloc(1, sizeof *p);
    struct error err;
    uint8_t signature[ED25519_SIGNATURE_SIZE];
    assert_non_null(p);
    strcpy(p->state, "/tmp/certban-bundle.XXXXXX");
    assert_non_null(mkdtemp(p->state));
    assert_true(ed25519_sign(bytes_text(key_a), bytes_none(), bytes_none(), signature, &p->a, &err));
    assert_true(ed25519_sign(bytes_text(key_b), bytes_none(), bytes_none(), signature, &p->b, &err));
    *state = p;
    return 0;
}

static int tear_down(void **state) {
    struct place *p = *state;
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", p->state);
    int status = system(command);
    free(p);
    return status;
}

static void install_well(const struct place *p, struct recipe r, bool both) {
    struct bundle_installed done;
    struct error err;
    struct text bundle = make(r);
    if (!install(p, bytes_of(&bundle), both, false, &done, &err)) {
        fail_msg("%s", err.text);
    }
    assert_false(done.current);
    text_free(&bundle);
}

/* The installed bundle's version; 0 when there is none. */
static uint64_t version_of(const struct place *p, const char *name) {
    char path[256];
    struct bundle bundle;
    struct error err, fallback;
    snprintf(path, sizeof path, "%s/bundles/%s", p->state, name);
    if (!file_exists(path)) {
        return 0;
    }
    if (!bundle_load(path, 0, &bundle, &fallback, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(fallback.kind, ERR_NONE);
    uint64_t version = bundle.version;
    bundle_free(&bundle);
    return version;
}

static void refuse(const struct place *p, struct bytes content, bool both, const char *why) {
    struct bundle_installed done;
    struct error err;
    uint64_t before = version_of(p, "bans.bundle");
    assert_false(install(p, content, both, false, &done, &err));
    if (strstr(err.text, why) == NULL) {
        fail_msg("\"%s\" has no \"%s\"", err.text, why);
    }
    assert_int_equal(version_of(p, "bans.bundle"), before);
}

static void refuse_recipe(const struct place *p, struct recipe r, bool both, const char *why) {
    struct text bundle = make(r);
    refuse(p, bytes_of(&bundle), both, why);
    text_free(&bundle);
}

static void reads_keys_as_openssl_writes_them(void **state) {
    struct place *p = *state;
    struct ed25519_key key;
    struct error err = {0};
    assert_true(ed25519_public(bytes_text(public_a), &key, &err));
    assert_memory_equal(&key, &p->a, sizeof key);
    assert_false(ed25519_public(bytes_text(key_a), &key, &err));
    assert_false(ed25519_public(bytes_text("nothing"), &key, &err));
}

/* RFC 8032 7.1, test 2. */
static void signs_as_the_standard_says(void **state) {
    (void)state;
    uint8_t der[48] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20}, expected[64],
            got[64];
    size_t n;
    struct text pem = {0};
    struct ed25519_key key;
    struct error err = {0};
    assert_true(hex_decode(bytes_text("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), der + 16, 32, &n));
    assert_true(hex_decode(bytes_text("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                                      "387b2eaeb4302aeeb00d291612bb0c00"),
                           expected, sizeof expected, &n));
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text_add(&pem, "-----BEGIN PRIVATE KEY-----\n");
    for (size_t i = 0; i < sizeof der; i += 3) {
        unsigned v = (unsigned)der[i] << 16 | (unsigned)der[i + 1] << 8 | der[i + 2];
        text_addf(&pem, "%c%c%c%c", digits[v >> 18], digits[v >> 12 & 63], digits[v >> 6 & 63], digits[v & 63]);
    }
    text_add(&pem, "\n-----END PRIVATE KEY-----\n");
    uint8_t message = 0x72;
    if (!ed25519_sign(bytes_of(&pem), bytes_none(), bytes_make(&message, 1), got, &key, &err)) {
        fail_msg("%s", err.text);
    }
    assert_memory_equal(got, expected, sizeof got);
    assert_true(ed25519_verify(&key, bytes_make(&message, 1), bytes_none(), expected));
    message ^= 1;
    assert_false(ed25519_verify(&key, bytes_make(&message, 1), bytes_none(), expected));
    text_free(&pem);
}

static void takes_what_is_newer(void **state) {
    struct place *p = *state;
    struct bundle_installed done;
    struct error err;
    install_well(p, (struct recipe){.version = 5}, false);
    install_well(p, (struct recipe){.version = 7, .policy_version = 2}, false);
    assert_int_equal(version_of(p, "bans.bundle"), 7);
    assert_int_equal(version_of(p, "bans.bundle.previous"), 5);
    struct text again = make((struct recipe){.version = 7, .policy_version = 2});
    assert_true(install(p, bytes_of(&again), false, false, &done, &err));
    assert_true(done.current);
    text_free(&again);
}

static void refuses_what_is_old_or_not_yet(void **state) {
    struct place *p = *state;
    install_well(p, (struct recipe){.version = 5, .policy_version = 3}, false);
    refuse_recipe(p, (struct recipe){.version = 4, .policy_version = 3}, false, "does not rise");
    refuse_recipe(p, (struct recipe){.version = 5, .policy_version = 4}, false, "does not rise");
    refuse_recipe(p, (struct recipe){.version = 6, .policy_version = 2}, false, "falls back");
    refuse_recipe(p, (struct recipe){.version = 6, .policy_version = 3, .expires = NOW}, false, "has expired");
    refuse_recipe(p, (struct recipe){.version = 6, .policy_version = 3, .issued = NOW + 2 * DAYS}, false, "in the future");
    /* The highest version is remembered when the bundle itself is gone. */
    char path[256];
    snprintf(path, sizeof path, "%s/bundles/bans.bundle", p->state);
    assert_int_equal(unlink(path), 0);
    refuse_recipe(p, (struct recipe){.version = 4, .policy_version = 3}, false, "does not rise");
    install_well(p, (struct recipe){.version = 6, .policy_version = 3}, false);
}

static void refuses_what_shrinks(void **state) {
    struct place *p = *state;
    struct bundle_installed done;
    struct error err;
    install_well(p, (struct recipe){.version = 5, .rules = 100}, false);
    struct text half = make((struct recipe){.version = 6, .rules = 49});
    refuse(p, bytes_of(&half), false, "49 rules");
    assert_true(install(p, bytes_of(&half), false, true, &done, &err));
    assert_int_equal(done.before, 5);
    text_free(&half);
}

static void binds_an_id_to_its_key(void **state) {
    struct place *p = *state;
    refuse_recipe(p, (struct recipe){.key = key_b}, false, "no key that is trusted");
    install_well(p, (struct recipe){.version = 5}, true);
    refuse_recipe(p, (struct recipe){.version = 6, .key = key_b}, true, "not signed by the key of the installed one");
    install_well(p, (struct recipe){.version = 6, .key = key_b, .key_too = key_a}, true);
    install_well(p, (struct recipe){.version = 7, .key = key_b}, true);
    refuse_recipe(p, (struct recipe){.version = 8}, true, "not signed by the key of the installed one");
    /* Another feed may bring other policies only. */
    refuse_recipe(p, (struct recipe){.id = "other", .version = 1, .policy_version = 9}, true, "belongs to bundle bans");
    install_well(p, (struct recipe){.id = "other", .policy = "q", .version = 1}, true);
}

/* Every changed bit and every cut; a signature covers all but itself, so that a wrong digit of it is refused, too. */
static void refuses_every_change(void **state) {
    struct place *p = *state;
    install_well(p, (struct recipe){.version = 5}, false);
    struct text bundle = make((struct recipe){.version = 6, .rules = 2});
    char *changed = malloc(bundle.n);
    struct bundle_installed done;
    struct error err;
    assert_non_null(changed);
    for (size_t i = 0; i < bundle.n * 8; i++) {
        memcpy(changed, bundle.p, bundle.n);
        changed[i / 8] = (char)(changed[i / 8] ^ 1 << i % 8);
        if (install(p, bytes_make(changed, bundle.n), false, true, &done, &err)) {
            fail_msg("bit %zu of %c is not covered", i, bundle.p[i / 8]);
        }
    }
    for (size_t n = 0; n < bundle.n; n++) {
        memcpy(changed, bundle.p, n);
        assert_false(install(p, bytes_make(changed, n), false, true, &done, &err));
    }
    assert_int_equal(version_of(p, "bans.bundle"), 5);
    free(changed);
    text_free(&bundle);
}

static void falls_back_on_the_one_before(void **state) {
    struct place *p = *state;
    char path[256];
    struct bundle bundle;
    struct error err, fallback;
    install_well(p, (struct recipe){.version = 5}, false);
    install_well(p, (struct recipe){.version = 6}, false);
    snprintf(path, sizeof path, "%s/bundles/bans.bundle", p->state);
    assert_int_equal(truncate(path, 100), 0);
    assert_true(bundle_load(path, 0, &bundle, &fallback, &err));
    assert_int_equal(bundle.version, 5);
    assert_int_equal(fallback.kind, ERR_MALFORMED);
    bundle_free(&bundle);
    /* What can't be read does not become the good one before it. */
    struct text same = make((struct recipe){.version = 6});
    struct bundle_installed done;
    assert_false(install(p, bytes_of(&same), false, false, &done, &err));
    assert_non_null(strstr(err.text, "does not rise"));
    text_free(&same);
    install_well(p, (struct recipe){.version = 7}, false);
    assert_int_equal(version_of(p, "bans.bundle.previous"), 5);
    assert_int_equal(chmod(path, 0666), 0);
    snprintf(path + strlen(path), 16, ".previous");
    assert_int_equal(chmod(path, 0666), 0);
    path[strlen(path) - strlen(".previous")] = '\0';
    assert_false(bundle_load(path, 0, &bundle, &fallback, &err));
    assert_int_equal(err.kind, ERR_DENIED);
}

/* Installs in a traced child that is killed at its n-th system call; false when it came to its end before. */
static bool killed_at(const struct place *p, struct bytes content, unsigned n) {
    pid_t child = fork();
    if (child == 0) {
        struct bundle_installed done;
        struct error err;
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        _exit(install(p, content, false, false, &done, &err) ? 0 : 1);
    }
    int status;
    assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status));
    for (unsigned i = 0; i < n; i++) {
        ptrace(PTRACE_SYSCALL, child, NULL, NULL);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSTOPPED(status)) {
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            return false;
        }
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return true;
}

static void survives_a_kill_anywhere(void **state) {
    struct place *p = *state;
    struct text bundle = make((struct recipe){.version = 6});
    bool old = false, new = false;
    unsigned n = 1;
    for (bool killed = true; killed; n += 1) {
        char command[256];
        snprintf(command, sizeof command, "rm -rf '%s/bundles'", p->state);
        assert_int_equal(system(command), 0);
        install_well(p, (struct recipe){.version = 5}, false);
        killed = killed_at(p, bytes_of(&bundle), n);
        uint64_t version = version_of(p, "bans.bundle");
        assert_true(version == 5 || version == 6);
        old = old || version == 5;
        new = new || version == 6;
        /* And the next one comes in. */
        install_well(p, (struct recipe){.version = 9}, false);
        assert_int_equal(version_of(p, "bans.bundle"), 9);
        assert_true(n < STEPS_MAX);
    }
    assert_true(old && new &&n > 20);
    text_free(&bundle);
}

int main(void) {
    struct error err;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_keys_as_openssl_writes_them, set_up, tear_down),
        cmocka_unit_test(signs_as_the_standard_says),
        cmocka_unit_test_setup_teardown(takes_what_is_newer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_old_or_not_yet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_shrinks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(binds_an_id_to_its_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_every_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(falls_back_on_the_one_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_a_kill_anywhere, set_up, tear_down),
    };
    return crypto_init(&err) ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
