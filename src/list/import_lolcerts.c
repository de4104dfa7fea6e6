/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOLCerts (https://github.com/WithSecureLabs/lolcerts): leaked and malicious certificates, one a YAML document: name, meta with
 * description, references and so on, issuer (a common name), serial (several), timestamp (from when, seconds since 1970). Its CSV is
 * read by the importer of plain CSV. A serial of an issuer known by its common name is a weak key.
 */
#include "list/importer.h"
#include "list/yaml_load.h"

enum { PROBE_SIZE = 16 << 10 };

static struct bytes text_of(const json_t *value) {
    return json_is_string(value) ? bytes_make(json_string_value(value), json_string_length(value)) : bytes_none();
}

static struct bytes member(const json_t *object, const char *name) {
    return import_value(text_of(json_object_get(object, name)));
}

static void add_serials(struct import_row *row, const json_t *serials) {
    if (json_is_string(serials)) {
        import_add_serial(row, text_of(serials));
    }
    for (size_t i = 0; i < json_array_size(serials); i++) {
        import_add_serial(row, text_of(json_array_get(serials, i)));
    }
}

static void read_certificate(const json_t *entry, size_t line, struct import *import) {
    const json_t *meta = json_object_get(entry, "meta"), *references = json_object_get(meta, "references");
    struct bytes name = member(entry, "name"), words = member(meta, "description"), time = member(entry, "timestamp");
    struct import_row row;
    import_row_begin(import, &row, line);
    if (!json_is_object(entry)) {
        import_row_refuse(&row, "is no mapping");
        return;
    }
    row.reason = import_words(import, words.n != 0 ? words : name);
    row.reference = import_words(import, json_is_array(references) ? text_of(json_array_get(references, 0)) : text_of(references));
    row.only.has_after = time.n != 0 && import_time(time, &row.only.signed_after);
    if (time.n != 0 && !row.only.has_after) {
        import_row_refuse(&row, "a date in it is none that can be read");
        return;
    }
    import_set_issuer(&row, member(entry, "issuer"));
    add_serials(&row, json_object_get(entry, "serial"));
    import_row_end(&row);
}

static bool read_document(const json_t *document, size_t line, void *user) {
    struct import *import = user;
    if (json_is_array(document)) {
        for (size_t i = 0; i < json_array_size(document); i++) {
            read_certificate(json_array_get(document, i), line, import);
        }
    } else {
        read_certificate(document, line, import);
    }
    return !import_failed(import);
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    return yaml_each(content, read_document, import, err);
}

/* Whether a line, perhaps the first of a sequence's mapping, begins with the key. */
static bool has_key(struct bytes head, const char *key) {
    size_t at = 0;
    bool found = false;
    while (!found && (at = bytes_find(head, bytes_text(key), at)) < head.n) {
        size_t begin = at;
        while (begin != 0 && (head.p[begin - 1] == ' ' || head.p[begin - 1] == '-')) {
            begin--;
        }
        found = begin == 0 || head.p[begin - 1] == '\n';
        at++;
    }
    return found;
}

static bool probe(struct bytes content) {
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE);
    return has_key(head, "serial:") && has_key(head, "issuer:") && has_key(head, "meta:");
}

const struct importer importer_lolcerts = {"lolcerts", "LOLCerts, YAML", probe, read};
