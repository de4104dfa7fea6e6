/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the header and the load commands of a Mach-O slice: xnu EXTERNAL_HEADERS/mach-o/loader.h. Integers have the byte order of
 * the slice. Commands that pass sizeofcmds end the walk; what was read until then counts.
 */
#include "format/macho.h"

struct macho_shape macho_shape_of(struct bytes b) {
    struct reader r = reader_make(b, 0);
    switch (reader_u32be(&r)) {
    case 0xfeedface:
        return (struct macho_shape){MACHO_THIN, true, false};
    case 0xcefaedfe:
        return (struct macho_shape){MACHO_THIN, false, false};
    case 0xfeedfacf:
        return (struct macho_shape){MACHO_THIN, true, true};
    case 0xcffaedfe:
        return (struct macho_shape){MACHO_THIN, false, true};
    case 0xcafebabe:
        return (struct macho_shape){MACHO_FAT, true, false};
    case 0xbebafeca:
        return (struct macho_shape){MACHO_FAT, false, false};
    case 0xcafebabf:
        return (struct macho_shape){MACHO_FAT, true, true};
    case 0xbfbafeca:
        return (struct macho_shape){MACHO_FAT, false, true};
    case 0x213c6172: /* "!<ar" */
    case 0xdec0170b: /* bitcode wrapper */
    case 0x4243c0de: /* bitcode */
        return (struct macho_shape){.magic = MACHO_ARCHIVE};
    default:
        return (struct macho_shape){.magic = MACHO_NONE};
    }
}

uint32_t macho_u32(struct reader *r, bool big) {
    return big ? reader_u32be(r) : reader_u32le(r);
}

uint64_t macho_u64(struct reader *r, bool big) {
    return big ? reader_u64be(r) : reader_u64le(r);
}

/* mach/machine.h. The first row that fits counts; ANY stands for every subtype. */
#define ANY UINT32_MAX
static const struct {
    uint32_t type, subtype;
    const char *name;
} archs[] = {
    {7, ANY, "i386"},
    {0x01000007, 8, "x86_64h"},
    {0x01000007, ANY, "x86_64"},
    {12, 5, "armv4t"},
    {12, 6, "armv6"},
    {12, 7, "armv5"},
    {12, 9, "armv7"},
    {12, 10, "armv7f"},
    {12, 11, "armv7s"},
    {12, 12, "armv7k"},
    {12, ANY, "arm"},
    {0x0100000c, 2, "arm64e"},
    {0x0100000c, ANY, "arm64"},
    {0x0200000c, ANY, "arm64_32"},
    {18, ANY, "ppc"},
    {0x01000012, ANY, "ppc64"},
};

const char *macho_arch(uint32_t type, uint32_t subtype, struct arena *arena) {
    subtype &= 0xffffff; /* the high octet is capability bits */
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
        if (archs[i].type == type && (archs[i].subtype == ANY || archs[i].subtype == subtype)) {
            return archs[i].name;
        }
    }
    return arena_printf(arena, "cpu-%x", type);
}

bool macho_arch_known(uint32_t type) {
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
        if (archs[i].type == type) {
            return true;
        }
    }
    return false;
}

/* segment_command (32 and 64 bits): what follows cmd and cmdsize
 *   0  16  segname
 *  16  4/8 vmaddr, vmsize, fileoff, filesize
 *      4   maxprot, initprot, nsects, flags
 * section: sectname 16, segname 16, addr 4/8, size 4/8, offset 4, then 24 (32 bits) or 28 (64 bits) octets
 */
static void segment_read(struct reader *r, const struct macho_shape *shape, struct macho_commands *out) {
    uint64_t (*word)(struct reader *, bool) = macho_u64;
    reader_skip(r, 16);
    reader_skip(r, shape->wide ? 16 : 8);
    uint64_t offset = shape->wide ? word(r, shape->big) : macho_u32(r, shape->big);
    uint64_t size = shape->wide ? word(r, shape->big) : macho_u32(r, shape->big);
    reader_skip(r, 8);
    uint32_t n = macho_u32(r, shape->big);
    reader_skip(r, 4);
    if (!reader_ok(r)) {
        out->odd = true;
        return;
    }
    uint64_t end = size > UINT64_MAX - offset ? UINT64_MAX : offset + size;
    out->end = end > out->end ? end : out->end;
    for (uint32_t i = 0; i < n && r->left.n != 0; i++) {
        struct bytes section = reader_bytes(r, 16);
        struct bytes segment = reader_bytes(r, 16);
        reader_skip(r, shape->wide ? 8 : 4);
        uint64_t length = shape->wide ? word(r, shape->big) : macho_u32(r, shape->big);
        uint32_t at = macho_u32(r, shape->big);
        reader_skip(r, shape->wide ? 28 : 24);
        if (reader_ok(r) && bytes_starts(section, bytes_make("__info_plist", 13)) && bytes_starts(segment, bytes_make("__TEXT", 7))) {
            out->info_plist = (struct macho_range){at, length};
        }
    }
}

enum { LC_SEGMENT = 0x1, LC_SEGMENT_64 = 0x19, LC_CODE_SIGNATURE = 0x1d, LINK_SIZE = 16 };

