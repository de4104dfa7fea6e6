/* SPDX-License-Identifier: Apache-2.0 */
/* How files begin that are looked for in others. Where a magic number is short, or stands as a word in many programs, more must fit: first
 * of what is in memory, then (source/piece_measure.h) of what it leads to. */
#include "source/piece.h"

#include <ctype.h>
#include <pthread.h>

#include "base/reader.h"
#include "source/archive.h"
#include "source/cpio.h"
#include "source/encoded.h"
#include "source/helper.h"
#include "source/piece_measure.h"
#include "source/stream.h"

enum {
    STEP = 1 << 20,               /* so much is searched at once, */
    STEP_KEPT = STREAM_BLOCK / 2, /* or so much of what is unpacked: what is shown of it begins where it is kept still */
    BEGINNING = 1024,             /* is in memory of each place, unless the file ends before */
    MAGIC_AT = 257,               /* the farthest place of a magic number */
    STORED_NEAR = 1024            /* from a local header of a ZIP archive to its data */
};

/* Whether e_lfanew, at 60 of a DOS header, leads to "PE\0\0"; true where that is not in memory. */
static bool may_be_program(struct bytes b) {
    enum { POINTER_AT = 60 };
    struct reader r = reader_make(b, 0);
    reader_skip(&r, POINTER_AT);
    uint32_t at = reader_u32le(&r);
    return reader_ok(&r) && (at >= b.n || b.n - at < 4 || bytes_equal(bytes_cut(b, at, 4), bytes_make("PE\0\0", 4)));
}

/* Of several slices: so few as no version of a Java class is, which begins the same. */
static bool may_be_slices(struct bytes b) {
    enum { NUMBER_AT = 4, JAVA_FIRST = 45 };
    struct reader r = reader_make(b, 0);
    reader_skip(&r, NUMBER_AT);
    return reader_u32be(&r) < JAVA_FIRST;
}

static bool may_be_archive(struct bytes b) {
    return archive_kind_of(b) != ARCHIVE_KINDS;
}

/* The header of the first member ends so (ar(5)). */
static bool may_be_ar(struct bytes b) {
    return archive_kind_of(b) != ARCHIVE_KINDS && bytes_is(bytes_cut(b, 66, 2), "`\n");
}

/* Type 0 or 1 and version 3 or 4 (rpm's file format, "The Lead"). */
static bool may_be_rpm(struct bytes b) {
    return b.n > 7 && (b.p[4] == 3 || b.p[4] == 4) && b.p[6] == 0 && b.p[7] <= 1;
}

/* All of the header is digits, as no other text has them, and the name is no longer than names are. */
static bool may_be_cpio(struct bytes b) {
    const struct cpio_layout *l = cpio_layout_of(b);
    struct cpio_header h;
    bool is = l != NULL && b.n > l->header && cpio_header_read(l, b, &h) && h.name_size != 0 && h.name_size <= CPIO_NAME_MAX;
    for (size_t i = 0; is && i < l->header; i++) {
        is = l->base == 8 ? b.p[i] >= '0' && b.p[i] <= '7' : isxdigit(b.p[i]) != 0;
    }
    return is;
}

