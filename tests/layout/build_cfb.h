/* SPDX-License-Identifier: Apache-2.0 */
/* Small compound files, made by hand. */
#ifndef CERTBAN_TESTS_BUILD_CFB_H
#define CERTBAN_TESTS_BUILD_CFB_H

#include <stdlib.h>

#include "layout/cfb.h"

/* An entry; the list's first is entry 1 of the directory. */
struct item {
    const char *name; /* ASCII */
    int parent;       /* an entry: 0 is the root */
    uint8_t type;
    struct bytes content;
};

struct built_cfb {
    struct bytes file;
    size_t directory; /* the offset of entry 0 */
    size_t fat;       /* of the first FAT sector */
};

enum { BUILD_END = -2, BUILD_SECTORS = 512 };

struct cfb_builder {
    uint8_t *p;
    size_t size, n; /* of a sector; sectors so far */
    uint32_t fat[BUILD_SECTORS];
    bool backwards; /* each chain's sectors stand in falling order */
};

static inline void build_u32(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> 8 * i);
    }
}

/* Puts content into sectors of its own; the first one's number, or the end mark when there is nothing. */
static inline uint32_t build_chain(struct cfb_builder *b, struct bytes content) {
    size_t n = (content.n + b->size - 1) / b->size, first = b->n;
    if (n == 0) {
        return (uint32_t)BUILD_END;
    }
    for (size_t i = 0; i < n; i++) {
        size_t here = b->backwards ? first + n - 1 - i : first + i, next = b->backwards ? here - 1 : here + 1;
        struct bytes part = bytes_cut(content, i * b->size, b->size);
        memcpy(b->p + (here + 1) * b->size, part.p, part.n);
        b->fat[here] = i + 1 < n ? (uint32_t)next : (uint32_t)BUILD_END;
    }
    b->n += n;
    return (uint32_t)(b->backwards ? first + n - 1 : first);
}

static inline void build_entry(uint8_t *e, const char *name, uint8_t type, uint32_t right, uint32_t child, uint32_t start, uint64_t size) {
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++) {
        e[2 * i] = (uint8_t)name[i];
    }
    e[64] = (uint8_t)(2 * n + 2);
    e[66] = type;
    e[67] = 1;
    build_u32(e + 68, CFB_NONE);
    build_u32(e + 72, right);
    build_u32(e + 76, child);
    memset(e + 80, type == CFB_STREAM ? 0 : type, 16);
    build_u32(e + 96, 7);
    memset(e + 100, 0x11, 16);
    build_u32(e + 116, start);
    build_u32(e + 120, (uint32_t)size);
}

static inline uint32_t build_first_member(const struct item *items, size_t n, int parent, size_t from) {
    for (size_t i = from; i < n; i++) {
        if (items[i].parent == parent) {
            return (uint32_t)i + 1;
        }
    }
    return CFB_NONE;
}

static inline void build_header(uint8_t *p, unsigned shift, size_t n_directory, uint32_t directory, uint32_t mini_fat, size_t n_mini,
                                uint32_t fat) {
    memcpy(p, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
    p[24] = 0x3e;
    p[26] = shift == 9 ? 3 : 4;
    p[28] = 0xfe;
    p[29] = 0xff;
    p[30] = (uint8_t)shift;
    p[32] = 6;
    build_u32(p + 40, shift == 9 ? 0 : (uint32_t)n_directory);
    build_u32(p + 44, 1);
    build_u32(p + 48, directory);
    build_u32(p + 56, 4096);
    build_u32(p + 60, mini_fat);
    build_u32(p + 64, (uint32_t)n_mini);
    build_u32(p + 68, (uint32_t)BUILD_END);
    memset(p + 76, 0xff, 436);
    build_u32(p + 76, fat);
}

/* build_cfb makes a compound file with one FAT sector (64 KiB with sectors of 512). Every tree leans to the right. */
static inline struct built_cfb build_cfb(struct arena *arena, unsigned shift, bool backwards, const struct item *items, size_t n) {
    struct cfb_builder b = {.size = (size_t)1 << shift, .backwards = backwards};
    uint32_t starts[64] = {0}, mini_fat[1024];
    static uint8_t mini[65536];
    size_t minis = 0;
    b.p = arena_alloc(arena, ((size_t)BUILD_SECTORS + 1) << shift);
    memset(b.fat, 0xff, sizeof b.fat);
    memset(mini_fat, 0xff, sizeof mini_fat);
    for (size_t i = 0; i < n; i++) {
        size_t need = (items[i].content.n + 63) / 64;
        if (items[i].type == CFB_STREAM && items[i].content.n >= 4096) {
            starts[i] = build_chain(&b, items[i].content);
        } else if (need != 0) {
            starts[i] = (uint32_t)minis;
            memset(mini + minis * 64, 0, need * 64);
            memcpy(mini + minis * 64, items[i].content.p, items[i].content.n);
            for (size_t k = 0; k < need; k++) {
                mini_fat[minis + k] = k + 1 < need ? (uint32_t)(minis + k + 1) : (uint32_t)BUILD_END;
            }
            minis += need;
        }
    }
    uint32_t mini_at = build_chain(&b, bytes_make(mini, minis * 64)), mini_fat_at = (uint32_t)BUILD_END;
    uint8_t table[4096], directory[64 * 128] = {0};
    if (minis != 0) {
        for (size_t i = 0; i < sizeof mini_fat / 4; i++) {
            build_u32(table + 4 * i, mini_fat[i]);
        }
        mini_fat_at = build_chain(&b, bytes_make(table, (minis * 4 + b.size - 1) / b.size * b.size));
    }
    build_entry(directory, "Root Entry", CFB_ROOT, CFB_NONE, build_first_member(items, n, 0, 0), mini_at, minis * 64);
    for (size_t i = 0; i < n; i++) {
        build_entry(directory + (i + 1) * 128, items[i].name, items[i].type, build_first_member(items, n, items[i].parent, i + 1),
                    items[i].type == CFB_STORAGE ? build_first_member(items, n, (int)i + 1, 0) : CFB_NONE, starts[i], items[i].content.n);
    }
    size_t round = ((n + 1) * 128 + b.size - 1) / b.size * b.size;
    b.backwards = false;
    uint32_t directory_at = build_chain(&b, bytes_make(directory, round));
    uint32_t fat_at = (uint32_t)b.n++;
    b.fat[fat_at] = (uint32_t)-3;
    for (size_t i = 0; i < b.size / 4 && i < BUILD_SECTORS; i++) {
        build_u32(b.p + (fat_at + 1) * b.size + 4 * i, b.fat[i]);
    }
    for (size_t i = BUILD_SECTORS; i < b.size / 4; i++) {
        build_u32(b.p + (fat_at + 1) * b.size + 4 * i, CFB_NONE);
    }
    build_header(b.p, shift, round / b.size, directory_at, mini_fat_at, minis != 0, fat_at);
    return (struct built_cfb){bytes_make(b.p, (b.n + 1) * b.size), (directory_at + 1) * b.size, (fat_at + 1) * b.size};
}

#endif
