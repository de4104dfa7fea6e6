/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MISP (misp-project.org, "MISP core format"): events in JSON, also as an answer of the API has them. An entry is an attribute, or an
 * object with all its attributes: hashes of certificates, of files, Authenticode digests and cdhashes are taken by the type of the
 * attribute; of x509 and authenticode-signerinfo objects the serial with the issuer, too. Refused is what is deleted, and what is not
 * marked for detection (to_ids).
 */
#include "list/importer.h"
#include "list/json_walk.h"

enum { PROBE_SIZE = 64 << 10, DEPTH_MAX = 6 };

/* What an attribute's value is, by its type; of "filename|…" the part behind the bar. */
static const struct {
    const char *type;
    enum key_kind kind;
} types[] = {{"x509-fingerprint-sha256", KEY_CERT_SHA256},
             {"x509-fingerprint-sha1", KEY_CERT_SHA1},
             {"x509-fingerprint-md5", KEY_CERT_MD5},
             {"sha256", KEY_FILE_SHA256},
             {"sha1", KEY_FILE_SHA1},
             {"md5", KEY_FILE_MD5},
             {"authentihash", KEY_AUTHENTICODE},
             {"cdhash", KEY_CDHASH}};

static bool is_true(const json_t *value) {
    return json_is_true(value) || (json_is_integer(value) && json_integer_value(value) == 1) ||
           (json_is_string(value) && (strcmp(json_string_value(value), "1") == 0 || strcmp(json_string_value(value), "true") == 0));
}

static bool is_deleted(const json_t *object) {
    return is_true(json_object_get(object, "deleted"));
}

static bool is_marked(const json_t *attribute) {
    return is_true(json_object_get(attribute, "to_ids")) && !is_deleted(attribute);
}

/* Adds the key that an attribute is; false when its type names none. */
static bool add_attribute(struct import_row *row, const json_t *attribute) {
    struct bytes type = json_text(attribute, "type"), value = json_text(attribute, "value");
    static const char with_name[] = "filename|";
    if (bytes_starts(type, bytes_text(with_name))) {
        size_t bar = value.n;
        while (bar != 0 && value.p[bar - 1] != '|') {
            bar--;
        }
        type = bytes_cut(type, sizeof with_name - 1, type.n);
        value = bytes_cut(value, bar, value.n);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (bytes_is(type, types[i].type)) {
            import_add_hash(row, types[i].kind, value);
            return true;
        }
    }
    return false;
}

static const char *words_of(struct import *import, const json_t *object, const char *info) {
    struct bytes comment = import_value(json_text(object, "comment"));
    return comment.n != 0 ? import_words(import, comment) : info;
}

static void read_attribute(const json_t *attribute, size_t line, struct import *import, const char *info) {
    struct bytes type = json_text(attribute, "type");
    struct import_row row;
    import_row_begin(import, &row, line);
    row.reason = words_of(import, attribute, info);
    if (is_deleted(attribute)) {
        import_row_refuse(&row, "is deleted");
    } else if (!is_marked(attribute)) {
        import_row_refuse(&row, "is not marked for detection (to_ids)");
    } else if (!add_attribute(&row, attribute)) {
        import_row_refuse(&row, "is of the type %.*s, which names no certificate and no file", type.n > 40 ? 40 : (int)type.n,
                          (const char *)type.p);
    } else {
        import_row_end(&row);
    }
}

static struct bytes related(const json_t *attributes, const char *relation) {
    for (size_t i = 0; i < json_array_size(attributes); i++) {
        const json_t *attribute = json_array_get(attributes, i);
        if (bytes_is(json_text(attribute, "object_relation"), relation) && !is_deleted(attribute)) {
            return json_text(attribute, "value");
        }
    }
    return bytes_none();
}

