/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index is one array of keys sorted by kind and value, and beside it the first eight bytes of each value: a lookup is a binary
 * search in that narrow array (twenty steps for a million keys) and touches a key only when it is found. Sorted, because a list
 * can't be built to make it slow, and because equal keys of several rules then stand in a run. Nothing is written after the seal.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "list/blocklist_inside.h"
#include "list/fold.h"
#include "list/policy.h"
#include "list/revocations.h"
#include "list/room.h"

enum { RULES_MAX = 1 << 20, KEYS_MAX = 1 << 23 };

struct blocklist *blocklist_new(void) {
    struct blocklist *list = calloc(1, sizeof *list);
    if (list == NULL) {
        return NULL;
    }
    if (getrandom(&list->seed, sizeof list->seed, GRND_NONBLOCK) != (ssize_t)sizeof list->seed) {
        list->seed = UINT64_C(0x5bd1e995a77c3f11); /* early boot: flooding the table costs time only */
    }
    return list;
}

void blocklist_free(struct blocklist *list) {
    if (list == NULL) {
        return;
    }
    for (size_t i = 0; i < list->n_kept; i++) {
        policy_free(list->kept[i]);
    }
    free(list->kept);
    free(list->policies);
    free(list->rules);
    free(list->keys);
    free(list->heads);
    free(list->filter);
    free(list->sizes);
    revocations_free(list->revoked);
    free(list);
}

static bool no_memory(struct error *err) {
    return error_set(err, ERR_LIMIT, "no memory for the list of bans");
}

bool blocklist_add(struct blocklist *list, const struct policy *policy, int64_t now, struct error *err) {
    size_t n_keys = 0;
    for (size_t i = 0; i < policy->n_rules; i++) {
        n_keys += policy->rules[i].expires > now ? policy->rules[i].n_keys : 0;
    }
    if (policy->n_rules > RULES_MAX - list->n_rules || n_keys > KEYS_MAX - list->n_keys) {
        return error_set(err, ERR_LIMIT, "more than %d rules or %d keys in all policies together", RULES_MAX, KEYS_MAX);
    }
    if (list->sealed) {
        return error_set(err, ERR_USAGE, "the list of bans is sealed");
    }
    if (!room_make((void **)&list->policies, &list->room_policies, list->n_policies, 1, sizeof(void *)) ||
        !room_make((void **)&list->rules, &list->room_rules, list->n_rules, policy->n_rules, sizeof(void *)) ||
        !room_make((void **)&list->keys, &list->room_keys, list->n_keys, n_keys, sizeof(void *))) {
        return no_memory(err);
    }
    list->policies[list->n_policies++] = policy;
    for (size_t i = 0; i < policy->n_rules; i++) {
        struct rule *rule = &policy->rules[i];
        rule->number = (uint32_t)list->n_rules;
        list->rules[list->n_rules++] = rule;
        if (rule->expires <= now) {
            list->n_expired++;
            continue;
        }
        bool spared = false;
        for (size_t k = 0; k < rule->n_keys; k++) {
            const struct key *key = &rule->keys[k];
            bool never = !rule->allow && !rule->never_ban_overridden && never_ban_has(key->kind, key->value);
            list->keys[list->n_keys] = key;
            list->n_keys += !never;
            spared = spared || never;
        }
        list->spared = spared && list->n_spared == 0 ? rule : list->spared;
        list->n_spared += spared;
    }
    return true;
}

bool blocklist_keep(struct blocklist *list, struct policy *policy, int64_t now, struct error *err) {
    if (!room_make((void **)&list->kept, &list->room_kept, list->n_kept, 1, sizeof(void *))) {
        return no_memory(err);
    }
    if (!blocklist_add(list, policy, now, err)) {
        return false;
    }
    list->kept[list->n_kept++] = policy;
    return true;
}

static uint64_t key_head(const struct blocklist *list, const struct key *key) {
    if (blocklist_is_name(key->kind)) {
        return fold_hash(key->value, list->seed);
    }
    if (key->kind != KEY_SUBJECT) {
        return bytes_head(key->value);
    }
    return key->value.n != 0 ? blocklist_subject_head(list, key->value, false) : blocklist_subject_head(list, key->organization, true);
}

/* What the sort moves. */
struct slot {
    uint64_t head;
    const struct key *key;
};

