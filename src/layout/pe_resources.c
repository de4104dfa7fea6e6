/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: the resources of a program ("PE Format", "The .rsrc Section"). Directories of 16 bytes (12 u16 NumberOfNamedEntries, 14 u16
 * NumberOfIdEntries), each followed by entries of u32 name or id and u32 offset (bit 31: another directory) from the beginning of the
 * resources; three levels: type, name, language. A leaf is u32 RVA, u32 size.
 *
 * The directory's size in the header is not asked: Windows does not ask it either. A loop can't happen: levels are counted, and so
 * are entries, which directories may share.
 */
#include "base/reader.h"
#include "layout/pe.h"

enum { DIRECTORY = 16, ENTRY = 8, TEXT_MAX = 1024 };

#define IS_DIRECTORY UINT32_C(0x80000000)

static bool read_at(struct pe_resources *walk, uint64_t at, uint8_t *to, size_t n, struct bytes *out) {
    *out = bytes_make(to, n);
    return at <= walk->source->size && n <= walk->source->size - at && source_into(walk->source, to, n, at, NULL);
}

/* Makes the directory at an offset the one in hand. One that can't be read has no entries. */
static void enter(struct pe_resources *walk, unsigned depth, uint32_t offset) {
    uint8_t octets[DIRECTORY];
    struct bytes b;
    walk->depth = depth;
    walk->level[depth].at = walk->at + offset + DIRECTORY;
    walk->level[depth].left = walk->level[depth].all = 0;
    if (read_at(walk, walk->at + offset, octets, sizeof octets, &b)) {
        struct reader r = reader_make(b, 0);
        reader_skip(&r, 12);
        uint32_t named = reader_u16le(&r);
        walk->level[depth].left = walk->level[depth].all = named + reader_u16le(&r);
    }
}

void pe_resources_begin(struct pe_resources *walk, struct source *source, const struct pe *pe, uint32_t only, const struct limits *limits) {
    *walk = (struct pe_resources){.source = source, .pe = pe, .only = only, .limits = limits, .steps = limit_most(limits, LIMIT_RESOURCES)};
    walk->at = pe->resource_rva != 0 ? pe_file_offset(pe, pe->resource_rva) : UINT64_MAX;
    if (walk->at != UINT64_MAX) {
        enter(walk, 0, 0);
    }
}

static bool read_leaf(struct pe_resources *walk, uint32_t offset, struct pe_resource *out) {
    uint8_t octets[8];
    struct bytes b;
    if (!read_at(walk, walk->at + offset, octets, sizeof octets, &b)) {
        return false;
    }
    struct reader r = reader_make(b, 0);
    uint32_t rva = reader_u32le(&r), n = reader_u32le(&r);
    uint64_t at = pe_file_offset(walk->pe, rva), left = at < walk->source->size ? walk->source->size - at : 0;
    *out = (struct pe_resource){
        .type = walk->level[0].id,
        .name = walk->level[1].id,
        .language = walk->level[2].id,
        .one_of_many = walk->level[2].all > 1,
        .at = at,
        .n = n < left ? n : left,
    };
    return true;
}

bool pe_resources_next(struct pe_resources *walk, struct pe_resource *out, bool *end, struct error *err) {
    for (*end = false;;) {
        uint8_t octets[ENTRY];
        struct bytes b;
        unsigned depth = walk->depth;
        if (walk->level[depth].left == 0 || !read_at(walk, walk->level[depth].at, octets, sizeof octets, &b)) {
            walk->level[depth].left = 0;
            if (depth == 0) {
                *end = true;
                return true;
            }
            walk->depth--;
            continue;
        }
        if (walk->steps-- == 0) {
            walk->steps = 0;
            return limit_reached(walk->limits, LIMIT_RESOURCES, err);
        }
        struct reader r = reader_make(b, 0);
        walk->level[depth].id = reader_u32le(&r);
        walk->level[depth].at += ENTRY;
        walk->level[depth].left--;
        uint32_t offset = reader_u32le(&r);
        bool is_directory = (offset & IS_DIRECTORY) != 0,
             wanted = depth != 0 || walk->only == UINT32_MAX || walk->level[0].id == walk->only;
        if (wanted && is_directory && depth < 2) {
            enter(walk, depth + 1, offset & ~IS_DIRECTORY);
        } else if (wanted && !is_directory && depth == 2 && read_leaf(walk, offset, out)) {
            return true;
        }
    }
}

const char *pe_resource_name(struct pe_resources *walk, uint32_t id, bool is_type, struct arena *arena) {
    static const char *const types[] = {
        [1] = "CURSOR",      [2] = "BITMAP",   [3] = "ICON",        [4] = "MENU",      [5] = "DIALOG",    [6] = "STRING",
        [7] = "FONTDIR",     [8] = "FONT",     [9] = "ACCELERATOR", [10] = "RCDATA",   [11] = "MESSAGES", [12] = "GROUP_CURSOR",
        [14] = "GROUP_ICON", [16] = "VERSION", [23] = "HTML",       [24] = "MANIFEST",
    };
    if ((id & PE_NAMED) == 0) {
        bool known = is_type && id < sizeof types / sizeof *types && types[id] != NULL;
        return known ? types[id] : arena_printf(arena, "%u", id);
    }
    uint8_t length[2];
    struct bytes b, name;
    uint64_t at = walk->at + (id & ~PE_NAMED);
    if (!read_at(walk, at, length, sizeof length, &b)) {
        return "(no name)";
    }
    size_t n = (size_t)2 * (size_t)(length[0] | length[1] << 8);
    return source_read_some(walk->source, arena, at + sizeof length, n, &name, NULL) ? pe_text(name, arena) : "(no name)";
}

const char *pe_text(struct bytes b, struct arena *arena) {
    struct reader r = reader_make(bytes_cut(b, 0, TEXT_MAX), 0);
    char *out = arena_alloc(arena, (size_t)TEXT_MAX * 3 / 2 + 4);
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
