/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: ECMA-119 8 (volume descriptors), "Joliet Specification" (Microsoft, 1995), IEEE P1281 (SUSP) 5.3. */
#include "base/reader.h"
#include "source/iso.h"

enum { SECTOR = 2048, DESCRIPTORS_AT = 16, ROOT_AT = 156, ROOT_SIZE = 34 };

/* SUSP 5.3: the record of the root itself begins with "SP", length 7, version 1, BE EF, u8 octets to be skipped elsewhere. */
static bool tree_look(struct source *image, struct iso_tree *t, struct error *err) {
    uint8_t buffer[SECTOR];
    size_t at = 0, n = t->n < sizeof buffer ? (size_t)t->n : sizeof buffer;
    struct iso_record self = {.odd = false};
    if (t->at >= image->size || n > image->size - t->at) {
        return error_set(err, ERR_MALFORMED, "the folders of an image of a disc pass its end");
    }
    if (!source_into(image, buffer, n, t->at, err)) {
        return false;
    }
    if (!t->joliet && iso_record_next(bytes_make(buffer, n), &at, &self)) {
        struct bytes magic = bytes_make("SP\7\1\xbe\xef", 6);
        bool xa = bytes_starts(bytes_cut(self.use, 14, self.use.n), magic); /* behind what CD-ROM XA has there */
        t->rock_ridge = xa || bytes_starts(self.use, magic);
        t->skip = t->rock_ridge ? bytes_cut(self.use, xa ? 20 : 6, 1).p[0] : 0;
    }
    return true;
}

/* ECMA-119 9.4: 0 u8 length of the name, u8 blocks of extended attributes in front of the folder, u32 block, 6 u16 number of the folder
 * that it lies in, the name, and an octet where that is odd. The root's name is one NUL. */
bool iso_path_next(struct bytes table, bool big_endian, size_t *at, struct bytes *name, uint32_t *block) {
    struct reader r = reader_make(bytes_cut(table, *at, table.n), *at);
    uint8_t n = reader_u8(&r), attributes = reader_u8(&r);
    *block = (big_endian ? reader_u32be(&r) : reader_u32le(&r)) + attributes;
    reader_skip(&r, 2);
    *name = reader_bytes(&r, n);
    *at += 8u + n + n % 2u;
    return reader_ok(&r) && n != 0;
}

/* 0 u8 type (1 primary, 2 supplementary, 255 the last one), "CD001", 88 escape sequences (Joliet: "%/@", "%/C", "%/E"), 128 u16 size of a
 * block, 132 u32 octets of a table of paths, 140 u32 its block, 148 u32 big-endian that of one with big-endian numbers, 156 the record of
 * the root, whose length and name no system asks for. */
static struct iso_tree tree_of(uint8_t descriptor[SECTOR]) {
    struct bytes d = bytes_make(descriptor, SECTOR), escape = bytes_cut(d, 88, 3);
    struct reader r = reader_make(bytes_cut(d, 128, 2), 128);
    struct iso_record root = {0};
    size_t read = 0;
    descriptor[ROOT_AT] = ROOT_SIZE;
    descriptor[ROOT_AT + ROOT_SIZE - 2] = 1;
    uint32_t block = reader_u16le(&r);
    struct iso_tree t = {.block = block == 512 || block == 1024 ? block : SECTOR};
    r = reader_make(bytes_cut(d, 132, 20), 132);
    t.table_n = reader_u32le(&r);
    reader_skip(&r, 4);
    t.tables[0] = (struct iso_table){(uint64_t)reader_u32le(&r) * t.block, false};
    reader_skip(&r, 4);
    t.tables[1] = (struct iso_table){(uint64_t)reader_u32be(&r) * t.block, true};
    if (iso_record_next(bytes_cut(d, ROOT_AT, ROOT_SIZE), &read, &root)) {
        t.at = ((uint64_t)root.block + root.attributes) * t.block;
        t.n = root.size;
    }
    t.joliet = descriptor[0] == 2 && (bytes_is(escape, "%/@") || bytes_is(escape, "%/C") || bytes_is(escape, "%/E"));
    return t;
}

bool iso_trees_read(struct source *image, const struct limits *limits, struct iso_tree trees[ISO_TREES_MAX], size_t *n, struct error *wrong,
                    struct error *err) {
    uint8_t b[SECTOR];
    struct error why;
    *n = 0;
    for (unsigned i = 0;; i++) {
        uint64_t at = (uint64_t)(DESCRIPTORS_AT + i) * SECTOR;
        if (at + sizeof b > image->size) {
            break;
        }
        if (!source_into(image, b, sizeof b, at, err)) {
            return false;
        }
        if (!bytes_is(bytes_make(b + 1, 5), "CD001") || b[0] == 255) {
            break;
        }
        bool has_tree = b[0] == 1 || b[0] == 2;
        bool many = i == limit_most(limits, LIMIT_DISC_DESCRIPTORS);
        if (many || (has_tree && *n == limit_most(limits, LIMIT_DISC_TREES))) {
            limit_reached(limits, many ? LIMIT_DISC_DESCRIPTORS : LIMIT_DISC_TREES, wrong);
            break;
        }
        struct iso_tree tree = tree_of(b);
        if (has_tree && tree_look(image, &tree, &why)) {
            trees[(*n)++] = tree;
        } else if (has_tree && wrong->kind == ERR_NONE) {
            *wrong = why;
        }
    }
    if (*n == 0 && wrong->kind != ERR_NONE) {
        return error_again(err, wrong);
    }
    return *n != 0 || error_set(err, ERR_MALFORMED, "an image of a disc without a volume descriptor");
}
