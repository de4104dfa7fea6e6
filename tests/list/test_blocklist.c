/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hex.h"
#include "list/blocklist.h"
#include "list/fold.h"
#include "list/never_ban.h"

enum { NOW = 1700000000 };

static struct key make_key(enum key_kind kind, const void *value, size_t n) {
    return (struct key){.kind = kind,
                        .value = bytes_make(value, n),
                        .issuer = bytes_none(),
                        .issuer_common_name = bytes_none(),
                        .organization = bytes_none(),
                        .issuer_organization = bytes_none()};
}

/* A policy with one rule over the keys given. */
struct fixture {
    struct policy policy;
    struct rule rule;
};

static void fixture_set(struct fixture *f, struct key *keys, size_t n, bool allow, int64_t expires) {
    f->rule = (struct rule){.id = "r", .policy = &f->policy, .allow = allow, .expires = expires, .keys = keys, .n_keys = n};
    f->policy = (struct policy){.id = "p", .rules = &f->rule, .n_rules = 1};
    for (size_t i = 0; i < n; i++) {
        keys[i].rule = &f->rule;
    }
}

static struct blocklist *sealed(struct fixture *fixtures, size_t n) {
    struct blocklist *list = blocklist_new();
    struct error err;
    assert_non_null(list);
    for (size_t i = 0; i < n; i++) {
        assert_true(blocklist_add(list, &fixtures[i].policy, NOW, &err));
    }
    assert_true(blocklist_seal(list, &err));
    return list;
}

