/* SPDX-License-Identifier: Apache-2.0 */
/* The characters of ASN.1 string types as Unicode code points: what the string types of names have in common. */
#ifndef CERTBAN_ASN1_CHARS_H
#define CERTBAN_ASN1_CHARS_H

#include "asn1/der.h"

/* A walk over the characters of a string. */
struct chars {
    struct bytes left;
    uint8_t tag; /* the string type; DER_UTF8, DER_BMP, DER_UNIVERSAL; every other is read as Latin-1 */
};

/* What stands in for octets that are no character. */
#define CHARS_BAD UINT32_C(0xfffd)

/* chars_make walks over content octets of that type. */
struct chars chars_make(uint8_t tag, struct bytes content);

/* chars_next takes the next code point; false at the end. Ill-formed octets come out as CHARS_BAD, one by one. */
bool chars_next(struct chars *chars, uint32_t *c);

/* chars_is_string says whether a tag is one of the string types. */
bool chars_is_string(uint8_t tag);

/* chars_fold is the simple case folding of Unicode's CaseFolding.txt for Latin, Greek, Cyrillic, Armenian and full-width letters. */
uint32_t chars_fold(uint32_t c);

/* chars_space says whether c is white space that comparisons collapse (RFC 4518 2.6.1). */
bool chars_space(uint32_t c);

/* chars_put writes c in UTF-8 to out, which has room for 4 octets, and returns how many it took; what is no character is U+FFFD. */
size_t chars_put(uint32_t c, char *out);

/* chars_text is the string in UTF-8, in the arena; NUL octets at its end are dropped, others become U+FFFD. NULL without memory. */
const char *chars_text(uint8_t tag, struct bytes content, struct arena *arena);

#endif
