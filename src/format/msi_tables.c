/* SPDX-License-Identifier: Apache-2.0 */
#include "format/msi_tables.h"

#include "base/reader.h"
#include "base/text.h"

enum { POOL_MAX = 4 << 20, DATA_MAX = 8 << 20, TABLE_MAX = 1 << 20, VALUE_MAX = 1024 };

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

const char *msi_string_text(const struct msi_strings *s, uint32_t number, struct arena *arena) {
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

uint32_t msi_cell(struct bytes table, size_t at, size_t width) {
    struct reader r = reader_make(bytes_cut(table, at, width), at);
    uint32_t value = reader_u16le(&r);
    for (size_t i = 2; i < width && i < sizeof value; i++) {
        value |= (uint32_t)reader_u8(&r) << 8 * i;
    }
    return reader_ok(&r) ? value : 0;
}

bool msi_table_read(struct cfb *cfb, const char *name, struct bytes *out, struct error *err) {
    return read_stream(cfb, name, TABLE_MAX, out, err);
}

bool msi_strings_read(struct cfb *cfb, struct msi_strings *out, struct error *err) {
    if (!read_stream(cfb, "!_StringPool", POOL_MAX, &out->pool, err) || !read_stream(cfb, "!_StringData", DATA_MAX, &out->data, err)) {
        return false;
    }
    struct reader r = reader_make(out->pool, 0);
    out->width = (reader_u32le(&r) & UINT32_C(0x80000000)) != 0 ? 3 : 2;
    return true;
}
