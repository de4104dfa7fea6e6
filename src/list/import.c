/* SPDX-License-Identifier: Apache-2.0 */
#include "list/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/hex.h"
#include "list/import_inside.h"

enum { ID_SIZE = 128, ID_KEPT = 112, ID_DIGITS = 32 };
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
    if (getrandom(&import->seed, sizeof import->seed, GRND_NONBLOCK) != (ssize_t)sizeof import->seed) {
        import->seed = UINT64_C(0x6a09e667f3bcc908); /* early boot: flooding the tables costs time only */
    }
    return import;
}

void import_free(struct import *import) {
    if (import != NULL) {
        arena_free(&import->arena);
        arena_free(&import->scratch);
        free(import->by_key.slots);
        free(import->by_id.slots);
        free(import);
    }
}

void import_accept_weak(struct import *import) {
    import->accept_weak = true;
}

bool import_accepts_weak(const struct import *import) {
    return import->accept_weak;
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
    uint64_t hash = import_hash_on(import->seed, bytes_text(id));
    while (import_find_id(import, bytes_text(id), hash) != NULL) {
        import->clashes++;
        snprintf(id, sizeof id, "%.*s-%zu", ID_KEPT, base, import->clashes + 1);
        hash = import_hash_on(import->seed, bytes_text(id));
    }
    struct bytes copy;
    if (!arena_copy(&import->arena, bytes_text(id), &copy, NULL)) {
        return false;
    }
    rule->id = (const char *)copy.p;
    return import_keep_id(import, rule, hash);
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
    if (import->last != NULL && import_same_conditions(import->last->only, &row->only)) {
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
    if (rule != NULL && !(import_same_origin(rule, row) && import_same_terms(rule, row))) {
        rule = import_find_id(import, row->id, import_hash_on(import->seed, row->id));
    }
    return rule != NULL && import_same_origin(rule, row) && import_same_terms(rule, row) ? rule : NULL;
}

/* The rule for the row's keys: one that was there, or a new one. */
static struct import_rule *rule_for(struct import *import, const struct import_row *row) {
    struct import_rule *rule = NULL;
    bool known = true;
    for (size_t i = 0; i < row->n_keys; i++) {
        struct import_rule *found = import_find_key(import, &row->keys[i], row);
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
        if (import_find_key(import, &row->keys[i], row) == NULL) {
            ok = import_keep_key(import, rule, &row->keys[i]);
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
