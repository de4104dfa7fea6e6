/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: [MS-CFB] section 2.6, the directory: an array of entries of 128 bytes. The members of a storage are a red-black tree over
 * left and right, whose root is the storage's child. Neither the order nor the colours are trusted: every tree is walked in full,
 * and no entry is entered twice.
 *
 * Refused: a directory whose first entry is not the root.
 */
#include "base/reader.h"
#include "layout/cfb_parts.h"

enum { NAME_SIZE = 64, TYPE_AT = 66, SIZE_AT = 120 };

/*
 * 0 name (32 UTF-16 units), 64 u16 its length in bytes with the NUL, 66 u8 type, 67 u8 colour, 68 u32 left, 72 u32 right,
 * 76 u32 child, 80 CLSID, 96 u32 state, 100 created, 108 modified, 116 u32 first sector, 120 u64 size.
 */
static void read_entry(struct cfb *cfb, struct cfb_entry *e, struct bytes b, uint64_t at, unsigned version) {
    struct reader r = reader_make(b, at);
    struct bytes name = reader_bytes(&r, NAME_SIZE);
    uint16_t length = reader_u16le(&r);
    e->at = at;
    e->type = reader_u8(&r);
    reader_skip(&r, 1);
    e->left = reader_u32le(&r);
    e->right = reader_u32le(&r);
    e->child = reader_u32le(&r);
    e->clsid = reader_bytes(&r, 16);
    e->state = reader_bytes(&r, 4);
    e->times = reader_bytes(&r, 16);
    e->start = reader_u32le(&r);
    e->size = reader_u64le(&r);
    e->low_size = bytes_cut(b, SIZE_AT, 4);
    e->parent = e->first = e->next = CFB_NONE;
    if (version == 3) {
        e->size &= UINT32_MAX; /* the upper half may be anything */
    }
    if (e->type != CFB_UNUSED && (length < 2 || length > NAME_SIZE || length % 2 != 0)) {
        cfb_odd(cfb, "a name in the directory has an impossible length");
    }
    length = length > NAME_SIZE ? NAME_SIZE : length;
    e->name = bytes_cut(name, 0, length >= 2 ? (size_t)(length - 2) & ~(size_t)1 : 0);
}

/* A place that the walk is to visit. */
struct visit {
    uint32_t id, parent;
};

static void push(struct cfb *cfb, struct visit *stack, size_t *n, uint32_t id, uint32_t parent) {
    if (id == CFB_NONE) {
        return;
    }
    if (id >= cfb->n || cfb->entries[id].type == CFB_UNUSED) {
        cfb_odd(cfb, "the directory leads to an entry that does not exist");
        return;
    }
    if (cfb->entries[id].reached) {
        cfb_odd(cfb, "the directory leads to an entry twice");
        return;
    }
    cfb->entries[id].reached = true;
    stack[(*n)++] = (struct visit){id, parent};
}

/* Marks what the trees reach, and chains the members of each storage. Every entry is pushed once at most. */
static bool walk(struct cfb *cfb, struct error *err) {
    struct visit *stack = arena_array(cfb->arena, cfb->n, sizeof *stack);
    size_t n = 0;
    if (stack == NULL) {
        return arena_full(cfb->arena, err);
    }
    cfb->entries[0].reached = true;
    push(cfb, stack, &n, cfb->entries[0].child, 0);
    while (n != 0) {
        struct visit at = stack[--n];
        struct cfb_entry *e = &cfb->entries[at.id], *parent = &cfb->entries[at.parent];
        e->parent = at.parent;
        e->depth = parent->depth + 1;
        e->next = parent->first;
        parent->first = at.id;
        push(cfb, stack, &n, e->left, at.parent);
        push(cfb, stack, &n, e->right, at.parent);
        if (e->type != CFB_STORAGE && e->type != CFB_STREAM) {
            cfb_odd(cfb, "an entry of the directory is neither storage nor stream");
        } else if (e->type == CFB_STREAM && e->child != CFB_NONE && e->child != 0) {
            cfb_odd(cfb, "a stream has members");
        } else if (e->type == CFB_STORAGE && e->depth > limit_most(cfb->arena->limits, LIMIT_CFB_DEPTH)) {
            struct error deep;
            limit_reached(cfb->arena->limits, LIMIT_CFB_DEPTH, &deep);
            cfb_cut(cfb, &deep);
        } else if (e->type == CFB_STORAGE) {
            push(cfb, stack, &n, e->child, at.id);
        }
    }
    return true;
}

bool cfb_directory(struct cfb *cfb, struct bytes directory, const uint32_t *sectors, unsigned version, struct error *err) {
    uint32_t n = (uint32_t)(directory.n / CFB_ENTRY_SIZE), each = (UINT32_C(1) << cfb->shift) / CFB_ENTRY_SIZE;
    uint64_t most = limit_most(cfb->arena->limits, LIMIT_CFB_ENTRIES);
    if (n == 0) {
        return cfb->cut.kind != ERR_NONE ? error_again(err, &cfb->cut) : error_set(err, ERR_MALFORMED, "no directory");
    }
    if (n > most) {
        struct error many;
        limit_reached(cfb->arena->limits, LIMIT_CFB_ENTRIES, &many);
        for (uint32_t i = (uint32_t)most; i < n && cfb->cut.kind == ERR_NONE; i++) { /* the last sector is filled up */
            if (directory.p[(size_t)i * CFB_ENTRY_SIZE + TYPE_AT] != CFB_UNUSED) {
                cfb_cut(cfb, &many);
            }
        }
        n = (uint32_t)most;
    }
    cfb->entries = arena_array(cfb->arena, n, sizeof *cfb->entries);
    if (cfb->entries == NULL) {
        return arena_full(cfb->arena, err);
    }
    cfb->n = n;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t at = (((uint64_t)sectors[i / each] + 1) << cfb->shift) + (uint64_t)(i % each) * CFB_ENTRY_SIZE;
        read_entry(cfb, &cfb->entries[i], bytes_cut(directory, (size_t)i * CFB_ENTRY_SIZE, CFB_ENTRY_SIZE), at, version);
    }
    if (cfb->entries[0].type != CFB_ROOT) {
        return error_set(err, ERR_MALFORMED, "the directory does not begin with the root");
    }
    return walk(cfb, err);
}
