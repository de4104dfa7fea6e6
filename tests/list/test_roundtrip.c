/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What certban exports and imports itself, on the shipped policies: nothing is banned afterwards that was not before, and certban's own
 * rows bring everything back. Other formats: test_exchange.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "asn1/name.h"
#include "crypto/identity.h"
#include "list/exporter.h"
#include "list/files.h"
#include "list/importer.h"

enum { NOW = 1700006400 };
static const char *const policies[] = {"/policies/3cx-2023.xml", "/policies/incidents.xml", "/tests/list/export/policy.xml"};

static void not_told(struct export_listener *listener, const struct rule *rule, const char *words) {
    (void)listener, (void)rule, (void)words;
}

static void not_heard(struct import_listener *listener, size_t line, const char *why) {
    (void)listener, (void)line, (void)why;
}

static struct policy *load(const char *path) {
    struct policy *policy;
    struct error err = {0};
    struct text whole = {0};
    text_addf(&whole, "%s%s", TEST_SOURCE_ROOT, path);
    if (!policy_load(whole.p, &policy, &err)) {
        fail_msg("%s", err.text);
    }
    text_free(&whole);
    return policy;
}

/* The policy in another format and back; NULL when nothing of it can be said there. */
static struct policy *there_and_back(const struct policy *policy, const char *to, const char *from) {
    struct export_listener listener = {not_told};
    struct export_job job = {.policies = &policy, .n_policies = 1, .now = NOW, .listener = &listener};
    struct export_counts counts;
    struct import_listener hears = {not_heard, not_heard};
    struct import *import = import_new(ACTION_QUARANTINE, &hears);
    struct import_head head = {"back", "Back", 1, NOW};
    struct text document = {0}, xml = {0};
    struct error err = {0};
    struct policy *back = NULL;
    assert_true(export_run(exporter_find(to), &job, &document, &counts, &err));
    struct bytes content = bytes_make(document.p, document.n);
    if (counts.rules != counts.left_out) {
        const struct importer *guess = importer_guess(content);
        assert_non_null(guess);
        assert_string_equal(guess->name, from);
        if (!guess->read(content, import, &err)) {
            fail_msg("%s: %s", to, err.text);
        }
        if (!import_finish(import, &head, &xml, &err) || !policy_parse(bytes_make(xml.p, xml.n), "back.xml", &back, &err)) {
            fail_msg("%s: %s in\n%s", to, err.text, document.p);
        }
    }
    import_free(import);
    text_free(&document);
    text_free(&xml);
    return back;
}

static bool same_words(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_conditions(const struct conditions *a, const struct conditions *b) {
    return a->has_after == b->has_after && a->signed_after == b->signed_after && a->has_before == b->has_before &&
           a->signed_before == b->signed_before && same_words(a->platform, b->platform) && same_words(a->product, b->product) &&
           same_words(a->original_name, b->original_name) && same_words(a->company, b->company) && same_words(a->path, b->path) &&
           same_words(a->internal_name, b->internal_name) && same_words(a->description, b->description) &&
           bytes_equal(a->issued_under, b->issued_under) && bytes_equal(a->eku, b->eku) && bytes_equal(a->eku_except, b->eku_except) &&
           a->has_min == b->has_min && a->has_max == b->has_max && (!a->has_min || memcmp(&a->min, &b->min, sizeof a->min) == 0) &&
           (!a->has_max || memcmp(&a->max, &b->max, sizeof a->max) == 0);
}

static bool same_key(const struct key *a, const struct key *b) {
    return a->kind == b->kind && a->role == b->role && bytes_equal(a->value, b->value) && a->file_size == b->file_size &&
           (a->issuer.n == 0 ? b->issuer.n == 0 : b->issuer.n != 0 && name_equal_either_end(a->issuer, b->issuer)) &&
           bytes_equal(a->issuer_common_name, b->issuer_common_name) && bytes_equal(a->organization, b->organization) &&
           bytes_equal(a->issuer_organization, b->issuer_organization);
}

/* Whether some ban of the policy has the key under the same conditions. */
static bool bans(const struct policy *policy, const struct key *key, const struct conditions *only) {
    bool found = false;
    for (size_t i = 0; i < policy->n_rules && !found; i++) {
        const struct rule *rule = &policy->rules[i];
        for (size_t k = 0; k < rule->n_keys && !rule->allow && !found; k++) {
            found = same_key(&rule->keys[k], key) && same_conditions(&rule->only, only);
        }
    }
    return found;
}

static const struct rule *find_rule(const struct policy *policy, const char *id) {
    for (size_t i = 0; i < policy->n_rules; i++) {
        if (strcmp(policy->rules[i].id, id) == 0) {
            return &policy->rules[i];
        }
    }
    return NULL;
}

/* What the rule is worth, and of how many things. */
static bool same_rule(const struct rule *a, const struct rule *b) {
    return a->action == b->action && a->severity == b->severity && a->confidence == b->confidence && a->expires == b->expires &&
           same_words(a->reason, b->reason) && same_words(a->reference, b->reference) && same_conditions(&a->only, &b->only) &&
           a->n_keys == b->n_keys && a->keys[a->n_keys - 1].thing == b->keys[b->n_keys - 1].thing;
}

static void rows_bring_everything_back(const char *format) {
    for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
        struct policy *policy = load(policies[p]), *back = there_and_back(policy, format, format);
        assert_non_null(back);
        for (size_t i = 0; i < policy->n_rules; i++) {
            const struct rule *rule = &policy->rules[i], *found = find_rule(back, rule->id);
            if (rule->allow || rule->expires <= NOW) {
                assert_null(found); /* what excuses must not ban */
                continue;
            }
            if (found == NULL || found->allow || !same_rule(rule, found)) {
                fail_msg("%s by %s: rule %s came back as another", policies[p], format, rule->id);
            }
            for (size_t k = 0; k < rule->n_keys; k++) {
                if (!bans(back, &rule->keys[k], &rule->only)) {
                    fail_msg("%s by %s: rule %s: its key %zu did not come back", policies[p], format, rule->id, k);
                }
            }
        }
        for (size_t i = 0; i < back->n_rules; i++) {
            for (size_t k = 0; k < back->rules[i].n_keys; k++) {
                if (!bans(policy, &back->rules[i].keys[k], &back->rules[i].only)) {
                    fail_msg("%s by %s: rule %s was not there before", policies[p], format, back->rules[i].id);
                }
            }
        }
        policy_free(policy);
        policy_free(back);
    }
}

