/* SPDX-License-Identifier: Apache-2.0 */
/* CodeDirectories: who signed what, and the hash slots as claims. Inside of codesign only. */
#ifndef CERTBAN_FORMAT_CODESIGN_DIRECTORY_H
#define CERTBAN_FORMAT_CODESIGN_DIRECTORY_H

#include "format/codesign.h"

struct directory {
    struct code_directory code;
    const char *problem; /* why its slots can't be checked, or what is wrong with it; NULL when nothing is */
    bool claimable;      /* the code slots make a claim */
    uint8_t hash_type;
    size_t digest_size;
    uint64_t page;  /* octets; 0: one hash for all */
    uint64_t limit; /* octets of code covered */
    struct bytes code_slots;
    struct bytes special_slots; /* slot n first, slot 1 last */
};

/* directory_read reads a CodeDirectory blob; false (err) only without memory. What is wrong with it stands in problem. */
CERTBAN_MUST_USE bool directory_read(const struct codesign_blob *blob, struct arena *arena, struct directory *out, struct error *err);

/* directory_special is the hash of special slot n; empty when the slot is absent or all zero (nothing there). */
struct bytes directory_special(const struct directory *directory, uint32_t n);

/* The most special slots that are looked at. */
enum { DIRECTORY_SPECIALS_MAX = 32 };

/* directory_claims appends the claims of one CodeDirectory at claims + *n (room for 1 + DIRECTORY_SPECIALS_MAX). */
CERTBAN_MUST_USE bool directory_claims(const struct directory *directory, const struct codesign *code, const struct codesign_target *target,
                                       struct arena *arena, struct claim *claims, size_t *n, struct error *err);

/* The CodeDirectories of one code signature. */
struct directories {
    struct directory *all;
    struct code_directory *list; /* the same, as signatures show them */
    size_t n;
    const struct directory *first, *best; /* that of slot 0, which the CMS signs; that which the kernel takes. NULL: there is none */
    struct claim *claims, *first_claims;  /* of all; of first alone */
    size_t n_claims, n_first;
    bool covers_part; /* one leaves some of the code out */
};

/* directories_read reads all CodeDirectories among the blobs, and notes how they disagree. False (err) only without memory. */
CERTBAN_MUST_USE bool directories_read(struct directories *out, const struct codesign *code, const struct codesign_target *target,
                                       struct anomalies *anomalies, struct arena *arena, struct error *err);

/* codesign_bound fills bound_cdhashes and n_bound of a signature from its signer's attributes. *most is how many the longer of both lists
 * names. False only without memory. */
CERTBAN_MUST_USE bool codesign_bound(struct signature *signature, struct arena *arena, size_t *most, struct error *err);

#endif
