/* SPDX-License-Identifier: Apache-2.0 */
#include "source/cpio.h"

#include "base/reader.h"
#include "source/archive.h"

/* "070707": mode at 18, name size at 59, file size at 65; octal. "070701": mode at 14, file size at 54, name size at 94; hex, name
 * and data each followed by NULs up to a multiple of 4. Binary: u16 070707, mode at 6, name size at 20, file size at 22, two u16 of which
 * the upper comes first; name and data each followed by a NUL up to a multiple of 2. */
enum { LITTLE = 256, BIG = 257 }; /* in place of a base */
static const struct cpio_layout layouts[] = {
    {"070707", 76, 6, 8, 1, {18, 6}, {59, 6}, {65, 11}},   {"070701", 110, 8, 16, 4, {14, 8}, {94, 8}, {54, 8}},
    {"070702", 110, 8, 16, 4, {14, 8}, {94, 8}, {54, 8}},  {"\xc7\x71", 26, 2, LITTLE, 2, {6, 2}, {20, 2}, {22, 4}},
    {"\x71\xc7", 26, 2, BIG, 2, {6, 2}, {20, 2}, {22, 4}},
};

const struct cpio_layout *cpio_layout_of(struct bytes head) {
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (bytes_starts(head, bytes_text(layouts[i].magic))) {
            return &layouts[i];
        }
    }
    return NULL;
}

static uint64_t binary_number(struct bytes words, bool big) {
    struct reader r = reader_make(words, 0);
    uint64_t v = 0;
    while (r.left.n != 0 && reader_ok(&r)) {
        v = v << 16 | (big ? reader_u16be(&r) : reader_u16le(&r));
    }
    return v;
}

static bool number(struct bytes digits, unsigned base, uint64_t *out) {
    uint64_t v = 0;
    if (base == LITTLE || base == BIG) {
        *out = binary_number(digits, base == BIG);
        return true;
    }
    for (size_t i = 0; i < digits.n; i++) {
        uint8_t c = digits.p[i];
        unsigned d = c >= '0' && c <= '9' ? c - '0' + 0u : c >= 'a' && c <= 'f' ? c - 'a' + 10u : c >= 'A' && c <= 'F' ? c - 'A' + 10u : 99;
        if (d >= base) {
            return false;
        }
        v = v * base + d;
    }
    *out = v;
    return true;
}

bool cpio_header_read(const struct cpio_layout *l, struct bytes head, struct cpio_header *out) {
    struct cpio_header h = {0};
    bool is = head.n >= l->header && bytes_starts(head, bytes_text(l->magic)) &&
              number(bytes_cut(head, l->mode.at, l->mode.n), l->base, &h.mode) &&
              number(bytes_cut(head, l->name.at, l->name.n), l->base, &h.name_size) &&
              number(bytes_cut(head, l->size.at, l->size.n), l->base, &h.size);
    if (is) {
        *out = h;
    }
    return is;
}

uint64_t cpio_aligned(const struct cpio_layout *layout, uint64_t at) {
    return (at + layout->align - 1) / layout->align * layout->align;
}

/* Two octets tell little: the first header must name something that there is, with a name that ends where it says. */
bool cpio_is_binary(struct bytes head) {
    enum { TYPES = 0xf000 };
    static const uint16_t types[] = {0100000, 0040000, 0120000, 0020000, 0060000, 0010000};
    const struct cpio_layout *l = cpio_layout_of(head);
    struct cpio_header h;
    if (l == NULL || l->base < LITTLE || !cpio_header_read(l, head, &h)) {
        return false;
    }
    struct bytes name = bytes_cut(head, l->header, (size_t)h.name_size);
    bool exists = false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        exists = exists || (h.mode & TYPES) == types[i];
    }
    return exists && h.name_size > 1 && name.n == h.name_size && bytes_find(name, bytes_make("", 1), 0) == name.n - 1;
}
