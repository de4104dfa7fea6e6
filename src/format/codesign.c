/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a SuperBlob: xnu osfmk/kern/cs_blobs.h (CS_SuperBlob, CS_BlobIndex, CS_GenericBlob). All integers are big-endian.
 * Refused: another magic. An index entry that leads outside, into the index, or to a blob longer than what is left is left out
 * and noted; the bytes that no entry then takes are carved by codesign_add.
 */
#include "format/codesign.h"

#include "base/reader.h"

/* CS_GenericBlob
 *   0   4  magic
 *   4   4  length, with these 8 octets
 *   8   -  data
 */
enum { BLOB_HEADER = 8 };

bool codesign_blob(uint32_t slot, struct bytes bytes, uint64_t at, struct codesign_blob *out, struct error *err) {
    struct reader r = reader_make(bytes, at);
    uint32_t magic = reader_u32be(&r);
    uint32_t length = reader_u32be(&r);
    if (!reader_ok(&r) || length < BLOB_HEADER || length > bytes.n) {
        return error_set(err, ERR_MALFORMED, "blob of slot 0x%x at offset 0x%llx has length %u; %zu bytes are there", slot,
                         (unsigned long long)at, length, bytes.n);
    }
    *out = (struct codesign_blob){.slot = slot, .magic = magic, .bytes = bytes_cut(bytes, 0, length), .at = at};
    return true;
}

/* CS_SuperBlob
 *   0   4  magic
 *   4   4  length
 *   8   4  count
 *  12   8  index, count times: slot (4), offset from the start of the SuperBlob (4)
 */
enum { SUPERBLOB_HEADER = 12, INDEX_ENTRY = 8 };

static void bad(struct anomalies *anomalies, struct arena *arena, uint64_t at, uint64_t size, const char *detail) {
    anomaly_note(anomalies, arena, ANOMALY_BAD_BLOB, at, size, detail);
}

static bool slot_taken(const struct codesign *code, uint32_t slot) {
    for (size_t i = 0; i < code->n; i++) {
        if (code->blobs[i].slot == slot) {
            return true;
        }
    }
    return false;
}

/*
 * Reads n index entries. The first blob ends the index, whatever the count says: entries past that are blob bytes. (Who makes a
 * blob out of index entries in order to hide the others still has them carved.)
 */
static void index_read(struct codesign *code, struct reader *r, size_t n, struct arena *arena, struct anomalies *anomalies) {
    size_t first = code->size;
    uint64_t most = limit_most(arena->limits, LIMIT_BLOBS);
    for (size_t i = 0, end = SUPERBLOB_HEADER + INDEX_ENTRY; i < n; i++, end += INDEX_ENTRY) {
        if (end > first) {
            bad(anomalies, arena, code->at + 8, 4, "the index of the code signature reaches into its blobs");
            return;
        }
        if (i == most) {
            code->cut = true;
            return;
        }
        uint64_t entry_at = r->at;
        uint32_t slot = reader_u32be(r);
        uint32_t offset = reader_u32be(r);
        struct codesign_blob *blob = &code->blobs[code->n];
        struct error why = {0};
        if (offset < end || offset > code->size) {
            bad(anomalies, arena, entry_at, INDEX_ENTRY, arena_printf(arena, "slot 0x%x leads to 0x%x, where no blob is", slot, offset));
            continue;
        }
        if (!codesign_blob(slot, bytes_cut(code->area, offset, code->size - offset), code->at + offset, blob, &why)) {
            bad(anomalies, arena, entry_at, INDEX_ENTRY, arena_printf(arena, "%s", why.text));
            continue;
        }
        if (slot_taken(code, slot)) {
            bad(anomalies, arena, entry_at, INDEX_ENTRY, arena_printf(arena, "slot 0x%x is there twice", slot));
        }
        first = offset < first ? offset : first;
        code->index_end = end;
        code->n++;
    }
}

bool codesign_read(struct bytes area, uint64_t at, struct arena *arena, struct anomalies *anomalies, struct codesign *out,
                   struct error *err) {
    *out = (struct codesign){.blobs = NULL, .area = area, .at = at, .index_end = SUPERBLOB_HEADER};
    struct reader r = reader_make(area, at);
    uint32_t magic = reader_u32be(&r);
    uint32_t length = reader_u32be(&r);
    uint32_t count = reader_u32be(&r);
    if (!reader_ok(&r) || (magic != CODESIGN_MAGIC_SUPERBLOB && magic != CODESIGN_MAGIC_DETACHED)) {
        return error_set(err, ERR_MALFORMED, "code signature at offset 0x%llx has magic 0x%x", (unsigned long long)at, magic);
    }
    out->size = length;
    if (length < SUPERBLOB_HEADER || length > area.n) {
        bad(anomalies, arena, at, length, "the code signature's length is not that of its place");
        out->size = length > area.n ? area.n : SUPERBLOB_HEADER;
    }
    size_t n = (out->size - SUPERBLOB_HEADER) / INDEX_ENTRY, most = limit_most(arena->limits, LIMIT_BLOBS);
    if (count > n) {
        bad(anomalies, arena, at + 8, 4, arena_printf(arena, "the code signature counts %u blobs", count));
    }
    n = count < n ? count : n;
    out->blobs = arena_array(arena, n < most ? n : most, sizeof *out->blobs);
    if (out->blobs == NULL) {
        return arena_full(arena, err);
    }
    index_read(out, &r, n, arena, anomalies);
    return true;
}
