/* SPDX-License-Identifier: Apache-2.0 */
/* Archives made in memory by libarchive's writer, and RAR by hand, for tests and seeds. */
#ifndef CERTBAN_TESTS_MAKE_ARCHIVE_H
#define CERTBAN_TESTS_MAKE_ARCHIVE_H

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct part {
    const char *name;
    struct bytes content;
};

enum { MADE_MAX = 24 << 20 };

typedef int made_as(struct archive *a);

static inline int made_plain(struct archive *a) {
    return archive_write_add_filter_none(a);
}

/* An archive of the parts, none when this libarchive can't write it. The bytes are the arena's. */
static inline struct bytes make_archive(struct arena *arena, made_as *format, made_as *filter, const char *options,
                                        const struct part *parts, size_t n) {
    struct archive *a = archive_write_new();
    char *out = malloc(MADE_MAX);
    size_t used = 0;
    struct bytes copy = bytes_none();
    bool ok = a != NULL && out != NULL && format(a) == ARCHIVE_OK && filter(a) == ARCHIVE_OK &&
              archive_write_set_options(a, options) == ARCHIVE_OK && archive_write_set_bytes_in_last_block(a, 1) == ARCHIVE_OK &&
              archive_write_open_memory(a, out, MADE_MAX, &used) == ARCHIVE_OK;
    for (size_t i = 0; i < n && ok; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, parts[i].name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_mtime(entry, 1600000000, 0);
        archive_entry_set_size(entry, (la_int64_t)parts[i].content.n);
        ok = archive_write_header(a, entry) == ARCHIVE_OK &&
             archive_write_data(a, parts[i].content.p, parts[i].content.n) == (la_ssize_t)parts[i].content.n;
        archive_entry_free(entry);
    }
    ok = ok && archive_write_close(a) == ARCHIVE_OK && arena_copy(arena, bytes_make(out, used), &copy, NULL);
    archive_write_free(a);
    free(out);
    return ok ? copy : bytes_none();
}

static inline uint32_t made_crc(struct bytes b) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < b.n; i++) {
        crc ^= b.p[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return ~crc;
}

static inline void made_u32(uint8_t *to, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

/* LHA with two stored files of less than 128 bytes, behind headers of level 0 (header.doc of LHa for UNIX). */
static inline struct bytes make_lha(struct arena *arena, const char *first, const char *second, struct bytes content) {
    enum { FIXED = 21, CRC = 2 };
    const char *const names[] = {first, second};
    uint8_t *out = arena_alloc(arena, 256 + 2 * content.n), *p = out;
    for (size_t k = 0; k < 2; k++) {
        size_t length = strlen(names[k]), n = FIXED + 1 + length + CRC;
        p[0] = (uint8_t)(n - 2);
        memcpy(p + 2, "-lh0-", 5);
        made_u32(p + 7, (uint32_t)content.n);
        made_u32(p + 11, (uint32_t)content.n);
        p[FIXED] = (uint8_t)length;
        memcpy(p + FIXED + 1, names[k], length);
        for (size_t i = 2; i < n; i++) {
            p[1] = (uint8_t)(p[1] + p[i]);
        }
        memcpy(p + n, content.p, content.n);
        p += n + content.n;
    }
    return bytes_make(out, (size_t)(p - out) + 1);
}

/* RAR 5.0 with one stored file of less than 128 bytes: signature, main header, file header, data, end header (technote 5.0). */
static inline struct bytes make_rar(struct arena *arena, const char *name, struct bytes content) {
    uint8_t *out = arena_alloc(arena, 256 + content.n), *p = out;
    size_t length = strlen(name);
    memcpy(p, "Rar!\x1a\7\1\0", 8);
    p += 8;
    static const uint8_t main_head[] = {3, 1, 0, 0};
    made_u32(p, made_crc(bytes_make(main_head, sizeof main_head)));
    memcpy(p + 4, main_head, sizeof main_head);
    p += 4 + sizeof main_head;
    uint8_t *crc = p;
    p += 4;
    *p++ = (uint8_t)(9 + 4 + length); /* of the header behind this */
    memcpy(p, "\2\2", 2);             /* a file; data behind the header */
    p[2] = (uint8_t)content.n;
    p[3] = 4; /* a checksum is there */
    p[4] = (uint8_t)content.n;
    p[5] = 0; /* attributes */
    made_u32(p + 6, made_crc(content));
    p[10] = 0; /* stored */
    p[11] = 1; /* Unix */
    p[12] = (uint8_t)length;
    memcpy(p + 13, name, length);
    p += 13 + length;
    made_u32(crc, made_crc(bytes_make(crc + 4, (size_t)(p - crc - 4))));
    memcpy(p, content.p, content.n);
    p += content.n;
    static const uint8_t end_head[] = {3, 5, 0, 0};
    made_u32(p, made_crc(bytes_make(end_head, sizeof end_head)));
    memcpy(p + 4, end_head, sizeof end_head);
    p += 4 + sizeof end_head;
    return bytes_make(out, (size_t)(p - out));
}

#endif
