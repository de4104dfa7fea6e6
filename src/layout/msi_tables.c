/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/msi_tables.h"

#include <stdlib.h>

#include "base/reader.h"
#include "base/text.h"

enum { VALUE_MAX = 1024 /* of a string that is told, or is a file's name, of which systems take 255 */ };

/* The stream of that decoded name in the root; empty when there is none or it is broken. */
static bool read_stream(struct cfb *cfb, const char *name, struct bytes *out, struct error *err) {
    *out = bytes_none();
    for (uint32_t i = cfb->entries[0].first; i != CFB_NONE; i = cfb->entries[i].next) {
        struct cfb_stream stream;
        struct error why = {0};
        const struct cfb_entry *e = &cfb->entries[i];
        const char *text = e->type == CFB_STREAM ? cfb_name_text(e, cfb->arena) : "";
        if (text == NULL) {
            return arena_full(cfb->arena, err);
        }
        if (strcmp(text, name) != 0) {
            continue;
        }
        if (!cfb_stream_open(cfb, e, name, &stream, &why)) {
            return why.kind == ERR_MALFORMED || error_again(err, &why);
        }
        if (stream.source.size > limit_most(cfb->arena->limits, LIMIT_MSI_TABLE)) {
            return limit_reached(cfb->arena->limits, LIMIT_MSI_TABLE, err);
        }
        return source_read_some(&stream.source, cfb->arena, 0, stream.source.size, out, err);
    }
    return true;
}

/* One walk over the strings. */
struct cursor {
    struct reader pool;
    uint32_t number;
    uint64_t at;
};

static struct cursor first(const struct msi_strings *s) {
    return (struct cursor){.pool = reader_make(bytes_cut(s->pool, 4, s->pool.n), 4)};
}

static bool next(const struct msi_strings *s, struct cursor *c, struct bytes *string) {
    uint64_t n = reader_u16le(&c->pool);
    uint16_t references = reader_u16le(&c->pool);
    if (n == 0 && references != 0) {
        n = (uint64_t)references << 16 | reader_u16le(&c->pool);
        (void)reader_u16le(&c->pool);
    }
    if (!reader_ok(&c->pool) || c->at + n > s->data.n) {
        return false;
    }
    c->number++;
    *string = bytes_cut(s->data, (size_t)c->at, (size_t)n);
    c->at += n;
    return true;
}

uint32_t msi_string_number(const struct msi_strings *s, const char *text) {
    struct bytes string;
    for (struct cursor c = first(s); next(s, &c, &string);) {
        if (bytes_is(string, text)) {
            return c.number;
        }
    }
    return 0;
}

static const char *text_of(struct bytes string, struct arena *arena) {
    string = bytes_cut(string, 0, VALUE_MAX);
    bool valid = utf8_valid(string);
    char *out = arena_alloc(arena, string.n * 2 + 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < string.n; i++) {
        uint8_t octet = string.p[i];
        if (octet >= 0x80 && !valid) {
            out[n++] = (char)(0xc0 | octet >> 6);
            octet = 0x80 | (octet & 0x3f);
        }
        out[n++] = (char)octet;
    }
    return out;
}

const char *msi_string_text(const struct msi_strings *s, uint32_t number, struct arena *arena) {
    struct bytes string = bytes_none();
    struct cursor c = first(s);
    while (c.number < number) {
        if (!next(s, &c, &string)) {
            return NULL;
        }
    }
    return text_of(string, arena);
}

uint32_t msi_cell(struct bytes table, size_t at, size_t width) {
    struct reader r = reader_make(bytes_cut(table, at, width), at);
    uint32_t value = reader_u16le(&r);
    for (size_t i = 2; i < width && i < sizeof value; i++) {
        value |= (uint32_t)reader_u8(&r) << 8 * i;
    }
    return reader_ok(&r) ? value : 0;
}

bool msi_table_read(struct cfb *cfb, const char *name, struct bytes *out, struct error *err) {
    return read_stream(cfb, name, out, err);
}