static void read_object(const json_t *object, size_t line, struct import *import, const char *info) {
    const json_t *attributes = json_object_get(object, "Attribute");
    struct bytes name = json_text(object, "name");
    struct import_row row;
    bool marked = false;
    import_row_begin(import, &row, line);
    row.reason = words_of(import, object, info);
    if (is_deleted(object)) {
        import_row_refuse(&row, "is deleted");
        return;
    }
    for (size_t i = 0; i < json_array_size(attributes); i++) {
        const json_t *attribute = json_array_get(attributes, i);
        if (is_marked(attribute)) {
            marked = true;
            (void)add_attribute(&row, attribute);
        }
    }
    if (marked && (bytes_is(name, "x509") || bytes_is(name, "authenticode-signerinfo"))) {
        import_set_issuer(&row, related(attributes, "issuer"));
        import_add_serial(&row, related(attributes, "serial-number"));
    }
    if (marked) {
        import_row_end(&row);
    } else {
        import_row_refuse(&row, "is not marked for detection (to_ids)");
    }
}

typedef void read_entry(const json_t *entry, size_t line, struct import *import, const char *info);

static bool read_entries(struct json_part list, read_entry *entry, struct import *import, const char *info, struct error *err) {
    struct json_walk walk = json_walk_into(list);
    struct json_part part;
    while (!import_failed(import) && json_walk_next(&walk, NULL, &part, err)) {
        struct error why = {0};
        json_t *value = json_part_load(part, &why);
        if (json_is_object(value)) {
            entry(value, part.line, import, info);
        } else {
            struct import_row row;
            import_row_begin(import, &row, part.line);
            import_row_refuse(&row, "%s", value != NULL ? "is no object" : why.text);
        }
        json_decref(value);
    }
    return !walk.failed;
}

/* What an event is about: it may stand behind its attributes. */
static const char *info_of(struct json_part event, struct import *import) {
    struct json_walk walk = json_walk_into(event);
    struct json_part value;
    struct bytes key;
    const char *info = NULL;
    while (info == NULL && json_walk_next(&walk, &key, &value, NULL)) {
        json_t *words = bytes_is(key, "info") && json_part_opens(value) == '"' ? json_part_load(value, NULL) : NULL;
        info = words != NULL ? import_words(import, json_words(words, NULL)) : NULL;
        json_decref(words);
    }
    return info;
}

/* Events, and what wraps them: an array, "response", "Event". */
static bool read_node(struct json_part node, size_t depth, struct import *import, bool *any, struct error *err) {
    struct json_walk walk = json_walk_into(node);
    struct json_part value;
    struct bytes key;
    const char *info = json_part_opens(node) == '{' ? info_of(node, import) : NULL;
    bool ok = true;
    while (ok && !import_failed(import) && json_walk_next(&walk, &key, &value, err)) {
        bool wraps = key.n == 0 || bytes_is(key, "Event") || bytes_is(key, "response");
        if (bytes_is(key, "Attribute") || bytes_is(key, "Object")) {
            *any = true;
            ok = read_entries(value, bytes_is(key, "Object") ? read_object : read_attribute, import, info, err);
        } else if (wraps && depth < DEPTH_MAX) {
            *any = *any || bytes_is(key, "Event");
            ok = read_node(value, depth + 1, import, any, err);
        }
    }
    return ok && !walk.failed;
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    struct json_walk walk = json_walk_text(content);
    struct json_part root;
    bool ok = true, any = false;
    while (ok && !import_failed(import) && json_walk_next(&walk, NULL, &root, err)) {
        ok = read_node(root, 0, import, &any, err);
    }
    return ok && !walk.failed && (any || error_set(err, ERR_MALFORMED, "holds no event"));
}

static bool holds(struct bytes head, const char *words) {
    return bytes_find(head, bytes_text(words), 0) < head.n;
}

static bool probe(struct bytes content) {
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE);
    return holds(head, "\"to_ids\"") || (holds(head, "\"Event\"") && holds(head, "\"info\""));
}

const struct importer importer_misp = {"misp", "MISP events", probe, read};
