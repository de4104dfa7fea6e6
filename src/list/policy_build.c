/* SPDX-License-Identifier: Apache-2.0 */
/* Makes rules of a policy's elements; policy_build_keys.c makes what names things in them. The order of things: policy_reader.h. */
#include <stdlib.h>

#include "list/policy_reader.h"
#include "list/policy_value.h"

enum { WORDS_MAX = 4096 };

struct arena *policy_arena_of(struct policy_reader *r) {
    return &r->file->arena;
}

bool policy_no_room(struct policy_reader *r) {
    return policy_refuse(r, "needs too much memory");
}

bool policy_take_words(struct policy_reader *r, struct bytes text, const char **out) {
    if (text.n > WORDS_MAX) {
        return policy_refuse(r, "has %zu bytes of text; expected at most %d", text.n, WORDS_MAX);
    }
    const char *words = value_trim(text, policy_arena_of(r));
    if (words == NULL) {
        return policy_no_room(r);
    }
    if (words[0] == '\0') {
        return policy_refuse(r, "is empty; expected text");
    }
    *out = words;
    return true;
}

struct bytes policy_text_of(const struct policy_reader *r) {
    return bytes_make(r->text.p, r->text.n);
}

bool policy_take_choice(struct policy_reader *r, const char *attribute, const char *const *names, unsigned n, unsigned *out) {
    const struct bytes *value = policy_attribute(r, attribute);
    struct text list = {0};
    if (value == NULL) {
        return true;
    }
    for (unsigned i = 0; i < n; i++) {
        if (bytes_is(*value, names[i])) {
            *out = i;
            text_free(&list);
            return true;
        }
        text_addf(&list, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", names[i]);
    }
    policy_refuse(r, "%s is \"%.*s\"; expected %s", attribute, value->n > 40 ? 40 : (int)value->n, (const char *)value->p, text_c(&list));
    text_free(&list);
    return false;
}

static bool take_id(struct policy_reader *r, const char **out) {
    const struct bytes *id = policy_attribute(r, "id");
    struct bytes copy;
    if (id == NULL || !value_id(*id)) {
        return policy_refuse(r, "%s; expected 1 to 128 letters, digits, '.', '_', '-'", id == NULL ? "has no id" : "its id is none");
    }
    if (!arena_copy(policy_arena_of(r), *id, &copy, NULL)) {
        return policy_no_room(r);
    }
    *out = (const char *)copy.p;
    return true;
}

static bool take_time(struct policy_reader *r, const char *attribute, bool day_too, int64_t *out) {
    const struct bytes *value = policy_attribute(r, attribute);
    if (value != NULL && !value_time(*value, day_too, out)) {
        return policy_refuse(r, "%s is \"%.*s\"; expected a time like 2024-01-31T00:00:00Z%s of 1990 to 2100", attribute,
                             value->n > 40 ? 40 : (int)value->n, (const char *)value->p, day_too ? " or a day" : "");
    }
    return true;
}

bool build_policy(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    struct policy *policy = &r->file->policy;
    const struct bytes *version = policy_attribute(r, "version");
    uint64_t number;
    r->file->expires = INT64_MAX;
    if (!take_id(r, &policy->id)) {
        return false;
    }
    if (version == NULL || !value_number(*version, 999999999, &number) || number == 0) {
        return policy_refuse(r, "%s; expected a whole number from 1", version == NULL ? "has no version" : "its version is none");
    }
    policy->version = (uint32_t)number;
    policy->version_text = arena_printf(policy_arena_of(r), "%u", policy->version);
    if (policy_attribute(r, "issued") == NULL) {
        return policy_refuse(r, "has no issued; expected a day");
    }
    return (policy->version_text != NULL || policy_no_room(r)) && take_time(r, "issued", true, &policy->issued) &&
           take_time(r, "expires", false, &r->file->expires);
}

bool build_title(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    return policy_take_words(r, policy_text_of(r), &r->file->policy.title);
}

bool build_reference(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    const char *words;
    return policy_take_words(r, policy_text_of(r), &words) && (pile_add(&r->mentions, &words, sizeof words) || policy_no_room(r));
}

bool build_rule(struct policy_reader *r, const struct policy_row *row) {
    static const char *const actions[] = {"report", "flag", "quarantine"},
                             *const severities[] = {"info", "low", "medium", "high", "critical"},
                             *const confidences[] = {"low", "medium", "high", "certain"}, *const accept[] = {"accept"},
                             *const override[] = {"override"}, *const take[] = {"take"};
    unsigned action = ACTION_FLAG, severity = SEVERITY_MEDIUM, confidence = CONFIDENCE_MEDIUM, only_word = 0;
    struct rule *rule = &r->rule;
    *rule = (struct rule){.allow = row->makes == IN_ALLOW, .expires = r->file->expires};
    rule->only.issued_under = rule->only.eku = rule->only.eku_except = bytes_none();
    r->rule_line = r->line;
    r->keys.n = 0;
    r->exceptions.n = 0;
    r->only = &rule->only;
    r->things = 0;
    r->key = (struct key){.role = ROLE_SIGNER};
    int64_t expires = INT64_MAX;
    if (!take_id(r, &rule->id) || !policy_take_choice(r, "action", actions, ACTION_COUNT, &action) ||
        !policy_take_choice(r, "severity", severities, SEVERITY_COUNT, &severity) ||
        !policy_take_choice(r, "confidence", confidences, CONFIDENCE_COUNT, &confidence) ||
        !policy_take_choice(r, "weak", accept, 1, &only_word) || !policy_take_choice(r, "never-ban", override, 1, &only_word) ||
        !policy_take_choice(r, "archives", take, 1, &only_word) || !take_time(r, "expires", false, &expires)) {
        return false;
    }
    rule->expires = expires < rule->expires ? expires : rule->expires;
    rule->action = (enum action)action;
    rule->severity = (enum severity)severity;
    rule->confidence = (enum confidence)confidence;
    rule->weak_accepted = policy_attribute(r, "weak") != NULL;
    rule->takes_archives = policy_attribute(r, "archives") != NULL;
    rule->never_ban_overridden = policy_attribute(r, "never-ban") != NULL;
    return true;
}

bool build_rule_end(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    struct rule *rule = &r->rule;
    if (r->keys.n == 0) {
        return policy_refuse(r, "names nothing; expected certificate, file, authenticode, cdhash, team-id, subject or another name");
    }
    if (rule->only.has_after && rule->only.has_before && rule->only.signed_after >= rule->only.signed_before) {
        return policy_refuse(r, "signed-after is not before signed-before; expected a time that can be met");
    }
    rule->keys = arena_array(policy_arena_of(r), r->keys.n, sizeof *rule->keys);
    if (rule->keys == NULL) {
        return policy_no_room(r);
    }
    memcpy(rule->keys, r->keys.p, r->keys.n * sizeof *rule->keys);
    rule->n_keys = r->keys.n;
    return (pile_add(&r->rules, rule, sizeof *rule) && pile_add(&r->lines, &r->rule_line, sizeof r->rule_line)) || policy_no_room(r);
}

bool build_reason(struct policy_reader *r, const struct policy_row *row) {
    return policy_take_words(r, policy_text_of(r), strcmp(row->name, "reason") == 0 ? &r->rule.reason : &r->rule.reference);
}

/* For finding ids given twice: rules by id. */
static int id_order(const void *left, const void *right) {
    const struct rule *const *a = left, *const *b = right;
    int order = strcmp((*a)->id, (*b)->id);
    return order != 0 ? order : (*a < *b ? -1 : *a > *b);
}

static bool ids_unique(struct policy_reader *r) {
    struct policy *policy = &r->file->policy;
    const struct rule **by_id = calloc(policy->n_rules + 1, sizeof(const struct rule *));
    if (by_id == NULL) {
        return policy_no_room(r);
    }
    for (size_t i = 0; i < policy->n_rules; i++) {
        by_id[i] = &policy->rules[i];
    }
    qsort(by_id, policy->n_rules, sizeof(const struct rule *), id_order);
    bool ok = true;
    for (size_t i = 1; i < policy->n_rules && ok; i++) {
        if (strcmp(by_id[i - 1]->id, by_id[i]->id) == 0) {
            r->line = r->file->lines[by_id[i] - policy->rules];
            r->element = by_id[i]->allow ? "allow" : "ban";
            ok = policy_refuse(r, "id \"%.60s\" is given twice; expected ids that differ", by_id[i]->id);
        }
    }
    free(by_id);
    return ok;
}

/* Moves a pile into the arena. */
static bool settle(struct policy_reader *r, const struct pile *pile, size_t size, void **out) {
    *out = arena_array(policy_arena_of(r), pile->n, size);
    if (*out == NULL) {
        return policy_no_room(r);
    }
    if (pile->n != 0) {
        memcpy(*out, pile->p, pile->n * size);
    }
    return true;
}

bool build_finish(struct policy_reader *r) {
    struct policy_file *file = r->file;
    struct policy *policy = &file->policy;
    struct bytes origin;
    void *rules, *lines, *mentions;
    if (!settle(r, &r->rules, sizeof(struct rule), &rules) || !settle(r, &r->lines, sizeof(uint32_t), &lines) ||
        !settle(r, &r->mentions, sizeof(const char *), &mentions)) {
        return false;
    }
    if (!arena_copy(policy_arena_of(r), bytes_text(r->origin), &origin, NULL)) {
        return policy_no_room(r);
    }
    policy->origin = (const char *)origin.p;
    policy->rules = rules;
    policy->n_rules = r->rules.n;
    file->lines = lines;
    file->references = mentions;
    file->n_references = r->mentions.n;
    for (size_t i = 0; i < policy->n_rules; i++) {
        struct rule *rule = &policy->rules[i];
        rule->policy = policy;
        for (size_t k = 0; k < rule->n_keys; k++) {
            rule->keys[k].rule = rule;
        }
    }
    return ids_unique(r);
}
