/* SPDX-License-Identifier: Apache-2.0 */
/* A set of files and folders by who they are, each with a pointer beside it. Not locked: its owner does that. */
#ifndef CERTBAN_SCAN_INODES_H
#define CERTBAN_SCAN_INODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inode_slot {
    uint64_t volume, number;
    void *value; /* NULL: the slot is free */
};

struct inodes {
    struct inode_slot *slots;
    size_t n, room;
    uint64_t seed; /* so that nobody can choose inode numbers that collide */
};

/* inodes_at is the value of that inode: what was there, or the given one (not NULL), which is then put there and *fresh is
 * true. NULL when there is no memory. */
void *inodes_at(struct inodes *set, uint64_t volume, uint64_t number, void *value, bool *fresh);

/* inodes_set replaces the value of an inode that is in the set. */
void inodes_set(struct inodes *set, uint64_t volume, uint64_t number, void *value);

void inodes_free(struct inodes *set);

#endif
