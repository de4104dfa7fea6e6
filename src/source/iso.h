/* SPDX-License-Identifier: Apache-2.0 */
/* Images of discs: ISO 9660 (ECMA-119) with the extensions of Rock Ridge and Joliet. */
#ifndef CERTBAN_SOURCE_ISO_H
#define CERTBAN_SOURCE_ISO_H

#include "source/container.h"

/* So many octets of a name are shown. */
enum { ISO_NAME_MAX = 1024 };

/* What was seen of an image on the way. */
struct iso_found {
    bool packed;  /* it has files which are packed for systems that know Rock Ridge (zisofs): those were visited as they lie there */
    uint64_t end; /* behind the last octet of any file */
};

/* iso_walk visits each file of an image, where it lies, once: by the names of Rock Ridge where there are any, else of Joliet, then what
 * only another of the image's trees of folders names. Windows shows the tree of Joliet, others that of Rock Ridge: what is in one need not
 * be in the other, and two names of one place need not be of one length. */
CERTBAN_MUST_USE bool iso_walk(struct source *image, struct arena *arena, struct budget *budget, struct visitor *visitor,
                               struct iso_found *found, struct error *err);

/* A tree of folders: the folder at its root, and how records are read below it. */
struct iso_tree {
    uint64_t at, n;
    uint32_t block; /* in octets */
    struct iso_table {
        uint64_t at;
        bool big_endian;
    } tables[2];      /* of paths: all folders in a list, for systems that don't go through them; at 0: there is none */
    uint32_t table_n; /* octets of either */
    bool joliet, rock_ridge;
    uint8_t skip; /* octets in front of each record's system use (SUSP 5.3, "SP") */
};

enum { ISO_TREES_MAX = LIMIT_DISC_TREES_GREATEST };

/* iso_trees_read lists the trees that an image's descriptors name. What is wrong with one, or that there are more (LIMIT_DISC_TREES,
 * LIMIT_DISC_DESCRIPTORS), is *wrong, which was set to nothing before; false (err) when the image can't be read, or there is none at all.
 */
CERTBAN_MUST_USE bool iso_trees_read(struct source *image, const struct limits *limits, struct iso_tree trees[ISO_TREES_MAX], size_t *n,
                                     struct error *wrong, struct error *err);

/* iso_path_next takes the next folder from a table of paths, *at octets of which were read: the block where it begins. False at the end. */
bool iso_path_next(struct bytes table, bool big_endian, size_t *at, struct bytes *name, uint32_t *block);

/* One record of a folder. */
struct iso_record {
    uint32_t block, size; /* where its content begins, and how many octets it is */
    uint8_t attributes;   /* extended, in blocks, in front of the content */
    uint8_t flags, unit, gap;
    bool odd;               /* something that is no record was passed over on the way here */
    struct bytes name, use; /* as it stands there; what else the system that wrote it has to say */
};

/* iso_record_next takes the next record from a folder's octets, *at of which were read; false at the end. Records don't pass a block of
 * 2048. out->odd is set, never cleared. */
bool iso_record_next(struct bytes folder, size_t *at, struct iso_record *out);

/* What Rock Ridge says of a record. */
struct iso_rock {
    char name[ISO_NAME_MAX];
    size_t n; /* of the name; 0: there is none */
    bool packed;
    bool odd;          /* it goes on where nothing is, or for ever */
    uint32_t child_at; /* the block of a folder that stands elsewhere; 0: none does */
};

/* iso_rock_read reads it from a system use area, and from those that it goes on in, blocks of block_size octets being counted. False
 * (err) when the image can't be read or the budget is spent. */
CERTBAN_MUST_USE bool iso_rock_read(struct source *image, struct budget *budget, uint32_t block_size, struct bytes use,
                                    struct iso_rock *out, struct error *err);

/* One piece of a file, or a folder. */
struct iso_item {
    uint64_t at, n;
    uint32_t block; /* in which a folder counts; 0: a file */
    const char *path;
    struct iso_item *more; /* of the same file, which goes on there */
    struct iso_item *next; /* in a list */
    unsigned depth;
    bool interleaved;
};

/* What was met of an image, by place and length: an open hash table in the arena. */
struct iso_met {
    struct iso_item **seen;
    size_t room, n_seen;
};

/* iso_meet says in *is_new whether nothing of that place and length was met before; then the item is kept. False without memory. */
CERTBAN_MUST_USE bool iso_meet(struct iso_met *met, struct arena *arena, struct iso_item *item, bool *is_new, struct error *err);

/* iso_file_visit shows a file to the visitor, from its first piece on: what passes the image's end or is interleaved, as a problem. */
CERTBAN_MUST_USE bool iso_file_visit(struct source *image, const struct iso_item *file, struct visitor *visitor, struct error *err);

/* Which file systems an image's descriptors name. */
struct iso_systems {
    bool iso;
    bool udf;  /* in place of the other, or behind its descriptors: then it is the one that newer systems show (ECMA-167 2/8, 3/9) */
    bool more; /* descriptors than are read */
};
CERTBAN_MUST_USE bool iso_systems_of(struct source *source, const struct limits *limits, struct iso_systems *found, struct error *err);

#endif
