/* SPDX-License-Identifier: Apache-2.0 */
#include "source/archive_extent.h"

#include "base/reader.h"
#include "source/archive.h"
#include "source/cpio.h"
#include "source/helper.h"

enum {
    STEPS_MAX = 1 << 20, /* behind so many of them is searched as if the archive ended there */
    LOOK_MAX = 8192,     /* octets of a header that may be looked at */
};

/* What is known between two headers. */
struct state {
    uint64_t at, begin;      /* of the header in hand; of the archive that it belongs to */
    uint64_t left;           /* unpacked octets that are still to come */
    bool begun, legacy;      /* a header was read; LZ4: it was the old one */
    bool block_sum, end_sum; /* four octets behind each block; behind the last one */
    bool skipped;            /* the last step was a frame that unpackers pass by */
};

/* A header with what belongs to it: so many octets, 0 where none begins; whether nothing follows. */
struct step {
    uint64_t n;
    bool last;
};

static const struct step none = {0, true};

/* ---- frames ---- */

enum { SKIPPED_HEADER = 8 };

static struct step skipped_frame(uint32_t magic, uint32_t n, struct state *s) {
    s->skipped = (magic & 0xfffffff0) == 0x184d2a50;
    return s->skipped ? (struct step){UINT64_C(0) + SKIPPED_HEADER + n, false} : none;
}

/* 0 u32 FD2FB528, 4 u8: its bits 6 and 7 size of the content's size, 5 no window, 2 a checksum, 0 and 1 size of the dictionary's number. */
static struct step zstd_frame(struct bytes head, struct state *s) {
    static const uint8_t content[] = {0, 2, 4, 8}, dictionary[] = {0, 1, 2, 4};
    struct reader r = reader_make(head, 0);
    uint32_t magic = reader_u32le(&r);
    if (magic != 0xfd2fb528) {
        return skipped_frame(magic, reader_u32le(&r), s);
    }
    uint8_t flags = reader_u8(&r);
    bool single = (flags & 0x20) != 0;
    s->begun = true;
    s->end_sum = (flags & 4) != 0;
    unsigned size = single && flags >> 6 == 0 ? 1 : content[flags >> 6];
    return (struct step){5u + !single + dictionary[flags & 3] + size, false};
}

/* A block: u24 of which bit 0 says that it is the last one, bits 1 and 2 how it is packed (1: one octet, repeated), the rest its size. */
static struct step zstd_step(struct bytes head, struct state *s) {
    enum { REPEATED = 1, RESERVED = 3, HEADER = 3 };
    if (!s->begun) {
        return zstd_frame(head, s);
    }
    struct reader r = reader_make(head, 0);
    uint32_t word = reader_u16le(&r);
    word |= (uint32_t)reader_u8(&r) << 16;
    unsigned kind = word >> 1 & 3;
    if (!reader_ok(&r) || kind == RESERVED) {
        return none;
    }
    s->begun = (word & 1) == 0;
    return (struct step){HEADER + (kind == REPEATED ? 1 : word >> 3) + (!s->begun && s->end_sum ? 4u : 0), false};
}

/* 0 u32 184D2204, 4 u8: its bits 4 checksums of blocks, 3 the content's size, 2 a checksum, 0 a dictionary; u8 sizes, what was named, u8
 * checksum. Or u32 184C2102. */
static struct step lz4_frame(struct bytes head, struct state *s) {
    enum { LEGACY = 0x184c2102, FRAME = 0x184d2204 };
    struct reader r = reader_make(head, 0);
    uint32_t magic = reader_u32le(&r);
    s->legacy = magic == LEGACY;
    if (magic != FRAME && magic != LEGACY) {
        return skipped_frame(magic, reader_u32le(&r), s);
    }
    s->begun = true;
    uint8_t flags = s->legacy ? 0 : reader_u8(&r);
    s->block_sum = (flags & 0x10) != 0;
    s->end_sum = (flags & 4) != 0;
    return (struct step){s->legacy ? 4u : 7u + ((flags & 8) != 0 ? 8u : 0) + ((flags & 1) != 0 ? 4u : 0), false};
}

