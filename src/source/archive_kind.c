/* SPDX-License-Identifier: Apache-2.0 */
/* How archives begin. Where a magic number is short, more of the header must fit: a file taken for an archive that it is not would be
 * called unreadable. */
#include "source/archive.h"

#include "base/reader.h"

enum { TAR_BLOCK = 512, TAR_SUM_AT = 148, TAR_SUM = 8, AR_NAME = 16 };

/* An octal number with blanks around it; UINT32_MAX when it is none. */
static uint32_t octal(struct bytes b) {
    uint32_t value = 0;
    size_t i = 0;
    while (i < b.n && b.p[i] == ' ') {
        i++;
    }
    if (i == b.n || b.p[i] < '0' || b.p[i] > '7') {
        return UINT32_MAX;
    }
    for (; i < b.n && b.p[i] >= '0' && b.p[i] <= '7'; i++) {
        value = value << 3 | (uint32_t)(b.p[i] - '0');
    }
    return i == b.n || b.p[i] == ' ' || b.p[i] == '\0' ? value : UINT32_MAX;
}

/* A tar header is known by its checksum, octal at 148: the sum of its octets, the checksum itself taken as blanks. Some tar programs
 * of old summed signed characters. Blocks of zeros in front are passed over by some programs, and hide the archive from the others. */
static bool is_tar(struct bytes head) {
    while (head.n > TAR_BLOCK && head.p[0] == '\0' && bytes_zero(bytes_cut(head, 0, TAR_BLOCK))) {
        head = bytes_cut(head, TAR_BLOCK, head.n);
    }
    if (head.n < TAR_BLOCK) {
        return false;
    }
    uint32_t told = octal(bytes_cut(head, TAR_SUM_AT, TAR_SUM));
    uint32_t sum = 0;
    int32_t sum_signed = 0;
    if (told == UINT32_MAX) {
        return false;
    }
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        uint8_t octet = i >= TAR_SUM_AT && i < TAR_SUM_AT + TAR_SUM ? ' ' : head.p[i];
        sum += octet;
        sum_signed += (int8_t)octet;
    }
    return told == sum || (int64_t)told == sum_signed;
}

static bool is_7z(struct bytes head) {
    return bytes_starts(head, bytes_make("7z\xbc\xaf\x27\x1c", 6));
}

static bool is_rar(struct bytes head) {
    return bytes_starts(head, bytes_make("Rar!\x1a\7\0", 7)) || bytes_starts(head, bytes_make("Rar!\x1a\7\1\0", 8));
}

static bool is_deb(struct bytes head) {
    return bytes_starts(head, bytes_text("!<arch>\ndebian-binary"));
}

/* Libraries, known by their symbol table, are left out: what they hold is linked, not run. */
static bool is_ar(struct bytes head) {
    struct bytes name = bytes_cut(head, 8, AR_NAME), data = bytes_cut(head, 68, AR_NAME);
    return bytes_starts(head, bytes_text("!<arch>\n")) && name.n == AR_NAME && name.p[0] != '/' &&
           !bytes_starts(name, bytes_text("__.SYMDEF")) &&
           !(bytes_starts(name, bytes_text("#1/")) && bytes_starts(data, bytes_text("__.SYMDEF")));
}

static bool is_rpm(struct bytes head) {
    return bytes_starts(head, bytes_make("\xed\xab\xee\xdb", 4));
}

static uint8_t sum_of(struct bytes b) {
    uint8_t sum = 0;
    for (size_t i = 0; i < b.n; i++) {
        sum = (uint8_t)(sum + b.p[i]);
    }
    return sum;
}

/* 2 method "-lh5-", 20 level. The header of levels 0 and 1 begins with u8 its size and u8 the sum of the octets behind these two, that of 2
 * with u16 its size, that of 3 with u16 4. */
static bool is_lha(struct bytes head) {
    enum { METHOD_AT = 2, LEVEL_AT = 20, LEAST = LEVEL_AT + 1, WORD = 4 };
    struct bytes method = bytes_cut(head, METHOD_AT, 5), covered = bytes_cut(head, METHOD_AT, head.n != 0 ? head.p[0] : 0);
    bool known =
        bytes_starts(method, bytes_text("-lh")) || bytes_starts(method, bytes_text("-lz")) || bytes_starts(method, bytes_text("-pm"));
    if (!known || head.n <= LEVEL_AT || method.p[4] != '-') {
        return false;
    }
    unsigned size = head.p[0] | (unsigned)head.p[1] << 8;
    switch (head.p[LEVEL_AT]) {
    case 0:
    case 1:
        return covered.n >= LEAST && covered.n == head.p[0] && sum_of(covered) == head.p[1];
    case 2:
        return size > LEAST;
    default:
        return head.p[LEVEL_AT] == 3 && size == WORD;
    }
}

/* Method 8 and no flag bit that is reserved. */
static bool is_gzip(struct bytes head) {
    return bytes_starts(head, bytes_make("\x1f\x8b\x08", 3)) && head.n > 3 && (head.p[3] & 0xe0) == 0;
}

