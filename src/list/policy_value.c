/* SPDX-License-Identifier: Apache-2.0 */
#include "list/policy_value.h"

#include "base/base64.h"
#include "base/hex.h"

bool value_hex(struct bytes text, uint8_t *out, size_t room, size_t *n, size_t *digits) {
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i] | 0x20;
        count += (c >= '0' && c <= '9' && text.p[i] >= '0') || (c >= 'a' && c <= 'f');
        if (c == 'x') {
            return false;
        }
    }
    *digits = count;
    return hex_normalise(text, out, room, n);
}

/* Takes n digits off the front. */
static bool take_digits(struct bytes *text, size_t n, unsigned *out) {
    unsigned value = 0;
    if (text->n < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (text->p[i] < '0' || text->p[i] > '9') {
            return false;
        }
        value = value * 10 + (text->p[i] - '0');
    }
    *text = bytes_cut(*text, n, SIZE_MAX);
    *out = value;
    return true;
}

static bool take_char(struct bytes *text, char c) {
    if (text->n == 0 || (text->p[0] != (uint8_t)c && text->p[0] != ((uint8_t)c | 0x20))) {
        return false;
    }
    *text = bytes_cut(*text, 1, SIZE_MAX);
    return true;
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct bytes trim(struct bytes text) {
    while (text.n != 0 && is_space(text.p[0])) {
        text = bytes_cut(text, 1, SIZE_MAX);
    }
    while (text.n != 0 && is_space(text.p[text.n - 1])) {
        text.n--;
    }
    return text;
}

/* Days since 1970-01-01 of a date in the Gregorian calendar; years run from March, so that the leap day is the last one. */
static int64_t days_of(int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    int64_t since_march = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return year * 365 + year / 4 - year / 100 + year / 400 + since_march - 719468;
}

static bool day_exists(unsigned year, unsigned month, unsigned day) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 1990 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

/* The zone's distance from UTC in seconds. */
static bool take_zone(struct bytes *text, int64_t *out) {
    unsigned hours, minutes;
    if (take_char(text, 'Z')) {
        *out = 0;
        return true;
    }
    bool west = text->n != 0 && text->p[0] == '-';
    if (text->n == 0 || (!west && text->p[0] != '+')) {
        return false;
    }
    *text = bytes_cut(*text, 1, SIZE_MAX);
    if (!take_digits(text, 2, &hours) || !take_char(text, ':') || !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *out = (west ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
    return true;
}

bool value_time(struct bytes text, bool day_too, int64_t *out) {
    unsigned year, month, day, hour, minute, second, fraction;
    int64_t zone;
    text = trim(text);
    if (!take_digits(&text, 4, &year) || !take_char(&text, '-') || !take_digits(&text, 2, &month) || !take_char(&text, '-') ||
        !take_digits(&text, 2, &day) || !day_exists(year, month, day)) {
        return false;
    }
    int64_t date = days_of(year, month, day) * 86400;
    if (text.n == 0 && day_too) {
        *out = date;
        return true;
    }
    if (!take_char(&text, 'T') || !take_digits(&text, 2, &hour) || !take_char(&text, ':') || !take_digits(&text, 2, &minute) ||
        !take_char(&text, ':') || !take_digits(&text, 2, &second) || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    if (take_char(&text, '.')) {
        if (!take_digits(&text, 1, &fraction)) {
            return false;
        }
        while (take_digits(&text, 1, &fraction)) {
        }
    }
    if (!take_zone(&text, &zone) || text.n != 0) {
        return false;
    }
    *out = date + (int64_t)(hour * 3600 + minute * 60 + second) - zone;
    return true;
}

bool value_number(struct bytes text, uint64_t max, uint64_t *out) {
    uint64_t value = 0;
    if (text.n == 0 || (text.n > 1 && text.p[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text.p[i] - '0', &value)) {
            return false;
        }
    }
    *out = value;
    return value <= max;
}

bool value_version(struct bytes text, uint16_t filler, struct version *out) {
    struct version version = {{filler, filler, filler, filler}};
    for (size_t i = 0;; i++) {
        size_t end = bytes_find(text, bytes_text("."), 0);
        struct bytes part = bytes_cut(text, 0, end);
        unsigned value;
        if (i == 4 || part.n == 0 || part.n > 5 || !take_digits(&part, part.n, &value) || value > UINT16_MAX) {
            return false;
        }
        version.part[i] = (uint16_t)value;
        if (end == text.n) {
            break;
        }
        text = bytes_cut(text, end + 1, SIZE_MAX);
    }
    *out = version;
    return true;
}

bool version_above(const struct version *a, const struct version *b) {
    size_t i = 0;
    while (i < 3 && a->part[i] == b->part[i]) {
        i++;
    }
    return a->part[i] > b->part[i];
}

bool value_oid(struct bytes text, struct arena *arena, struct bytes *out) {
    enum { ARC_OCTETS = 10 };
    size_t room = text.n + ARC_OCTETS, n = 0;
    uint8_t *p = arena_alloc(arena, room);
    uint64_t arc, first = 0;
    if (p == NULL) {
        return false;
    }
    for (size_t i = 0; i == 0 || text.n != 0; i++) {
        size_t end = bytes_find(text, bytes_text("."), 0);
        if (!value_number(bytes_cut(text, 0, end), INT64_MAX, &arc) || (end + 1 == text.n) || (i == 0 && arc > 2) ||
            (i == 1 && first < 2 && arc > 39)) {
            return false;
        }
        text = bytes_cut(text, end + 1, SIZE_MAX);
        if (i == 0) {
            first = arc;
            continue;
        }
        arc += i == 1 ? first * 40 : 0;
        unsigned groups = 1;
        while (groups < ARC_OCTETS && arc >> (7 * groups) != 0) {
            groups++;
        }
        if (groups > room - n) {
            return false;
        }
        while (groups-- != 0) {
            p[n++] = (uint8_t)((arc >> (7 * groups) & 0x7f) | (groups != 0 ? 0x80 : 0));
        }
    }
    *out = bytes_make(p, n);
    return n >= 2;
}

bool value_base64(struct bytes text, struct arena *arena, struct bytes *out) {
    uint8_t *p = arena_alloc(arena, text.n / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t n = 0, digits = 0, pads = 0;
    if (p == NULL) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (is_space(text.p[i])) {
            continue;
        }
        int digit = base64_digit(text.p[i]);
        if (text.p[i] == '=') {
            pads++;
            continue;
        }
        if (digit < 0 || pads != 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        if (++digits % 4 != 1) {
            p[n++] = (uint8_t)(bits >> (6 - 2 * ((digits - 1) % 4)));
        }
    }
    *out = bytes_make(p, n);
    return digits != 0 && digits % 4 != 1 && (digits + pads) % 4 == 0 && pads <= 2;
}

bool value_id(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i], lower = c | 0x20;
        bool word = (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
        if (!word && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return text.n != 0 && text.n <= 128;
}

bool value_is_nothing(struct bytes hash) {
    static const char *const of_nothing[] = {
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    };
    bool equal = true;
    for (size_t i = 1; i < hash.n && equal; i++) {
        equal = hash.p[i] == hash.p[0];
    }
    for (size_t i = 0; i < sizeof of_nothing / sizeof *of_nothing && !equal; i++) {
        uint8_t empty[HASH_SIZE_MAX];
        size_t n;
        equal = hash.n == strlen(of_nothing[i]) / 2 && hex_decode(bytes_text(of_nothing[i]), empty, sizeof empty, &n) &&
                memcmp(hash.p, empty, n) == 0;
    }
    return equal;
}

const char *value_trim(struct bytes text, struct arena *arena) {
    text = trim(text);
    char *out = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < text.n; i++) {
        bool space = is_space(text.p[i]);
        if (!space || out[n - 1] != ' ') {
            out[n++] = space ? ' ' : (char)text.p[i];
        }
    }
    return out;
}