static void finds_each_kind_and_nothing_else(void **state) {
    (void)state;
    struct key keys[KEY_COUNT];
    size_t n_keys = 0, n;
    for (enum key_kind kind = 0; kind < KEY_COUNT; kind++) {
        if (kind != KEY_SUBJECT) {
            keys[n_keys++] = make_key(kind, "same value in each kind", 20);
        }
    }
    struct fixture f;
    fixture_set(&f, keys, n_keys, false, INT64_MAX);
    struct blocklist *list = sealed(&f, 1);
    for (enum key_kind kind = 0; kind < KEY_COUNT; kind++) {
        const struct key *const *run = blocklist_find(list, kind, bytes_make("same value in each kind", 20), &n);
        if (kind == KEY_SUBJECT || kind == KEY_PROGRAM || kind == KEY_ORIGINAL_NAME) { /* found as names are */
            assert_null(run);
            continue;
        }
        assert_int_equal(n, 1);
        assert_int_equal(run[0]->kind, kind);
        assert_true(blocklist_wants(list, kind, 20));
        assert_null(blocklist_find(list, kind, bytes_make("same value in each kind", 19), &n));
        assert_int_equal(n, 0);
        assert_null(blocklist_find(list, kind, bytes_make("same value in each kind", 21), &n));
        assert_null(blocklist_find(list, kind, bytes_none(), &n));
        assert_null(blocklist_find(list, kind, bytes_make("zzzzzzzzzzzzzzzzzzzz", 20), &n));
        assert_null(blocklist_find(list, kind, bytes_make("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9), &n));
    }
    assert_false(blocklist_wants(list, KEY_TBS, 32));
    assert_false(blocklist_wants(list, KEY_TBS, 1000));
    assert_int_equal(blocklist_count(list), 1);
    assert_ptr_equal(blocklist_rule(list, 0), &f.rule);
    assert_null(blocklist_rule(list, 1));
    assert_int_equal(blocklist_policies(list), 1);
    assert_ptr_equal(blocklist_policy(list, 0), &f.policy);
    assert_null(blocklist_policy(list, 1));
    blocklist_free(list);
}

static void equal_keys_of_several_rules_stand_in_a_run(void **state) {
    (void)state;
    struct key a[] = {make_key(KEY_FILE_SHA1, "aaaaaaaaaaaaaaaaaaaa", 20), make_key(KEY_FILE_SHA1, "aaaaaaaaaaaaaaaaaaaa", 20),
                      make_key(KEY_FILE_SHA1, "aaaaaaaabaaaaaaaaaaa", 20)};
    struct key b[] = {make_key(KEY_FILE_SHA1, "aaaaaaaaaaaaaaaaaaaa", 20)};
    struct fixture f[2];
    fixture_set(&f[0], a, 3, false, INT64_MAX);
    fixture_set(&f[1], b, 1, true, INT64_MAX);
    struct blocklist *list = sealed(f, 2);
    size_t n;
    const struct key *const *run = blocklist_find(list, KEY_FILE_SHA1, a[0].value, &n);
    assert_int_equal(n, 2); /* the duplicate inside one rule is gone */
    assert_ptr_equal(run[0]->rule, &f[0].rule);
    assert_ptr_equal(run[1]->rule, &f[1].rule);
    assert_int_equal(f[1].rule.number, 1);
    run = blocklist_find(list, KEY_FILE_SHA1, a[2].value, &n);
    assert_int_equal(n, 1);
    blocklist_free(list);
}

static void names_are_found_without_regard_to_case(void **state) {
    (void)state;
    static const enum key_kind kinds[] = {KEY_PROGRAM, KEY_ORIGINAL_NAME};
    struct key keys[] = {make_key(KEY_PROGRAM, "A  Driver", 9), make_key(KEY_PROGRAM, "another", 7),
                         make_key(KEY_ORIGINAL_NAME, "A driver", 8)};
    struct fixture f;
    fixture_set(&f, keys, 3, false, INT64_MAX);
    struct blocklist *list = sealed(&f, 1);
    size_t n;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct key *const *run = blocklist_find_name(list, kinds[i], " a DRIVER", &n);
        assert_int_equal(n, 1);
        assert_int_equal(run[0]->kind, kinds[i]);
        assert_null(blocklist_find_name(list, kinds[i], "a drive", &n));
        assert_null(blocklist_find_name(list, kinds[i], "", &n));
        assert_true(blocklist_wants(list, kinds[i], 0));
    }
    assert_null(blocklist_find_name(list, KEY_ORIGINAL_NAME, "another", &n));
    assert_null(blocklist_find_name(list, KEY_SUBJECT, "another", &n));
    blocklist_free(list);
}

static void expired_and_allow_rules_want_nothing(void **state) {
    (void)state;
    struct key a[] = {make_key(KEY_SPKI, "aaaaaaaaaaaaaaaaaaaa", 20)}, b[] = {make_key(KEY_CERT_SHA1, "aaaaaaaaaaaaaaaaaaaa", 20)};
    struct fixture f[2];
    fixture_set(&f[0], a, 1, false, NOW);
    fixture_set(&f[1], b, 1, true, NOW + 1);
    struct blocklist *list = sealed(f, 2);
    size_t n;
    assert_null(blocklist_find(list, KEY_SPKI, a[0].value, &n));
    assert_false(blocklist_wants(list, KEY_SPKI, 20));
    assert_false(blocklist_wants(list, KEY_CERT_SHA1, 20));
    assert_non_null(blocklist_find(list, KEY_CERT_SHA1, b[0].value, &n)); /* an allow rule is there to be asked */
    assert_int_equal(blocklist_expired(list), 1);
    assert_int_equal(blocklist_count(list), 2);
    blocklist_free(list);
}

static void sizes_of_files(void **state) {
    (void)state;
    struct key a[] = {make_key(KEY_FILE_SHA256, "a", 1), make_key(KEY_FILE_MD5, "b", 1), make_key(KEY_CERT_MD5, "c", 1)};
    a[0].file_size = 5000;
    a[1].file_size = 70;
    struct fixture f[2];
    fixture_set(&f[0], a, 3, false, INT64_MAX);
    struct blocklist *list = sealed(f, 1);
    assert_true(blocklist_wants_size(list, 5000));
    assert_true(blocklist_names_size(list, 70));
    assert_false(blocklist_wants_size(list, 71));
    assert_false(blocklist_names_size(list, 0));
    blocklist_free(list);
    struct key b[] = {make_key(KEY_FILE_SHA1, "d", 1)};
    fixture_set(&f[1], b, 1, false, INT64_MAX);
    list = sealed(f, 2);
    assert_true(blocklist_wants_size(list, 71)); /* one key without a size may name any file */
    assert_false(blocklist_names_size(list, 71));
    blocklist_free(list);
}

static size_t subjects(const struct blocklist *list, const char *common_name, const char *organization) {
    size_t n, fit = 0;
    const struct key *const *run = blocklist_find_subject(list, common_name, organization, &n);
    for (size_t i = 0; i < n; i++) {
        fit += blocklist_subject_fits(run[i], common_name, organization);
    }
    return fit;
}

static void subjects_by_either_name(void **state) {
    (void)state;
    struct key keys[] = {make_key(KEY_SUBJECT, "Evil Ltd", 8), make_key(KEY_SUBJECT, "", 0), make_key(KEY_SUBJECT, "Evil Ltd", 8),
                         make_key(KEY_SUBJECT, "Other", 5)};
    keys[1].organization = bytes_text("Ev\xc3\xacl Group");
    keys[2].organization = bytes_text("Evil Holding");
    struct fixture f;
    fixture_set(&f, keys, 4, false, INT64_MAX);
    struct blocklist *list = sealed(&f, 1);
    assert_int_equal(subjects(list, "EVIL  ltd ", ""), 1);
    assert_int_equal(subjects(list, "evil ltd", "evil holding"), 2);
    assert_int_equal(subjects(list, "somebody", "EV\xc3\x8cL group"), 1);
    assert_int_equal(subjects(list, "evil ltd", "ev\xc3\xacl group"), 2);
    assert_int_equal(subjects(list, "somebody", "evil holding"), 0);
    assert_int_equal(subjects(list, "", ""), 0);
    blocklist_free(list);
}

static void folding(void **state) {
    (void)state;
    assert_true(fold_equal(bytes_text(" A\tb  C "), bytes_text("a B c")));
    assert_true(fold_equal(bytes_text("\xce\xa3\xce\x91\xce\xa3"), bytes_text("\xcf\x83\xce\xb1\xcf\x82"))); /* final sigma */
    assert_true(fold_equal(bytes_text("\xd0\x96\xd0\x81\xd2\x90"), bytes_text("\xd0\xb6\xd1\x91\xd2\x91")));
    assert_true(fold_equal(bytes_text("\xc5\xbb\xc5\xb9"), bytes_text("\xc5\xbc\xc5\xba")));
    assert_false(fold_equal(bytes_text("a b"), bytes_text("ab")));
    assert_false(fold_equal(bytes_text("\xff"), bytes_text("\xfe")));
    assert_false(fold_equal(bytes_text("abc"), bytes_text("ab")));
    assert_true(fold_hash(bytes_text("A  b"), 7) == fold_hash(bytes_text(" a B"), 7));
    assert_true(fold_hash(bytes_text("A b"), 7) != fold_hash(bytes_text("A c"), 7));
    assert_true(fold_hash(bytes_text("A b"), 7) != fold_hash(bytes_text("A b"), 8));
    assert_true(fold_hash(bytes_text("  "), 7) == 0);
}

/* Many keys: each is found, and its neighbours are not. */
static void many_keys(void **state) {
    (void)state;
    enum { KEYS = 200000 };
    struct key *keys = calloc(KEYS, sizeof *keys);
    uint64_t *values = calloc(KEYS, 4 * sizeof *values);
    assert_non_null(keys);
    assert_non_null(values);
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < KEYS; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        values[4 * i] = i % 3 == 0 ? 42 : x; /* a third shares its first octets: no list can make it slow */
        values[4 * i + 1] = x;
        keys[i] = make_key(KEY_CERT_SHA256, &values[4 * i], 32);
    }
    struct fixture f;
    fixture_set(&f, keys, KEYS, false, INT64_MAX);
    struct blocklist *list = sealed(&f, 1);
    for (size_t i = 0; i < KEYS; i++) {
        size_t n;
        const struct key *const *run = blocklist_find(list, KEY_CERT_SHA256, keys[i].value, &n);
        assert_true(n == 1 && run[0] == &keys[i]);
        uint64_t near[4] = {values[4 * i], values[4 * i + 1] + 1};
        blocklist_find(list, KEY_CERT_SHA256, bytes_make(near, 32), &n);
        assert_true(n == 0);
    }
    blocklist_free(list);
    free(keys);
    free(values);
}

static void never_ban_list(void **state) {
    (void)state;
    uint8_t hash[32];
    size_t n;
    /* Microsoft Root Certificate Authority 2010, and 3CX, which is no such thing. */
    assert_true(hex_decode(bytes_text("df545bf919a2439c36983b54cdfc903dfa4f37d3996d8d84b4c31eec6f3c163e"), hash, sizeof hash, &n));
    assert_true(never_ban_certificate(hash, NULL));
    assert_false(never_ban_certificate(NULL, hash)); /* no key has that hash */
    assert_true(hex_decode(bytes_text("176e31b4ea8a18b16c768fa1364b0a7b77e5e87fbdfd04cc32b93c4aa1788ac9"), hash, sizeof hash, &n));
    assert_false(never_ban_certificate(hash, hash));
    assert_false(never_ban_certificate(NULL, NULL));
    assert_true(never_ban_subject(bytes_text("microsoft windows"), bytes_none()));
    assert_true(never_ban_subject(bytes_none(), bytes_text("Apple Inc.")));
    assert_false(never_ban_subject(bytes_text("Evil"), bytes_text("Apple Inc.")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_kind_and_nothing_else),
        cmocka_unit_test(equal_keys_of_several_rules_stand_in_a_run),
        cmocka_unit_test(names_are_found_without_regard_to_case),
        cmocka_unit_test(expired_and_allow_rules_want_nothing),
        cmocka_unit_test(sizes_of_files),
        cmocka_unit_test(subjects_by_either_name),
        cmocka_unit_test(folding),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(never_ban_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
