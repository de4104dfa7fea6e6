/* SPDX-License-Identifier: Apache-2.0 */
#include "source/lzma_alone.h"

#include "base/reader.h"
#include "source/piece_measure.h"

enum { DICTIONARY_AT = 1, SMALLEST = 1 << 12, LEAST = 8 << 20, MOST = 32 << 20 };

static uint32_t dictionary_of(struct bytes head) {
    struct reader r = reader_make(head, 0);
    reader_skip(&r, DICTIONARY_AT);
    return reader_u32le(&r);
}

bool lzma_alone_is_odd(struct bytes head) {
    uint32_t odd = dictionary_of(head);
    bool small = odd < SMALLEST;
    while (odd != 0 && odd % 2 == 0) {
        odd /= 2;
    }
    return small || (odd != 1 && odd != 3);
}

static bool pread_usual(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct lzma_alone *lzma = (struct lzma_alone *)source;
    if (!source_into(lzma->under, buf, n, at, err)) {
        return false;
    }
    for (size_t i = 0; i < sizeof lzma->dictionary; i++) {
        uint64_t place = DICTIONARY_AT + i;
        if (place >= at && place - at < n) {
            ((uint8_t *)buf)[place - at] = lzma->dictionary[i];
        }
    }
    return true;
}

bool lzma_alone_open(struct lzma_alone *lzma, struct source *under, struct bytes head, const struct limits *limits, bool *is,
                     struct error *err) {
    uint64_t told = dictionary_of(head), n = 0;
    uint32_t size = LEAST;
    struct arena scratch = limit_arena(limits);
    *lzma = (struct lzma_alone){.source = {.name = under->name, .size = under->size, .pread = pread_usual, .sequential = under->sequential},
                                .under = under};
    while (size < told && size < MOST) {
        size *= 2;
    }
    for (size_t i = 0; i < sizeof lzma->dictionary; i++) {
        lzma->dictionary[i] = (uint8_t)(size >> 8 * i);
    }
    if (!measure_lzma(&lzma->source, &scratch, &n, err)) {
        return false;
    }
    *is = n != 0;
    return true;
}
