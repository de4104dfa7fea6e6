/* SPDX-License-Identifier: Apache-2.0 */
/* How a folder's reader unpacks LZX; for cab_folder.c and cab_lzx.c only. */
#ifndef CERTBAN_SOURCE_CAB_LZX_H
#define CERTBAN_SOURCE_CAB_LZX_H

#include "source/cab_folder.h"

enum { CAB_BLOCK_HEADER = 8 };

/* cab_folder_block reads the next block in one piece, whose octets stand at r->packed then; *plain is what it says that it unpacks to. *end
 * when there is none. */
CERTBAN_MUST_USE bool cab_folder_block(struct cab_folder_reader *r, size_t *packed, size_t *plain, bool *end, struct error *err);

/* cab_lzx_next unpacks up to room octets; *got 0 at the end. From a reader at the folder's beginning on. */
CERTBAN_MUST_USE bool cab_lzx_next(struct cab_folder_reader *r, uint8_t *buf, size_t room, size_t *got, struct error *err);

/* cab_lzx_close gives back what libarchive holds; r may be zeroed memory. */
void cab_lzx_close(struct cab_folder_reader *r);

#endif
