/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/xap.h"

#include "base/reader.h"

bool xap_has_trailer(struct bytes tail) {
    return tail.n > XAP_TRAILER && bytes_starts(bytes_cut(tail, tail.n - XAP_TRAILER, XAP_TRAILER), bytes_text("XapS"));
}

bool xap_archive_end(struct source *source, uint64_t *end, uint64_t *told, struct error *err) {
    uint8_t octets[XAP_TRAILER];
    *end = *told = 0;
    if (source->size <= XAP_TRAILER) {
        return true;
    }
    uint64_t behind = source->size - XAP_TRAILER;
    if (!source_into(source, octets, XAP_TRAILER, behind, err)) {
        return false;
    }
    struct reader r = reader_make(bytes_make(octets, XAP_TRAILER), behind);
    bool is = bytes_is(reader_bytes(&r, 4), "XapS");
    reader_skip(&r, 2);
    uint64_t n = reader_u32le(&r);
    if (!is || n <= XAP_HEADER || n >= behind) {
        return true;
    }
    if (!source_into(source, octets, XAP_HEADER, behind - n, err)) {
        return false;
    }
    r = reader_make(bytes_make(octets, XAP_HEADER), behind - n);
    reader_skip(&r, 4);
    *told = reader_u32le(&r);
    *end = behind - n;
    return true;
}
