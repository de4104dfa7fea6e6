/* SPDX-License-Identifier: Apache-2.0 */
/* What an import has so far, found again: keys by all that they are, rules by their ids. */
#include <stdlib.h>

#include "list/exception.h"
#include "list/import_inside.h"

enum { TABLE_FIRST = 1024 };

/* FNV-1a from a random start, so that nobody can write a list whose keys all fall into one place. */
uint64_t import_hash_on(uint64_t h, struct bytes b) {
    for (size_t i = 0; i < b.n; i++) {
        h = (h ^ b.p[i]) * UINT64_C(0x100000001b3);
    }
    return (h ^ b.n ^ h >> 29) * UINT64_C(0x9e3779b97f4a7c15);
}

uint64_t import_hash(const struct import *import, struct bytes b) {
    return import_hash_on(import->seed, b);
}

static struct bytes text_or_none(const char *s) {
    return s != NULL ? bytes_text(s) : bytes_none();
}

static uint64_t hash_key(const struct import *import, const struct key *key, const struct conditions *only) {
    uint64_t h = import->seed ^ (uint64_t)key->kind << 32 ^ (uint64_t)key->role << 40;
    h = import_hash_on(h, key->value);
    h = import_hash_on(h, key->issuer);
    h = import_hash_on(h, key->issuer_common_name);
    h = import_hash_on(h, key->organization);
    h = import_hash_on(h, key->issuer_organization);
    h = import_hash_on(h, text_or_none(only->original_name));
    h = import_hash_on(h, text_or_none(only->product));
    h = import_hash_on(h, only->issued_under);
    return h ^ h >> 32;
}

static bool same_words(const char *a, const char *b) {
    return bytes_equal(text_or_none(a), text_or_none(b)) && (a == NULL) == (b == NULL);
}

static bool same_version(bool has_a, const struct version *a, bool has_b, const struct version *b) {
    return has_a == has_b && (!has_a || memcmp(a->part, b->part, sizeof a->part) == 0);
}

bool import_same_conditions(const struct conditions *a, const struct conditions *b) {
    return a->has_after == b->has_after && (!a->has_after || a->signed_after == b->signed_after) && a->has_before == b->has_before &&
           (!a->has_before || a->signed_before == b->signed_before) && same_words(a->platform, b->platform) &&
           same_words(a->product, b->product) && same_words(a->original_name, b->original_name) && same_words(a->company, b->company) &&
           same_version(a->has_min, &a->min, b->has_min, &b->min) && same_version(a->has_max, &a->max, b->has_max, &b->max) &&
           same_words(a->path, b->path) && same_words(a->internal_name, b->internal_name) && same_words(a->description, b->description) &&
           bytes_equal(a->issued_under, b->issued_under) && bytes_equal(a->eku, b->eku) && bytes_equal(a->eku_except, b->eku_except) &&
           exceptions_equal(a, b);
}

bool import_same_terms(const struct import_rule *rule, const struct import_row *row) {
    return rule->expires == row->expires && import_same_conditions(rule->only, &row->only);
}

/* Whether a row may go into a rule: one of certban's own goes into its own only. */
bool import_same_origin(const struct import_rule *rule, const struct import_row *row) {
    return row->group.n == 0 ||
           (rule->origin != NULL && bytes_equal(rule->origin->policy, row->group) && bytes_equal(rule->origin->rule, row->id));
}

struct key import_key_whole(const struct import_key *key) {
    return (struct key){.kind = (enum key_kind)key->kind,
                        .role = (enum role)key->role,
                        .value = bytes_make(key->value, key->n),
                        .issuer = key->names->issuer,
                        .issuer_common_name = key->names->issuer_common_name,
                        .organization = key->names->organization,
                        .issuer_organization = key->names->issuer_organization,
                        .file_size = key->file_size,
                        .thing = key->thing};
}

static bool same_names(const struct import_names *names, const struct key *key) {
    return bytes_equal(names->issuer, key->issuer) && bytes_equal(names->issuer_common_name, key->issuer_common_name) &&
           bytes_equal(names->organization, key->organization) && bytes_equal(names->issuer_organization, key->issuer_organization);
}

