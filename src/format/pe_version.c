/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VERSIONINFO. Microsoft's "PE Format", "The .rsrc Section": directories of 16 bytes (12 u16 NumberOfNamedEntries, 14 u16
 * NumberOfIdEntries), each followed by entries of u32 name or id and u32 offset (bit 31: another directory) from the beginning of
 * the resources; three levels: type, name, language. A leaf is u32 RVA, u32 size. "VS_VERSIONINFO structure": blocks of u16
 * wLength, u16 wValueLength, u16 wType, UTF-16 key, then value and children, each at a multiple of 4 from the block's beginning.
 *
 * Refused: resources past the limits below. A loop can't happen: levels are counted.
 */
#include "base/reader.h"
#include "base/text.h"
#include "format/pe.h"

enum {
    RT_VERSION = 16,
    DIRECTORY = 16,
    ENTRY = 8,
    ENTRIES_MAX = 4096,
    VERSION_MAX = 256 << 10,
    FIXED_SIZE = 52,
    BLOCKS_MAX = 1024,
    VALUE_MAX = 1024, /* octets of a string that are kept */
};
#define FIXED_MAGIC 0xfeef04bdu
#define IS_DIRECTORY 0x80000000u

struct resources {
    struct source *source;
    struct arena *arena;
    uint64_t at, size; /* in the file */
};

/* Where an RVA lies in the file; UINT64_MAX when no section holds it. */
static uint64_t file_offset(const struct pe *pe, uint32_t rva) {
    for (size_t i = 0; i < pe->n_sections; i++) {
        const struct pe_section *s = &pe->sections[i];
        uint32_t extent = s->virtual_size > s->raw_size ? s->virtual_size : s->raw_size;
        if (rva >= s->virtual_address && rva - s->virtual_address < extent) {
            uint64_t at = (uint64_t)(rva - s->virtual_address) + s->raw_at;
            return rva - s->virtual_address < s->raw_size && at < pe->size ? at : UINT64_MAX;
        }
    }
    return UINT64_MAX;
}

/* The offset that the entry with that id leads to (id 0: the first one). False when the directory has none. */
static bool find_entry(const struct resources *r, uint32_t directory, uint32_t id, uint32_t *out) {
    struct bytes head, entries;
    if (directory > r->size || !source_read_some(r->source, r->arena, r->at + directory, DIRECTORY, &head, NULL)) {
        return false;
    }
    struct reader in = reader_make(head, r->at + directory);
    reader_skip(&in, 12);
    uint32_t n = reader_u16le(&in);
    n += reader_u16le(&in);
    if (!reader_ok(&in) || !source_read_some(r->source, r->arena, r->at + directory + DIRECTORY,
                                             (uint64_t)(n < ENTRIES_MAX ? n : ENTRIES_MAX) * ENTRY, &entries, NULL)) {
        return false;
    }
    in = reader_make(entries, r->at + directory + DIRECTORY);
    while (in.left.n >= ENTRY) {
        uint32_t name = reader_u32le(&in), offset = reader_u32le(&in);
        if (id == 0 || name == id) {
            *out = offset;
            return true;
        }
    }
    return false;
}

static bool find_version(struct source *source, struct arena *arena, const struct pe *pe, struct bytes *out) {
    struct resources r = {.source = source, .arena = arena, .at = file_offset(pe, pe->resource_rva), .size = pe->resource_size};
    uint32_t names, languages, leaf;
    struct bytes b;
    if (pe->resource_size == 0 || r.at == UINT64_MAX || !find_entry(&r, 0, RT_VERSION, &names) || (names & IS_DIRECTORY) == 0 ||
        !find_entry(&r, names & ~IS_DIRECTORY, 0, &languages) || (languages & IS_DIRECTORY) == 0 ||
        !find_entry(&r, languages & ~IS_DIRECTORY, 0, &leaf) || (leaf & IS_DIRECTORY) != 0 || leaf > r.size ||
        !source_read_some(source, arena, r.at + leaf, 8, &b, NULL)) {
        return false;
    }
    struct reader in = reader_make(b, r.at + leaf);
    uint32_t rva = reader_u32le(&in), size = reader_u32le(&in);
    uint64_t at = file_offset(pe, rva);
    return reader_ok(&in) && at != UINT64_MAX && source_read_some(source, arena, at, size < VERSION_MAX ? size : VERSION_MAX, out, NULL);
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

/* UTF-16 as UTF-8 in the arena, up to a NUL. NULL without memory. */
static const char *utf8(struct arena *arena, struct bytes b) {
    struct reader r = reader_make(bytes_cut(b, 0, VALUE_MAX), 0);
    char *out = arena_alloc(arena, (size_t)VALUE_MAX * 3 / 2 + 4);
    size_t n = 0;
    while (out != NULL && r.left.n >= 2) {
        uint32_t c = reader_u16le(&r);
        if (c == 0) {
            break;
        }
        if (c >= 0xd800 && c < 0xdc00 && r.left.n >= 2) {
            uint32_t low = reader_u16le(&r);
            c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = 0xfffd;
        }
        if (c < 0x80) {
            out[n++] = (char)c;
        } else if (c < 0x800) {
            out[n++] = (char)(0xc0 | c >> 6);
            out[n++] = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            out[n++] = (char)(0xe0 | c >> 12);
            out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
            out[n++] = (char)(0x80 | (c & 0x3f));
        } else {
            out[n++] = (char)(0xf0 | c >> 18);
            out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
            out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
            out[n++] = (char)(0x80 | (c & 0x3f));
        }
    }
    return out;
}

static void take_string(struct arena *arena, const struct block *string, struct version_info *version) {
    const struct {
        const char *key;
        const char **to;
    } strings[] = {
        {"ProductName", &version->product},
        {"OriginalFilename", &version->original_name},
        {"CompanyName", &version->company},
        {"FileDescription", &version->description},
    };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        if (strcmp(string->key, strings[i].key) == 0 && *strings[i].to == NULL) {
            *strings[i].to = utf8(arena, string->value);
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
