/* SPDX-License-Identifier: Apache-2.0 */
/* Between the halves of the index: blocklist.c gathers the keys and sorts them, blocklist_find.c looks them up. */
#ifndef CERTBAN_LIST_BLOCKLIST_INSIDE_H
#define CERTBAN_LIST_BLOCKLIST_INSIDE_H

#include "list/blocklist.h"
#include "list/never_ban.h"

enum { TBS_MAX = 64 };

struct blocklist {
    const struct policy **policies;
    size_t n_policies, room_policies;
    struct policy **kept; /* owned: freed with the list */
    size_t n_kept, room_kept;
    const struct rule **rules; /* by number */
    size_t n_rules, room_rules, n_expired;
    const struct key **keys;   /* in the order of the index once sealed */
    uint64_t *heads;           /* the sort head of each key */
    size_t n_spared;           /* rules of which keys were left out: they name what is on the never-ban list */
    const struct rule *spared; /* the first of them */
    size_t n_keys, room_keys;
    uint64_t *filter; /* a bit for each kind and head that is there, among many that are not set */
    uint64_t filter_mask;
    size_t start[KEY_COUNT + 1]; /* where each kind's keys begin */
    size_t bans[KEY_COUNT];      /* keys of ban rules of that kind */
    bool tbs[TBS_MAX + 1];       /* lengths of TBS hashes that bans name */
    uint64_t *sizes;             /* of files that bans name by hash and size, sorted */
    size_t n_sizes;
    bool any_size; /* a ban names a file by hash without its size */
    uint64_t seed;
    struct revocations *revoked; /* NULL: none */
    bool sealed;
};

/* blocklist_subject_head is by what a subject is found: its common name's hash, or that of the organization where it has none; the two are
 * regions of one space. blocklist_is_name says whether keys of that kind are found by the hash of a name, too. */
uint64_t blocklist_subject_head(const struct blocklist *list, struct bytes name, bool organization);
bool blocklist_is_name(enum key_kind kind);

/* blocklist_filter_bit is which bit of the filter stands for a head. */
uint64_t blocklist_filter_bit(const struct blocklist *list, enum key_kind kind, uint64_t head);

/* blocklist_size_order is the order of sizes, for qsort and bsearch. */
int blocklist_size_order(const void *left, const void *right);

#endif