static const struct row {
    const char *kind;
    size_t n;
    const char *magic;
    size_t at;                      /* where the magic stands in the piece */
    bool (*may_be)(struct bytes b); /* by what is in memory; NULL: by the magic alone */
    piece_measure *measure;
    bool open; /* what it measures is its own, and it may go on behind that */
} rows[] = {
    {"cabinet", 8, "MSCF\0\0\0\0", 0, NULL, measure_cabinet, false},
    {"7z", 6, "7z\xbc\xaf\x27\x1c", 0, NULL, measure_7z, false},
    {"msi", 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, NULL, measure_compound, false},
    {"program", 2, "MZ", 0, may_be_program, measure_program, false},
    {"program", 4, "\xcf\xfa\xed\xfe", 0, NULL, measure_apple, false},
    {"program", 4, "\xca\xfe\xba\xbe", 0, may_be_slices, measure_apple, false},
    {"nsis", 16, "\xef\xbe\xad\xdeNullsoftInst", 4, NULL, measure_nsis, false},
    {"rar", 7, "Rar!\x1a\7\0", 0, NULL, measure_rar, true},
    {"rar", 8, "Rar!\x1a\7\1\0", 0, NULL, measure_rar, true},
    {"wim", 8, "MSWIM\0\0\0", 0, NULL, measure_wim, true},
    {"installshield", 14, "InstallShield", 0, NULL, measure_installshield, true},
    {"installshield", 14, "ISSetupStream", 0, NULL, measure_installshield, true},
    {"xar", 4, "xar!", 0, NULL, measure_xar, true},
    {"tar", 5, "ustar", MAGIC_AT, may_be_archive, measure_tar, false},
    {"gz", 3, "\x1f\x8b\x08", 0, may_be_archive, measure_gzip, true},
    {"bz2", 10, "BZh91AY&SY", 0, NULL, measure_begun, true},
    {"xz", 6, "\xfd\x37zXZ\0", 0, NULL, measure_xz, false},
    {"lzma", 1, "\x5d", 0, may_be_archive, measure_lzma, true},
    {"zst", 4, "\x28\xb5\x2f\xfd", 0, may_be_archive, measure_frames, true},
    {"lz4", 4, "\x04\x22\x4d\x18", 0, may_be_archive, measure_frames, true},
    {"ar", 8, "!<arch>\n", 0, may_be_ar, measure_begun, true},
    {"rpm", 4, "\xed\xab\xee\xdb", 0, may_be_rpm, measure_begun, true},
    {"lha", 3, "-lh", 2, may_be_archive, measure_begun, true},
    {"arj", 2, "\x60\xea", 0, helped_begins, measure_begun, true},
    {"squashfs", 4, "hsqs", 0, helped_begins, measure_squashfs, true},
    {"cpio", 5, "07070", 0, may_be_cpio, measure_begun, true},
    {"base64", 2, "TV", 0, encoded_begins, measure_encoded, false},
    {"base64", 5, "UEsDB", 0, NULL, measure_encoded, false},
    {"base64", 5, "N3q8r", 0, NULL, measure_encoded, false},
    {"base64", 5, "0M8R4", 0, NULL, measure_encoded, false},
    {"base64", 4, "H4sI", 0, NULL, measure_encoded, false},
    {"base64", 5, "/Td6W", 0, NULL, measure_encoded, false},
    {"base64", 5, "_Td6W", 0, NULL, measure_encoded, false},
    {"base64", 5, "UmFyI", 0, NULL, measure_encoded, false},
    {"base64", 5, "z/rt/", 0, NULL, measure_encoded, false},
    {"base64", 5, "z_rt_", 0, NULL, measure_encoded, false},
    {"base64", 4, "Qlpo", 0, NULL, measure_encoded, false},
    {"base64", 4, "KLUv", 0, encoded_begins, measure_encoded, false},
    {"base64", 5, "BCJNG", 0, NULL, measure_encoded, false},
    {"base64", 9, "ITxhcmNoP", 0, NULL, measure_encoded, false},
    {"base64", 5, "7avu2", 0, NULL, measure_encoded, false},
    {"base64", 5, "eGFyI", 0, NULL, measure_encoded, false},
    {"base64", 5, "yv66v", 0, NULL, measure_encoded, false},
    {"base64", 4, "T\0V\0", 0, encoded_begins, measure_encoded, false},
    {"base64", 4, "U\0E\0", 0, encoded_begins, measure_encoded, false},
    {"base64", 4, "N\0003\0", 0, encoded_begins, measure_encoded, false},
    {"base64", 4, "0\0M\0", 0, encoded_begins, measure_encoded, false},
    {"base64", 4, "H\0004\0", 0, encoded_begins, measure_encoded, false},
    {"base64", 4, "/\0T\0", 0, encoded_begins, measure_encoded, false},
    {"base64", 4, "U\0m\0", 0, encoded_begins, measure_encoded, false},
    {"base64", 4, "z\0/\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "4d", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "4D", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "50", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "37", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "d0", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "D0", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "1f", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "1F", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "fd", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "FD", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "52", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "cf", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "CF", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "42", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "0422", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "28", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "21", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "ed", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "ED", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "78", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "ca", 0, encoded_begins, measure_encoded, false},
    {"hex", 2, "CA", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "4\0d\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "4\0D\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "5\0000\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "3\0007\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "d\0000\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "D\0000\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "1\0f\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "1\0F\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "f\0d\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "F\0D\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "5\0002\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "c\0f\0", 0, encoded_begins, measure_encoded, false},
    {"hex", 4, "C\0F\0", 0, encoded_begins, measure_encoded, false},
    {"uuencoded", 6, "begin ", 0, encoded_begins, measure_encoded, false},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Few places are worth a look at the rows, and of those only at some. */
static struct {
    uint64_t pairs[UINT16_MAX / 64 + 1]; /* a bit for each two octets: whether a magic number begins with them */
    uint8_t row[256];                    /* for its first octet, the first of the rows, from 1 on; 0: there is none */
    uint8_t next[ROWS + 1];              /* of each of these, the next one with the same octet; 0 ends them */
} table;
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_gather(void) {
    for (size_t i = ROWS; i > 0; i--) {
        uint8_t first = (uint8_t)rows[i - 1].magic[0];
        for (unsigned second = 0; second < 256; second++) {
            unsigned pair = (unsigned)first << 8 | second;
            bool may = rows[i - 1].n == 1 || (uint8_t)rows[i - 1].magic[1] == second;
            table.pairs[pair / 64] |= may ? UINT64_C(1) << pair % 64 : 0;
        }
        table.next[i] = table.row[first];
        table.row[first] = (uint8_t)i;
    }
}

/* The row whose magic number stands at a place, of a piece that begins in [from, to) and may be one; NULL: there is none. */
static const struct row *row_at(struct bytes b, size_t magic_at, size_t from, size_t to) {
    struct bytes rest = bytes_cut(b, magic_at, b.n);
    pthread_once(&table_once, table_gather);
    for (size_t i = rest.n != 0 ? table.row[rest.p[0]] : 0; i != 0; i = table.next[i]) {
        const struct row *row = &rows[i - 1];
        if (magic_at < from + row->at || magic_at - row->at >= to || !bytes_starts(rest, bytes_make(row->magic, row->n))) {
            continue;
        }
        if (row->may_be == NULL || row->may_be(bytes_cut(b, magic_at - row->at, BEGINNING))) {
            return row;
        }
    }
    return NULL;
}

/* The next place in [from, to) of b where one may begin; to when there is none. */
static size_t find(struct bytes b, size_t from, size_t to) {
    pthread_once(&table_once, table_gather);
    for (size_t i = from; i + 1 < b.n && i < to + MAGIC_AT; i++) {
        unsigned pair = (unsigned)b.p[i] << 8 | b.p[i + 1];
        const struct row *row = (table.pairs[pair / 64] >> pair % 64 & 1) != 0 ? row_at(b, i, from, to) : NULL;
        if (row != NULL) {
            return i - row->at;
        }
    }
    return to;
}

/* What b is by its beginning: of several the first of the table. */
static const struct row *row_of(struct bytes b) {
    static const size_t places[] = {0, 2, 4, MAGIC_AT}; /* of magic numbers */
    const struct row *first = NULL;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && places[i] < b.n; i++) {
        const struct row *row = row_at(b, places[i], 0, 1);
        first = first == NULL || (row != NULL && row < first) ? row : first;
    }
    return first;
}

bool piece_begins(struct bytes head) {
    return row_of(head) != NULL;
}

bool piece_at(struct source *source, uint64_t at, uint64_t end, struct arena *scratch, struct piece *out, struct error *err) {
    uint8_t octets[BEGINNING];
    *out = (struct piece){0};
    end = end < source->size ? end : source->size;
    if (at >= end) {
        return true;
    }
    size_t have = end - at < sizeof octets ? (size_t)(end - at) : sizeof octets;
    if (!source_into(source, octets, have, at, err)) {
        return false;
    }
    const struct row *row = row_of(bytes_make(octets, have));
    if (row == NULL) {
        return true;
    }
    struct window_source window;
    uint64_t n = 0;
    window_source_init(&window, row->kind, source, at, end - at);
    if (!row->measure(&window.source, scratch, &n, err)) {
        return false;
    }
    *out = n != 0 ? (struct piece){.kind = row->kind, .n = row->open ? end - at : n, .own = n} : *out;
    return true;
}

/* A stored member of a ZIP archive: its local header (APPNOTE 4.3.7) ends here. */
static bool is_stored(struct bytes b, size_t pos) {
    enum { LOCAL = 30 };
    size_t from = pos > STORED_NEAR ? pos - STORED_NEAR : 0;
    struct bytes magic = bytes_text("PK\3\4");
    for (size_t at = bytes_find(b, magic, from); at < pos; at = bytes_find(b, magic, at + 1)) {
        struct reader r = reader_make(bytes_cut(b, at, LOCAL), 0);
        reader_skip(&r, 26);
        size_t n = (size_t)reader_u16le(&r) + reader_u16le(&r);
        if (reader_ok(&r) && at + LOCAL + n == pos) {
            return true;
        }
    }
    return false;
}

/* A source of which some bytes are in memory: to ask an unpacked one for them again would unpack it from its beginning. */
struct held_source {
    struct source source;
    struct source *under;
    struct bytes held;
    uint64_t at; /* of the first of them */
};

static bool held_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct held_source *h = (struct held_source *)source;
    if (at < h->at || at - h->at > h->held.n) {
        return source_into(h->under, buf, n, at, err);
    }
    size_t skip = (size_t)(at - h->at), have = h->held.n - skip < n ? h->held.n - skip : n;
    memcpy(buf, h->held.p + skip, have);
    return have == n || source_into(h->under, (uint8_t *)buf + have, n - have, at + have, err);
}

static struct held_source held_make(struct source *under, struct bytes held, uint64_t at) {
    const struct source source = {.name = under->name, .size = under->size, .pread = held_pread, .sequential = under->sequential};
    return (struct held_source){.source = source, .under = under, .held = held, .at = at};
}

/* The next one of b, whose first octet has the offset at: begins in [*pos, to); *pos is to when there is none. */
static bool next_in(struct source *source, struct budget *budget, struct bytes b, uint64_t at, size_t *pos, size_t to, uint64_t end,
                    struct piece *piece, struct error *err) {
    struct arena measuring = limit_arena(budget->limits);
    struct held_source held = held_make(source, b, at);
    bool ok = true;
    while (ok && (*pos = find(b, *pos, to)) < to) {
        arena_reset(&measuring);
        ok = budget_place(budget, err) && piece_at(&held.source, at + *pos, end, &measuring, piece, err);
        if (ok && piece->kind != NULL && !is_stored(b, *pos)) {
            break;
        }
        ++*pos;
    }
    arena_free(&measuring);
    return ok;
}

bool piece_next(struct source *source, struct budget *budget, struct arena *scratch, uint64_t *at, uint64_t to, uint64_t end,
                struct piece *piece, struct error *err) {
    *piece = (struct piece){0};
    while (*at < to) {
        size_t before = *at < STORED_NEAR + 64 ? (size_t)*at : STORED_NEAR + 64, step = source->sequential ? STEP_KEPT : STEP;
        size_t n = to - *at < step ? (size_t)(to - *at) : step;
        size_t pos = before;
        struct bytes b;
        arena_reset(scratch);
        if (!budget_spend(budget, 0, err) || !source_read_some(source, scratch, *at - before, before + n + BEGINNING, &b, err) ||
            !next_in(source, budget, b, *at - before, &pos, before + n, end, piece, err)) {
            return false;
        }
        *at += pos - before;
        if (pos < before + n) {
            return true;
        }
    }
    *piece = (struct piece){0};
    return true;
}
