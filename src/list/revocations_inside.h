/* SPDX-License-Identifier: Apache-2.0 */
/* What revocations.c (the index) and revocations_read.c (files) share. */
#ifndef CERTBAN_LIST_REVOCATIONS_INSIDE_H
#define CERTBAN_LIST_REVOCATIONS_INSIDE_H

#include "base/arena.h"
#include "list/revocations.h"

/* Longer serials are no certificate's: RFC 5280 4.1.2.2 allows 20 octets. */
enum { REVOCATION_SERIAL_MAX = 64 };

/* An entry in the index. */
struct revocation_slot {
    uint64_t head; /* the serial's first eight bytes: what a search compares */
    uint32_t list; /* its number */
    uint32_t at;   /* the entry's offset in crl.entries */
};

struct revocations {
    struct arena arena; /* names, rules, lists that were PEM */
    struct policy policy;
    int64_t now;
    struct revocation_list **lists;
    size_t n_lists, room_lists;
    struct bytes *contents; /* files that lists stand in */
    size_t n_contents, room_contents;
    struct cert *certs; /* that stood beside the lists, in the arena */
    size_t n_certs, room_certs;
    struct revocation_slot *slots;
    size_t n_slots, room_slots;
    struct rule **made; /* one a slot, once sealed; NULL until it was asked for */
    uint32_t first;
    bool sealed;
};

/* revocations_index adds a list that was read to the set, and its entries to the index. False with nothing added when it is no good. */
CERTBAN_MUST_USE bool revocations_index(struct revocations *set, struct revocation_list *list, size_t *foreign, size_t *broken,
                                        struct error *err);

/* revocations_read reads the lists in a file's content, which the set owns from then on (file_read). path names it in messages and must
 * stand as long as the set. */
CERTBAN_MUST_USE bool revocations_read(struct revocations *set, const char *path, struct bytes content,
                                       struct revocations_listener *listener, struct error *err);

#endif