/* A block: u32 its size, without the uppermost bit; 0 ends the frame. Old ones end where a size is none. */
static struct step lz4_step(struct bytes head, struct state *s) {
    enum { LEGACY_MAX = (8 << 20) + (8 << 20) / 255 + 16, BLOCK_MAX = 4 << 20 };
    if (!s->begun) {
        return lz4_frame(head, s);
    }
    struct reader r = reader_make(head, 0);
    uint32_t word = reader_u32le(&r), n = word & 0x7fffffff;
    if (s->legacy && (word == 0 || word > LEGACY_MAX)) {
        s->begun = false;
        return lz4_frame(head, s);
    }
    if (!reader_ok(&r) || (!s->legacy && n > BLOCK_MAX)) {
        return none;
    }
    s->begun = word != 0;
    return (struct step){UINT64_C(4) + n + ((s->begun ? s->block_sum : s->end_sum) ? 4 : 0), false};
}

/* ---- archives ---- */

/* Behind "!<arch>\n": 48 ten decimal digits, 58 "`\n"; data is padded to even. */
static struct step ar_step(struct bytes head, struct state *s) {
    enum { MAGIC = 8, HEADER = 60, SIZE_AT = 48, SIZE = 10 };
    uint64_t n = 0;
    if (!s->begun) {
        s->begun = true;
        return (struct step){MAGIC, false};
    }
    struct bytes digits = bytes_cut(head, SIZE_AT, SIZE);
    if (!bytes_is(bytes_cut(head, SIZE_AT + SIZE, 2), "`\n")) {
        return none;
    }
    for (size_t i = 0; i < digits.n && digits.p[i] >= '0' && digits.p[i] <= '9'; i++) {
        n = n * 10 + (digits.p[i] - '0' + 0u);
    }
    return (struct step){HEADER + n + n % 2, false};
}

/* A lead of 96 octets; then the signature: 8EADE801, u32, u32 number of entries, u32 size of their data, entries of u32 tag, type, offset,
 * count; padded to 8. Its tag 1000 is a u32, 270 a u64: size of all that follows. */
static struct step rpm_step(struct bytes head, struct state *s) {
    enum { LEAD = 96, ENTRIES_MAX = 64, ENTRY = 16, INTRO = 16, SIZE = 1000, LONG_SIZE = 270 };
    if (!s->begun) {
        s->begun = true;
        return (struct step){LEAD, false};
    }
    struct reader r = reader_make(head, 0);
    uint32_t magic = reader_u32be(&r);
    reader_skip(&r, 4);
    uint32_t n = reader_u32be(&r), data = reader_u32be(&r);
    if (!reader_ok(&r) || magic != 0x8eade801 || n > ENTRIES_MAX) {
        return none;
    }
    uint64_t content = INTRO + (uint64_t)n * ENTRY, size = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t tag = reader_u32be(&r);
        reader_skip(&r, 4);
        uint32_t at = reader_u32be(&r);
        reader_skip(&r, 4);
        struct reader value = reader_make(at < head.n ? bytes_cut(head, (size_t)content + at, head.n) : bytes_none(), 0);
        size = tag == SIZE ? reader_u32be(&value) : tag == LONG_SIZE ? reader_u64be(&value) : size;
    }
    return size != 0 && reader_ok(&r) ? (struct step){(content + data + 7) / 8 * 8 + size, true} : none;
}

/* 2 the method, 7 u32 size of the data, of level 1 with what else belongs to the header, 20 u8 level; the header's size: 0 u8 without two
 * octets, of level 2 0 u16, of level 3 24 u32. An octet of 0 ends the archive. */
static struct step lha_step(struct bytes head, struct state *s) {
    enum { DATA_AT = 7, LEVEL_AT = 20, LONG_AT = 24 };
    (void)s;
    if (head.n != 0 && head.p[0] == 0) {
        return (struct step){1, true};
    }
    if (archive_kind_of(head) != ARCHIVE_LHA) {
        return none;
    }
    struct reader data = reader_make(bytes_cut(head, DATA_AT, head.n), 0), size = reader_make(bytes_cut(head, LONG_AT, head.n), 0);
    uint32_t n = reader_u32le(&data), level = head.p[LEVEL_AT];
    uint64_t header = level <= 1 ? head.p[0] + 2u : level == 2 ? head.p[0] | (unsigned)head.p[1] << 8 : reader_u32le(&size);
    return (struct step){header + n, false};
}

