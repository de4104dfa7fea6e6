/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names as text: RFC 4514, written as OpenSSL's "RFC2253,utf8,-esc_msb" writes it, and read as leniently as lists write it:
 * any order, spaces around separators, quotes, semicolons, OpenSSL's old "/C=…/O=…", commas that nobody escaped.
 */
#include "asn1/chars.h"
#include "asn1/name.h"
#include "asn1/name_walk.h"
#include "base/hex.h"

enum { ATTRIBUTES_MAX = 256, VALUE_MAX = 32 << 10, OID_MAX = 128 };

/* Text under construction: with p NULL it is only measured. */
struct out {
    char *p;
    size_t n;
};

static void put(struct out *out, const char *s, size_t n) {
    if (out->p != NULL && n != 0) {
        memcpy(out->p + out->n, s, n);
    }
    out->n += n;
}

static void put_hex(struct out *out, struct bytes b) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < b.n; i++) {
        char two[2] = {digits[b.p[i] >> 4], digits[b.p[i] & 15]};
        put(out, two, 2);
    }
}

/* RFC 4514 2.4: what is escaped where. */
static void put_character(struct out *out, uint32_t c, bool first, bool last) {
    static const char special[] = ",+\"\\<>;";
    char utf8[4];
    if (c < 0x20 || c == 0x7f) {
        uint8_t octet = (uint8_t)c;
        put(out, "\\", 1);
        put_hex(out, bytes_make(&octet, 1));
        return;
    }
    if ((c < 0x80 && strchr(special, (int)c) != NULL) || (first && (c == '#' || c == ' ')) || (last && c == ' ')) {
        put(out, "\\", 1);
    }
    put(out, utf8, chars_put(c, utf8));
}

static void put_attribute(struct out *out, const struct name_attribute *attribute, const char *dotted) {
    const char *type = name_type_text(attribute->oid);
    const char *shown = type != NULL ? type : dotted;
    put(out, shown, strlen(shown));
    put(out, "=", 1);
    if (type == NULL || !chars_is_string(attribute->value.tag)) {
        put(out, "#", 1);
        put_hex(out, attribute->value.whole);
        return;
    }
    struct chars chars = chars_make(attribute->value.tag, attribute->value.content);
    uint32_t c;
    for (bool first = true; chars_next(&chars, &c); first = false) {
        put_character(out, c, first, chars.left.n == 0);
    }
}

/* Most specific first: the order of encoding turned round. */
static void put_name(struct out *out, const struct name_attribute *all, const char *const *dotted, size_t n) {
    for (size_t i = n; i > 0; i--) {
        put_attribute(out, &all[i - 1], dotted[i - 1]);
        if (i > 1) {
            put(out, all[i - 1].joins_previous ? "+" : ",", 1);
        }
    }
}

static size_t count_attributes(struct bytes name) {
    struct name_walk walk = name_walk_begin(name);
    struct name_attribute attribute;
    size_t n = 0;
    while (n < ATTRIBUTES_MAX && name_walk_next(&walk, &attribute)) {
        n++;
    }
    return n;
}

const char *name_text(struct bytes name, struct arena *arena) {
    size_t room = count_attributes(name), n = 0;
    struct name_attribute *all = arena_array(arena, room, sizeof *all);
    const char **dotted = arena_array(arena, room, sizeof *dotted);
    struct name_walk walk = name_walk_begin(name);
    if (all == NULL || dotted == NULL) {
        return NULL;
    }
    while (n < room && name_walk_next(&walk, &all[n])) {
        dotted[n] = name_type_text(all[n].oid) == NULL ? oid_dotted(all[n].oid, arena) : "";
        if (dotted[n++] == NULL) {
            return NULL;
        }
    }
    struct out measure = {0};
    put_name(&measure, all, dotted, n);
    struct out out = {.p = arena_alloc(arena, measure.n + 1)};
    if (out.p == NULL) {
        return NULL;
    }
    put_name(&out, all, dotted, n);
    return out.p;
}

/* Reading. One attribute of a name in text. */
struct word {
    uint8_t oid[OID_MAX];
    size_t n_oid;
    struct bytes value; /* an element */
    bool joins_next;    /* "+" stood behind it */
};

static bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_blanks(const char *s) {
    while (blank(*s)) {
        s++;
    }
    return s;
}

