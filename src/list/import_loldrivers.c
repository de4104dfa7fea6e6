/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOLDrivers (https://www.loldrivers.io): vulnerable and malicious drivers, all of them in one JSON array, or one a YAML document. An entry
 * is a sample of a driver: a file by its hashes, and by its Authenticode digest. The certificates there are mostly those of honest
 * vendors: loldrivers-signers, which must be asked for by its name, makes bans of them instead, of those that a signature of a sample
 * names as its signer.
 */
#include "list/importer.h"
#include "list/json_walk.h"
#include "list/yaml_load.h"

enum { PROBE_SIZE = 64 << 10, SIGNERS_MAX = 64 };
static const char samples_key[] = "KnownVulnerableSamples";

/* A driver, while its samples are read. */
struct driver {
    struct import *import;
    bool signers;          /* certificates are asked for, no files */
    const char *reference; /* its page */
    struct bytes kind;     /* "vulnerable driver" */
};

/* "vulnerable driver RTCore64.sys" */
static const char *reason(const struct driver *driver, const char *before, struct bytes name) {
    struct text words = {0};
    text_add(&words, before);
    text_add_bytes(&words, driver->kind);
    text_add_char(&words, ' ');
    text_add_bytes(&words, import_value(name));
    const char *out = import_words(driver->import, bytes_make(words.p, words.n));
    text_free(&words);
    return out;
}

static struct bytes name_of(const json_t *sample) {
    struct bytes name = import_value(json_text(sample, "Filename"));
    return name.n != 0 ? name : json_text(sample, "OriginalFilename");
}

static void read_file(const struct driver *driver, const json_t *sample, size_t line) {
    const json_t *digests = json_object_get(sample, "Authentihash");
    struct import_row row;
    import_row_begin(driver->import, &row, line);
    row.reason = reason(driver, "", name_of(sample));
    row.reference = driver->reference;
    import_add_hash(&row, KEY_FILE_SHA256, json_text(sample, "SHA256"));
    import_add_hash(&row, KEY_FILE_SHA1, json_text(sample, "SHA1"));
    import_add_hash(&row, KEY_FILE_MD5, json_text(sample, "MD5"));
    import_add_hash(&row, KEY_AUTHENTICODE, json_text(digests, "SHA256"));
    import_add_hash(&row, KEY_AUTHENTICODE, json_text(digests, "SHA1"));
    import_row_end(&row);
}

/* The signer that has a certificate's serial; NULL when none has. */
static const json_t *signer_of(const json_t *signature, struct bytes serial) {
    const json_t *signers = json_object_get(signature, "Signer");
    for (size_t i = 0; i < json_array_size(signers) && i < SIGNERS_MAX && serial.n != 0; i++) {
        if (bytes_equal(json_text(json_array_get(signers, i), "SerialNumber"), serial)) {
            return json_array_get(signers, i);
        }
    }
    return NULL;
}

static void read_certificate(const struct driver *driver, const json_t *certificate, const json_t *signer, struct bytes name, size_t line) {
    static const char *const hashes[] = {"SHA256", "SHA384", "SHA1", "MD5"};
    const json_t *tbs = json_object_get(certificate, "TBS");
    struct import_row row;
    import_row_begin(driver->import, &row, line);
    row.reason = reason(driver, "signed ", name);
    row.reference = driver->reference;
    import_set_issuer(&row, json_text(signer, "Issuer"));
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        import_add_hash(&row, KEY_TBS, json_text(tbs, hashes[i]));
    }
    import_add_serial(&row, json_text(certificate, "SerialNumber"));
    import_row_end(&row);
}

static void read_signers(const struct driver *driver, const json_t *sample, size_t line) {
    const json_t *signatures = json_object_get(sample, "Signatures");
    for (size_t s = 0; s < json_array_size(signatures); s++) {
        const json_t *signature = json_array_get(signatures, s), *certificates = json_object_get(signature, "Certificates");
        for (size_t c = 0; c < json_array_size(certificates); c++) {
            const json_t *certificate = json_array_get(certificates, c);
            const json_t *signer = signer_of(signature, json_text(certificate, "SerialNumber"));
            if (signer != NULL) {
                read_certificate(driver, certificate, signer, name_of(sample), line);
            }
        }
    }
}

static void read_sample(const struct driver *driver, const json_t *sample, size_t line) {
    if (driver->signers) {
        read_signers(driver, sample, line);
    } else {
        read_file(driver, sample, line);
    }
}

