/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of lists, from text to keys. Refused is what the reader of policies refuses, so that one bad entry does not spoil the policy:
 * hashes of a wrong length or of nothing, serials that many certificates have, names that are patterns or a platform's own; and what
 * the never-ban list holds, since such a rule would never be obeyed.
 */
#include <stdarg.h>
#include <stdio.h>

#include "asn1/name.h"
#include "base/hex.h"
#include "list/import_inside.h"
#include "list/policy_value.h"
#include "list/policy_write.h"

enum { WORDS_MAX = 1000, EXACT_MAX = 4096, SERIAL_MAX = 64, SERIAL_ALONE_MIN = 8, NAME_MAX_SIZE = 2000 };

void import_row_begin(struct import *import, struct import_row *row, size_t line) {
    *row = (struct import_row){.import = import,
                               .line = line,
                               .role = ROLE_SIGNER,
                               .expires = INT64_MAX,
                               .issuer = bytes_none(),
                               .issuer_common_name = bytes_none(),
                               .id = bytes_none(),
                               .action = ACTION_QUARANTINE,
                               .severity = SEVERITY_HIGH,
                               .confidence = CONFIDENCE_HIGH,
                               .weak_confidence = CONFIDENCE_LOW,
                               .group = bytes_none(),
                               .only = {.issued_under = bytes_none(), .eku = bytes_none(), .eku_except = bytes_none()}};
    import->counts.rows++;
}