/* Where several stand one behind the other, with NULs between them, that is one. Then whatever else is something by itself is a member. */
static struct step cpio_step(struct bytes head, struct state *s) {
    const struct cpio_layout *l = cpio_layout_of(head);
    struct cpio_header h;
    size_t zeros = 0;
    while (!s->begun && s->at != 0 && zeros < head.n && head.p[zeros] == 0) {
        zeros++;
    }
    if (zeros != 0) {
        return (struct step){zeros, false};
    }
    s->begin = s->begun ? s->begin : s->at;
    if (l == NULL || !cpio_header_read(l, head, &h)) {
        return !s->begun && cpio_goes_on(head) ? (struct step){UINT64_MAX, true} : none;
    }
    struct bytes name = bytes_cut(head, l->header, (size_t)h.name_size);
    s->begun = !bytes_starts(name, bytes_text(CPIO_LAST));
    uint64_t from = s->at - s->begin, behind = from + l->header + h.name_size;
    uint64_t end = s->begun ? cpio_aligned(l, cpio_aligned(l, behind) + h.size) : behind;
    return (struct step){end - from, false};
}

/* 0 60EA, 2 u16 size of the header (0: the end), the header, of a file 12 u32 size of its data, u32; then extended headers: u16 size (0: no
 * more), so many octets, u32. */
static struct step arj_step(struct bytes head, struct state *s) {
    enum { DATA_AT = 12, KIND_AT = 6, MAIN = 2 };
    struct reader r = reader_make(head, 0);
    bool is = bytes_is(reader_bytes(&r, 2), "\x60\xea");
    size_t n = reader_u16le(&r);
    (void)s;
    if (!is || !reader_ok(&r) || n == 0) {
        return is && reader_ok(&r) ? (struct step){4, true} : none;
    }
    struct bytes header = reader_bytes(&r, n);
    struct reader data = reader_make(bytes_cut(header, DATA_AT, header.n), 0);
    uint32_t size = reader_u32le(&data);
    reader_skip(&r, 4);
    for (size_t more = 1; more != 0 && reader_ok(&r);) {
        more = reader_u16le(&r);
        reader_skip(&r, more != 0 ? more + 4 : 0);
    }
    bool main = header.n > KIND_AT && header.p[KIND_AT] == MAIN;
    return reader_ok(&r) && reader_ok(&data) ? (struct step){r.at + (main ? 0 : size), false} : none;
}

/* ---- what one header says of all ---- */

/* 56 u64 offset of the first section, in that 8 u64 size of the file. */
static struct step chm_step(struct bytes head, struct state *s) {
    enum { SECTION_AT = 56, SIZE_AT = 8 };
    struct reader r = reader_make(bytes_cut(head, SECTION_AT, head.n), 0);
    uint64_t section = reader_u64le(&r);
    struct reader size = reader_make(section < head.n ? bytes_cut(head, (size_t)section + SIZE_AT, head.n) : bytes_none(), 0);
    (void)s;
    return (struct step){reader_u64le(&size), true};
}

/* 40 u64 bytes used. */
static struct step squashfs_step(struct bytes head, struct state *s) {
    enum { USED_AT = 40 };
    struct reader r = reader_make(bytes_cut(head, USED_AT, head.n), 0);
    (void)s;
    return (struct step){reader_u64le(&r), true};
}

/* 4 u32 size. */
static struct step cramfs_step(struct bytes head, struct state *s) {
    struct reader r = reader_make(bytes_cut(head, 4, head.n), 0);
    (void)s;
    return (struct step){reader_u32le(&r), true};
}

/* 10 u32 size of what comes out; then an octet of flags for each eight of: one octet as it is (1), or two that stand for three to eighteen.
 */
static struct step szdd_step(struct bytes head, struct state *s) {
    enum { HEADER = 14, SIZE_AT = 10, LEAST = 3 };
    if (!s->begun) {
        struct reader r = reader_make(bytes_cut(head, SIZE_AT, head.n), 0);
        s->begun = true;
        s->left = reader_u32le(&r);
        return (struct step){HEADER, s->left == 0};
    }
    struct reader r = reader_make(head, 0);
    uint8_t flags = reader_u8(&r);
    for (unsigned i = 0; i < 8 && s->left != 0; i++, flags >>= 1) {
        reader_skip(&r, 1);
        uint64_t made = (flags & 1) != 0 ? 1 : LEAST + (reader_u8(&r) & 15u);
        s->left -= made < s->left ? made : s->left;
    }
    return reader_ok(&r) ? (struct step){r.at, s->left == 0} : none;
}

