/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/inodes.h"

#include <stdlib.h>
#include <sys/random.h>

static uint64_t mix(uint64_t h) {
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

/* The slot of that inode, or the free one where it belongs. room is a power of two and never full. */
static struct inode_slot *find(const struct inodes *set, uint64_t volume, uint64_t number) {
    size_t i = (size_t)mix(mix(number ^ set->seed) + volume);
    for (;; i++) {
        struct inode_slot *slot = &set->slots[i & (set->room - 1)];
        if (slot->value == NULL || (slot->number == number && slot->volume == volume)) {
            return slot;
        }
    }
}

static bool grow(struct inodes *set) {
    struct inodes bigger = {.room = set->room != 0 ? set->room * 2 : 256, .seed = set->seed, .n = set->n};
    if (set->room == 0 && getrandom(&bigger.seed, sizeof bigger.seed, 0) != (ssize_t)sizeof bigger.seed) {
        bigger.seed = (uint64_t)(uintptr_t)set;
    }
    bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
    if (bigger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < set->room; i++) {
        if (set->slots[i].value != NULL) {
            *find(&bigger, set->slots[i].volume, set->slots[i].number) = set->slots[i];
        }
    }
    free(set->slots);
    *set = bigger;
    return true;
}

void *inodes_at(struct inodes *set, uint64_t volume, uint64_t number, void *value, bool *fresh) {
    *fresh = false;
    if (set->n >= set->room / 4 * 3 && !grow(set)) {
        return NULL;
    }
    struct inode_slot *slot = find(set, volume, number);
    if (slot->value == NULL) {
        *slot = (struct inode_slot){volume, number, value};
        set->n++;
        *fresh = true;
    }
    return slot->value;
}

void inodes_set(struct inodes *set, uint64_t volume, uint64_t number, void *value) {
    if (set->room != 0) {
        struct inode_slot *slot = find(set, volume, number);
        if (slot->value != NULL) {
            slot->value = value;
        }
    }
}

void inodes_free(struct inodes *set) {
    free(set->slots);
    *set = (struct inodes){0};
}