/* A level, then a block (pi) or the end (the root of pi) of nothing. */
static bool is_bzip2(struct bytes head) {
    struct bytes block = bytes_cut(head, 4, 6);
    return bytes_starts(head, bytes_text("BZh")) && head.n > 3 && head.p[3] >= '1' && head.p[3] <= '9' &&
           (bytes_equal(block, bytes_make("1AY&SY", 6)) || bytes_equal(block, bytes_make("\x17\x72\x45\x38\x50\x90", 6)));
}

static bool is_xz(struct bytes head) {
    return bytes_starts(head, bytes_make("\xfd"
                                         "7zXZ\0",
                                         6));
}

/* 0 u8 properties (what every packer writes), 1 u32 dictionary (2^n or 3 * 2^n, as XZ Utils asks for, too; lzma_alone.h of others), 5 u64
 * size or -1, 13 u8: the first octet of packed data is always 0, and the first bit, that of the next one, too. */
enum { LZMA_PROPERTIES = 0x5d };
static bool is_lzma(struct bytes head) {
    if (head.n == 0 || head.p[0] != LZMA_PROPERTIES) {
        return false;
    }
    struct reader r = reader_make(head, 0);
    reader_skip(&r, 5);
    uint64_t size = reader_u64le(&r);
    uint8_t first = reader_u8(&r), second = reader_u8(&r);
    return reader_ok(&r) && (size == UINT64_MAX || (size != 0 && size < UINT64_C(1) << 38)) && first == 0 && second < 0x80;
}

static bool is_lzip(struct bytes head) {
    return bytes_starts(head, bytes_text("LZIP")) && head.n > 5 && head.p[4] <= 1;
}

/* Frames to be passed over stand in front of packed ones, as pzstd writes them (RFC 8878 3.1.2; LZ4 has the same):
 * 0 u32 184D2A5x, 4 u32 size of what follows. */
static bool is_skipped(struct bytes *head) {
    struct reader r = reader_make(*head, 0);
    uint32_t magic = reader_u32le(&r), n = reader_u32le(&r);
    if (!reader_ok(&r) || (magic & 0xfffffff0) != 0x184d2a50) {
        return false;
    }
    *head = bytes_cut(r.left, n < r.left.n ? n : r.left.n, r.left.n);
    return true;
}

/* What a frame hides that passes the bytes at hand is for the unpacker to say. */
static bool is_zstd(struct bytes head) {
    bool skipped = false;
    while (is_skipped(&head)) {
        skipped = true;
    }
    return bytes_starts(head, bytes_make("\x28\xb5\x2f\xfd", 4)) || (skipped && head.n == 0);
}

/* Version 01, no reserved bit, block sizes 4 to 7; or as "lz4 -l" writes it: blocks of 8 MiB, each behind its packed size. */
static bool is_lz4(struct bytes head) {
    enum { LEGACY_MAX = (8 << 20) + (8 << 20) / 255 + 16 };
    while (is_skipped(&head)) {
    }
    struct reader r = reader_make(head, 0);
    bool legacy = reader_u32le(&r) == 0x184c2102;
    uint32_t n = reader_u32le(&r);
    if (legacy) {
        return reader_ok(&r) && n != 0 && n <= LEGACY_MAX;
    }
    return bytes_starts(head, bytes_make("\x04\x22\x4d\x18", 4)) && head.n > 6 && (head.p[4] & 0xc2) == 0x40 && (head.p[5] & 0x8f) == 0 &&
           head.p[5] >= 0x40;
}

/* Codes of 9 to 16 bits; the first one, in nine bits, is an octet. */
static bool is_compress(struct bytes head) {
    return bytes_starts(head, bytes_make("\x1f\x9d", 2)) && head.n > 4 && (head.p[2] & 0x60) == 0 && (head.p[2] & 0x1f) >= 9 &&
           (head.p[2] & 0x1f) <= 16 && (head.p[4] & 1) == 0;
}

static bool (*const begins[ARCHIVE_KINDS])(struct bytes head) = {
    [ARCHIVE_TAR] = is_tar,     [ARCHIVE_7Z] = is_7z,   [ARCHIVE_RAR] = is_rar,           [ARCHIVE_DEB] = is_deb,
    [ARCHIVE_AR] = is_ar,       [ARCHIVE_RPM] = is_rpm, [ARCHIVE_LHA] = is_lha,           [ARCHIVE_GZIP] = is_gzip,
    [ARCHIVE_BZIP2] = is_bzip2, [ARCHIVE_XZ] = is_xz,   [ARCHIVE_LZMA] = is_lzma,         [ARCHIVE_LZIP] = is_lzip,
    [ARCHIVE_ZSTD] = is_zstd,   [ARCHIVE_LZ4] = is_lz4, [ARCHIVE_COMPRESS] = is_compress,
};

enum archive_kind archive_kind_of(struct bytes head) {
    unsigned kind = 0;
    while (kind < ARCHIVE_KINDS && (begins[kind] == NULL || !begins[kind](head))) {
        kind++;
    }
    return (enum archive_kind)kind;
}

bool archive_is_iso(struct bytes middle) {
    struct bytes name = bytes_cut(middle, 1, 5);
    return bytes_is(name, "CD001") || bytes_is(name, "BEA01");
}

bool archive_is_packed(enum archive_kind kind) {
    return kind >= ARCHIVE_GZIP && kind <= ARCHIVE_COMPRESS;
}