/* linkedit_data_command
 *   0   4  cmd
 *   4   4  cmdsize (16)
 *   8   4  dataoff, from the start of the slice
 *  12   4  datasize
 */
static void link_read(struct reader *r, uint64_t at, uint32_t cmd, const struct macho_shape *shape, struct arena *arena,
                      struct anomalies *anomalies, struct macho_commands *out) {
    struct macho_range range = {.at = macho_u32(r, shape->big)};
    range.size = macho_u32(r, shape->big);
    if (!reader_ok(r)) {
        out->odd = true;
    } else if (cmd != LC_CODE_SIGNATURE) {
        if (out->n_links < MACHO_LINKS_MAX) {
            out->links[out->n_links++] = range;
        }
    } else if (out->n_signatures == limit_most(arena->limits, LIMIT_SIGNATURES)) {
        out->limited = LIMIT_SIGNATURES + 1;
    } else {
        if (out->n_signatures != 0 && anomalies != NULL) {
            anomaly_note(anomalies, arena, ANOMALY_BAD_DIRECTORY, at, LINK_SIZE, "a second LC_CODE_SIGNATURE");
        }
        out->signatures[out->n_signatures++] = range;
        out->end = range.at + range.size > out->end ? range.at + range.size : out->end;
    }
}

static void odd_layout(struct macho_commands *out, struct arena *arena, struct anomalies *anomalies, uint64_t at, const char *detail) {
    if (!out->odd && anomalies != NULL) {
        anomaly_note(anomalies, arena, ANOMALY_ODD_LAYOUT, at, 0, detail);
    }
    out->odd = true;
}

/* load_command: cmd 4, cmdsize 4 (of the whole command) */
static void commands_walk(struct reader *r, uint32_t n, const struct macho_shape *shape, struct arena *arena, struct anomalies *anomalies,
                          struct macho_commands *out) {
    for (uint32_t i = 0; i < n; i++) {
        uint64_t at = r->at;
        if (r->left.n != 0 && i == limit_most(arena->limits, LIMIT_COMMANDS)) {
            out->limited = LIMIT_COMMANDS + 1;
            return;
        }
        if (r->left.n == 0) {
            odd_layout(out, arena, anomalies, at, "more load commands are counted than there are");
            return;
        }
        uint32_t cmd = macho_u32(r, shape->big);
        uint32_t size = macho_u32(r, shape->big);
        if (!reader_ok(r) || size < 8 || size - 8 > r->left.n) {
            odd_layout(out, arena, anomalies, at, "a load command's size makes no sense");
            return;
        }
        struct reader body = reader_sub(r, size - 8);
        if (cmd == (shape->wide ? LC_SEGMENT_64 : LC_SEGMENT)) {
            segment_read(&body, shape, out);
        } else if (cmd == LC_CODE_SIGNATURE || size == LINK_SIZE) {
            link_read(&body, at, cmd, shape, arena, anomalies, out);
        }
    }
}

/* mach_header
 *   0   4  magic
 *   4   4  cputype
 *   8   4  cpusubtype
 *  12   4  filetype
 *  16   4  ncmds
 *  20   4  sizeofcmds
 *  24   4  flags
 *  28   4  reserved, with 64 bits only
 */
bool macho_commands_read(struct source *source, uint64_t at, uint64_t size, struct arena *arena, struct anomalies *anomalies,
                         struct macho_commands *out, struct error *err) {
    struct bytes header;
    uint64_t n = size < MACHO_HEADER_MAX ? size : MACHO_HEADER_MAX;
    if (!source_read_some(source, arena, at, n, &header, err)) {
        return false;
    }
    struct macho_shape shape = macho_shape_of(header);
    struct reader r = reader_make(header, at);
    reader_skip(&r, 4);
    uint32_t type = macho_u32(&r, shape.big);
    uint32_t subtype = macho_u32(&r, shape.big);
    reader_skip(&r, 4);
    uint32_t count = macho_u32(&r, shape.big);
    uint32_t commands = macho_u32(&r, shape.big);
    reader_skip(&r, shape.wide ? 8 : 4);
    if (shape.magic != MACHO_THIN || !reader_ok(&r)) {
        return error_set(err, ERR_MALFORMED, "no Mach-O header at offset 0x%llx", (unsigned long long)at);
    }
    *out = (struct macho_commands){.arch = macho_arch(type, subtype, arena)};
    uint64_t begin = shape.wide ? 32 : 28;
    uint64_t take = commands, most = limit_most(arena->limits, LIMIT_COMMANDS_SIZE);
    if (take > size - begin) {
        out->cut = true;
        odd_layout(out, arena, anomalies, at + 20, "the load commands pass the end");
        take = size - begin;
    }
    if (take > most) {
        out->limited = LIMIT_COMMANDS_SIZE + 1;
        take = most;
    }
    struct bytes body;
    if (out->arch == NULL) {
        return arena_full(arena, err);
    }
    if (!source_read_some(source, arena, at + begin, take, &body, err)) {
        return false;
    }
    r = reader_make(body, at + begin);
    commands_walk(&r, count, &shape, arena, anomalies, out);
    return true;
}