static int number_order(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

/* By kind and value first; the rest only brings the duplicates of one rule together. */
static int slot_order(const void *left, const void *right) {
    const struct slot *a = left, *b = right;
    const struct key *ka = a->key, *kb = b->key;
    int order = number_order(ka->kind, kb->kind);
    order = order != 0 ? order : number_order(a->head, b->head);
    order = order != 0 ? order : bytes_order(ka->value, kb->value);
    order = order != 0 ? order : number_order(ka->rule->number, kb->rule->number);
    order = order != 0 ? order : number_order(ka->role, kb->role);
    order = order != 0 ? order : number_order(ka->file_size, kb->file_size);
    order = order != 0 ? order : bytes_order(ka->issuer, kb->issuer);
    order = order != 0 ? order : bytes_order(ka->issuer_common_name, kb->issuer_common_name);
    order = order != 0 ? order : bytes_order(ka->organization, kb->organization);
    return order != 0 ? order : bytes_order(ka->issuer_organization, kb->issuer_organization);
}

static bool is_file_key(enum key_kind kind) {
    return kind == KEY_FILE_MD5 || kind == KEY_FILE_SHA1 || kind == KEY_FILE_SHA256;
}

/* Nearly everything that is asked for is not listed: one look at a bit says so, however long the list is. */
static bool make_filter(struct blocklist *list, const uint64_t *heads, size_t n) {
    enum { BITS_A_KEY = 16, BITS_A_WORD = 64 };
    uint64_t bits = BITS_A_WORD;
    while (bits < (uint64_t)n * BITS_A_KEY) {
        bits *= 2;
    }
    uint64_t *filter = calloc((size_t)(bits / BITS_A_WORD), sizeof *filter);
    if (filter == NULL) {
        return false;
    }
    free(list->filter);
    list->filter = filter;
    list->filter_mask = bits - 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t bit = blocklist_filter_bit(list, list->keys[i]->kind, heads[i]);
        filter[bit / BITS_A_WORD] |= UINT64_C(1) << bit % BITS_A_WORD;
    }
    return true;
}

/* What bans ask for: counts by kind, lengths of TBS hashes, sizes of files. */
static void note_wants(struct blocklist *list, const struct key *key) {
    if (key->rule->allow) {
        return;
    }
    list->bans[key->kind]++;
    if (key->kind == KEY_TBS && key->value.n <= TBS_MAX) {
        list->tbs[key->value.n] = true;
    }
    if (is_file_key(key->kind)) {
        if (key->file_size == 0) {
            list->any_size = true;
        } else {
            list->sizes[list->n_sizes++] = key->file_size;
        }
    }
}

bool blocklist_seal(struct blocklist *list, struct error *err) {
    size_t n = list->n_keys;
    struct slot *slots = calloc(n + 1, sizeof *slots);
    uint64_t *heads = calloc(n + 1, sizeof *heads), *sizes = calloc(n + 1, sizeof *sizes);
    for (size_t i = 0; i < n && heads != NULL; i++) {
        heads[i] = key_head(list, list->keys[i]);
    }
    if (slots == NULL || heads == NULL || sizes == NULL || !make_filter(list, heads, n)) {
        free(slots);
        free(heads);
        free(sizes);
        return no_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        slots[i] = (struct slot){heads[i], list->keys[i]};
    }
    qsort(slots, n, sizeof *slots, slot_order);
    free(list->heads);
    free(list->sizes);
    list->heads = heads;
    list->sizes = sizes;
    list->n_keys = 0;
    enum key_kind kind = 0;
    for (size_t i = 0; i < n; i++) {
        if (i != 0 && slot_order(&slots[i - 1], &slots[i]) == 0) {
            continue;
        }
        while (kind < slots[i].key->kind) {
            list->start[++kind] = list->n_keys;
        }
        heads[list->n_keys] = slots[i].head;
        list->keys[list->n_keys++] = slots[i].key;
        note_wants(list, slots[i].key);
    }
    while (kind < KEY_COUNT) {
        list->start[++kind] = list->n_keys;
    }
    free(slots);
    qsort(list->sizes, list->n_sizes, sizeof *list->sizes, blocklist_size_order);
    list->sealed = true;
    return true;
}

bool blocklist_revoke(struct blocklist *list, struct revocations *revoked, struct error *err) {
    if (!list->sealed || list->revoked != NULL) {
        return error_set(err, ERR_USAGE, "the list of bans can't take revocations now");
    }
    if (!revocations_seal(revoked, (uint32_t)list->n_rules, err)) {
        return false;
    }
    list->revoked = revoked;
    return true;
}

struct revocations *blocklist_revoked(const struct blocklist *list) {
    return list->revoked;
}

size_t blocklist_count(const struct blocklist *list) {
    return list->n_rules + (list->revoked != NULL ? revocations_count(list->revoked) : 0);
}

size_t blocklist_expired(const struct blocklist *list) {
    return list->n_expired;
}

size_t blocklist_spared(const struct blocklist *list, const struct rule **first) {
    *first = list->spared;
    return list->n_spared;
}

const struct rule *blocklist_rule(const struct blocklist *list, uint32_t number) {
    if (number < list->n_rules) {
        return list->rules[number];
    }
    return list->revoked != NULL ? revocations_rule(list->revoked, number - list->n_rules) : NULL;
}

size_t blocklist_policies(const struct blocklist *list) {
    return list->n_policies + (list->revoked != NULL);
}

const struct policy *blocklist_policy(const struct blocklist *list, size_t i) {
    if (i < list->n_policies) {
        return list->policies[i];
    }
    return i == list->n_policies && list->revoked != NULL ? revocations_policy(list->revoked) : NULL;
}
