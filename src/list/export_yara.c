/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YARA rules with the modules pe and hash, in words that 4.0 and later know. A signer is pe.signatures[i]: thumbprint (SHA-1 of the
 * certificate), serial (colons, lower-case; some versions keep a leading 00 octet, some drop it), issuer and subject as OpenSSL's
 * oneline (/C=…/CN=…). YARA does not check what the signature covers: a hit is "listed" at most in certban's words.
 */
#include "asn1/name.h"
#include "list/export_inside.h"

struct yara {
    struct text rules;
    struct text condition; /* of the current rule: alternatives, "or" between */
    unsigned alternatives; /* in it */
    bool hashes;           /* the module hash is needed */
    unsigned number;
};

/* A string literal: printable ASCII, all else as \xNN. */
static void add_string(struct text *out, struct bytes s) {
    text_add_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        char c = (char)s.p[i];
        if (c == '"' || c == '\\') {
            text_addf(out, "\\%c", c);
        } else if (c >= ' ' && c <= '~') {
            text_add_char(out, c);
        } else {
            text_addf(out, "\\x%02x", s.p[i]);
        }
    }
    text_add_char(out, '"');
}

static void write_rule(struct export *e, struct yara *y);

/* An alternative for the thing, perhaps by the serial of a key that has an issuer. Rules that name a lot become several: YARA has no limit
 * for alternatives, but who reads them is glad of one. */
static void begin_alternative(struct export *e, struct yara *y, const struct export_thing *thing, const struct key *issued) {
    enum { ALTERNATIVES_MAX = 15 };
    if (y->alternatives == ALTERNATIVES_MAX) {
        write_rule(e, y);
    }
    y->alternatives++;
    export_place(e, thing, issued);
    text_add(&y->condition, y->condition.n != 0 ? " or\n      " : "");
}

/* "sig contains /CN=…": how OpenSSL's oneline writes an attribute, other than ASCII as \xNN in text. */
static void add_contains(struct text *out, const char *field, const char *type, struct bytes value) {
    struct text line = {0};
    text_addf(&line, "/%s=", type);
    for (size_t i = 0; i < value.n; i++) {
        bool plain = value.p[i] >= ' ' && value.p[i] <= '~';
        text_addf(&line, plain ? "%c" : "\\x%02X", value.p[i]);
    }
    text_addf(out, " and pe.signatures[i].%s contains ", field);
    add_string(out, bytes_make(line.p, line.n));
    out->failed = out->failed || line.failed;
    text_free(&line);
}

/* The issuer's common name, or its organization where it has none: with the serial beside it that is enough. */
static void add_issuer(struct export *e, struct text *out, const struct key *key) {
    const char *common_name = export_common_name(e, key->issuer);
    const char *organization = key->issuer.n != 0 ? name_attribute(key->issuer, OID_AT_ORGANIZATION, &e->arena) : NULL;
    if (key->issuer_common_name.n != 0) {
        add_contains(out, "issuer", "CN", key->issuer_common_name);
    } else if (common_name[0] != '\0') {
        add_contains(out, "issuer", "CN", bytes_text(common_name));
    } else if (organization != NULL && organization[0] != '\0') {
        add_contains(out, "issuer", "O", bytes_text(organization));
    }
}

static void add_serial(struct export *e, struct yara *y, const struct export_thing *thing, const struct key *key) {
    struct text serial = {0};
    for (size_t i = 0; i < key->value.n; i++) {
        text_addf(&serial, "%s%02x", i == 0 ? "" : ":", key->value.p[i]);
    }
    begin_alternative(e, y, thing, key);
    text_add(&y->condition, "for any i in (0..pe.number_of_signatures - 1): (");
    text_addf(&y->condition, "(pe.signatures[i].serial == \"%s\"", text_c(&serial));
    if (key->value.p[0] >= 0x80) {
        text_addf(&y->condition, " or pe.signatures[i].serial == \"00:%s\"", text_c(&serial));
    }
    text_add_char(&y->condition, ')');
    add_issuer(e, &y->condition, key);
    text_add_char(&y->condition, ')');
    text_free(&serial);
}

static void write_cert(struct export *e, struct yara *y, const struct export_thing *thing) {
    size_t n;
    const struct bytes *sha1 = export_values(e, thing, KEY_CERT_SHA1, 0, &n);
    bool said = n != 0;
    for (size_t i = 0; i < n; i++) {
        begin_alternative(e, y, thing, NULL);
        text_addf(&y->condition, "for any i in (0..pe.number_of_signatures - 1): (pe.signatures[i].thumbprint == \"%s\")",
                  export_hex(e, sha1[i], false));
    }
    for (size_t i = 0; i < thing->n; i++) {
        if (thing->keys[i].kind == KEY_SERIAL) {
            add_serial(e, y, thing, &thing->keys[i]);
            said = true;
        }
    }
    if (said) {
        export_said_by(e, thing, 1U << KEY_CERT_SHA1 | 1U << KEY_SERIAL, 0, "YARA names the certificate by its SHA-1 or serial");
    } else {
        export_unsaid(e, thing, "YARA names a certificate by its SHA-1 or serial, and the certificate itself is not known");
    }
}

