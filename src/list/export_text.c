/* SPDX-License-Identifier: Apache-2.0 */
/* The words that exporters write: formatted, in hex, escaped. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "asn1/name.h"
#include "crypto/digest.h"
#include "list/export_inside.h"

const char *export_printf(struct export *e, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *words = n < 0 ? NULL : arena_alloc(&e->arena, (size_t)n + 1);
    if (words != NULL) {
        vsnprintf(words, (size_t)n + 1, format, again);
    } else {
        export_no_room(e);
    }
    va_end(again);
    return words != NULL ? words : "";
}

const char *export_plain(struct export *e, const char *words) {
    struct text plain = {0};
    for (struct bytes b = bytes_text(words); b.n != 0;) {
        size_t n;
        uint32_t c = utf8_next(b, &n);
        if (c == UINT32_MAX || text_unsafe(c)) {
            text_add(&plain, "\xef\xbf\xbd");
        } else {
            text_add_bytes(&plain, bytes_cut(b, 0, n));
        }
        b = bytes_cut(b, n, b.n);
    }
    struct bytes copy = bytes_none();
    if (!text_ok(&plain) || !arena_copy(&e->arena, bytes_make(plain.p, plain.n), &copy, NULL)) {
        export_no_room(e);
    }
    text_free(&plain);
    return (const char *)copy.p;
}

const char *export_hex(struct export *e, struct bytes value, bool upper) {
    static const char small[] = "0123456789abcdef", large[] = "0123456789ABCDEF";
    char *out = arena_alloc(&e->arena, value.n * 2 + 1);
    if (out == NULL) {
        export_no_room(e);
        return "";
    }
    for (size_t i = 0; i < value.n; i++) {
        out[2 * i] = (upper ? large : small)[value.p[i] >> 4];
        out[2 * i + 1] = (upper ? large : small)[value.p[i] & 15];
    }
    return out;
}

const char *export_time(struct export *e, int64_t seconds) {
    time_t t = (time_t)seconds;
    struct tm tm;
    char words[32] = "";
    if (gmtime_r(&t, &tm) != NULL) {
        strftime(words, sizeof words, "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    return export_printf(e, "%s", words);
}

const char *export_common_name(struct export *e, struct bytes name) {
    const char *words = name.n != 0 ? name_attribute(name, OID_AT_COMMON_NAME, &e->arena) : "";
    if (words == NULL) {
        export_no_room(e);
    }
    return words != NULL ? words : "";
}

void export_digest(struct export *e, enum hash hash, struct bytes b, uint8_t *out) {
    memset(out, 0, hash_size(hash));
    struct error err;
    if (!digest_bytes(hash, b, out, &err) && e->err.kind == ERR_NONE) {
        e->err = err;
    }
}

const char *export_uuid(struct export *e, const char *words) {
    /* Made once at random. */
    static const uint8_t space[16] = {0x6b, 0x1f, 0x0c, 0x52, 0x9d, 0x3e, 0x4a, 0x77, 0x8c, 0x21, 0xe4, 0x5b, 0x90, 0xd6, 0x13, 0xaf};
    uint8_t u[20] = {0};
    struct error err;
    if (!digest_two(HASH_SHA1, bytes_make(space, sizeof space), bytes_text(words), u, &err) && e->err.kind == ERR_NONE) {
        e->err = err;
    }
    u[6] = (uint8_t)((u[6] & 0x0f) | 0x50);
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
    return export_printf(e, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3], u[4], u[5],
                         u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

void text_add_xml(struct text *out, struct bytes text) {
    static const char *const entities[] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;", ['\''] = "&apos;"};
    while (text.n != 0) {
        size_t n;
        uint32_t c = utf8_next(text, &n);
        if (c < sizeof entities / sizeof *entities && entities[c] != NULL) {
            text_add(out, entities[c]);
        } else if (c == UINT32_MAX || c < 0x20 || c == 0xfffe || c == 0xffff) {
            text_add(out, c == '\n' || c == '\t' ? " " : "\xef\xbf\xbd");
        } else {
            text_add_bytes(out, bytes_cut(text, 0, n));
        }
        text = bytes_cut(text, n, text.n);
    }
}