/* The type and "=" at s; returns what is behind it, NULL when s does not begin with one. */
static const char *read_type(const char *s, uint8_t *oid, size_t *n) {
    s = skip_blanks(s);
    size_t length = strcspn(s, "=,;+/\\\"");
    if (s[length] != '=') {
        return NULL;
    }
    size_t end = length;
    while (end > 0 && blank(s[end - 1])) {
        end--;
    }
    return name_type_oid(s, end, oid, OID_MAX, n) ? s + length + 1 : NULL;
}

/* Whether an attribute ends at s: the end, or a separator with another attribute behind it. */
static bool ends(const char *s, const char *separators) {
    uint8_t oid[OID_MAX];
    size_t n;
    return *s == '\0' || (strchr(separators, *s) != NULL && (skip_blanks(s + 1)[0] == '\0' || read_type(s + 1, oid, &n) != NULL));
}

/* An escape behind a backslash at s: two hex digits or one character. Returns what is behind it; NULL at the end of the text. */
static const char *read_escape(const char *s, char *value, size_t *n) {
    uint8_t octet;
    size_t one;
    if (s[0] == '\0') {
        return NULL;
    }
    if (s[1] != '\0' && hex_decode(bytes_make(s, 2), &octet, 1, &one)) {
        value[(*n)++] = (char)octet;
        return s + 2;
    }
    value[(*n)++] = s[0];
    return s + 1;
}

/* The value at s without its escapes and quotes, in value (VALUE_MAX); returns its end, NULL when it is none. */
static const char *read_value(const char *s, const char *separators, char *value, size_t *n) {
    size_t kept = 0; /* without blanks at the end, unless they were escaped or quoted */
    bool quoted = false;
    *n = 0;
    s = skip_blanks(s);
    while (quoted || !ends(s, separators)) {
        if (*s == '\0' || *n >= VALUE_MAX) {
            return NULL;
        }
        if (*s == '"' && quoted && s[1] == '"') {
            s++; /* a doubled quote inside quotes, as Windows writes it */
            value[(*n)++] = *s++;
            kept = *n;
        } else if (*s == '"' && (quoted || *n == 0)) {
            quoted = !quoted;
            s++;
        } else if (*s == '\\') {
            s = read_escape(s + 1, value, n);
            if (s == NULL) {
                return NULL;
            }
            kept = *n;
        } else {
            bool trims = blank(*s) && !quoted;
            value[(*n)++] = *s++;
            kept = trims ? kept : *n;
        }
    }
    *n = kept;
    return s;
}

/* "#" and an element in hex (RFC 4514 2.4). False when it is none: then it is text. */
static bool read_hex_value(const char *value, size_t n, struct arena *arena, struct bytes *out) {
    struct der element;
    size_t size = 0;
    uint8_t *octets = arena_alloc(arena, n / 2 + 1);
    if (n < 5 || value[0] != '#' || octets == NULL || !hex_decode(bytes_make(value + 1, n - 1), octets, n / 2 + 1, &size) ||
        !der_read(bytes_make(octets, size), &element, NULL) || element.whole.n != size) {
        return false;
    }
    *out = element.whole;
    return true;
}

static bool bad_name(struct error *err, const char *why) {
    return error_set(err, ERR_USAGE, "no name: %s", why);
}

/* Every attribute of the text, in its order. */
static bool read_words(const char *text, struct arena *arena, struct word *words, size_t *n, struct error *err) {
    const char *s = skip_blanks(text);
    const char *separators = *s == '/' ? "/+" : ",;+";
    size_t length = strlen(text);
    char *value = arena_alloc(arena, (length < VALUE_MAX ? length : VALUE_MAX) + 1);
    size_t size;
    if (value == NULL) {
        return arena_full(arena, err);
    }
    s += *s == '/';
    for (*n = 0; *s != '\0' && skip_blanks(s)[0] != '\0';) {
        if (*n == ATTRIBUTES_MAX) {
            return bad_name(err, "too many attributes");
        }
        struct word *word = &words[(*n)++];
        s = read_type(s, word->oid, &word->n_oid);
        if (s == NULL) {
            return bad_name(err, "an attribute of unknown type");
        }
        bool hex = *skip_blanks(s) == '#';
        s = read_value(s, separators, value, &size);
        if (s == NULL) {
            return bad_name(err, "a value without an end");
        }
        if ((!hex || !read_hex_value(value, size, arena, &word->value)) &&
            !der_wrap(DER_UTF8, bytes_make(value, size), arena, &word->value, err)) {
            return false;
        }
        word->joins_next = *s == '+';
        s += *s != '\0';
    }
    return *n != 0 || bad_name(err, "it is empty");
}

