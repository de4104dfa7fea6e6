/* SPDX-License-Identifier: Apache-2.0 */
/* What both ways of taking a file share: by rename (take.c) and by copy (take_copy.c). */
#ifndef CERTBAN_STORE_TAKE_H
#define CERTBAN_STORE_TAKE_H

#include "store/inside.h"

/* take_is_judged says in *same whether the name is the file that was judged, its content unchanged. */
CERTBAN_MUST_USE bool take_is_judged(int folder, const char *name, const struct record *record, bool *same, struct error *err);

/* take_look_once is S4: the name still is the judged file. ERR_CHANGED if not, with ENOENT where there is none of that name. */
CERTBAN_MUST_USE bool take_look_once(int folder, const struct record *record, struct error *err);

/* take_name is the act (S5). What may not be moved is made movable first, if the user wants that. */
CERTBAN_MUST_USE bool take_name(struct quarantine *store, int item, int folder, const struct take *take, int hold, const char *held,
                                struct record *record, struct error *err);

/* take_gave_back says (ERR_CHANGED) that what came was not the judged file and has been put back, and where. */
CERTBAN_MUST_USE bool take_gave_back(struct quarantine *store, struct record *record, const char *beside, struct error *err);

/* take_ownership makes the item's content ours: an owner who kept it open can't link it back or make it writable. Not while it has
 * other names: *links gets how many it has. */
CERTBAN_MUST_USE bool take_ownership(int item, uint64_t *links, struct error *err);

/* take_held ends a take: the item is held, or has joined the one that holds the same file. */
CERTBAN_MUST_USE bool take_held(struct quarantine *store, int item, struct record *record, struct error *err);

/* take_by_copy is C1 to C8, in an item in which take.c found that it can't rename. */
CERTBAN_MUST_USE bool take_by_copy(struct quarantine *store, int item, int folder, const struct take *take, struct record *record,
                                   struct error *err);

#endif