static bool same_key(const struct import_key *a, const struct key *b) {
    return (enum key_kind)a->kind == b->kind && (enum role)a->role == b->role && bytes_equal(bytes_make(a->value, a->n), b->value) &&
           a->file_size == b->file_size && same_names(a->names, b);
}

/* Makes room for one more; false without memory. */
static bool table_grow(struct import_table *table) {
    if ((table->n + 1) * 4 < table->room * 3) {
        return true;
    }
    size_t room = table->room == 0 ? TABLE_FIRST : table->room * 2;
    struct import_slot *slots = calloc(room, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->room; i++) {
        const struct import_slot *old = &table->slots[i];
        size_t at = (size_t)old->hash & (room - 1);
        while (old->item != NULL && slots[at].item != NULL) {
            at = (at + 1) & (room - 1);
        }
        if (old->item != NULL) {
            slots[at] = *old;
        }
    }
    free(table->slots);
    table->slots = slots;
    table->room = room;
    return true;
}

static bool table_put(struct import_table *table, struct import_slot slot) {
    if (!table_grow(table)) {
        return false;
    }
    size_t at = (size_t)slot.hash & (table->room - 1);
    while (table->slots[at].item != NULL) {
        at = (at + 1) & (table->room - 1);
    }
    table->slots[at] = slot;
    table->n++;
    return true;
}

/* The rule that has the key under the same conditions; NULL when none. */
struct import_rule *import_find_key(const struct import *import, const struct key *key, const struct import_row *row) {
    const struct import_table *table = &import->by_key;
    uint64_t hash = hash_key(import, key, &row->only);
    for (size_t at = (size_t)hash; table->room != 0; at++) {
        const struct import_slot *slot = &table->slots[at & (table->room - 1)];
        if (slot->item == NULL) {
            break;
        }
        if (slot->hash == hash && same_key(slot->key, key) && import_same_terms(slot->key->rule, row) &&
            import_same_origin(slot->key->rule, row)) {
            return slot->key->rule;
        }
    }
    return NULL;
}

/* The rule of that id; NULL when none has it. */
struct import_rule *import_find_id(const struct import *import, struct bytes id, uint64_t hash) {
    const struct import_table *table = &import->by_id;
    for (size_t at = (size_t)hash; table->room != 0; at++) {
        const struct import_slot *slot = &table->slots[at & (table->room - 1)];
        if (slot->item == NULL) {
            break;
        }
        if (slot->hash == hash && bytes_is(id, slot->rule->id)) {
            return slot->rule;
        }
    }
    return NULL;
}

/* The key's names, kept: mostly those of a key before. NULL without memory. */
static const struct import_names *keep_names(struct import *import, const struct key *key) {
    uint64_t h = import_hash_on(import->seed, key->issuer);
    h = import_hash_on(h, key->issuer_common_name);
    h = import_hash_on(h, key->organization);
    h = import_hash_on(h, key->issuer_organization);
    const struct import_names **kept = &import->names[h % NAMES_KEPT];
    if (*kept == NULL || !same_names(*kept, key)) {
        struct import_names *names = arena_alloc(&import->arena, sizeof *names);
        if (names == NULL) {
            return NULL;
        }
        *names = (struct import_names){key->issuer, key->issuer_common_name, key->organization, key->issuer_organization};
        *kept = names;
    }
    return *kept;
}

bool import_keep_key(struct import *import, struct import_rule *rule, const struct key *key) {
    struct import_key *kept = arena_alloc(&import->arena, sizeof *kept);
    const struct import_names *names = keep_names(import, key);
    if (kept == NULL || names == NULL || key->value.n > UINT16_MAX) {
        return false;
    }
    *kept = (struct import_key){.rule = rule,
                                .names = names,
                                .value = key->value.p,
                                .file_size = key->file_size,
                                .thing = key->thing,
                                .n = (uint16_t)key->value.n,
                                .kind = (uint8_t)key->kind,
                                .role = (uint8_t)key->role};
    *(rule->last != NULL ? &rule->last->next : &rule->first) = kept;
    rule->last = kept;
    rule->n_keys++;
    return table_put(&import->by_key, (struct import_slot){hash_key(import, key, rule->only), {.key = kept}});
}

bool import_keep_id(struct import *import, struct import_rule *rule, uint64_t hash) {
    return table_put(&import->by_id, (struct import_slot){hash, {.rule = rule}});
}
