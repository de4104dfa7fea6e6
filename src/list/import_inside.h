/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of an import: import_row.c takes entries apart, import.c makes rules of them, import_table.c finds them again,
 * import_write.c makes a policy. */
#ifndef CERTBAN_LIST_IMPORT_INSIDE_H
#define CERTBAN_LIST_IMPORT_INSIDE_H

#include "list/import.h"
#include "list/never_ban.h"

struct import_key;

/* Of which rule of certban's an entry was, where it says so. */
struct import_origin {
    struct bytes policy, rule;
};

/* A rule that may still get keys: what struct rule has of it. Lists have many, so that rules with the same conditions share them. */
struct import_rule {
    struct import_rule *next;
    struct import_key *first, *last;
    const char *id, *reason, *reference;
    const struct cert *cert;
    const struct conditions *only;
    const struct import_origin *origin; /* NULL: none of certban's */
    int64_t expires;
    uint32_t n_keys;
    enum action action;
    enum severity severity;
    enum confidence confidence;
    bool weak_accepted;
    bool strong; /* has a key that is */
};

/* The names beside a key's value: lists have few of them, so that keys share them. */
struct import_names {
    struct bytes issuer, issuer_common_name, organization, issuer_organization;
};

/* A key of a rule: what struct key has, in less than half of its memory. */
struct import_key {
    struct import_key *next;
    struct import_rule *rule;
    const struct import_names *names;
    const uint8_t *value;
    uint64_t file_size;
    uint32_t thing;
    uint16_t n; /* octets of value */
    uint8_t kind, role;
};

/* import_key_whole is the key again. */
struct key import_key_whole(const struct import_key *key);

/* An open hash table, of keys or of rules by their ids. */
struct import_slot {
    uint64_t hash;
    union {
        const void *item; /* NULL: empty */
        const struct import_key *key;
        struct import_rule *rule;
    };
};
struct import_table {
    struct import_slot *slots;
    size_t n, room; /* room is a power of two */
};

/* An issuer as a list writes it, and as keys have it. */
struct import_issuer {
    struct bytes text, name, common_name; /* text empty: none */
};
enum { ISSUERS_KEPT = 256, NAMES_KEPT = 256 };

struct import {
    struct arena arena;
    struct arena scratch; /* for one value */
    struct import_listener *listener;
    enum action action;
    bool accept_weak;
    struct import_counts counts;
    struct import_rule *first, *last;
    struct import_table by_key, by_id;
    struct import_issuer issuers[ISSUERS_KEPT];   /* those seen of late, by a hash of their text */
    const struct import_names *names[NAMES_KEPT]; /* those kept of late, by a hash of all of them */
    size_t clashes;                               /* ids that were given before */
    uint64_t seed;
    struct error err; /* kind ERR_NONE while all is well */
};

/* import_no_room remembers that memory has run out. */
void import_no_room(struct import *import);

/* import_make_id is text as an id: what may not stand in one becomes -; empty when nothing of it may. */
enum { IMPORT_ID_MAX = 129 };
void import_make_id(struct bytes text, char out[IMPORT_ID_MAX]);

/* import_hash is a hash of bytes that nobody can foresee; import_hash_on goes on with another one. */
uint64_t import_hash(const struct import *import, struct bytes b);
uint64_t import_hash_on(uint64_t h, struct bytes b);

/* import_same_conditions compares conditions, import_same_terms all that must be the same of a rule and a row for them to be one;
 * import_same_origin says whether the row may go into the rule: one of certban's own goes into its own only. */
bool import_same_conditions(const struct conditions *a, const struct conditions *b);
bool import_same_terms(const struct import_rule *rule, const struct import_row *row);
bool import_same_origin(const struct import_rule *rule, const struct import_row *row);

/* import_find_key is the rule that has the key under the row's conditions, import_find_id the one of that id (and its import_hash); NULL
 * when there is none. import_keep_key adds a key to a rule, import_keep_id makes a rule found by its id. False without memory. */
struct import_rule *import_find_key(const struct import *import, const struct key *key, const struct import_row *row);
struct import_rule *import_find_id(const struct import *import, struct bytes id, uint64_t hash);
CERTBAN_MUST_USE bool import_keep_key(struct import *import, struct import_rule *rule, const struct key *key);
CERTBAN_MUST_USE bool import_keep_id(struct import *import, struct import_rule *rule, uint64_t hash);

/* import_take makes a rule of an entry that has keys, or adds its keys to one that is there. */
void import_take(struct import *import, const struct import_row *row);

#endif
