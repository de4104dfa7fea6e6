/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of indicators (STIX 2.1, OASIS, part 9), as far as they name one thing or another: comparisons with = , LIKE and IN, joined by
 * AND and OR inside of an observation [ … ], and observations joined by OR. Refused is what asks for several observations (AND,
 * FOLLOWEDBY), for times (WITHIN, REPEATS, START), and every other comparison.
 */
#ifndef CERTBAN_LIST_STIX_PATTERN_H
#define CERTBAN_LIST_STIX_PATTERN_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

enum { STIX_TERMS_MAX = 4, STIX_ALTERNATIVES_MAX = 4096 };

/* One comparison: "x509-certificate:hashes.SHA-256" (quotes dropped), and what it is compared with (escapes resolved). */
struct stix_term {
    struct bytes path, value;
    bool like; /* LIKE: % is any text */
};

/* All of these comparisons must hold. */
struct stix_alternative {
    struct stix_alternative *next;
    struct stix_term terms[STIX_TERMS_MAX];
    size_t n;
};

/* stix_pattern reads a pattern; any of the alternatives suffices. ERR_UNSUPPORTED for what is refused. Memory is the arena's. */
CERTBAN_MUST_USE bool stix_pattern(struct bytes pattern, struct arena *arena, struct stix_alternative **out, struct error *err);

#endif
