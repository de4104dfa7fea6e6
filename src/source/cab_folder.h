/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a cabinet, unpacked from its beginning on, and one file of it as a stream. */
#ifndef CERTBAN_SOURCE_CAB_FOLDER_H
#define CERTBAN_SOURCE_CAB_FOLDER_H

#include "layout/cab.h"
#include "source/stream.h"

/* What one cabinet has of a folder: all of it, unless the cabinet is one of a set. */
struct cab_part {
    struct source *source;
    const struct cab_folder *folder;
    uint8_t data_reserve;
};

struct cab_folder_reader {
    struct budget *budget;               /* for what is unpacked and thrown away */
    const struct cab_part *parts, *part; /* all of the folder, and the one in hand */
    size_t n_parts;
    uint64_t at;         /* in the unpacked bytes */
    struct error broken; /* why there are no more of them */
    /* The blocks. */
    uint64_t block_at;
    size_t begun;            /* octets of a block that goes on in the next part, at packed */
    unsigned block;          /* how many were begun */
    uint8_t *packed, *plain; /* one block: CAB_PACKED_MAX and CAB_BLOCK_MAX bytes */
    uint8_t *both;           /* an MSZIP block with its history, for which there is room in front of packed, too; NULL: all is for zlib */
    size_t n_plain, used;    /* of plain */
    size_t n_history;        /* bytes of plain that the next MSZIP block may refer to */
    void *inflate;           /* z_stream */
    /* LZX is libarchive's: it is given a cabinet of one folder and one file. */
    void *archive;
    uint8_t head[80];
    size_t n_head, head_used;
    size_t n_block; /* octets at packed that it is to get behind the head */
};

enum { CAB_PACKED_MAX = UINT16_MAX };

/* cab_folder_init sets up a reader of one folder after the other; its buffers come from the arena. */
CERTBAN_MUST_USE bool cab_folder_init(struct cab_folder_reader *r, struct budget *budget, struct arena *arena, struct error *err);

/* cab_folder_open begins with a folder, whose parts (one at least) outlive the reading. ERR_UNSUPPORTED for methods that can't be
 * unpacked. */
CERTBAN_MUST_USE bool cab_folder_open(struct cab_folder_reader *r, const struct cab_part *parts, size_t n, struct error *err);

/* cab_folder_close gives back what the libraries hold; r may be zeroed memory. */
void cab_folder_close(struct cab_folder_reader *r);

/* cab_folder_method is how a folder is packed: CAB_STORED, CAB_LZX … */
unsigned cab_folder_method(const struct cab_folder *folder);

/* One file of the folder: a stream for stream_source_init. */
struct cab_file_stream {
    struct stream stream;
    struct cab_folder_reader *folder;
    uint64_t begin, at, end; /* in the folder */
};
void cab_file_stream_init(struct cab_file_stream *s, struct cab_folder_reader *folder, const struct cab_file *file);

#endif