/* ---- all of them ---- */

struct archive_extent {
    struct step (*step)(struct bytes head, struct state *s);
    size_t look;
    bool dear;
    bool all; /* where the first headers don't say it, nothing does */
};

static const struct archive_extent archives[ARCHIVE_KINDS] = {
    [ARCHIVE_ZSTD] = {zstd_step, 16, true, false}, [ARCHIVE_LZ4] = {lz4_step, 32, true, false},
    [ARCHIVE_AR] = {ar_step, 64, false, false},    [ARCHIVE_DEB] = {ar_step, 64, false, false},
    [ARCHIVE_RPM] = {rpm_step, 8192, false, true}, [ARCHIVE_LHA] = {lha_step, 512, false, false},
};
static const struct archive_extent helped[HELPER_FORMATS] = {
    [HELPER_ARJ] = {arj_step, 4096, false, false},        [HELPER_CHM] = {chm_step, 4096, true, true},
    [HELPER_SQUASHFS] = {squashfs_step, 48, false, true}, [HELPER_CRAMFS] = {cramfs_step, 8, false, true},
    [HELPER_SZDD] = {szdd_step, 24, true, false},
};
static const struct archive_extent cpio = {cpio_step, LOOK_MAX, false, false};

const struct archive_extent *archive_extent_of(struct bytes head) {
    enum archive_kind kind = archive_kind_of(head);
    const struct archive_extent *row = NULL;
    if (kind != ARCHIVE_KINDS) {
        row = &archives[kind];
    } else if (bytes_starts(head, bytes_text("07070")) || cpio_is_binary(head)) {
        row = &cpio;
    } else {
        enum helper_format format = helped_format_of(head);
        row = format != HELPER_FORMATS ? &helped[format] : NULL;
    }
    return row != NULL && row->step != NULL ? row : NULL;
}

bool archive_extent_is_dear(const struct archive_extent *extent) {
    return extent->dear;
}

/* The step at s->at, behind which s->at stands then; no further where it leads past the end. */
static bool step_on(const struct archive_extent *extent, struct source *source, struct state *s, struct step *step, struct error *err) {
    uint8_t octets[LOOK_MAX];
    uint64_t left = source->size - s->at;
    size_t n = left < extent->look ? (size_t)left : extent->look;
    if (!source_into(source, octets, n, s->at, err)) {
        return false;
    }
    s->skipped = false;
    *step = extent->step(bytes_make(octets, n), s);
    bool leads_out = step->n > left;
    s->at = step->n == UINT64_MAX ? source->size : leads_out ? s->at : s->at + step->n;
    step->last = step->last || leads_out || step->n == 0;
    return true;
}

bool archive_extent_find(const struct archive_extent *extent, struct source *source, uint64_t *end, struct error *err) {
    struct state s = {0};
    struct step step = {0};
    for (unsigned i = 0; i < STEPS_MAX && s.at < source->size && !step.last; i++) {
        if (!step_on(extent, source, &s, &step, err)) {
            return false;
        }
    }
    *end = extent->all && step.n == 0 ? 0 : s.at;
    return true;
}

bool archive_extent_skipped(const struct archive_extent *extent, struct source *source, uint64_t *at, uint64_t *n, struct error *err) {
    enum { LEAST = 64 }; /* the sizes of frames, as pzstd notes them, are less */
    struct state s = {.at = *at};
    struct step step = {0};
    bool frames = extent->step == zstd_step || extent->step == lz4_step;
    *n = 0;
    for (unsigned i = 0; frames && i < STEPS_MAX && s.at < source->size && !step.last && *n == 0; i++) {
        if (!step_on(extent, source, &s, &step, err)) {
            return false;
        }
        *n = s.skipped && !step.last && step.n >= SKIPPED_HEADER + LEAST ? step.n - SKIPPED_HEADER : 0;
    }
    *at = s.at - *n;
    return true;
}