static void write_file(struct export *e, struct yara *y, const struct export_thing *thing) {
    for (size_t i = 0; i < thing->n; i++) {
        const struct key *key = &thing->keys[i];
        const char *hash = key->kind == KEY_FILE_MD5 ? "md5" : key->kind == KEY_FILE_SHA1 ? "sha1" : "sha256";
        begin_alternative(e, y, thing, NULL);
        if (key->file_size != 0) {
            text_addf(&y->condition, "filesize == %llu and ", (unsigned long long)key->file_size);
        }
        text_addf(&y->condition, "hash.%s(0, filesize) == \"%s\"", hash, export_hex(e, key->value, false));
    }
    y->hashes = true;
    export_said(e);
}

static void write_subject(struct export *e, struct yara *y, const struct export_thing *thing) {
    const struct key *key = &thing->keys[0];
    begin_alternative(e, y, thing, key);
    text_add(&y->condition, "for any i in (0..pe.number_of_signatures - 1): (true");
    if (key->value.n != 0) {
        add_contains(&y->condition, "subject", "CN", key->value);
    }
    if (key->organization.n != 0) {
        add_contains(&y->condition, "subject", "O", key->organization);
    }
    add_issuer(e, &y->condition, key);
    text_add_char(&y->condition, ')');
    export_remark(e, "YARA finds names as parts of longer ones");
    export_said(e);
}

static void write_thing(struct export *e, struct yara *y, const struct export_thing *thing) {
    if (thing->is_cert) {
        write_cert(e, y, thing);
    } else if (thing->is_file) {
        write_file(e, y, thing);
    } else if (thing->keys[0].kind == KEY_SUBJECT) {
        write_subject(e, y, thing);
    } else {
        export_unsaid(e, thing, "YARA can't say it");
    }
}

/* Letters, digits and _: others of an id become _, and a number keeps names apart. */
static void add_identifier(struct export *e, struct yara *y) {
    const char *const parts[] = {e->policy->id, e->rule->id};
    text_add(&y->rules, "certban");
    for (size_t p = 0; p < 2; p++) {
        text_add_char(&y->rules, '_');
        for (size_t i = 0; parts[p][i] != '\0' && i < 40; i++) {
            char c = parts[p][i];
            text_add_char(&y->rules, c == '.' || c == '-' ? '_' : c);
        }
    }
    text_addf(&y->rules, "_%u", ++y->number);
}

static void add_meta(struct text *out, const char *name, const char *value) {
    if (value != NULL) {
        text_addf(out, "    %s = ", name);
        add_string(out, bytes_text(value));
        text_add_char(out, '\n');
    }
}

static void write_rule(struct export *e, struct yara *y) {
    const struct conditions *only = &e->rule->only;
    const struct {
        const char *name, *value;
    } info[] = {{"ProductName", only->product}, {"OriginalFilename", only->original_name}, {"CompanyName", only->company}};
    text_add(&y->rules, "\nrule ");
    add_identifier(e, y);
    text_add(&y->rules, "\n{\n  meta:\n");
    add_meta(&y->rules, "policy", e->policy->id);
    add_meta(&y->rules, "id", e->rule->id);
    add_meta(&y->rules, "severity", severity_name(e->rule->severity));
    add_meta(&y->rules, "confidence", confidence_name(e->rule->confidence));
    add_meta(&y->rules, "description", e->rule->reason);
    add_meta(&y->rules, "reference", e->rule->reference);
    add_meta(&y->rules, "certban", export_mark(e, e->rule->reason, e->rule->reference, NULL));
    text_addf(&y->rules, "  condition:\n    (\n      %s\n    )", text_c(&y->condition));
    for (size_t i = 0; i < sizeof info / sizeof *info; i++) {
        if (info[i].value != NULL) {
            text_addf(&y->rules, "\n    and pe.version_info[\"%s\"] iequals ", info[i].name);
            add_string(&y->rules, bytes_text(info[i].value));
        }
    }
    text_add(&y->rules, "\n}\n");
    e->out->failed = e->out->failed || !text_ok(&y->condition);
    text_clear(&y->condition);
    y->alternatives = 0;
}

static void write(struct export *e) {
    struct yara y = {0};
    struct export_thing thing;
    e->means = (struct export_means){.conditions = TELLS_PRODUCT | TELLS_ORIGINAL_NAME | TELLS_COMPANY,
                                     .roles = ROLE_BIT(ROLE_SIGNER),
                                     .near_roles = ROLE_BIT(ROLE_ANY),
                                     .near_words = "YARA looks at the signer's certificate only",
                                     .platform = "windows"};
    while (export_rule(e)) {
        while (export_thing(e, &thing)) {
            write_thing(e, &y, &thing);
        }
        if (y.condition.n != 0) {
            write_rule(e, &y);
        }
    }
    text_add(e->out, y.hashes ? "import \"pe\"\nimport \"hash\"\n" : "import \"pe\"\n");
    text_add(e->out, text_c(&y.rules));
    e->out->failed = e->out->failed || !text_ok(&y.rules);
    text_free(&y.rules);
    text_free(&y.condition);
}

const struct exporter exporter_yara = {"yara", "YARA rules", write};
