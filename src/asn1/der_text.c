/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/der_text.h"

#include <ctype.h>
#include <string.h>

enum { LEAST = 256 /* digits: a shorter certificate is none */ };

/* How far base64 goes on from pos, in characters of width octets. */
static size_t end_of(struct bytes b, size_t pos, size_t width) {
    while (pos + width <= b.n && b.p[pos] != '\0' && (width == 1 || b.p[pos + 1] == '\0') &&
           (isalnum(b.p[pos]) || strchr("+/=\r\n\t ", b.p[pos]) != NULL)) {
        pos += width;
    }
    return pos;
}

size_t der_text_next(struct bytes b, size_t *from, size_t to, size_t width) {
    struct bytes begin = width == 1 ? bytes_text("MI") : bytes_make("M\0I", 3);
    for (size_t pos = bytes_find(b, begin, *from); pos < to; pos = bytes_find(b, begin, pos + 2)) {
        uint8_t third = pos + 2 * width < b.n ? b.p[pos + 2 * width] : 0;
        size_t end = third == 'I' || third == 'M' || third == 'A' ? end_of(b, pos, width) : pos;
        if (end - pos >= LEAST * width) {
            *from = pos;
            return end;
        }
    }
    return 0;
}
