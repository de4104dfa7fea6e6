/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STIX 2.1 (OASIS): the indicators of a bundle, or of an array of objects. What their patterns (list/stix_pattern.h) name by hash, or a
 * certificate by serial and issuer, becomes a ban, of certificates as signers. Refused are indicators that are revoked, benign, in
 * another language than STIX's, and patterns that ask for more than a rule can; observed certificates and files too: that somebody saw
 * them says nothing of them. Objects of other types are no entries.
 */
#include "list/import_mark.h"
#include "list/importer.h"
#include "list/json_walk.h"
#include "list/stix_pattern.h"

enum { PROBE_SIZE = 64 << 10, KEYS_A_ROW = 20 };

static bool same_word(struct bytes text, const char *word) {
    size_t n = strlen(word);
    for (size_t i = 0; i < n && i < text.n; i++) {
        uint8_t c = text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] | 0x20 : text.p[i];
        if (c != (uint8_t)word[i]) {
            return false;
        }
    }
    return text.n == n;
}

/* What a path of a single comparison names. */
static const struct {
    const char *path;
    enum key_kind kind;
} hashes[] = {{"x509-certificate:hashes.sha-256", KEY_CERT_SHA256},
              {"x509-certificate:hashes.sha256", KEY_CERT_SHA256},
              {"x509-certificate:hashes.sha-1", KEY_CERT_SHA1},
              {"x509-certificate:hashes.sha1", KEY_CERT_SHA1},
              {"x509-certificate:hashes.md5", KEY_CERT_MD5},
              {"file:hashes.sha-256", KEY_FILE_SHA256},
              {"file:hashes.sha256", KEY_FILE_SHA256},
              {"file:hashes.sha-1", KEY_FILE_SHA1},
              {"file:hashes.sha1", KEY_FILE_SHA1},
              {"file:hashes.md5", KEY_FILE_MD5}};
static const char serial_path[] = "x509-certificate:serial_number", issuer_path[] = "x509-certificate:issuer";

/* LIKE '%CN=Some CA%', as certban writes an issuer that is known by its common name. False when it is something else. */
static bool liked_name(struct bytes value, struct bytes *out) {
    if (value.n < 6 || !bytes_starts(value, bytes_text("%CN=")) || value.p[value.n - 1] != '%') {
        return false;
    }
    *out = bytes_cut(value, 4, value.n - 5);
    return memchr(out->p, '%', out->n) == NULL && memchr(out->p, '=', out->n) == NULL;
}

/* serial_number AND issuer */
static void add_issued(struct import_row *row, const struct stix_alternative *a, bool issued) {
    const struct stix_term *serial = NULL, *issuer = NULL;
    struct bytes name;
    for (size_t i = 0; i < a->n; i++) {
        serial = same_word(a->terms[i].path, serial_path) ? &a->terms[i] : serial;
        issuer = same_word(a->terms[i].path, issuer_path) ? &a->terms[i] : issuer;
    }
    if (a->n != 2 || serial == NULL || issuer == NULL || serial->like) {
        import_note(row, "asks for several things at once, which no rule can");
    } else if (issued) {
        import_add_serial(row, serial->value);
    } else if (!issuer->like) {
        import_set_issuer(row, issuer->value);
        import_add_serial(row, serial->value);
    } else if (liked_name(issuer->value, &name)) {
        import_set_issuer(row, name);
        import_add_serial(row, serial->value);
    } else {
        import_note(row, "asks for a part of an issuer's name, which no rule can");
    }
}

static void add_alternative(struct import_row *row, const struct stix_alternative *a, struct import_mark *mark) {
    const struct stix_term *term = &a->terms[0];
    bool issued = import_mark_issued(mark);
    import_set_issuer(row, bytes_none());
    import_mark_place(mark, row);
    if (a->n != 1) {
        add_issued(row, a, issued);
        return;
    }
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes && !term->like; i++) {
        if (same_word(term->path, hashes[i].path)) {
            import_add_hash(row, hashes[i].kind, term->value);
            return;
        }
    }
    if (same_word(term->path, serial_path) && !term->like) {
        import_add_serial(row, term->value);
    } else {
        import_note(row, "asks for %.*s, which no rule can", term->path.n > 60 ? 60 : (int)term->path.n, (const char *)term->path.p);
    }
}

static bool is_benign(const json_t *object) {
    const json_t *types = json_object_get(object, "indicator_types");
    bool benign = false;
    for (size_t i = 0; i < json_array_size(types); i++) {
        const char *type = json_string_value(json_array_get(types, i));
        benign = benign || (type != NULL && strcmp(type, "benign") == 0);
    }
    return benign;
}

/* Why an indicator bans nothing, or NULL. */
static const char *refusal(const json_t *object, struct import_row *row) {
    struct bytes until = json_text(object, "valid_until"), type = json_text(object, "pattern_type");
    if (json_is_true(json_object_get(object, "revoked"))) {
        return "is revoked";
    }
    if (is_benign(object)) {
        return "is of what is benign";
    }
    if (type.n != 0 && !bytes_is(type, "stix")) {
        return "is in another language than STIX's";
    }
    return until.n != 0 && !import_time(until, &row->expires) ? "its end is no time" : NULL;
}

