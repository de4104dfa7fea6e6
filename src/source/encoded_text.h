/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How files are written as text: in base64 (RFC 4648 4, and 5 for URLs), in hexadecimal digits, and in what uuencode made of them (POSIX
 * uuencode); in UTF-16LE, too. Each line may have the same words in front of its digits and behind them ("echo … >>a.txt", "# …",
 * "$x += "…""), hexadecimal digits whatever stands between the bytes of programs and scripts ("0x4d,0x5a", "\x4d\x5a", "4D-5A"), or columns
 * of numbers and characters beside them, as certutil, xxd and hexdump write these.
 */
#ifndef CERTBAN_SOURCE_ENCODED_TEXT_H
#define CERTBAN_SOURCE_ENCODED_TEXT_H

#include "base/bytes.h"

/* The text, and in its place what it decodes to. */
struct decoding {
    uint8_t *p;
    size_t text, n; /* octets of text that were used; of what came out */
};

/* encoded_text_decode decodes n octets of text in d->p, as far as they go. */
void encoded_text_decode(struct decoding *d, size_t n);

/* encoded_text_hex decodes n octets of hexadecimal digits in place; *used is how many of them went into what came out. */
size_t encoded_text_hex(uint8_t *p, size_t n, size_t *used);

/* encoded_text_narrow leaves of UTF-16 one octet of each two, and says how many there are; it ends at what is no ASCII. Of
 * a last character that is cut in two the first half counts: text in UTF-16BE, found at its second octet, ends so. */
size_t encoded_text_narrow(uint8_t *p, size_t n);

#endif
