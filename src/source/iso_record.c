/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: ECMA-119 9.1 (records), IEEE P1281 (SUSP) 4 and 5, P1282 (Rock Ridge) 4.1.4. */
#include "base/reader.h"
#include "source/iso.h"
#include "source/stream.h"

enum { SECTOR = 2048, RECORD_LEAST = 33, AREAS_MAX = 32 /* as Linux has it */ };

/* 0 u8 length, 1 u8 of extended attributes, 2 u32 first block and 10 u32 size (each in the other byte order, too), 25 u8 flags, 26 u8 unit
 * and 27 u8 gap of interleaving, 32 u8 length of the name, 33 the name, padded to an even end, then the system's use. */
bool iso_record_next(struct bytes folder, size_t *at, struct iso_record *out) {
    for (;;) {
        struct reader r = reader_make(bytes_cut(folder, *at, folder.n), *at);
        uint8_t length = reader_u8(&r);
        if (!reader_ok(&r)) {
            return false;
        }
        if (length == 0) { /* none begins in the rest of this sector */
            *at = (*at / SECTOR + 1) * SECTOR;
            continue;
        }
        *at += length;
        out->attributes = reader_u8(&r);
        out->block = reader_u32le(&r);
        reader_skip(&r, 4);
        out->size = reader_u32le(&r);
        reader_skip(&r, 11);
        out->flags = reader_u8(&r);
        out->unit = reader_u8(&r);
        out->gap = reader_u8(&r);
        reader_skip(&r, 4);
        uint8_t n = reader_u8(&r);
        out->name = reader_bytes(&r, n);
        reader_skip(&r, n % 2 == 0 ? 1 : 0);
        size_t taken = RECORD_LEAST + n + (n % 2 == 0 ? 1u : 0u);
        out->use = reader_bytes(&r, length > taken ? length - taken : 0);
        if (length >= RECORD_LEAST && out->name.n == n) {
            return true;
        }
        out->odd = true;
    }
}

/* Entries of a system use area: 2 octets of name, u8 length, u8 version, data. "NM": u8 flags (6: this folder, the one above), a part of
 * the name. "CE": u32 block, u32 offset, u32 length of an area that goes on (each in both orders). "ZF": packed. "CL": u32 block of a
 * folder that is too deep to stand here. */
bool iso_rock_read(struct source *image, struct budget *budget, uint32_t block_size, struct bytes use, struct iso_rock *out,
                   struct error *err) {
    uint8_t buffer[SECTOR];
    out->n = 0;
    out->packed = out->odd = false;
    out->child_at = 0;
    for (unsigned areas = 0; use.n >= 4 && areas < AREAS_MAX; areas++) {
        uint64_t at = 0, n = 0;
        while (use.n >= 4 && use.p[2] >= 4 && use.p[2] <= use.n) {
            struct bytes entry = bytes_cut(use, 0, use.p[2]), data = bytes_cut(entry, 4, entry.n);
            struct reader r = reader_make(data, 0);
            use = bytes_cut(use, entry.n, use.n);
            if (bytes_starts(entry, bytes_text("NM"))) {
                bool special = (reader_u8(&r) & 6) != 0;
                size_t more = special ? 0 : r.left.n < sizeof out->name - out->n ? r.left.n : sizeof out->name - out->n;
                memcpy(out->name + out->n, r.left.p, more);
                out->n += more;
            } else if (bytes_starts(entry, bytes_text("CE"))) {
                uint64_t block = reader_u32le(&r);
                reader_skip(&r, 4);
                at = block * block_size + reader_u32le(&r);
                reader_skip(&r, 4);
                n = reader_u32le(&r);
            } else if (bytes_starts(entry, bytes_text("ZF"))) {
                out->packed = true;
            } else if (bytes_starts(entry, bytes_text("CL"))) {
                out->child_at = reader_u32le(&r);
            }
        }
        out->odd = out->odd || n > sizeof buffer || (n != 0 && (at >= image->size || n > image->size - at || areas + 1 == AREAS_MAX));
        n = n < sizeof buffer ? n : sizeof buffer;
        bool more = n != 0 && at < image->size && n <= image->size - at;
        if (more && (!budget_spend(budget, n, err) || !source_into(image, buffer, (size_t)n, at, err))) {
            return false;
        }
        use = more ? bytes_make(buffer, (size_t)n) : bytes_none();
    }
    return true;
}