/* certban's own rows say everything of a ban. */
static void csv_brings_everything_back(void **state) {
    (void)state;
    rows_bring_everything_back("csv");
}

static void json_brings_everything_back(void **state) {
    (void)state;
    rows_bring_everything_back("json");
}

/* Whether a certificate that the policy holds has that hash. */
static bool holds_hash(const struct policy *policy, const struct key *key) {
    bool found = false;
    for (size_t i = 0; i < policy->n_rules && !found; i++) {
        const struct cert *cert = policy->rules[i].cert;
        uint8_t hash[HASH_SIZE_MAX];
        struct error err = {0};
        found = cert != NULL && hash_by_size(key->value.n) != HASH_NONE &&
                identity_hash(cert, key->kind, hash_by_size(key->value.n), hash, &err) && memcmp(hash, key->value.p, key->value.n) == 0;
    }
    return found;
}

/* What an allow rule names does not count. */
static bool names_value(const struct policy *policy, const struct key *key) {
    bool found = false;
    for (size_t i = 0; i < policy->n_rules && !found; i++) {
        for (size_t k = 0; k < policy->rules[i].n_keys && !policy->rules[i].allow && !found; k++) {
            found = policy->rules[i].keys[k].kind == key->kind && bytes_equal(policy->rules[i].keys[k].value, key->value);
        }
    }
    return found;
}

/* Other formats say less; what comes back was there. */
static void others_bring_back_what_was_there(void **state) {
    (void)state;
    static const struct {
        const char *to, *from;
        size_t least; /* rules that must come back from all the policies */
    } formats[] = {{"wdac", "wdac", 10},       {"crb", "crb", 2},           {"yara", "yara", 8}, {"applocker", "applocker", 2},
                   {"santa-json", "santa", 7}, {"santa-plist", "santa", 7}, {"stix", "stix", 8}};
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        size_t rules = 0;
        for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
            struct policy *policy = load(policies[p]), *back = there_and_back(policy, formats[f].to, formats[f].from);
            for (size_t i = 0; back != NULL && i < back->n_rules; i++) {
                for (size_t k = 0; k < back->rules[i].n_keys; k++) {
                    const struct key *key = &back->rules[i].keys[k];
                    if (!names_value(policy, key) && !holds_hash(policy, key)) {
                        fail_msg("%s by %s: rule %s bans what was not banned", policies[p], formats[f].to, back->rules[i].id);
                    }
                }
                rules++;
            }
            policy_free(policy);
            policy_free(back);
        }
        print_message("%s: %zu rules came back\n", formats[f].to, rules);
        assert_true(rules >= formats[f].least);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_brings_everything_back),
        cmocka_unit_test(json_brings_everything_back),
        cmocka_unit_test(others_bring_back_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