/* The mark of an indicator of certban's. */
static struct import_mark find_mark(const json_t *object) {
    const json_t *references = json_object_get(object, "external_references");
    struct import_mark mark;
    bool found = import_mark_find(bytes_none(), &mark);
    for (size_t i = 0; i < json_array_size(references) && !found; i++) {
        found = import_mark_find(json_text(json_array_get(references, i), "external_id"), &mark);
    }
    return mark;
}

/* Its reference is the description of the other one. */
static struct bytes find_reference(const json_t *object) {
    const json_t *references = json_object_get(object, "external_references");
    struct bytes words = bytes_none();
    for (size_t i = 0; i < json_array_size(references) && words.n == 0; i++) {
        words = json_text(json_array_get(references, i), "description");
    }
    return words;
}

/* What an indicator is called, and what is said of it. Returns why it bans nothing, or NULL. */
static const char *read_words(const json_t *object, const struct import_mark *mark, struct import_row *row) {
    struct bytes name = json_text(object, "name"), words = json_text(object, "description");
    const char *why = refusal(object, row);
    if (import_mark_is(mark)) {
        struct bytes reference = find_reference(object);
        row->reference = reference.n != 0 ? import_exact(row->import, reference) : NULL;
        const char *wrong = import_mark_take(mark, row);
        row->reason = row->reason == NULL && words.n != 0 ? import_exact(row->import, words) : row->reason;
        return why != NULL ? why : wrong;
    }
    row->id = name.n != 0 ? name : json_text(object, "id");
    row->reason = import_words(row->import, words.n != 0 ? words : name);
    return why;
}

/* An indicator. A long pattern becomes several rules, unless they are marked as one. */
static void read_indicator(const json_t *object, size_t line, struct import *import, struct arena *scratch) {
    struct import_row row;
    struct stix_alternative *a = NULL;
    struct error err = {0};
    struct import_mark mark = find_mark(object);
    do {
        import_row_begin(import, &row, line);
        const char *why = read_words(object, &mark, &row);
        if (why == NULL && a == NULL && !stix_pattern(json_text(object, "pattern"), scratch, &a, &err)) {
            why = err.text;
        }
        if (why != NULL) {
            import_row_refuse(&row, "%s", why);
            return;
        }
        for (; a != NULL && row.n_keys < KEYS_A_ROW; a = a->next) {
            add_alternative(&row, a, &mark);
        }
        import_row_end(&row);
    } while (a != NULL && !import_failed(import));
}

static void read_object(struct json_part part, struct import *import, struct arena *scratch) {
    struct import_row row;
    struct error err = {0};
    json_t *object = json_part_load(part, &err);
    struct bytes type = json_text(object, "type");
    if (!json_is_object(object)) {
        import_row_begin(import, &row, part.line);
        import_row_refuse(&row, "%s", object != NULL ? "is no object" : err.text);
    } else if (bytes_is(type, "indicator")) {
        read_indicator(object, part.line, import, scratch);
    } else if (bytes_is(type, "x509-certificate") || bytes_is(type, "file")) {
        import_row_begin(import, &row, part.line);
        import_row_refuse(&row, "is an observation, no indicator");
    }
    json_decref(object);
    arena_reset(scratch);
}

static bool read_objects(struct json_part list, struct import *import, struct arena *scratch, struct error *err) {
    struct json_walk walk = json_walk_into(list);
    struct json_part part;
    while (!import_failed(import) && json_walk_next(&walk, NULL, &part, err)) {
        read_object(part, import, scratch);
    }
    return !walk.failed;
}

/* A bundle, an array of objects, or one object. */
static bool read_root(struct json_part root, struct import *import, struct arena *scratch, struct error *err) {
    struct json_walk members = json_walk_into(root);
    struct json_part part;
    struct bytes key;
    bool ok = true, any = false;
    if (json_part_opens(root) == '[') {
        return read_objects(root, import, scratch, err);
    }
    while (ok && json_walk_next(&members, &key, &part, err)) {
        if (bytes_is(key, "objects")) {
            any = true;
            ok = read_objects(part, import, scratch, err);
        }
    }
    if (ok && !members.failed && !any) {
        read_object(root, import, scratch);
    }
    return ok && !members.failed;
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    static const size_t memory_max = (size_t)64 << 20; /* for one pattern */
    struct arena scratch = arena_make(memory_max);
    struct json_walk walk = json_walk_text(content);
    struct json_part root;
    bool ok = true, any = false;
    while (ok && !import_failed(import) && json_walk_next(&walk, NULL, &root, err)) {
        any = true;
        ok = read_root(root, import, &scratch, err);
    }
    arena_free(&scratch);
    return ok && !walk.failed && (any || error_set(err, ERR_MALFORMED, "holds no objects"));
}

static bool probe(struct bytes content) {
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE);
    bool bundle = bytes_find(head, bytes_text("\"bundle--"), 0) < head.n;
    return (bundle || bytes_find(head, bytes_text("\"pattern_type\""), 0) < head.n ||
            bytes_find(head, bytes_text("\"indicator--"), 0) < head.n) &&
           bytes_find(head, bytes_text("\"type\""), 0) < head.n;
}

const struct importer importer_stix = {"stix", "STIX 2.1", probe, read};
