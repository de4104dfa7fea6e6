/* SPDX-License-Identifier: Apache-2.0 */
#include "source/iso.h"

static bool same_place(const struct iso_item *a, const struct iso_item *b) {
    while (a != NULL && b != NULL && a->at == b->at && a->n == b->n && a->block == b->block) {
        a = a->more;
        b = b->more;
    }
    return a == NULL && b == NULL;
}

static struct iso_item **slot_of(struct iso_item **table, size_t room, const struct iso_item *item) {
    size_t i = (size_t)((item->at * 31 + item->n + item->block) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (room - 1);
    while (table[i] != NULL && !same_place(table[i], item)) {
        i = (i + 1) & (room - 1);
    }
    return &table[i];
}

static bool grow(struct iso_met *m, struct arena *arena, struct error *err) {
    size_t room = m->room != 0 ? 2 * m->room : 256;
    struct iso_item **table = arena_array(arena, room, sizeof(struct iso_item *));
    if (table == NULL) {
        return arena_full(arena, err);
    }
    for (size_t i = 0; i < m->room; i++) {
        if (m->seen[i] != NULL) {
            *slot_of(table, room, m->seen[i]) = m->seen[i];
        }
    }
    m->seen = table;
    m->room = room;
    return true;
}

bool iso_meet(struct iso_met *m, struct arena *arena, struct iso_item *item, bool *is_new, struct error *err) {
    if (m->n_seen >= m->room / 2 && !grow(m, arena, err)) {
        return false;
    }
    struct iso_item **slot = slot_of(m->seen, m->room, item);
    *is_new = *slot == NULL;
    if (*is_new) {
        *slot = item;
        m->n_seen++;
    }
    return true;
}
