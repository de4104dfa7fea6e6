/* SPDX-License-Identifier: Apache-2.0 */
#include "source/udif.h"

#include "base/reader.h"

/* UDIFResourceFile, big-endian
 *    0    4  "koly"
 *    4    4  version 4
 *    8    4  size of this header: 512
 *   12    4  flags
 *   16    8  running data fork offset
 *   24    8  data fork: offset
 *   32    8            length
 *   40   16  resource fork: offset, length
 *   56    4  number of this segment
 *   60    4  segments
 *   64  152  segment id; checksum of the data
 *  216    8  property list: offset
 *  224    8                 length
 *  232   64  reserved
 *  296    8  code signature: offset
 *  304    8                  length
 *  312  180  reserved; master checksum; kind of image
 *  492    8  sectors
 *  500   12  reserved
 */

bool udif_trailer_at(struct bytes end, size_t at) {
    static const struct bytes magic = {(const uint8_t *)"koly\0\0\0\4\0\0\2\0", UDIF_MAGIC};
    bool last = at <= end.n && end.n - at == UDIF_TRAILER;
    return bytes_starts(bytes_cut(end, at, UDIF_MAGIC), last ? bytes_cut(magic, 0, 4) : magic);
}

/* The letters are looked for first: the octets behind them are common in what is packed. */
bool udif_trailer_in(struct bytes end) {
    const struct bytes letters = bytes_text("koly");
    size_t at = bytes_find(end, letters, 0);
    while (at < end.n && !udif_trailer_at(end, at)) {
        at = bytes_find(end, letters, at + 1);
    }
    return at < end.n;
}

bool udif_encrypted(struct bytes head) {
    return bytes_starts(head, bytes_text("encrcdsa"));
}

bool udif_trailer_read(struct source *source, uint64_t at, struct arena *arena, struct udif_trailer *out, struct error *err) {
    struct bytes b;
    if (!source_read_some(source, arena, at, UDIF_TRAILER, &b, err)) {
        return false;
    }
    struct reader r = reader_make(b, at);
    struct bytes magic = reader_bytes(&r, 4);
    struct udif_trailer t = {.at = at};
    uint32_t version = reader_u32be(&r), own_size = reader_u32be(&r);
    t.usual = version == 4 && own_size == UDIF_TRAILER;
    reader_skip(&r, 12);
    t.data_at = reader_u64be(&r);
    t.data_size = reader_u64be(&r);
    reader_skip(&r, 20);
    t.segments = reader_u32be(&r);
    reader_skip(&r, 152);
    t.xml_at = reader_u64be(&r);
    t.xml_size = reader_u64be(&r);
    reader_skip(&r, 64);
    t.sign_at = reader_u64be(&r);
    t.sign_size = reader_u64be(&r);
    reader_skip(&r, 180);
    t.sectors = reader_u64be(&r);
    reader_skip(&r, 12);
    if (!reader_ok(&r) || !bytes_is(magic, "koly")) {
        return error_set(err, ERR_MALFORMED, "no trailer of a disk image at offset 0x%llx", (unsigned long long)at);
    }
    *out = t;
    return true;
}

static bool begins_with(struct source *source, struct arena *arena, uint64_t at, uint64_t n, struct bytes magic) {
    struct bytes b;
    return n >= magic.n && at < source->size && magic.n <= source->size - at && source_read(source, arena, at, magic.n, &b, NULL) &&
           bytes_equal(b, magic);
}

bool udif_trailer_fits(struct source *source, struct arena *arena, const struct udif_trailer *t) {
    return begins_with(source, arena, t->xml_at, t->xml_size, bytes_text("<?xml")) ||
           begins_with(source, arena, t->sign_at, t->sign_size, bytes_make("\xfa\xde\x0c\xc0", 4));
}

/* A trailer at that place that can be gone by, if there is one. False when the source can't be read. */
static bool try_at(struct source *source, struct arena *arena, uint64_t at, struct udif_trailer *out, bool *found, struct error *err) {
    struct error why = {0};
    bool last = at + UDIF_TRAILER == source->size;
    *found = udif_trailer_read(source, at, arena, out, &why) && (last || udif_trailer_fits(source, arena, out));
    return why.kind == ERR_NONE || why.kind == ERR_MALFORMED || error_again(err, &why);
}

/* In the last n octets. */
static bool find_in_end(struct source *source, struct arena *arena, uint64_t n, struct udif_trailer *out, bool *found, struct error *err) {
    uint64_t size = source->size;
    struct bytes end;
    if (!source_read(source, arena, size - n, n, &end, err)) {
        return false;
    }
    for (size_t at = end.n - UDIF_TRAILER + 1; !*found && at-- > 0;) {
        if (end.p[at] == 'k' && udif_trailer_at(end, at) && !try_at(source, arena, size - n + at, out, found, err)) {
            return false;
        }
    }
    return true;
}

bool udif_trailer_find(struct source *source, struct arena *arena, struct udif_trailer *out, bool *found, struct error *err) {
    static const uint64_t ends[] = {UDIF_TRAILER, UDIF_TAIL, UDIF_SEARCH};
    uint64_t size = source->size;
    *found = false;
    for (size_t i = 0; size >= UDIF_TRAILER && !*found && i < sizeof ends / sizeof *ends && (i == 0 || ends[i - 1] < size); i++) {
        if (!find_in_end(source, arena, size < ends[i] ? size : ends[i], out, found, err)) {
            return false;
        }
    }
    return size < UDIF_TRAILER || *found || try_at(source, arena, 0, out, found, err);
}
