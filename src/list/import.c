/* SPDX-License-Identifier: Apache-2.0 */
#include "list/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/hex.h"
#include "list/exception.h"
#include "list/import_inside.h"

enum { TABLE_FIRST = 1024, ID_SIZE = 128, ID_KEPT = 112, ID_DIGITS = 32 };
static const size_t import_memory_max = (size_t)1 << 30, scratch_memory_max = (size_t)4 << 20;

struct import *import_new(enum action action, struct import_listener *listener) {
    struct import *import = calloc(1, sizeof *import);
    if (import == NULL) {
        return NULL;
    }
    import->arena = arena_make(import_memory_max);
    import->scratch = arena_make(scratch_memory_max);
    import->listener = listener;
    import->action = action;
    import->never = never_ban_new();
    if (getrandom(&import->seed, sizeof import->seed, GRND_NONBLOCK) != (ssize_t)sizeof import->seed) {
        import->seed = UINT64_C(0x6a09e667f3bcc908); /* early boot: flooding the tables costs time only */
    }
    if (import->never == NULL) {
        import_free(import);
        return NULL;
    }
    return import;
}

void import_free(struct import *import) {
    if (import != NULL) {
        arena_free(&import->arena);
        arena_free(&import->scratch);
        never_ban_free(import->never);
        free(import->by_key.slots);
        free(import->by_id.slots);
        free(import);
    }
}

void import_accept_weak(struct import *import) {
    import->accept_weak = true;
}

struct import_counts import_counts(const struct import *import) {
    return import->counts;
}

bool import_failed(const struct import *import) {
    return import->err.kind != ERR_NONE;
}

struct arena *import_arena(struct import *import) {
    return &import->arena;
}

void import_no_room(struct import *import) {
    if (!import_failed(import)) {
        error_set(&import->err, ERR_LIMIT, "the list needs too much memory");
    }
}

/* FNV-1a from a random start, so that nobody can write a list whose keys all fall into one place. */
static uint64_t hash_bytes(uint64_t h, struct bytes b) {
    for (size_t i = 0; i < b.n; i++) {
        h = (h ^ b.p[i]) * UINT64_C(0x100000001b3);
    }
    return (h ^ b.n ^ h >> 29) * UINT64_C(0x9e3779b97f4a7c15);
}

uint64_t import_hash(const struct import *import, struct bytes b) {
    return hash_bytes(import->seed, b);
}

static struct bytes text_or_none(const char *s) {
    return s != NULL ? bytes_text(s) : bytes_none();
}

static uint64_t hash_key(const struct import *import, const struct key *key, const struct conditions *only) {
    uint64_t h = import->seed ^ (uint64_t)key->kind << 32 ^ (uint64_t)key->role << 40;
    h = hash_bytes(h, key->value);
    h = hash_bytes(h, key->issuer);
    h = hash_bytes(h, key->issuer_common_name);
    h = hash_bytes(h, key->organization);
    h = hash_bytes(h, key->issuer_organization);
    h = hash_bytes(h, text_or_none(only->original_name));
    h = hash_bytes(h, text_or_none(only->product));
    h = hash_bytes(h, only->issued_under);
    return h ^ h >> 32;
}

static bool same_words(const char *a, const char *b) {
    return bytes_equal(text_or_none(a), text_or_none(b)) && (a == NULL) == (b == NULL);
}

static bool same_version(bool has_a, const struct version *a, bool has_b, const struct version *b) {
    return has_a == has_b && (!has_a || memcmp(a->part, b->part, sizeof a->part) == 0);
}

static bool same_conditions(const struct conditions *a, const struct conditions *b) {
    return a->has_after == b->has_after && (!a->has_after || a->signed_after == b->signed_after) && a->has_before == b->has_before &&
           (!a->has_before || a->signed_before == b->signed_before) && same_words(a->platform, b->platform) &&
           same_words(a->product, b->product) && same_words(a->original_name, b->original_name) && same_words(a->company, b->company) &&
           same_version(a->has_min, &a->min, b->has_min, &b->min) && same_version(a->has_max, &a->max, b->has_max, &b->max) &&
           same_words(a->path, b->path) && same_words(a->internal_name, b->internal_name) && same_words(a->description, b->description) &&
           bytes_equal(a->issued_under, b->issued_under) && bytes_equal(a->eku, b->eku) && bytes_equal(a->eku_except, b->eku_except) &&
           exceptions_equal(a, b);
}

static bool same_terms(const struct import_rule *rule, const struct import_row *row) {
    return rule->expires == row->expires && same_conditions(rule->only, &row->only);
}

