/* SPDX-License-Identifier: Apache-2.0 */
/*
 * B-trees of HFS Plus (TN1150 "B-Trees"). The leaves are followed as they are linked; then the index above them, by which files are opened,
 * is gone through for leaves that no link leads to. Refused: those, and links that come back or lead to what is no leaf.
 */
#include <stdlib.h>

#include "source/hfs.h"

enum { NODE_MIN = 512, NODE_MAX = 32768, DESCRIPTOR = 14, KIND_LEAF = 0xff, KIND_INDEX = 0, DEPTH_MAX = 16, HEADER_READ = 64 };

/*
 * Node descriptor, big-endian: next node 4, node before 4, kind 1, height 1, number of records 2, reserved 2.
 * Header record, behind that of node 0: depth 2, root 4, leaf records 4, first leaf 4, last leaf 4, node size 2, longest key 2,
 * nodes 4 …
 */
struct tree {
    struct source *source;
    uint32_t node_size, nodes, root, first_leaf;
    uint8_t *node;
    uint8_t *seen; /* a bit a node */
};

static bool header_read(struct tree *t, struct error *err) {
    uint8_t buffer[HEADER_READ];
    if (!source_into(t->source, buffer, sizeof buffer, 0, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(buffer, sizeof buffer), 0);
    reader_skip(&r, DESCRIPTOR + 2);
    t->root = reader_u32be(&r);
    reader_skip(&r, 4);
    t->first_leaf = reader_u32be(&r);
    reader_skip(&r, 4);
    t->node_size = reader_u16be(&r);
    reader_skip(&r, 2);
    uint32_t told = reader_u32be(&r);
    if (t->node_size < NODE_MIN || t->node_size > NODE_MAX || (t->node_size & (t->node_size - 1)) != 0) {
        return error_set(err, ERR_MALFORMED, "a B-tree with nodes of %u bytes", t->node_size);
    }
    uint64_t there = t->source->size / t->node_size;
    t->nodes = told < there ? told : (uint32_t)there;
    return true;
}

/* Record i lies between the offsets i and i + 1, which stand at the node's end from the last on. */
static bool records_read(struct tree *t, struct bytes node, uint16_t n, uint64_t at, struct hfs_records *records, struct error *err) {
    uint64_t offsets = ((uint64_t)n + 1) * 2;
    if (offsets > node.n - DESCRIPTOR) {
        return error_set(err, ERR_MALFORMED, "a B-tree node with %u records", n);
    }
    size_t end = node.n - (size_t)offsets;
    (void)t;
    for (uint16_t i = 0; i < n; i++) {
        struct reader r = reader_make(bytes_cut(node, node.n - 2 * ((size_t)i + 2), 4), 0);
        size_t to = reader_u16be(&r), from = reader_u16be(&r);
        if (from < DESCRIPTOR || to < from || to > end) {
            return error_set(err, ERR_MALFORMED, "a B-tree record outside of its node");
        }
        if (!records->record(records, bytes_cut(node, from, to - from), at + from, err)) {
            return false;
        }
    }
    return true;
}

static bool leaves_walk(struct tree *t, struct hfs_records *records, struct error *err) {
    uint32_t next = t->first_leaf;
    while (next != 0) {
        if (next >= t->nodes || (t->seen[next / 8] >> next % 8 & 1) != 0) {
            return error_set(err, ERR_MALFORMED, "the leaves of a B-tree are linked to node %u, %s", next,
                             next >= t->nodes ? "which is not there" : "which was there before");
        }
        t->seen[next / 8] = (uint8_t)(t->seen[next / 8] | 1u << next % 8);
        uint64_t at = (uint64_t)next * t->node_size;
        if (!source_into(t->source, t->node, t->node_size, at, err)) {
            return false;
        }
        struct bytes node = bytes_make(t->node, t->node_size);
        struct reader r = reader_make(node, at);
        next = reader_u32be(&r);
        reader_skip(&r, 4);
        uint8_t kind = reader_u8(&r);
        reader_skip(&r, 1);
        uint16_t n = reader_u16be(&r);
        if (kind != KIND_LEAF) {
            return error_set(err, ERR_MALFORMED, "a B-tree node of kind %u among the leaves", kind);
        }
        if (!records_read(t, node, n, at, records, err)) {
            return false;
        }
    }
    return true;
}

static bool is_seen(const struct tree *t, uint32_t node) {
    return (t->seen[node / 8] >> node % 8 & 1) != 0;
}

/* The nodes below an index node: a key (u16 length, the key), at an even place, and the u32 number of the node, each. */
static bool index_walk(struct tree *t, uint32_t number, unsigned depth, uint8_t *buffer, struct error *err) {
    if (number >= t->nodes || depth == DEPTH_MAX) {
        return error_set(err, ERR_MALFORMED, "the index of a B-tree leads to node %u, which is not there", number);
    }
    if (is_seen(t, number)) {
        return true;
    }
    t->seen[number / 8] = (uint8_t)(t->seen[number / 8] | 1u << number % 8);
    if (!source_into(t->source, buffer, t->node_size, (uint64_t)number * t->node_size, err)) {
        return false;
    }
    struct bytes node = bytes_make(buffer, t->node_size);
    struct reader r = reader_make(node, 0);
    reader_skip(&r, 8);
    uint8_t kind = reader_u8(&r);
    reader_skip(&r, 1);
    uint16_t n = reader_u16be(&r);
    if (kind == KIND_LEAF && n != 0) {
        return error_set(err, ERR_MALFORMED, "no leaf of a B-tree is linked to node %u, to which its index leads", number);
    }
    for (uint16_t i = 0; kind == KIND_INDEX && i < n && 2 * ((size_t)i + 1) <= node.n; i++) {
        struct reader place = reader_make(bytes_cut(node, node.n - 2 * ((size_t)i + 1), 2), 0);
        uint16_t from = reader_u16be(&place);
        struct reader record = reader_make(bytes_cut(node, from, node.n), from);
        uint16_t length = reader_u16be(&record);
        reader_skip(&record, length + length % 2u);
        uint32_t below = reader_u32be(&record);
        if (!reader_ok(&record)) {
            return error_set(err, ERR_MALFORMED, "a B-tree record outside of its node");
        }
        if (!index_walk(t, below, depth + 1, buffer + t->node_size, err)) {
            return false;
        }
    }
    return true;
}

bool hfs_tree_walk(struct source *source, struct hfs_records *records, struct error *err) {
    struct tree t = {.source = source};
    if (source->size == 0) {
        return true;
    }
    if (!header_read(&t, err)) {
        return false;
    }
    t.node = malloc((size_t)t.node_size * DEPTH_MAX); /* one a level of the index */
    t.seen = calloc(1, t.nodes / 8 + 1);
    bool ok = t.node != NULL && t.seen != NULL;
    ok = ok ? leaves_walk(&t, records, err) && (t.root == 0 || index_walk(&t, t.root, 0, t.node, err))
            : error_set(err, ERR_LIMIT, "out of memory for a B-tree");
    free(t.node);
    free(t.seen);
    return ok;
}