void import_row_refuse(struct import_row *row, const char *format, ...) {
    struct import *import = row->import;
    char why[IMPORT_WHY_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    import->counts.refused++;
    import->listener->refused(import->listener, row->line, why);
}

void import_note(struct import_row *row, const char *format, ...) {
    char why[IMPORT_WHY_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (row->why[0] == '\0') {
        snprintf(row->why, sizeof row->why, "%s", why);
    }
}

static bool is_certificate_hash(enum key_kind kind) {
    return kind == KEY_CERT_SHA1 || kind == KEY_CERT_SHA256 || kind == KEY_TBS || kind == KEY_SPKI;
}

static const char protected_words[] = "names a certificate of public trust or of a platform, which no rule may ban";

void import_drop_protected(struct import_row *row) {
    size_t kept = 0;
    for (size_t i = 0; i < row->n_keys; i++) {
        if (never_ban_has(row->keys[i].kind, row->keys[i].value)) {
            import_note(row, "%s %s", key_name(row->keys[i].kind), protected_words);
        } else {
            row->keys[kept++] = row->keys[i];
        }
    }
    row->n_keys = kept;
}

void import_row_end(struct import_row *row) {
    struct import *import = row->import;
    for (size_t i = 0; i < row->n_keys; i++) {
        if (never_ban_has(row->keys[i].kind, row->keys[i].value)) {
            import_row_refuse(row, "%s", protected_words);
            return;
        }
    }
    if (row->n_keys == 0) {
        import_row_refuse(row, "%s", row->why[0] != '\0' ? row->why : "names no certificate and no file");
        return;
    }
    if (row->why[0] != '\0') {
        import->listener->noted(import->listener, row->line, row->why);
    }
    if (!import_failed(import)) {
        import_take(import, row);
    }
}

static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct bytes import_value(struct bytes text) {
    static const char *const nothing[] = {"???", "not specified", "none", "n/a", "-", "null", "unknown"};
    while (text.n != 0 && is_space(text.p[0])) {
        text = bytes_cut(text, 1, text.n);
    }
    while (text.n != 0 && is_space(text.p[text.n - 1])) {
        text.n--;
    }
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        size_t k = 0;
        while (k < text.n && nothing[i][k] != '\0' &&
               (text.p[k] == (uint8_t)nothing[i][k] || (text.p[k] | 0x20) == (uint8_t)nothing[i][k])) {
            k++;
        }
        if (k == text.n && nothing[i][k] == '\0') {
            return bytes_none();
        }
    }
    return text;
}

static const char *make_words(struct import *import, struct bytes text, size_t max) {
    struct text words = {0};
    while (text.n != 0 && words.n < max) {
        size_t n;
        uint32_t c = utf8_next(text, &n);
        if (c == UINT32_MAX || c == 0xfffe || c == 0xffff || (c < 0x20 && !is_space((uint8_t)c))) {
            text_add(&words, "\xef\xbf\xbd");
        } else if (c < 0x20) {
            text_add_char(&words, ' ');
        } else {
            text_add_bytes(&words, bytes_cut(text, 0, n));
        }
        text = bytes_cut(text, n, text.n);
    }
    const char *out = words.n != 0 && text_ok(&words) ? value_trim(bytes_make(words.p, words.n), &import->arena) : NULL;
    if (!text_ok(&words) || (words.n != 0 && out == NULL)) {
        import_no_room(import);
    }
    text_free(&words);
    return out != NULL && out[0] != '\0' ? out : NULL;
}

const char *import_words(struct import *import, struct bytes text) {
    return make_words(import, import_value(text), WORDS_MAX);
}

const char *import_exact(struct import *import, struct bytes text) {
    return make_words(import, text, EXACT_MAX);
}

void import_add_key(struct import_row *row, struct key key) {
    for (size_t i = 0; i < row->n_keys; i++) {
        const struct key *other = &row->keys[i];
        if (other->kind == key.kind && other->role == key.role && bytes_equal(other->value, key.value) &&
            bytes_equal(other->organization, key.organization)) {
            return;
        }
    }
    if (row->n_keys == IMPORT_KEYS_MAX) {
        import_note(row, "names more than %d things: the rest is left out", IMPORT_KEYS_MAX);
        return;
    }
    key.thing = row->thing;
    row->keys[row->n_keys++] = key;
}

/* A key of the row with a value of its own, which is copied. */
static void add_value(struct import_row *row, enum key_kind kind, struct bytes value) {
    bool of_certificate = is_certificate_hash(kind) || kind == KEY_CERT_MD5 || kind == KEY_SERIAL || kind == KEY_TEAM_ID;
    struct key key = {.kind = kind,
                      .role = of_certificate ? row->role : ROLE_ANY,
                      .issuer = bytes_none(),
                      .issuer_common_name = bytes_none(),
                      .organization = bytes_none(),
                      .issuer_organization = bytes_none()};
    if (kind == KEY_FILE_MD5 || kind == KEY_FILE_SHA1 || kind == KEY_FILE_SHA256) {
        key.file_size = row->file_size;
    }
    if (kind == KEY_SERIAL) {
        key.issuer = row->issuer;
        key.issuer_common_name = row->issuer.n == 0 ? row->issuer_common_name : bytes_none();
    }
    uint8_t *copy = arena_alloc(&row->import->arena, value.n); /* arena_copy's NUL would cost a hash 16 octets more */
    if (copy == NULL) {
        import_no_room(row->import);
        return;
    }
    memcpy(copy, value.p, value.n);
    key.value = bytes_make(copy, value.n);
    import_add_key(row, key);
}

/* How many octets a hash of that kind has; 0 when any hash will do. */
static size_t size_of(enum key_kind kind) {
    switch (kind) {
    case KEY_CERT_MD5:
    case KEY_FILE_MD5:
        return 16;
    case KEY_CERT_SHA1:
    case KEY_FILE_SHA1:
    case KEY_CDHASH:
        return 20;
    case KEY_CERT_SHA256:
    case KEY_SPKI:
    case KEY_FILE_SHA256:
        return 32;
    default:
        return 0;
    }
}

/* Reads a whole hash; false when there is none or it is wrong, which is noted. */
static bool read_hash(struct import_row *row, const char *what, size_t size, struct bytes hex, uint8_t out[HASH_SIZE_MAX], size_t *n) {
    size_t digits = 0;
    hex = import_value(hex);
    if (hex.n == 0) {
        return false;
    }
    if (!value_hex(hex, out, HASH_SIZE_MAX, n, &digits)) {
        import_note(row, "%s is no hash in hexadecimal digits", what);
        return false;
    }
    if (digits != 2 * *n || (size != 0 ? *n != size : hash_by_size(*n) == HASH_NONE)) {
        import_note(row, "%s has %zu digits, which no such hash has", what, digits);
        return false;
    }
    if (value_is_nothing(bytes_make(out, *n))) {
        import_note(row, "%s is the hash of nothing, or filler", what);
        return false;
    }
    return true;
}

void import_add_hash(struct import_row *row, enum key_kind kind, struct bytes hex) {
    uint8_t hash[HASH_SIZE_MAX];
    size_t n;
    if (!read_hash(row, key_name(kind), size_of(kind), hex, hash, &n)) {
        return;
    }
    if (kind == KEY_FIRST_PAGE && n != hash_size(HASH_SHA1) && n != hash_size(HASH_SHA256)) {
        import_note(row, "%s has %zu digits, which no such hash has", key_name(kind), 2 * n);
    } else {
        add_value(row, kind, bytes_make(hash, n));
    }
}

void import_add_thumbprint(struct import_row *row, struct bytes hex) {
    uint8_t hash[HASH_SIZE_MAX];
    size_t n;
    if (!read_hash(row, "the thumbprint", 0, hex, hash, &n)) {
        return;
    }
    if (n > 32) {
        import_note(row, "the thumbprint has %zu digits: neither MD5, SHA-1 nor SHA-256", 2 * n);
        return;
    }
    add_value(row, n == 16 ? KEY_CERT_MD5 : n == 20 ? KEY_CERT_SHA1 : KEY_CERT_SHA256, bytes_make(hash, n));
}

void import_add_serial(struct import_row *row, struct bytes hex) {
    uint8_t serial[SERIAL_MAX];
    size_t n, zeros = 0;
    hex = import_value(hex);
    if (hex.n == 0) {
        return;
    }
    if (!hex_normalise(hex, serial, sizeof serial, &n)) {
        import_note(row, "the serial is none of 1 to %d octets in hexadecimal digits", SERIAL_MAX);
        return;
    }
    while (zeros + 1 < n && serial[zeros] == 0) {
        zeros++;
    }
    n -= zeros;
    if (row->issuer.n == 0 && (n == 1 || (row->issuer_common_name.n == 0 && n < SERIAL_ALONE_MIN))) {
        import_note(row, "many certificates have a serial of %zu octets: it needs an issuer", n);
        return;
    }
    add_value(row, KEY_SERIAL, bytes_make(serial + zeros, n));
}

bool import_hash_of(struct import_row *row, struct bytes hex, struct bytes *out) {
    uint8_t hash[HASH_SIZE_MAX];
    size_t n;
    if (!read_hash(row, "it", 0, hex, hash, &n)) {
        return false;
    }
    if (!arena_copy(&row->import->arena, bytes_make(hash, n), out, NULL)) {
        import_no_room(row->import);
        return false;
    }
    return true;
}

void import_add_team_id(struct import_row *row, struct bytes text) {
    enum { TEAM_SIZE = 10 };
    uint8_t team[TEAM_SIZE];
    text = import_value(text);
    bool ok = text.n == TEAM_SIZE;
    for (size_t i = 0; i < TEAM_SIZE && ok; i++) {
        team[i] = text.p[i] >= 'a' && text.p[i] <= 'z' ? (uint8_t)(text.p[i] - 0x20) : text.p[i];
        ok = (team[i] >= '0' && team[i] <= '9') || (team[i] >= 'A' && team[i] <= 'Z');
    }
    if (ok) {
        add_value(row, KEY_TEAM_ID, bytes_make(team, sizeof team));
    } else if (text.n != 0) {
        import_note(row, "the team identifier is none of ten letters and digits");
    }
}

bool import_time(struct bytes text, int64_t *out) {
    enum { TIME_SIZE = 64, EPOCH_DIGITS_MIN = 9 };
    static const int64_t year_1990 = 631152000, year_2101 = 4133980800;
    uint64_t seconds;
    char words[TIME_SIZE];
    if (text.n >= EPOCH_DIGITS_MIN && value_number(text, (uint64_t)year_2101 - 1, &seconds)) {
        *out = (int64_t)seconds;
        return *out >= year_1990;
    }
    if (value_time(text, true, out)) {
        return true;
    }
    if (text.n + 2 > sizeof words || text.n < 11) {
        return false;
    }
    memcpy(words, text.p, text.n);
    words[10] = words[10] == ' ' ? 'T' : words[10];
    if (value_time(bytes_make(words, text.n), false, out)) {
        return true;
    }
    words[text.n] = 'Z';
    return value_time(bytes_make(words, text.n + 1), false, out);
}

/* Makes a name of an issuer's text: one whole, or a common name. */
static void read_issuer(struct import *import, const char *words, struct import_issuer *out) {
    struct bytes name;
    arena_reset(&import->scratch);
    out->name = out->common_name = bytes_none();
    if (strchr(words, '=') != NULL && strlen(words) <= NAME_MAX_SIZE && name_from_text(words, &import->scratch, &name, NULL) &&
        policy_issuer_text(name, &import->scratch) != NULL) {
        if (!arena_copy(&import->arena, name, &out->name, NULL)) {
            import_no_room(import);
        }
        return;
    }
    out->common_name = bytes_text(words);
}

void import_set_issuer(struct import_row *row, struct bytes text) {
    struct import *import = row->import;
    row->issuer = row->issuer_common_name = bytes_none();
    text = import_value(text);
    if (text.n == 0) {
        return;
    }
    /* Lists have few issuers, each of them often. */
    struct import_issuer *kept = &import->issuers[import_hash(import, text) % ISSUERS_KEPT];
    if (kept->text.n == 0 || !bytes_equal(kept->text, text)) {
        const char *words = import_words(import, text);
        *kept = (struct import_issuer){.text = bytes_none(), .name = bytes_none(), .common_name = bytes_none()};
        if (words == NULL) {
            return;
        }
        read_issuer(import, words, kept);
        if (!arena_copy(&import->arena, text, &kept->text, NULL)) {
            import_no_room(import);
        }
    }
    row->issuer = kept->name;
    row->issuer_common_name = kept->common_name;
}