/* Whether a row may go into a rule: one of certban's own goes into its own only. */
static bool same_origin(const struct import_rule *rule, const struct import_row *row) {
    return row->group.n == 0 ||
           (rule->origin != NULL && bytes_equal(rule->origin->policy, row->group) && bytes_equal(rule->origin->rule, row->id));
}

static bool same_key(const struct key *a, const struct key *b) {
    return a->kind == b->kind && a->role == b->role && bytes_equal(a->value, b->value) && bytes_equal(a->issuer, b->issuer) &&
           bytes_equal(a->issuer_common_name, b->issuer_common_name) && bytes_equal(a->organization, b->organization) &&
           bytes_equal(a->issuer_organization, b->issuer_organization) && a->file_size == b->file_size;
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
static struct import_rule *find_key(const struct import *import, const struct key *key, const struct import_row *row) {
    const struct import_table *table = &import->by_key;
    uint64_t hash = hash_key(import, key, &row->only);
    for (size_t at = (size_t)hash; table->room != 0; at++) {
        const struct import_slot *slot = &table->slots[at & (table->room - 1)];
        if (slot->item == NULL) {
            break;
        }
        if (slot->hash == hash && same_key(&slot->key->key, key) && same_terms(slot->key->rule, row) && same_origin(slot->key->rule, row)) {
            return slot->key->rule;
        }
    }
    return NULL;
}

/* The rule of that id; NULL when none has it. */
static struct import_rule *find_id(const struct import *import, struct bytes id, uint64_t hash) {
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

void import_make_id(struct bytes text, char out[IMPORT_ID_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < text.n && n < ID_SIZE; i++) {
        uint8_t c = text.p[i], lower = c | 0x20;
        bool word = (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
        if (word || n != 0) {
            out[n++] = (char)(word || c == '.' || c == '_' ? c : '-');
        }
    }
    out[n] = '\0';
}

/* "sha256-176e31…": of the key that names best, which comes first. */
static void id_of_key(const struct key *key, char out[IMPORT_ID_MAX]) {
    size_t n = (size_t)snprintf(out, IMPORT_ID_MAX, "%s-", key_name(key->kind));
    if (key->kind == KEY_SUBJECT || key->kind == KEY_TEAM_ID || key->kind == KEY_PROGRAM || key->kind == KEY_ORIGINAL_NAME) {
        char words[IMPORT_ID_MAX];
        import_make_id(key->value.n != 0 ? key->value : key->organization, words);
        snprintf(out + n, IMPORT_ID_MAX - n, "%.80s", words);
        return;
    }
    char hex[2 * HASH_SIZE_MAX + 1];
    hex_encode(bytes_cut(key->value, 0, HASH_SIZE_MAX), hex);
    snprintf(out + n, IMPORT_ID_MAX - n, "%.*s", ID_DIGITS, hex);
}

/* Gives a rule an id that no other one has. */
static bool give_id(struct import *import, struct import_rule *rule, struct bytes wanted, const struct key *key) {
    char id[IMPORT_ID_MAX], base[IMPORT_ID_MAX];
    import_make_id(wanted, base);
    if (base[0] == '\0') {
        id_of_key(key, base);
    }
    snprintf(id, sizeof id, "%s", base);
    uint64_t hash = hash_bytes(import->seed, bytes_text(id));
    while (find_id(import, bytes_text(id), hash) != NULL) {
        import->clashes++;
        snprintf(id, sizeof id, "%.*s-%zu", ID_KEPT, base, import->clashes + 1);
        hash = hash_bytes(import->seed, bytes_text(id));
    }
    struct bytes copy;
    if (!arena_copy(&import->arena, bytes_text(id), &copy, NULL)) {
        return false;
    }
    rule->id = (const char *)copy.p;
    return table_put(&import->by_id, (struct import_slot){hash, {.rule = rule}});
}

static bool add_key(struct import *import, struct import_rule *rule, const struct key *key) {
    struct import_key *kept = arena_alloc(&import->arena, sizeof *kept);
    if (kept == NULL) {
        return false;
    }
    kept->key = *key;
    kept->rule = rule;
    *(rule->last != NULL ? &rule->last->next : &rule->first) = kept;
    rule->last = kept;
    rule->n_keys++;
    return table_put(&import->by_key, (struct import_slot){hash_key(import, key, rule->only), {.key = kept}});
}

static bool is_strong(const struct key *key) {
    switch (key->kind) {
    case KEY_SERIAL:
        return key->issuer.n != 0;
    case KEY_SUBJECT:
    case KEY_PROGRAM:
    case KEY_ORIGINAL_NAME:
    case KEY_FIRST_PAGE:
    case KEY_TEAM_ID:
    case KEY_CERT_MD5:
    case KEY_FILE_MD5:
        return false;
    case KEY_SUBSCRIBER:
        return true;
    default:
        return key->value.n > 16;
    }
}

static enum action least_action(enum action a, enum action b) {
    return a < b ? a : b;
}

/* The row's conditions, kept: in most lists they are those of the row before, mostly none. */
static const struct conditions *keep_conditions(struct import *import, const struct import_row *row) {
    if (import->last != NULL && same_conditions(import->last->only, &row->only)) {
        return import->last->only;
    }
    struct conditions *only = arena_alloc(&import->arena, sizeof *only);
    if (only != NULL) {
        *only = row->only;
    }
    return only;
}

/* The row's rule of certban's. Many rows of one policy follow one another. */
static const struct import_origin *keep_origin(struct import *import, const struct import_row *row) {
    const struct import_origin *before = import->last != NULL ? import->last->origin : NULL;
    struct import_origin *origin = arena_alloc(&import->arena, sizeof *origin);
    bool known = before != NULL && bytes_equal(before->policy, row->group);
    if (origin == NULL || (!known && !arena_copy(&import->arena, row->group, &origin->policy, NULL)) ||
        !arena_copy(&import->arena, row->id, &origin->rule, NULL)) {
        return NULL;
    }
    origin->policy = known ? before->policy : origin->policy;
    return origin;
}

static struct import_rule *new_rule(struct import *import, const struct import_row *row) {
    struct import_rule *rule = arena_alloc(&import->arena, sizeof *rule);
    if (rule == NULL || (rule->only = keep_conditions(import, row)) == NULL ||
        (row->group.n != 0 && (rule->origin = keep_origin(import, row)) == NULL) || !give_id(import, rule, row->id, &row->keys[0])) {
        return NULL;
    }
    rule->severity = row->severity;
    rule->confidence = row->weak_confidence;
    /* Weak keys flag at most whatever stands there; certban's own rules come back as they were. */
    bool as_it_says = import->accept_weak || row->group.n != 0;
    rule->action = least_action(least_action(import->action, row->action), as_it_says ? ACTION_QUARANTINE : ACTION_FLAG);
    rule->expires = row->expires;
    *(import->last != NULL ? &import->last->next : &import->first) = rule;
    import->last = rule;
    import->counts.rules++;
    import->counts.weak++; /* until a strong key comes */
    return rule;
}

/* The rule of certban's to which the row belongs: mostly the one before it, else one that bears its id. */
static struct import_rule *rule_of_origin(const struct import *import, const struct import_row *row) {
    struct import_rule *rule = row->group.n != 0 ? import->last : NULL;
    if (rule != NULL && !(same_origin(rule, row) && same_terms(rule, row))) {
        rule = find_id(import, row->id, hash_bytes(import->seed, row->id));
    }
    return rule != NULL && same_origin(rule, row) && same_terms(rule, row) ? rule : NULL;
}

/* The rule for the row's keys: one that was there, or a new one. */
static struct import_rule *rule_for(struct import *import, const struct import_row *row) {
    struct import_rule *rule = NULL;
    bool known = true;
    for (size_t i = 0; i < row->n_keys; i++) {
        struct import_rule *found = find_key(import, &row->keys[i], row);
        rule = rule != NULL ? rule : found;
        known = known && found != NULL;
    }
    struct import_rule *before = known ? NULL : rule_of_origin(import, row);
    if (before == NULL && rule != NULL) {
        import->counts.duplicates++;
    }
    return before != NULL ? before : rule != NULL ? rule : new_rule(import, row);
}

void import_take(struct import *import, const struct import_row *row) {
    struct import_rule *rule = rule_for(import, row);
    bool ok = rule != NULL;
    for (size_t i = 0; i < row->n_keys && ok; i++) {
        if (find_key(import, &row->keys[i], row) == NULL) {
            ok = add_key(import, rule, &row->keys[i]);
        }
        if (ok && !is_strong(&row->keys[i])) {
            rule->weak_accepted = import->accept_weak;
        } else if (ok && !rule->strong) {
            rule->strong = true;
            rule->confidence = row->confidence;
            rule->action = least_action(import->action, row->action);
            import->counts.weak--;
        }
    }
    if (!ok) {
        import_no_room(import);
        return;
    }
    rule->reason = rule->reason != NULL ? rule->reason : row->reason;
    rule->reference = rule->reference != NULL ? rule->reference : row->reference;
    rule->cert = rule->cert != NULL ? rule->cert : row->cert;
}
