/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name, version and maker of a Windows Installer package, from its table Property. The format of the database's streams is not
 * published; as Wine's msi.dll (string.c, table.c) and msitools read it:
 *   "!_StringPool"  u32 code page (bit 31: string numbers have 3 octets, not 2), then for each string, counted from 1, u16 length
 *                   and u16 references; a length of 0 with references: these are the high half of the next entry's length
 *   "!_StringData"  the strings end to end
 *   "!Property"     the column of names, then the column of values: string numbers, little-endian
 */
#include "base/reader.h"
#include "base/text.h"
#include "format/msi.h"

enum { POOL_MAX = 4 << 20, DATA_MAX = 8 << 20, TABLE_MAX = 1 << 20, VALUE_MAX = 1024 };

struct strings {
    struct bytes pool, data;
    size_t width; /* of a string number */
};

/* The stream of that decoded name in the root, up to most bytes; empty when there is none or it is broken. */
static bool read_stream(struct cfb *cfb, const char *name, uint64_t most, struct bytes *out, struct error *err) {
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
            return why.kind == ERR_MALFORMED || error_set(err, why.kind, "%s", why.text);
        }
        return source_read_some(&stream.source, cfb->arena, 0, most, out, err);
    }
    return true;
}

/* One walk over the strings. */
struct cursor {
    struct reader pool;
    uint32_t number;
    uint64_t at;
};

static struct cursor first(const struct strings *s) {
    return (struct cursor){.pool = reader_make(bytes_cut(s->pool, 4, s->pool.n), 4)};
}

static bool next(const struct strings *s, struct cursor *c, struct bytes *string) {
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

static uint32_t number_of(const struct strings *s, const char *text) {
    struct bytes string;
    for (struct cursor c = first(s); next(s, &c, &string);) {
        if (bytes_is(string, text)) {
            return c.number;
        }
    }
    return 0;
}

/* A string in UTF-8: what is no UTF-8 is taken for Latin-1, which the usual code pages share their letters with. */
static const char *string_text(const struct strings *s, uint32_t number, struct arena *arena) {
    struct bytes string = bytes_none();
    struct cursor c = first(s);
    while (c.number < number) {
        if (!next(s, &c, &string)) {
            return NULL;
        }
    }
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

static uint32_t cell(const struct strings *s, struct bytes table, size_t index) {
    struct reader r = reader_make(bytes_cut(table, index * s->width, s->width), 0);
    uint32_t low = reader_u16le(&r);
    return s->width == 2 ? low : low | (uint32_t)reader_u8(&r) << 16;
}

static const char *property(const struct strings *s, struct bytes table, const char *name, struct arena *arena) {
    uint32_t number = number_of(s, name);
    size_t rows = table.n / (2 * s->width);
    for (size_t i = 0; number != 0 && i < rows; i++) {
        if (cell(s, table, i) == number) {
            return string_text(s, cell(s, table, rows + i), arena);
        }
    }
    return NULL;
}

bool msi_version(struct source *source, struct arena *arena, struct version_info *version, struct error *err) {
    struct cfb cfb;
    struct strings s;
    struct bytes table;
    if (!cfb_open(&cfb, source, arena, err) || !read_stream(&cfb, "!_StringPool", POOL_MAX, &s.pool, err) ||
        !read_stream(&cfb, "!_StringData", DATA_MAX, &s.data, err) || !read_stream(&cfb, "!Property", TABLE_MAX, &table, err)) {
        return false;
    }
    struct reader r = reader_make(s.pool, 0);
    s.width = (reader_u32le(&r) & UINT32_C(0x80000000)) != 0 ? 3 : 2;
    version->product = property(&s, table, "ProductName", arena);
    version->file_version = property(&s, table, "ProductVersion", arena);
    version->company = property(&s, table, "Manufacturer", arena);
    return true;
}
