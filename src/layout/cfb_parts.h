/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the compound file reader, shared by cfb.c (header, tables), cfb_directory.c and cfb_stream.c. */
#ifndef CERTBAN_LAYOUT_CFB_PARTS_H
#define CERTBAN_LAYOUT_CFB_PARTS_H

#include "layout/cfb.h"

enum { CFB_ENTRY_SIZE = 128, CFB_MINI_SHIFT = 6 };

/* cfb_u32 is place index of a table; 0xffffffff past its end. */
uint32_t cfb_u32(struct bytes table, uint64_t index);

/* cfb_odd and cfb_cut keep the first of what they are told. */
void cfb_odd(struct cfb *cfb, const char *what);
void cfb_cut(struct cfb *cfb, const struct error *err);

/* A walk along a chain of the FAT or the mini FAT. */
struct cfb_chain {
    struct cfb *cfb;
    struct bytes table;
    uint32_t here, mark;
    uint64_t since, room;
};
struct cfb_chain cfb_chain_make(struct cfb *cfb, struct bytes table, uint32_t start);

/* cfb_chain_ended says whether an end mark was met. */
bool cfb_chain_ended(const struct cfb_chain *chain);

/* cfb_chain_next gives the sector where the chain is and goes on to the next; an error at its end and in a loop. */
CERTBAN_MUST_USE bool cfb_chain_next(struct cfb_chain *chain, uint32_t *sector, struct error *err);

/* cfb_directory reads the entries of the directory's bytes, which lie in the sectors named, and walks the trees in them. */
CERTBAN_MUST_USE bool cfb_directory(struct cfb *cfb, struct bytes directory, const uint32_t *sectors, unsigned version, struct error *err);

#endif
