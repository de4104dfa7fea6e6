/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/program_end.h"

#include "base/reader.h"
#include "model/limits.h"

enum { HEAD = 4096 };

/* ---- ELF ---- */

/* What differs between 32 and 64 bits, in octets: e_phoff 28 or 32, e_shoff 32 or 40, e_phentsize 42 or 54 and three more u16 behind it. In
 * a program header p_offset 4 or 8, p_filesz 16 or 32; in a section header sh_type 4, sh_offset 16 or 24, sh_size 20 or 32. */
struct elf {
    bool wide, big;
    uint64_t segments_at, sections_at;
    size_t segment_size, n_segments, section_size, n_sections;
};

static uint64_t elf_u16(const struct elf *elf, struct reader *r) {
    return elf->big ? reader_u16be(r) : reader_u16le(r);
}

/* An address or offset. */
static uint64_t elf_word(const struct elf *elf, struct reader *r) {
    return elf->wide ? (elf->big ? reader_u64be(r) : reader_u64le(r)) : elf->big ? reader_u32be(r) : reader_u32le(r);
}

static bool elf_read(struct bytes head, struct elf *elf) {
    if (!bytes_starts(head, bytes_text("\177ELF")) || head.n < 6) {
        return false;
    }
    *elf = (struct elf){.wide = head.p[4] == 2, .big = head.p[5] == 2};
    struct reader r = reader_make(head, 0);
    reader_skip(&r, elf->wide ? 32 : 28);
    elf->segments_at = elf_word(elf, &r);
    elf->sections_at = elf_word(elf, &r);
    reader_skip(&r, 6);
    elf->segment_size = elf_u16(elf, &r);
    elf->n_segments = elf_u16(elf, &r);
    elf->section_size = elf_u16(elf, &r);
    elf->n_sections = elf_u16(elf, &r);
    return reader_ok(&r);
}

static uint64_t behind(uint64_t end, uint64_t at, uint64_t n) {
    return at + n > at && at + n > end ? at + n : end;
}

static uint64_t segments_end(const struct elf *elf, struct bytes b, uint64_t end) {
    for (size_t i = 0; i < elf->n_segments; i++) {
        struct reader r = reader_make(bytes_cut(b, i * elf->segment_size, elf->segment_size), 0);
        reader_skip(&r, elf->wide ? 8 : 4);
        uint64_t at = elf_word(elf, &r);
        reader_skip(&r, elf->wide ? 16 : 8);
        uint64_t n = elf_word(elf, &r);
        end = reader_ok(&r) ? behind(end, at, n) : end;
    }
    return end;
}

static uint64_t sections_end(const struct elf *elf, struct bytes b, uint64_t end) {
    enum { NOBITS = 8 };
    for (size_t i = 0; i < elf->n_sections; i++) {
        struct reader r = reader_make(bytes_cut(b, i * elf->section_size, elf->section_size), 0);
        reader_skip(&r, 4);
        uint32_t type = elf->big ? reader_u32be(&r) : reader_u32le(&r);
        reader_skip(&r, elf->wide ? 16 : 8);
        uint64_t at = elf_word(elf, &r), n = elf_word(elf, &r);
        end = reader_ok(&r) && type != NOBITS ? behind(end, at, n) : end;
    }
    return end;
}

/* b begins at the file's offset at. */
static struct bytes table(struct bytes b, uint64_t at, size_t each, size_t n) {
    return at < b.n ? bytes_cut(b, (size_t)at, each * n) : bytes_none();
}

static uint64_t elf_end(const struct elf *elf, struct bytes head) {
    uint64_t end = segments_end(elf, table(head, elf->segments_at, elf->segment_size, elf->n_segments), 0);
    end = sections_end(elf, table(head, elf->sections_at, elf->section_size, elf->n_sections), end);
    return behind(end, elf->sections_at, (uint64_t)elf->section_size * elf->n_sections);
}

/* ---- Mach-O ---- */

/* Thin, little-endian: 12 u32 type, 16 u32 ncmds, 20 u32 sizeofcmds; commands behind 28 or 32: u32 command, u32 size. A segment (1 or
 * 0x19): fileoff and filesize at 32 (u32 each) or 40 (u64 each). */
static uint64_t thin_end(struct bytes head) {
    enum { SEGMENT = 1, SEGMENT_64 = 0x19, TYPE_MAX = 12, COMMANDS_MAX = LIMIT_COMMANDS_USUAL };
    bool wide = head.p[0] == 0xcf;
    struct reader r = reader_make(head, 0);
    uint64_t end = 0;
    reader_skip(&r, 12);
    uint32_t type = reader_u32le(&r), n = reader_u32le(&r), size = reader_u32le(&r);
    reader_skip(&r, wide ? 8 : 4);
    if (!reader_ok(&r) || type == 0 || type > TYPE_MAX || n == 0 || n > COMMANDS_MAX || size > r.left.n) {
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t command = reader_u32le(&r), length = reader_u32le(&r);
        struct reader in = reader_sub(&r, length >= 8 ? length - 8 : 0);
        if (!reader_ok(&r) || length < 8) {
            return 0;
        }
        if (command == SEGMENT || command == SEGMENT_64) {
            reader_skip(&in, command == SEGMENT ? 24 : 32);
            uint64_t at = command == SEGMENT ? reader_u32le(&in) : reader_u64le(&in);
            uint64_t bytes = command == SEGMENT ? reader_u32le(&in) : reader_u64le(&in);
            end = reader_ok(&in) ? behind(end, at, bytes) : end;
        }
    }
    return end;
}

/* Big-endian: 4 u32 slices, each 20 octets with u32 offset at 8 and u32 size at 12. A Java class has a version there. */
static uint64_t fat_end(struct bytes head) {
    enum { SLICES_MAX = 30 };
    struct reader r = reader_make(head, 0);
    uint64_t end = 0;
    reader_skip(&r, 4);
    uint32_t n = reader_u32be(&r);
    for (uint32_t i = 0; n <= SLICES_MAX && i < n; i++) {
        reader_skip(&r, 8);
        uint64_t at = reader_u32be(&r), size = reader_u32be(&r);
        reader_skip(&r, 4);
        end = behind(end, at, size);
    }
    return reader_ok(&r) ? end : 0;
}

uint64_t program_end(struct bytes head) {
    struct elf elf;
    if (elf_read(head, &elf)) {
        return elf_end(&elf, head);
    }
    if (bytes_starts(head, bytes_text("\xcf\xfa\xed\xfe")) || bytes_starts(head, bytes_text("\xce\xfa\xed\xfe"))) {
        return thin_end(head);
    }
    return bytes_starts(head, bytes_text("\xca\xfe\xba\xbe")) ? fat_end(head) : 0;
}

bool program_end_exact(struct source *source, struct arena *arena, uint64_t *end, struct error *err) {
    struct bytes head, sections;
    struct elf elf;
    if (!source_read_some(source, arena, 0, HEAD, &head, err)) {
        return false;
    }
    *end = program_end(head);
    if (!elf_read(head, &elf) || elf.sections_at < HEAD || elf.sections_at >= source->size) {
        return true;
    }
    if (!source_read_some(source, arena, elf.sections_at, (uint64_t)elf.section_size * elf.n_sections, &sections, err)) {
        return false;
    }
    *end = sections_end(&elf, sections, *end);
    return true;
}
