/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a cabinet: Microsoft's "Cabinet File Format" ([MS-CAB]). Folders are compressed streams, files are stretches of them. */
#ifndef CERTBAN_LAYOUT_CAB_H
#define CERTBAN_LAYOUT_CAB_H

#include "base/source.h"

enum { CAB_HEADER_SIZE = 36, CAB_RESERVE_AT = 40, CAB_LENGTHS = 4, CAB_POINTER_SIZE = 16, CAB_VERSION = 0x0103, CAB_BLOCK_MAX = 32768 };

struct cab_header {
    uint64_t size;     /* cbCabinet: without what stands behind */
    uint64_t files_at; /* the table of files */
    uint16_t version, n_folders, n_files, flags;
    uint16_t set, index;    /* which cabinet of which set it is; of one without others 0 and 0 */
    struct bytes reserve;   /* at CAB_RESERVE_AT; empty when there is none */
    uint8_t folder_reserve; /* bytes behind each folder's entry */
    uint8_t data_reserve;   /* and behind each block's header */
    uint64_t behind;        /* the reserve: names of other cabinets, then the table of folders */
    /* From the reserve, where it is that of a signed cabinet. */
    bool has_pointer;
    uint64_t first_n; /* octets of the reserve's first structure, which stands behind CAB_LENGTHS octets */
    uint64_t signature_at, signature_size;
    size_t pointer_end; /* in the reserve */
};

enum cab_method { CAB_STORED = 0, CAB_MSZIP = 1, CAB_QUANTUM = 2, CAB_LZX = 3 };

struct cab_folder {
    uint64_t at;     /* of its first block */
    uint64_t packed; /* bytes up to the cabinet's end: its blocks are among them */
    uint16_t n_blocks;
    uint16_t method; /* as it stands: the low four bits are an enum cab_method */
};

/* Folder numbers of files that begin or end in another cabinet; they stand for the first folder, or the last. */
enum { CAB_FROM_BEFORE = 0xfffd, CAB_TO_NEXT = 0xfffe, CAB_FROM_BEFORE_TO_NEXT = 0xffff };

struct cab_file {
    const char *name;  /* bytes of unknown origin */
    uint32_t size, at; /* in the folder's unpacked bytes */
    uint16_t folder;
};

struct cab_tables {
    struct cab_folder *folders;
    size_t n_folders;
    struct cab_file *files;
    size_t n_files;
    const char *before, *next; /* names of the files with the cabinets before and behind it in its set; NULL: none */
    struct error cut;          /* what of the tables was lost; kind ERR_NONE: nothing */
};

/* cab_header_read reads the header. ERR_MALFORMED when the file ends in it. */
CERTBAN_MUST_USE bool cab_header_read(struct cab_header *header, struct source *source, struct arena *arena, struct error *err);

/* cab_tables_read reads folders and files, as many as there are. Names lie in the arena. */
CERTBAN_MUST_USE bool cab_tables_read(struct cab_tables *tables, const struct cab_header *header, struct source *source,
                                      struct arena *arena, struct error *err);

#endif