bool msi_strings_read(struct cfb *cfb, struct msi_strings *out, struct error *err) {
    if (!read_stream(cfb, "!_StringPool", &out->pool, err) || !read_stream(cfb, "!_StringData", &out->data, err)) {
        return false;
    }
    struct reader r = reader_make(out->pool, 0);
    out->width = (reader_u32le(&r) & UINT32_C(0x80000000)) != 0 ? 3 : 2;
    return true;
}

/* ---- cabinets beside the package ---- */

enum { COLUMNS_MAX = 32, STRING = 0x0800, SIZE = 0xff, BIAS = 0x8000 };

/* Where the columns of a table are is in the table _Columns: its columns are the table's name, u16 number of the column from 1 on, its
 * name, u16 type (both with BIAS added; the low octet is the size of an integer). *before is the width of the columns before the one of
 * that name, *all that of all; false when there is none. */
static bool find_column(const struct msi_strings *s, struct bytes columns, const char *table, const char *name, size_t *before,
                        size_t *all) {
    size_t w = s->width, rows = columns.n / (2 * w + 4), widths[COLUMNS_MAX] = {0}, at = 0;
    uint32_t table_number = msi_string_number(s, table), name_number = msi_string_number(s, name);
    for (size_t i = 0; table_number != 0 && name_number != 0 && i < rows; i++) {
        uint32_t number = (msi_cell(columns, rows * w + i * 2, 2) - BIAS) & 0xffff;
        if (msi_cell(columns, i * w, w) != table_number || number == 0 || number > COLUMNS_MAX) {
            continue;
        }
        uint32_t type = (msi_cell(columns, rows * (2 * w + 2) + i * 2, 2) - BIAS) & 0xffff;
        widths[number - 1] = (type & STRING) != 0 ? w : (type & SIZE) == 4 ? 4 : 2;
        at = msi_cell(columns, rows * (w + 2) + i * w, w) == name_number ? number : at;
    }
    *before = *all = 0;
    for (size_t i = 0; i < COLUMNS_MAX; i++) {
        *before += i + 1 < at ? widths[i] : 0;
        *all += widths[i];
    }
    return at != 0;
}

static int number_order(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The strings of n numbers, in one walk: a table may ask for many of many. */
static bool take_names(const struct msi_strings *s, uint32_t *numbers, size_t n, struct msi_outside *out, struct arena *arena,
                       struct error *err) {
    struct bytes string;
    size_t i = 0;
    qsort(numbers, n, sizeof *numbers, number_order);
    for (struct cursor c = first(s); i < n && next(s, &c, &string);) {
        if (numbers[i] == c.number && string.n != 0 && string.p[0] != '#') { /* "#NAME" is a stream of the package */
            if (out->n == limit_most(arena->limits, LIMIT_OUTSIDE)) {
                return limit_reached(arena->limits, LIMIT_OUTSIDE, err);
            }
            const char *name = text_of(string, arena);
            if (name == NULL) {
                return arena_full(arena, err);
            }
            out->names[out->n++] = name;
        }
        while (i < n && numbers[i] <= c.number) {
            i++;
        }
    }
    return true;
}

bool msi_outside_read(struct cfb *cfb, struct msi_outside *out, struct error *err) {
    struct msi_strings s;
    struct bytes media, columns;
    size_t before, all;
    *out = (struct msi_outside){0};
    if (!msi_table_read(cfb, "!Media", &media, err) || media.n == 0) {
        return media.n == 0;
    }
    if (!msi_table_read(cfb, "!_Columns", &columns, err) || !msi_strings_read(cfb, &s, err)) {
        return false;
    }
    if (!find_column(&s, columns, "Media", "Cabinet", &before, &all)) {
        return true;
    }
    size_t rows = media.n / all, most = (size_t)limit_most(cfb->arena->limits, LIMIT_OUTSIDE);
    uint32_t *numbers = arena_array(cfb->arena, rows, sizeof *numbers);
    out->names = arena_array(cfb->arena, rows < most ? rows : most, sizeof *out->names);
    if (numbers == NULL || out->names == NULL) {
        return arena_full(cfb->arena, err);
    }
    for (size_t i = 0; i < rows; i++) {
        numbers[i] = msi_cell(media, rows * before + i * s.width, s.width);
    }
    return take_names(&s, numbers, rows, out, cfb->arena, err);
}
