/* SPDX-License-Identifier: Apache-2.0 */
/* Between the halves of matching: match.c goes through what a file carries, match_cert.c looks up one certificate. */
#ifndef CERTBAN_SCAN_MATCH_INSIDE_H
#define CERTBAN_SCAN_MATCH_INSIDE_H

#include "scan/exam.h"

/* match_keep notes a match, once: of more than LIMIT_MATCHES the first ones. match_add notes that a key fits; cert may be NULL. */
void match_keep(struct exam *exam, const struct match *match);
void match_add(struct exam *exam, const struct key *key, enum role role, size_t signature, const struct cert *cert);

/* match_hash_of hashes something in the file. Where that fails for want of memory, it might have been the banned one: the file is
 * unreadable then. */
bool match_hash_of(struct exam *exam, enum hash hash, struct bytes b, uint8_t *out);

/* match_find notes every key of one kind and value, and returns how many there are; allow rules are looked up later, by what was proven.
 * match_find_serial does so for a serial under an issuer, revocations among it. */
size_t match_find(struct exam *exam, enum key_kind kind, struct bytes value, enum role role, size_t signature, const struct cert *cert);
size_t match_find_serial(struct exam *exam, struct bytes serial, struct bytes issuer, enum role role, size_t signature,
                         const struct cert *cert);

/* match_cert looks up all identities of a certificate that stands in that role in a signature. */
void match_cert(struct exam *exam, const struct cert *cert, enum role role, size_t signature);

/* match_signatures looks up what the signatures carry: match_identities without what the file itself may be known by. */
void match_signatures(struct exam *exam);

#endif
