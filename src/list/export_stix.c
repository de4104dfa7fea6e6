/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STIX 2.1 (OASIS): a bundle with an indicator a rule, whose pattern names certificates (x509-certificate: hashes, serial_number with
 * issuer) and files (hashes). Ids stay the same from export to export.
 */
#include <jansson.h>
#include <stdlib.h>

#include "asn1/name.h"
#include "list/export_inside.h"

/* The source of the reference by which certban knows its own indicators. */
static const char mark_source[] = "certban";

/* A string of the pattern language: ' and \ are escaped. */
static void add_string(struct text *out, const char *s) {
    text_add_char(out, '\'');
    for (; *s != '\0'; s++) {
        text_add(out, *s == '\'' || *s == '\\' ? "\\" : "");
        text_add_char(out, *s);
    }
    text_add_char(out, '\'');
}

static void begin_alternative(struct text *pattern) {
    text_add(pattern, pattern->n != 0 ? " OR " : "");
}

static const char *stix_hash(enum key_kind kind) {
    switch (kind) {
    case KEY_CERT_SHA256:
    case KEY_FILE_SHA256:
        return "'SHA-256'";
    case KEY_CERT_SHA1:
    case KEY_FILE_SHA1:
        return "'SHA-1'";
    default:
        return "MD5";
    }
}

static void add_hashes(struct export *e, struct text *pattern, const struct export_thing *thing, enum key_kind kind, const char *object,
                       bool *said) {
    size_t n;
    const struct bytes *values = export_values(e, thing, kind, 0, &n);
    for (size_t i = 0; i < n; i++) {
        export_place(e, thing, NULL);
        begin_alternative(pattern);
        text_addf(pattern, "[%s:hashes.%s = '%s']", object, stix_hash(kind), export_hex(e, values[i], false));
        *said = true;
    }
}

/* The issuer is compared as text there: it must be written as the observer writes it. */
static void add_serial(struct export *e, struct text *pattern, const struct export_thing *thing, const struct key *key, bool *said) {
    const char *issuer = key->issuer.n != 0 ? name_text(key->issuer, &e->arena) : NULL;
    const char *common_name = export_printf(e, "%%CN=%.*s%%", (int)key->issuer_common_name.n, (const char *)key->issuer_common_name.p);
    export_place(e, thing, key);
    begin_alternative(pattern);
    text_addf(pattern, "[x509-certificate:serial_number = '%s'", export_hex(e, key->value, false));
    if (issuer != NULL && issuer[0] != '\0') {
        text_add(pattern, " AND x509-certificate:issuer = ");
        add_string(pattern, issuer);
    } else if (key->issuer_common_name.n != 0) {
        text_add(pattern, " AND x509-certificate:issuer LIKE ");
        add_string(pattern, common_name);
    }
    text_add(pattern, "]");
    *said = true;
}

static void write_thing(struct export *e, struct text *pattern, const struct export_thing *thing) {
    static const unsigned file_kinds = 1U << KEY_FILE_SHA256 | 1U << KEY_FILE_SHA1 | 1U << KEY_FILE_MD5;
    static const enum key_kind certs[] = {KEY_CERT_SHA256, KEY_CERT_SHA1, KEY_CERT_MD5},
                               files[] = {KEY_FILE_SHA256, KEY_FILE_SHA1, KEY_FILE_MD5};
    bool said = false;
    for (size_t i = 0; i < 3 && (thing->is_cert || thing->is_file); i++) {
        /* MD5 is there only when the rule asks for it */
        bool wanted = i < 2;
        for (size_t k = 0; k < thing->n; k++) {
            wanted = wanted || thing->keys[k].kind == certs[i];
        }
        if (thing->is_file || wanted) {
            add_hashes(e, pattern, thing, thing->is_cert ? certs[i] : files[i], thing->is_cert ? "x509-certificate" : "file", &said);
        }
    }
    for (size_t i = 0; i < thing->n; i++) {
        if (thing->keys[i].kind == KEY_SERIAL) {
            add_serial(e, pattern, thing, &thing->keys[i], &said);
        }
    }
    if (said) {
        export_said_by(e, thing, 1U << KEY_CERT_SHA256 | 1U << KEY_CERT_SHA1 | 1U << KEY_CERT_MD5 | 1U << KEY_SERIAL | file_kinds, 0,
                       "STIX knows a certificate's own hashes and its serial");
    } else {
        export_unsaid(e, thing,
                      thing->is_cert ? "STIX names a certificate by its hash or serial, and the certificate itself is not known"
                                     : "STIX can't say it");
    }
}

