/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VERSIONINFO, a resource. "VS_VERSIONINFO structure": blocks of u16 wLength, u16 wValueLength, u16 wType, UTF-16 key, then value and
 * children, each at a multiple of 4 from the block's beginning.
 *
 * Refused: what is past the limits below.
 */
#include "base/reader.h"
#include "base/text.h"
#include "format/pe.h"

enum {
    VERSION_MAX = 256 << 10,
    FIXED_SIZE = 52,
    BLOCKS_MAX = 1024,
};
#define FIXED_MAGIC 0xfeef04bdu

static bool find_version(struct source *source, struct arena *arena, const struct pe *pe, struct bytes *out) {
    struct pe_resources walk;
    struct pe_resource found;
    bool end;
    pe_resources_begin(&walk, source, pe, PE_RT_VERSION, arena->limits);
    return pe_resources_next(&walk, &found, &end, NULL) && !end && found.n != 0 &&
           source_read_some(source, arena, found.at, found.n < VERSION_MAX ? found.n : VERSION_MAX, out, NULL);
}

/* One block, its key in ASCII. */
struct block {
    char key[32];
    struct bytes value, children;
};

static size_t aligned(size_t n) {
    return (n + 3) & ~(size_t)3;
}

/* Takes the block at the start of b; *taken is how far the next one is. False when there is none. */
static bool take_block(struct bytes b, struct block *out, size_t *taken) {
    struct reader r = reader_make(b, 0);
    size_t length = reader_u16le(&r), value = reader_u16le(&r);
    uint16_t type = reader_u16le(&r);
    if (!reader_ok(&r) || length < 6) {
        return false;
    }
    struct bytes block = bytes_cut(b, 0, length);
    r = reader_make(bytes_cut(block, 6, block.n), 0);
    size_t n = 0;
    uint16_t c;
    while ((c = reader_u16le(&r)) != 0 && reader_ok(&r)) {
        if (n + 1 < sizeof out->key) {
            out->key[n++] = c < 0x80 ? (char)c : '?';
        }
    }
    out->key[n] = '\0';
    if (!reader_ok(&r)) {
        return false;
    }
    size_t at = aligned(6 + (size_t)r.at);
    value = type == 1 ? 2 * value : value; /* text is counted in characters, often wrongly: the block bounds it */
    out->value = bytes_cut(block, at, value);
    out->children = bytes_cut(block, aligned(at + out->value.n), block.n);
    *taken = aligned(length);
    return true;
}

static void take_string(struct arena *arena, const struct block *string, struct version_info *version) {
    const struct {
        const char *key;
        const char **to;
    } strings[] = {
        {"ProductName", &version->product},         {"OriginalFilename", &version->original_name}, {"CompanyName", &version->company},
        {"FileDescription", &version->description}, {"InternalName", &version->internal_name},
    };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        if (strcmp(string->key, strings[i].key) == 0 && *strings[i].to == NULL) {
            *strings[i].to = pe_text(string->value, arena);
        }
    }
}

/* StringFileInfo { StringTable { String … } … } */
static void read_strings(struct arena *arena, struct bytes info, struct version_info *version) {
    struct block table, string;
    size_t taken, inner;
    unsigned n = 0;
    for (; n < BLOCKS_MAX && take_block(info, &table, &taken); n++, info = bytes_cut(info, taken, info.n)) {
        struct bytes strings = table.children;
        for (; n < BLOCKS_MAX && take_block(strings, &string, &inner); n++, strings = bytes_cut(strings, inner, strings.n)) {
            take_string(arena, &string, version);
        }
    }
}

/* VS_FIXEDFILEINFO: 0 u32 0xFEEF04BD, 8 u32 dwFileVersionMS, 12 u32 dwFileVersionLS. */
static void read_fixed(struct arena *arena, struct bytes value, struct version_info *version) {
    struct reader r = reader_make(value, 0);
    uint32_t magic = reader_u32le(&r);
    reader_skip(&r, 4);
    uint32_t high = reader_u32le(&r), low = reader_u32le(&r);
    if (reader_ok(&r) && magic == FIXED_MAGIC && value.n >= FIXED_SIZE) {
        version->file_version = arena_printf(arena, "%u.%u.%u.%u", high >> 16, high & 0xffff, low >> 16, low & 0xffff);
    }
}

bool pe_version(struct source *source, struct arena *arena, struct version_info *version, struct error *err) {
    struct pe pe;
    struct bytes b;
    struct block root, child;
    size_t taken;
    if (!pe_headers(source, arena, &pe, err)) {
        return false;
    }
    if (!find_version(source, arena, &pe, &b) || !take_block(b, &root, &taken) || strcmp(root.key, "VS_VERSION_INFO") != 0) {
        return true;
    }
    read_fixed(arena, root.value, version);
    struct bytes children = root.children;
    for (unsigned n = 0; n < BLOCKS_MAX && take_block(children, &child, &taken); n++, children = bytes_cut(children, taken, children.n)) {
        if (strcmp(child.key, "StringFileInfo") == 0) {
            read_strings(arena, child.children, version);
        }
    }
    return true;
}