static void describe(struct driver *driver, struct bytes id, struct bytes kind) {
    struct text page = {0};
    text_add(&page, "https://www.loldrivers.io/drivers/");
    text_add_bytes(&page, id);
    driver->reference = id.n != 0 ? import_words(driver->import, bytes_make(page.p, page.n)) : NULL;
    driver->kind = kind;
    text_free(&page);
}

static void refuse(struct import *import, size_t line, const char *why) {
    struct import_row row;
    import_row_begin(import, &row, line);
    import_row_refuse(&row, "%s", why);
}

/* A member that is text; the value is to be given back. */
static json_t *load_text(struct json_part part) {
    return json_part_opens(part) == '"' ? json_part_load(part, NULL) : NULL;
}

static bool read_samples(struct json_part list, const struct driver *driver, struct error *err) {
    struct json_walk walk = json_walk_into(list);
    struct json_part part;
    while (!import_failed(driver->import) && json_walk_next(&walk, NULL, &part, err)) {
        struct error why = {0};
        json_t *sample = json_part_load(part, &why);
        if (json_is_object(sample)) {
            read_sample(driver, sample, part.line);
        } else {
            refuse(driver->import, part.line, sample != NULL ? "is no object" : why.text);
        }
        json_decref(sample);
    }
    return !walk.failed;
}

/* A driver: what it is called may stand behind its samples. */
static bool read_driver(struct json_part part, struct import *import, bool signers, struct error *err) {
    struct driver driver = {.import = import, .signers = signers};
    struct json_walk walk = json_walk_into(part);
    struct json_part value, samples = {.text = bytes_none()};
    struct bytes key;
    json_t *id = NULL, *kind = NULL;
    while (json_walk_next(&walk, &key, &value, err)) {
        if (bytes_is(key, samples_key)) {
            samples = value;
        } else if (bytes_is(key, "Id") && id == NULL) {
            id = load_text(value);
        } else if (bytes_is(key, "Category") && kind == NULL) {
            kind = load_text(value);
        }
    }
    describe(&driver, json_words(id, NULL), json_words(kind, NULL));
    bool ok = !walk.failed && read_samples(samples, &driver, err);
    json_decref(id);
    json_decref(kind);
    return ok;
}

static bool read_json(struct bytes content, struct import *import, bool signers, struct error *err) {
    struct json_walk roots = json_walk_text(content), drivers;
    struct json_part root, part;
    bool ok = true;
    while (ok && !import_failed(import) && json_walk_next(&roots, NULL, &root, err)) {
        if (json_part_opens(root) != '[') {
            ok = read_driver(root, import, signers, err);
            continue;
        }
        drivers = json_walk_into(root);
        while (ok && !import_failed(import) && json_walk_next(&drivers, NULL, &part, err)) {
            ok = read_driver(part, import, signers, err);
        }
        ok = ok && !drivers.failed;
    }
    return ok && !roots.failed;
}

/* A document is a driver. */
static bool read_document(const json_t *document, size_t line, void *user) {
    struct driver *driver = user;
    const json_t *samples = json_object_get(document, samples_key);
    describe(driver, json_text(document, "Id"), json_text(document, "Category"));
    for (size_t i = 0; i < json_array_size(samples); i++) {
        const json_t *sample = json_array_get(samples, i);
        if (json_is_object(sample)) {
            read_sample(driver, sample, line);
        } else {
            refuse(driver->import, line, "is no object");
        }
    }
    return !import_failed(driver->import);
}

static bool read_yaml(struct bytes content, struct import *import, bool signers, struct error *err) {
    struct driver driver = {.import = import, .signers = signers};
    return yaml_each(content, read_document, &driver, err);
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    return json_begins(content) ? read_json(content, import, false, err) : read_yaml(content, import, false, err);
}

static bool read_all_signers(struct bytes content, struct import *import, struct error *err) {
    return json_begins(content) ? read_json(content, import, true, err) : read_yaml(content, import, true, err);
}

static bool holds(struct bytes content, const char *words) {
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE);
    return bytes_find(head, bytes_text(words), 0) < head.n;
}

static bool probe(struct bytes content) {
    return holds(content, samples_key) || (holds(content, "MitreID") && holds(content, "Category"));
}

static bool never(struct bytes content) {
    (void)content;
    return false;
}

const struct importer importer_loldrivers = {"loldrivers", "LOLDrivers, files", probe, read};
const struct importer importer_loldrivers_signers = {"loldrivers-signers", "LOLDrivers, signers", never, read_all_signers};
