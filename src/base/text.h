/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string for output, and the words for bytes of unknown origin. Appending never fails half: ask text_ok() once. */
#ifndef CERTBAN_BASE_TEXT_H
#define CERTBAN_BASE_TEXT_H

#include "base/bytes.h"

/* A heap string. Zero-initialise it; p is NUL-terminated (or NULL when empty); text_free gives it back. */
struct text {
    char *p;
    size_t n;    /* without the NUL */
    size_t room; /* allocated */
    bool failed; /* memory ran out: what was appended since is missing */
};

void text_add(struct text *t, const char *s);
void text_add_bytes(struct text *t, struct bytes b);
void text_add_char(struct text *t, char c);
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* text_add_hex appends b in lower-case hex. */
void text_add_hex(struct text *t, struct bytes b);

/* text_unsafe says whether a code point may not reach a terminal as it is: control characters, C1, BiDi, zero-width ones. */
bool text_unsafe(uint32_t c);

/* text_add_json appends JSON, whose strings may hold anything: what may not reach a terminal is escaped there, as \u202e. */
void text_add_json(struct text *t, const char *json);

/* text_add_safe appends file bytes for a terminal: control characters, C1, BiDi and zero-width characters and invalid
 * UTF-8 come out as \x1b or \u202e; no more than limit output bytes, then "…". */
void text_add_safe(struct text *t, struct bytes b, size_t limit);

/* text_ok says whether nothing was lost for want of memory. */
bool text_ok(const struct text *t);

/* text_c is the string as C text, "" when empty. */
const char *text_c(const struct text *t);

/* text_clear empties it and keeps the room; text_free gives the room back. */
void text_clear(struct text *t);
void text_free(struct text *t);

/* utf8_valid says whether b is well-formed UTF-8 (no surrogates, no overlong forms). */
bool utf8_valid(struct bytes b);

/* utf8_next decodes one code point at b.p; *n gets its length. Ill-formed: returns UINT32_MAX with *n = 1. b must not be empty. */
uint32_t utf8_next(struct bytes b, size_t *n);

/* edit_distance is the Damerau-Levenshtein distance of two short words ("scna" and "scan": 1); words over 32 bytes are far apart. */
unsigned edit_distance(const char *a, const char *b);

#endif
