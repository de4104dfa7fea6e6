/* SPDX-License-Identifier: Apache-2.0 */
/* The index of revocation lists. What it makes of files is tests/cli/run-crl's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "asn1/name.h"
#include "asn1/urls.h"
#include "list/blocklist.h"
#include "list/files.h"
#include "list/revocations_inside.h"

#define SEEDS TEST_SOURCE_ROOT "/tests/fuzz/seeds/"
enum { NOW = 1700000000 };

struct told {
    struct revocations_listener listener; /* first: the set is heard by it */
    struct text text;
};

static void heard(struct revocations_listener *listener, const char *words) {
    struct told *told = (struct told *)(void *)listener;
    text_addf(&told->text, "%s\n", words);
}

/* The lists of a file, cut to its first n bytes. */
static struct revocations *lists_of(const char *path, size_t n, struct told *told) {
    struct revocations *set = revocations_new(NOW);
    struct bytes content;
    assert_non_null(set);
    assert_true(file_read(path, FILE_ANYBODYS, &content, NULL));
    n = n < content.n ? n : content.n;
    uint8_t *exact = malloc(n + (n == 0)); /* what stands behind it would be seen */
    assert_non_null(exact);
    memcpy(exact, content.p, n);
    file_forget(content);
    assert_true(revocations_read(set, path, bytes_make(exact, n), &told->listener, NULL));
    return set;
}

static const struct rule *only(struct revocations *set, struct bytes issuer, const char *serial, size_t n) {
    size_t at = revocations_find(set, issuer, bytes_make(serial, n), 0);
    assert_int_equal(revocations_find(set, issuer, bytes_make(serial, n), at + 1), revocations_count(set));
    return revocations_rule(set, at);
}

static void entries_become_rules_when_they_are_found(void **state) {
    (void)state;
    struct told told = {.listener = {heard}};
    struct revocations *set = lists_of(SEEDS "crl/list.der", SIZE_MAX, &told);
    assert_true(revocations_seal(set, 100, NULL));
    const struct crl *crl = &revocations_list(set, 0)->crl;
    struct crl_walk walk = crl_walk_begin(crl);
    struct crl_entry entry;
    size_t n = 0;
    while (crl_next(&walk, &entry, NULL)) {
        const struct rule *rule = only(set, crl->issuer, (const char *)entry.serial.p, entry.serial.n);
        assert_non_null(rule);
        assert_in_range(rule->number, 100, 100 + revocations_count(set) - 1);
        assert_int_equal(rule->revoked_for, entry.reason);
        assert_true(rule->only.has_after);
        assert_int_equal(rule->only.signed_after, entry.invalid_since < entry.revoked_at ? entry.invalid_since : entry.revoked_at);
        assert_ptr_equal(rule, only(set, crl->issuer, (const char *)entry.serial.p, entry.serial.n));
        n++;
    }
    assert_int_equal(n, 6);
    assert_int_equal(revocations_count(set), n);
    assert_null(only(set, crl->issuer, "\x7f\x7f\x7f", 3));
    assert_null(only(set, bytes_text("no name"), (const char *)entry.serial.p, entry.serial.n));
    assert_null(revocations_rule(set, n));
    revocations_free(set);
    text_free(&told.text);
}

static void they_stand_behind_the_rules(void **state) {
    (void)state;
    struct told told = {.listener = {heard}};
    struct blocklist *list = blocklist_new();
    struct revocations *set = lists_of(SEEDS "crl/list.der", SIZE_MAX, &told);
    struct rule rule = {.id = "r", .expires = INT64_MAX};
    struct policy policy = {.id = "p", .rules = &rule, .n_rules = 1};
    assert_true(blocklist_add(list, &policy, NOW, NULL));
    assert_false(blocklist_revoke(list, set, NULL)); /* not before the seal */
    assert_true(blocklist_seal(list, NULL));
    assert_true(blocklist_revoke(list, set, NULL));
    assert_int_equal(blocklist_count(list), 7);
    assert_ptr_equal(blocklist_rule(list, 0), &rule);
    assert_int_equal(blocklist_rule(list, 6)->number, 6);
    assert_null(blocklist_rule(list, 7));
    assert_int_equal(blocklist_policies(list), 2);
    assert_string_equal(blocklist_policy(list, 1)->id, "crl");
    assert_int_equal(blocklist_policy(list, 1)->n_rules, 6);
    assert_null(blocklist_policy(list, 2));
    blocklist_free(list);
    text_free(&told.text);
}

/* scoped.der: number 0x1234, a key id, and an issuingDistributionPoint of onlyContainsUserCerts and indirectCRL; its
 * second entry names another issuer, which then holds for the third. delta.der is a delta; critical.der has 1.2.3.4 as critical. */
