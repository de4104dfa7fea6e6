/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/wire_field.h"

void field_u64(struct wire_pass *p, uint64_t *value) {
    if (p->writing) {
        uint8_t octets[8];
        for (unsigned i = 0; i < 8; i++) {
            octets[i] = (uint8_t)(*value >> 8 * i);
        }
        text_add_bytes(p->out, bytes_make(octets, sizeof octets));
    } else {
        *value = reader_u64le(&p->in);
    }
}

void field_i64(struct wire_pass *p, int64_t *value) {
    uint64_t u = (uint64_t)*value;
    field_u64(p, &u);
    *value = (int64_t)u;
}

void field_u32(struct wire_pass *p, uint32_t *value) {
    if (p->writing) {
        const uint8_t octets[4] = {(uint8_t)*value, (uint8_t)(*value >> 8), (uint8_t)(*value >> 16), (uint8_t)(*value >> 24)};
        text_add_bytes(p->out, bytes_make(octets, sizeof octets));
    } else {
        *value = reader_u32le(&p->in);
    }
}

void field_bool(struct wire_pass *p, bool *value) {
    if (p->writing) {
        text_add_char(p->out, *value ? 1 : 0);
        return;
    }
    uint8_t octet = reader_u8(&p->in);
    p->failed |= octet > 1;
    *value = octet == 1;
}

uint32_t field_below(struct wire_pass *p, uint32_t value, uint32_t count) {
    field_u32(p, &value);
    if (value >= count) {
        p->failed = true;
        return 0;
    }
    return value;
}

void field_octets(struct wire_pass *p, uint8_t *octets, size_t n) {
    if (p->writing) {
        text_add_bytes(p->out, bytes_make(octets, n));
        return;
    }
    struct bytes got = reader_bytes(&p->in, n);
    if (got.n == n) {
        memcpy(octets, got.p, n);
    }
}

size_t field_count(struct wire_pass *p, size_t n, size_t limit) {
    uint32_t count = (uint32_t)(n < limit ? n : limit);
    field_u32(p, &count);
    if (count > limit || !reader_ok(&p->in)) {
        p->failed = true;
        return 0;
    }
    return count;
}

void field_bytes(struct wire_pass *p, struct bytes *value, size_t limit) {
    size_t n = field_count(p, value->n, limit);
    if (p->writing) {
        text_add_bytes(p->out, bytes_cut(*value, 0, n));
        return;
    }
    struct bytes got = reader_bytes(&p->in, n);
    p->failed |= !arena_copy(p->arena, got, value, NULL);
}

size_t field_whole_characters(struct bytes text, size_t limit) {
    size_t n = text.n < limit ? text.n : limit;
    while (n > 0 && n < text.n && (text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

static const char ellipsis[] = "\xe2\x80\xa6", replacement[] = "\xef\xbf\xbd";

/* Text goes out as UTF-8 whatever the file gave: ill-formed bytes become U+FFFD, as the reports would make them anyway. */
static void write_string(struct wire_pass *p, struct bytes text, size_t limit, bool utf8) {
    struct text clean = {0};
    bool mend = utf8 && !utf8_valid(text);
    for (size_t i = 0, n; mend && i < text.n && clean.n <= limit; i += n) {
        if (utf8_next(bytes_cut(text, i, text.n), &n) == UINT32_MAX) {
            text_add(&clean, replacement);
        } else {
            text_add_bytes(&clean, bytes_cut(text, i, n));
        }
    }
    if (mend) {
        text = text_ok(&clean) ? bytes_make(clean.p, clean.n) : bytes_none();
    }
    size_t room = limit - (sizeof ellipsis - 1);
    bool cut = text.n > room;
    uint32_t n = (uint32_t)(cut ? field_whole_characters(text, room) + sizeof ellipsis - 1 : text.n);
    field_u32(p, &n);
    text_add_bytes(p->out, bytes_cut(text, 0, cut ? n - (sizeof ellipsis - 1) : n));
    text_add(p->out, cut ? ellipsis : "");
    text_free(&clean);
}

void field_text(struct wire_pass *p, const char **value, size_t limit, bool utf8) {
    if (p->writing) {
        write_string(p, bytes_text(*value != NULL ? *value : ""), limit, utf8);
        return;
    }
    struct bytes copy = bytes_none(), got = reader_bytes(&p->in, field_count(p, 0, limit));
    p->failed |= bytes_find(got, bytes_make("", 1), 0) != got.n || (utf8 && !utf8_valid(got)) || !arena_copy(p->arena, got, &copy, NULL);
    *value = p->failed ? "" : (const char *)copy.p;
}

void *field_list(struct wire_pass *p, size_t n, size_t size) {
    void *list = arena_array(p->arena, n, size);
    p->failed |= list == NULL;
    return list;
}
