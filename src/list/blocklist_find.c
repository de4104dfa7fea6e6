/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups in the sealed index (blocklist.c says how it is made). */
#include <stdlib.h>

#include "list/blocklist_inside.h"
#include "list/fold.h"

uint64_t blocklist_subject_head(const struct blocklist *list, struct bytes name, bool organization) {
    return fold_hash(name, list->seed) >> 1 | (uint64_t)organization << 63;
}

bool blocklist_is_name(enum key_kind kind) {
    return kind == KEY_PROGRAM || kind == KEY_ORIGINAL_NAME;
}

uint64_t blocklist_filter_bit(const struct blocklist *list, enum key_kind kind, uint64_t head) {
    uint64_t h = (head ^ list->seed ^ (uint64_t)kind << 56) * UINT64_C(0x9e3779b97f4a7c15);
    return (h ^ h >> 32) & list->filter_mask;
}

int blocklist_size_order(const void *left, const void *right) {
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

bool blocklist_wants(const struct blocklist *list, enum key_kind kind, size_t n) {
    if (kind == KEY_TBS) {
        return n <= TBS_MAX && list->tbs[n];
    }
    return (unsigned)kind < KEY_COUNT && list->bans[kind] != 0;
}

bool blocklist_wants_size(const struct blocklist *list, uint64_t size) {
    return list->any_size || blocklist_names_size(list, size);
}

bool blocklist_names_size(const struct blocklist *list, uint64_t size) {
    return list->n_sizes != 0 && bsearch(&size, list->sizes, list->n_sizes, sizeof size, blocklist_size_order) != NULL;
}

/* The first place from..to whose head is not below head. */
static size_t lower(const struct blocklist *list, size_t from, size_t to, uint64_t head) {
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (list->heads[middle] < head) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* The run of keys of a kind with that head. */
static size_t run_of_head(const struct blocklist *list, enum key_kind kind, uint64_t head, size_t *end) {
    uint64_t bit = blocklist_filter_bit(list, kind, head);
    if ((list->filter[bit / 64] >> bit % 64 & 1) == 0) {
        *end = list->start[kind + 1];
        return *end;
    }
    size_t from = lower(list, list->start[kind], list->start[kind + 1], head);
    *end = head == UINT64_MAX ? list->start[kind + 1] : lower(list, from, list->start[kind + 1], head + 1);
    return from;
}

/* The first place from..to whose value is not below value (or, past it, above it): for values with equal heads. */
static size_t lower_value(const struct blocklist *list, size_t from, size_t to, struct bytes value, bool past) {
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = bytes_order(list->keys[middle]->value, value);
        if (order < 0 || (past && order == 0)) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

const struct key *const *blocklist_find(const struct blocklist *list, enum key_kind kind, struct bytes value, size_t *n) {
    *n = 0;
    if ((unsigned)kind >= KEY_COUNT || kind == KEY_SUBJECT || blocklist_is_name(kind) || !list->sealed) {
        return NULL;
    }
    size_t end, from = run_of_head(list, kind, bytes_head(value), &end);
    from = lower_value(list, from, end, value, false);
    end = lower_value(list, from, end, value, true);
    *n = end - from;
    return *n != 0 ? &list->keys[from] : NULL;
}

const struct key *const *blocklist_find_name(const struct blocklist *list, enum key_kind kind, const char *name, size_t *n) {
    *n = 0;
    if (!blocklist_is_name(kind) || !list->sealed) {
        return NULL;
    }
    size_t end, from = run_of_head(list, kind, fold_hash(bytes_text(name), list->seed), &end);
    bool same = from != end && fold_equal(list->keys[from]->value, bytes_text(name)); /* two names with one hash: nobody can make them */
    *n = same ? end - from : 0;
    return same ? &list->keys[from] : NULL;
}

const struct key *const *blocklist_find_subject(const struct blocklist *list, const char *common_name, const char *organization,
                                                size_t *n) {
    *n = 0;
    if (!list->sealed || list->start[KEY_SUBJECT] == list->start[KEY_SUBJECT + 1]) {
        return NULL;
    }
    size_t end_cn, end_o, cn = run_of_head(list, KEY_SUBJECT, blocklist_subject_head(list, bytes_text(common_name), false), &end_cn);
    size_t o = run_of_head(list, KEY_SUBJECT, blocklist_subject_head(list, bytes_text(organization), true), &end_o);
    if (cn != end_cn && o != end_o) {
        /* Both are listed, which is as good as a match and therefore rare: what may fit stands in two places, so all are given. */
        cn = list->start[KEY_SUBJECT];
        end_cn = list->start[KEY_SUBJECT + 1];
    } else if (cn == end_cn) {
        cn = o;
        end_cn = end_o;
    }
    *n = end_cn - cn;
    return *n != 0 ? &list->keys[cn] : NULL;
}

bool blocklist_subject_fits(const struct key *key, const char *common_name, const char *organization) {
    return (key->value.n == 0 || fold_equal(key->value, bytes_text(common_name))) &&
           (key->organization.n == 0 || fold_equal(key->organization, bytes_text(organization)));
}