/* Encodes the RDNs of the words, in their order or turned round. */
static bool encode(const struct word *words, size_t n, bool reversed, struct arena *arena, struct bytes *name, struct error *err) {
    size_t room = 0, used = 0;
    for (size_t i = 0; i < n; i++) {
        room += words[i].n_oid + words[i].value.n + 32;
    }
    uint8_t *content = arena_alloc(arena, room);
    uint8_t *set = arena_alloc(arena, room);
    if (content == NULL || set == NULL) {
        return arena_full(arena, err);
    }
    for (size_t done = 0; done < n;) {
        size_t first = done, count = 1, n_set = 0;
        if (reversed) {
            first = n - 1 - done;
            while (first > 0 && words[first - 1].joins_next) {
                first--;
            }
        }
        while (words[first + count - 1].joins_next && first + count < n) {
            count++;
        }
        for (size_t i = first; i < first + count; i++) {
            struct bytes oid, attribute;
            uint8_t *pair = arena_alloc(arena, words[i].n_oid + words[i].value.n + 16);
            if (pair == NULL || !der_wrap(DER_OID, bytes_make(words[i].oid, words[i].n_oid), arena, &oid, err)) {
                return arena_full(arena, err);
            }
            memcpy(pair, oid.p, oid.n);
            memcpy(pair + oid.n, words[i].value.p, words[i].value.n);
            if (!der_wrap(DER_SEQUENCE, bytes_make(pair, oid.n + words[i].value.n), arena, &attribute, err)) {
                return false;
            }
            memcpy(set + n_set, attribute.p, attribute.n);
            n_set += attribute.n;
        }
        struct bytes rdn;
        if (!der_wrap(DER_SET, bytes_make(set, n_set), arena, &rdn, err)) {
            return false;
        }
        memcpy(content + used, rdn.p, rdn.n);
        used += rdn.n;
        done += count;
    }
    return der_wrap(DER_SEQUENCE, bytes_make(content, used), arena, name, err);
}

static bool is_type(const struct word *word, const char *type) {
    uint8_t oid[OID_MAX];
    size_t n;
    return name_type_oid(type, strlen(type), oid, sizeof oid, &n) && bytes_equal(bytes_make(oid, n), bytes_make(word->oid, word->n_oid));
}

/* Names are encoded from the country or domain down; text that ends there, or begins with the common name, is the other way round. */
static bool most_specific_first(const struct word *words, size_t n) {
    bool begins_at_top = is_type(&words[0], "C") || is_type(&words[0], "DC");
    bool ends_at_top = is_type(&words[n - 1], "C") || is_type(&words[n - 1], "DC");
    return is_type(&words[0], "CN") || (ends_at_top && !begins_at_top);
}

/* Room for the attributes of a text, each of which has a "=" of its own, or is refused: what is given is not read to the end when there
 * are more than ATTRIBUTES_MAX. A policy has a name for many of its rules, so that room for all would add up. */
static size_t word_room(const char *text) {
    size_t n = 1;
    for (; *text != '\0' && n < ATTRIBUTES_MAX; text++) {
        n += *text == '=';
    }
    return n;
}

bool name_from_text(const char *text, struct arena *arena, struct bytes *name, struct error *err) {
    struct word *words = arena_array(arena, word_room(text), sizeof *words);
    size_t n = 0;
    if (words == NULL) {
        return arena_full(arena, err);
    }
    return read_words(text, arena, words, &n, err) && encode(words, n, most_specific_first(words, n), arena, name, err);
}

bool name_matches_text(struct bytes name, const char *text) {
    struct arena arena = arena_make((size_t)4 << 20);
    struct word *words = arena_array(&arena, word_room(text), sizeof *words);
    struct bytes forward = bytes_none(), backward = bytes_none();
    size_t n = 0;
    bool equal = words != NULL && read_words(text, &arena, words, &n, NULL) && encode(words, n, false, &arena, &forward, NULL) &&
                 encode(words, n, true, &arena, &backward, NULL) && (name_equal(name, forward) || name_equal(name, backward));
    arena_free(&arena);
    return equal;
}