static void extensions_are_read(void **state) {
    (void)state;
    struct told told = {.listener = {heard}};
    struct revocations *set = lists_of(SEEDS "crl/scoped.der", SIZE_MAX, &told);
    const struct crl *crl = &revocations_list(set, 0)->crl;
    assert_true(bytes_equal(crl->number, bytes_make("\x12\x34", 2)));
    assert_int_equal(crl->key_id.n, 20);
    assert_true(crl->users_only && crl->indirect && !crl->authorities_only && !crl->partial && !crl->delta && !crl->unknown_critical);
    struct bytes url;
    assert_int_equal(urls_of_names(crl->points, &url, 1), 1);
    assert_true(bytes_is(url, "http://crl.example/a.crl"));
    assert_int_equal(revocations_list(set, 0)->entries, 3);
    assert_int_equal(revocations_list(set, 0)->n_issuers, 1);
    assert_int_equal(told.text.n, 0);
    assert_true(revocations_seal(set, 0, NULL));
    struct crl_walk walk = crl_walk_begin(crl);
    struct crl_entry entry;
    while (crl_next(&walk, &entry, NULL)) {
        assert_true(name_equal(entry.issuer, crl->issuer) == (entry.number == 1));
        const struct rule *rule = only(set, entry.issuer, (const char *)entry.serial.p, entry.serial.n);
        assert_true(name_equal(rule->keys[0].issuer, entry.issuer));
        assert_true(entry.number == 1 || revocations_find(set, crl->issuer, entry.serial, 0) == revocations_count(set));
    }
    assert_int_equal(walk.number, 3);
    revocations_free(set);
    text_clear(&told.text);
    set = lists_of(SEEDS "crl/delta.der", SIZE_MAX, &told);
    crl = &revocations_list(set, 0)->crl;
    assert_true(crl->delta && !crl->partial && !crl->indirect && crl->points.n == 0);
    assert_int_equal(told.text.n, 0);
    revocations_free(set);
    set = lists_of(SEEDS "crl/critical.der", SIZE_MAX, &told);
    assert_null(revocations_list(set, 0));
    assert_non_null(strstr(text_c(&told.text), "critical.der: has a critical extension that is not known: it is not used\n"));
    revocations_free(set);
    text_free(&told.text);
}

/* A part of a list is none, and never half of one. */
static void cut_lists_are_not_used(void **state) {
    (void)state;
    static const char *const files[] = {SEEDS "crl/list.der", SEEDS "crl/scoped.der", SEEDS "crl/delta.der", SEEDS "crl/issuers.der"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct bytes whole;
        assert_true(file_read(files[i], FILE_ANYBODYS, &whole, NULL));
        for (size_t n = 0; n < whole.n; n++) {
            struct told told = {.listener = {heard}};
            struct revocations *set = lists_of(files[i], n, &told);
            assert_null(revocations_list(set, 0));
            assert_int_equal(revocations_count(set), 0);
            assert_int_not_equal(told.text.n, 0);
            assert_true(revocations_seal(set, 0, NULL));
            revocations_free(set);
            text_free(&told.text);
        }
        file_forget(whole);
    }
}

/* issuers.der has eight entries, with two serials, that change between four issuers: the list's own, A, B, and (the sixth) A's name from
 * the other end. Each certificate counts once, and none for another's; one of the two spellings is dropped. */
static void a_serial_counts_once_an_issuer(void **state) {
    (void)state;
    struct told told = {.listener = {heard}};
    struct revocations *set = lists_of(SEEDS "crl/issuers.der", SIZE_MAX, &told);
    assert_int_equal(revocations_list(set, 0)->entries, 8);
    assert_true(revocations_seal(set, 0, NULL));
    assert_int_equal(told.text.n, 0);
    assert_int_equal(revocations_count(set), 4);
    struct crl_walk walk = crl_walk_begin(&revocations_list(set, 0)->crl);
    struct crl_entry entry;
    while (crl_next(&walk, &entry, NULL)) {
        size_t at = revocations_find(set, entry.issuer, entry.serial, 0), n = revocations_count(set);
        const struct rule *rule = revocations_rule(set, at);
        assert_true(rule == NULL || (name_equal(rule->keys[0].issuer, entry.issuer) && bytes_equal(rule->keys[0].value, entry.serial)));
        assert_true(rule != NULL || entry.number == 6);
        assert_int_equal(revocations_find(set, entry.issuer, entry.serial, at + 1), n);
    }
    revocations_free(set);
    text_free(&told.text);
}

/* Two lists in one file, of which one has its serial twice: once a list. */
static void a_serial_counts_once_a_list(void **state) {
    (void)state;
    struct told told = {.listener = {heard}};
    struct revocations *set = lists_of(SEEDS "crl/two.pem", SIZE_MAX, &told);
    assert_true(revocations_seal(set, 0, NULL));
    struct revocation_list *first = revocations_list(set, 0), *second = revocations_list(set, 1);
    assert_non_null(second);
    assert_string_equal(second->name + strlen(second->name) - 2, "#2");
    assert_ptr_equal(first->successor, second);
    assert_null(second->successor);
    struct crl_walk walk = crl_walk_begin(&first->crl);
    struct crl_entry entry;
    assert_true(crl_next(&walk, &entry, NULL));
    size_t at = revocations_find(set, entry.issuer, entry.serial, 0);
    assert_ptr_equal(revocations_rule(set, at)->revoked_by, first);
    at = revocations_find(set, entry.issuer, entry.serial, at + 1);
    assert_ptr_equal(revocations_rule(set, at)->revoked_by, second);
    assert_int_equal(revocations_find(set, entry.issuer, entry.serial, at + 1), revocations_count(set));
    revocations_free(set);
    text_free(&told.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_become_rules_when_they_are_found),
        cmocka_unit_test(they_stand_behind_the_rules),
        cmocka_unit_test(extensions_are_read),
        cmocka_unit_test(cut_lists_are_not_used),
        cmocka_unit_test(a_serial_counts_once_a_list),
        cmocka_unit_test(a_serial_counts_once_an_issuer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
