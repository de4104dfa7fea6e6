/* SPDX-License-Identifier: Apache-2.0 */
#include "list/json_walk.h"

#include <strings.h>

static uint8_t head(const struct json_walk *walk) {
    return walk->left.n != 0 ? walk->left.p[0] : 0;
}

/* Moves on by n octets, which hold no line end unless it is counted. */
static void move(struct json_walk *walk, size_t n) {
    walk->left = bytes_cut(walk->left, n, walk->left.n);
}

static void skip_space(struct json_walk *walk) {
    while (walk->left.n != 0 && strchr(" \t\r\n", walk->left.p[0]) != NULL && walk->left.p[0] != '\0') {
        walk->line += walk->left.p[0] == '\n';
        move(walk, 1);
    }
}

static bool fail(struct json_walk *walk, enum error_kind kind, const char *why, struct error *err) {
    walk->failed = true;
    error_set(err, kind, "line %zu: %s", walk->line, why);
    return false;
}

struct json_walk json_walk_text(struct bytes text) {
    bool mark = bytes_starts(text, bytes_text("\xef\xbb\xbf"));
    return (struct json_walk){.left = bytes_cut(text, mark ? 3 : 0, text.n), .line = 1, .first = true};
}

bool json_begins(struct bytes text) {
    struct json_walk walk = json_walk_text(text);
    skip_space(&walk);
    return head(&walk) == '{' || head(&walk) == '[';
}

struct json_walk json_walk_into(struct json_part part) {
    uint8_t opens = json_part_opens(part);
    struct json_walk walk = {.left = bytes_none(), .line = part.line, .first = true};
    if (opens == '{' || opens == '[') {
        walk.left = bytes_cut(part.text, 1, part.text.n);
        walk.closes = opens == '{' ? '}' : ']';
    }
    return walk;
}

uint8_t json_part_opens(struct json_part part) {
    return part.text.n != 0 ? part.text.p[0] : 0;
}

void json_walk_skip_line(struct json_walk *walk) {
    const uint8_t *end = walk->left.n != 0 ? memchr(walk->left.p, '\n', walk->left.n) : NULL;
    move(walk, end != NULL ? (size_t)(end - walk->left.p) : walk->left.n);
    walk->failed = false;
}

/* How many octets a string has, its quotes included; 0 when it does not end. */
static size_t string_size(struct bytes b) {
    for (size_t i = 1; i < b.n && b.p[i] != '\n'; i++) {
        if (b.p[i] == '"') {
            return i + 1;
        }
        i += b.p[i] == '\\';
    }
    return 0;
}

/* A value that is neither string, object nor array. */
static size_t word_size(struct bytes b) {
    size_t n = 0;
    while (n < b.n && (b.p[n] == '\0' || strchr(" \t\r\n,]}:\"[{", b.p[n]) == NULL)) {
        n++;
    }
    return n;
}

/* An object or array, up to the bracket that closes it; which bracket that is jansson will ask. */
static bool take_nested(struct json_walk *walk, struct json_part *value, struct error *err) {
    struct bytes b = walk->left;
    size_t depth = 0, i = 0, lines = 0;
    do {
        uint8_t c = b.p[i];
        size_t n = 1;
        if (c == '"') {
            n = string_size(bytes_cut(b, i, b.n));
            if (n == 0) {
                return fail(walk, ERR_MALFORMED, "a string in the value that begins here does not end", err);
            }
        } else if (c == '{' || c == '[') {
            depth++;
            value->n_values++;
        } else if (c == '}' || c == ']') {
            depth--;
        }
        value->n_values += c == ',' || c == ':';
        lines += c == '\n';
        i += n;
        if (depth > JSON_DEPTH_MAX) {
            return fail(walk, ERR_LIMIT, "values stand more than 64 levels deep", err);
        }
    } while (depth != 0 && i < b.n);
    if (depth != 0) {
        return fail(walk, ERR_MALFORMED, "the value that begins here does not end", err);
    }
    value->text = bytes_cut(b, 0, i);
    walk->line += lines;
    move(walk, i);
    return true;
}

static bool take_value(struct json_walk *walk, struct json_part *value, struct error *err) {
    uint8_t c = head(walk);
    *value = (struct json_part){.line = walk->line, .n_values = 1};
    if (c == '{' || c == '[') {
        return take_nested(walk, value, err);
    }
    size_t n = c == '"' ? string_size(walk->left) : word_size(walk->left);
    if (n == 0) {
        return fail(walk, ERR_MALFORMED, "expected a value", err);
    }
    value->text = bytes_cut(walk->left, 0, n);
    move(walk, n);
    return true;
}

/* "name": */
static bool take_key(struct json_walk *walk, struct bytes *key, struct error *err) {
    size_t n = head(walk) == '"' ? string_size(walk->left) : 0;
    if (n == 0) {
        return fail(walk, ERR_MALFORMED, "expected the name of a member", err);
    }
    *key = bytes_cut(walk->left, 1, n - 2);
    move(walk, n);
    skip_space(walk);
    if (head(walk) != ':') {
        return fail(walk, ERR_MALFORMED, "expected : behind the name of a member", err);
    }
    move(walk, 1);
    skip_space(walk);
    return true;
}

bool json_walk_next(struct json_walk *walk, struct bytes *key, struct json_part *value, struct error *err) {
    struct bytes name = bytes_none();
    if (walk->failed) {
        return false;
    }
    skip_space(walk);
    if (walk->left.n == 0) {
        return walk->closes != 0 && fail(walk, ERR_MALFORMED, "the text ends early", err);
    }
    if (walk->closes != 0 && head(walk) == walk->closes) {
        walk->left = bytes_none();
        walk->closes = 0;
        return false;
    }
    if (walk->closes != 0 && !walk->first) {
        if (head(walk) != ',') {
            return fail(walk, ERR_MALFORMED, "expected , between two values", err);
        }
        move(walk, 1);
        skip_space(walk);
    }
    walk->first = false;
    if ((walk->closes == '}' && !take_key(walk, &name, err)) || !take_value(walk, value, err)) {
        return false;
    }
    if (key != NULL) {
        *key = name;
    }
    return true;
}

json_t *json_part_load(struct json_part part, struct error *err) {
    json_error_t why;
    if (part.n_values > JSON_VALUES_MAX) {
        error_set(err, ERR_LIMIT, "holds more than %d values", JSON_VALUES_MAX);
        return NULL;
    }
    json_t *value = json_loadb((const char *)part.text.p, part.text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (value == NULL) {
        error_set(err, ERR_MALFORMED, "is no JSON: %.120s", why.text);
    }
    return value;
}

struct bytes json_words(const json_t *value, struct arena *arena) {
    if (json_is_string(value)) {
        return bytes_make(json_string_value(value), json_string_length(value));
    }
    if (json_is_integer(value)) {
        const char *digits = arena_printf(arena, "%lld", (long long)json_integer_value(value));
        return digits != NULL ? bytes_text(digits) : bytes_none();
    }
    return bytes_none();
}

json_t *json_member_any_case(const json_t *object, const char *name) {
    const char *key;
    json_t *value, *whole;
    memcpy(&whole, &object, sizeof whole); /* the iteration asks for an object that it might change */
    json_object_foreach(whole, key, value) {
        if (strcasecmp(key, name) == 0) {
            return value;
        }
    }
    return NULL;
}

struct bytes json_text(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? bytes_make(json_string_value(value), json_string_length(value)) : bytes_none();
}