static void put(json_t *object, const char *name, const char *value) {
    if (value != NULL && value[0] != '\0') {
        json_object_set_new(object, name, json_string(value));
    }
}

/* STIX's confidence is a number from 0 to 100: the middle of its words "Low", "Med", "High", and certainty. */
static int stix_confidence(enum confidence confidence) {
    return confidence == CONFIDENCE_LOW ? 15 : confidence == CONFIDENCE_MEDIUM ? 50 : confidence == CONFIDENCE_HIGH ? 85 : 100;
}

static json_t *indicator(struct export *e, const char *pattern) {
    const struct rule *rule = e->rule;
    const char *name = export_printf(e, "%s/%s", e->policy->id, rule->id);
    const char *issued = export_time(e, e->policy->issued);
    json_t *object = json_object();
    put(object, "type", "indicator");
    put(object, "spec_version", "2.1");
    put(object, "id", export_printf(e, "indicator--%s", export_uuid(e, export_printf(e, "stix %s", name))));
    put(object, "created", issued);
    put(object, "modified", issued);
    put(object, "name", name);
    put(object, "description", rule->reason);
    json_object_set_new(object, "indicator_types", json_pack("[s]", "malicious-activity"));
    put(object, "pattern", pattern);
    put(object, "pattern_type", "stix");
    put(object, "valid_from", issued);
    put(object, "valid_until", rule->expires != INT64_MAX ? export_time(e, rule->expires) : "");
    json_object_set_new(object, "confidence", json_integer(stix_confidence(rule->confidence)));
    json_object_set_new(object, "labels", json_pack("[s+]", "severity-", severity_name(rule->severity)));
    json_t *references =
        json_pack("[{ssss}]", "source_name", mark_source, "external_id", export_mark(e, rule->reason, rule->reference, NULL));
    if (rule->reference != NULL) {
        json_array_append_new(references, json_pack("{ssss}", "source_name", "certban policy", "description", rule->reference));
    }
    json_object_set_new(object, "external_references", references);
    return object;
}

static void write_objects(struct export *e, json_t *objects) {
    struct export_thing thing;
    struct text pattern = {0};
    while (export_rule(e)) {
        text_clear(&pattern);
        while (export_thing(e, &thing)) {
            write_thing(e, &pattern, &thing);
        }
        if (pattern.n != 0) {
            json_array_append_new(objects, indicator(e, text_c(&pattern)));
        }
        e->out->failed = e->out->failed || !text_ok(&pattern);
    }
    text_free(&pattern);
}

static void write(struct export *e) {
    json_t *bundle = json_object(), *objects = json_array();
    struct text ids = {0};
    e->means = (struct export_means){.roles = ROLE_BIT(ROLE_ANY),
                                     .near_roles = ROLE_BITS_ALL,
                                     .near_words = "an indicator names a certificate, whatever its role",
                                     .expires = true};
    text_add(&ids, "bundle");
    for (size_t i = 0; i < e->job->n_policies; i++) {
        text_addf(&ids, " %s %u", e->job->policies[i]->id, e->job->policies[i]->version);
    }
    put(bundle, "type", "bundle");
    put(bundle, "id", export_printf(e, "bundle--%s", export_uuid(e, text_c(&ids))));
    text_free(&ids);
    write_objects(e, objects);
    if (json_array_size(objects) != 0) {
        json_object_set(bundle, "objects", objects);
    }
    json_decref(objects);
    char *words = json_dumps(bundle, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
    json_decref(bundle);
    text_add(e->out, words != NULL ? words : "");
    text_add_char(e->out, '\n');
    e->out->failed = e->out->failed || words == NULL;
    free(words);
}

const struct exporter exporter_stix = {"stix", "STIX 2.1 bundle", write};
