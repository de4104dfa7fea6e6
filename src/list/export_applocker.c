/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AppLocker policy XML. It knows files by their Authenticode digest (SHA256) or as a whole (SHA256Flat), and publishers by name
 * (O=, L=, S=, C= of the signer, upper-case): a ban of a publisher hits whatever carries the name, its next certificate too, so
 * that it is written with export_wider only. Each collection allows all else: a collection with rules refuses what none of
 * them allows.
 */
#include "asn1/name.h"
#include "asn1/name_walk.h"
#include "list/export_inside.h"

static const char *const collections[] = {"Exe", "Dll", "Msi", "Script"};
enum { COLLECTION_COUNT = sizeof collections / sizeof *collections };

/* Every rule stands in every collection, each time with an id of its own. */
struct applocker {
    struct text rules[COLLECTION_COUNT];
    unsigned number; /* of the condition within its rule */
};

static void add_rule(struct export *e, struct applocker *a, const struct export_thing *thing, const char *element,
                     const struct text *condition) {
    export_place(e, thing, NULL);
    const char *words = export_marked(e);
    a->number++;
    for (size_t i = 0; i < COLLECTION_COUNT; i++) {
        struct text *out = &a->rules[i];
        const char *seed = export_printf(e, "applocker %s %s %s %u", collections[i], e->policy->id, e->rule->id, a->number);
        text_addf(out, "    <%s Id=\"%s\" Name=\"%s/%s\" Description=\"", element, export_uuid(e, seed), e->policy->id, e->rule->id);
        text_add_xml(out, bytes_text(words));
        text_addf(out, "\" UserOrGroupSid=\"S-1-1-0\" Action=\"Deny\">\n      <Conditions>\n%s      </Conditions>\n    </%s>\n",
                  text_c(condition), element);
        out->failed = out->failed || !text_ok(condition);
    }
}

static void write_hash(struct export *e, struct applocker *a, const struct export_thing *thing, const struct key *key) {
    const char *type = thing->is_file ? "SHA256Flat" : "SHA256";
    struct text condition = {0};
    text_addf(&condition,
              "        <FileHashCondition>\n          <FileHash Type=\"%s\" Data=\"0x%s\" SourceFileName=\"%s\" "
              "SourceFileLength=\"%llu\" />\n        </FileHashCondition>\n",
              type, export_hex(e, key->value, true), e->rule->id, (unsigned long long)key->file_size);
    add_rule(e, a, thing, "FileHashRule", &condition);
    text_free(&condition);
}

static void write_hashes(struct export *e, struct applocker *a, const struct export_thing *thing) {
    const struct conditions *only = &e->rule->only;
    bool conditions = only->product != NULL || only->original_name != NULL || only->has_min || only->has_max;
    bool said = false;
    for (size_t i = 0; i < thing->n; i++) {
        const struct key *key = &thing->keys[i];
        if (key->value.n != hash_size(HASH_SHA256)) {
            continue;
        }
        if (conditions && !export_wider(e, "the hash of a file can't have conditions there")) {
            return;
        }
        write_hash(e, a, thing, key);
        said = true;
    }
    if (said) {
        export_said_by(e, thing, 1U << KEY_FILE_SHA256 | 1U << KEY_AUTHENTICODE, 0, "AppLocker knows SHA-256 only");
    } else {
        export_unsaid(e, thing, "AppLocker knows SHA-256 only");
    }
}

/* One attribute in upper case; false for characters whose spelling there is not documented: quoted ones, and other than ASCII. */
static bool add_value(struct text *out, const struct der *value) {
    for (size_t i = 0; i < value->content.n; i++) {
        char c = (char)value->content.p[i];
        if (c < ' ' || c > '~' || strchr(",+\"\\<>;=#", c) != NULL) {
            return false;
        }
        text_add_char(out, c >= 'a' && c <= 'z' ? (char)(c - 0x20) : c);
    }
    return true;
}

/* "O=BANNED LTD, L=LONDON, S=ENGLAND, C=GB" of what a subject has of them; why not, or NULL. */
static const char *add_publisher(struct bytes subject, struct text *out) {
    static const struct { const char *type, *word; } parts[] = {{"O", "O"}, {"L", "L"}, {"ST", "S"}, {"C", "C"}};
    bool has_organization = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct name_walk walk = name_walk_begin(subject);
        struct name_attribute attribute;
        while (name_walk_next(&walk, &attribute)) {
            const char *type = name_type_text(attribute.oid);
            if (type == NULL || strcmp(type, parts[i].type) != 0) {
                continue;
            }
            has_organization = has_organization || i == 0;
            text_addf(out, "%s%s=", out->n != 0 ? ", " : "", parts[i].word);
            if (!add_value(out, &attribute.value)) {
                return "the certificate's names have characters whose spelling in AppLocker is not known";
            }
        }
    }
    return has_organization ? NULL : "AppLocker names a publisher by its organization, and the certificate has none";
}

static void add_section(struct text *out, const char *name, bool has, const struct version *v) {
    if (has) {
        text_addf(out, " %s=\"%u.%u.%u.%u\"", name, v->part[0], v->part[1], v->part[2], v->part[3]);
    } else {
        text_addf(out, " %s=\"*\"", name);
    }
}

static void write_publisher(struct export *e, struct applocker *a, const struct export_thing *thing) {
    const struct conditions *only = &e->rule->only;
    struct text publisher = {0}, condition = {0};
    const char *why = thing->cert != NULL ? add_publisher(thing->cert->subject, &publisher)
                                          : "AppLocker names a publisher by the names in its certificate, which is not known";
    if (why != NULL) {
        export_unsaid(e, thing, why);
    } else if (export_wider(e, "AppLocker names publishers, not certificates: whatever carries the same names is hit")) {
        text_add(&condition, "        <FilePublisherCondition PublisherName=\"");
        text_add_xml(&condition, bytes_make(publisher.p, publisher.n));
        text_add(&condition, "\" ProductName=\"");
        text_add_xml(&condition, bytes_text(only->product != NULL ? only->product : "*"));
        text_add(&condition, "\" BinaryName=\"");
        text_add_xml(&condition, bytes_text(only->original_name != NULL ? only->original_name : "*"));
        text_add(&condition, "\">\n          <BinaryVersionRange");
        add_section(&condition, "LowSection", only->has_min, &only->min);
        add_section(&condition, "HighSection", only->has_max, &only->max);
        text_add(&condition, " />\n        </FilePublisherCondition>\n");
        add_rule(e, a, thing, "FilePublisherRule", &condition);
        export_said(e);
    }
    text_free(&condition);
    text_free(&publisher);
}

static void write_rules(struct export *e, struct applocker *a) {
    struct export_thing thing;
    while (export_rule(e)) {
        a->number = 0;
        while (export_thing(e, &thing)) {
            if (thing.is_cert) {
                write_publisher(e, a, &thing);
            } else if (thing.is_file || thing.keys[0].kind == KEY_AUTHENTICODE) {
                write_hashes(e, a, &thing);
            } else {
                export_unsaid(e, &thing, "AppLocker can't say it");
            }
        }
    }
}

static void write(struct export *e) {
    struct applocker a = {0};
    e->means = (struct export_means){.conditions = TELLS_PRODUCT | TELLS_ORIGINAL_NAME | TELLS_MIN | TELLS_MAX,
                                     .roles = ROLE_BIT(ROLE_SIGNER),
                                     .near_roles = ROLE_BIT(ROLE_ANY),
                                     .near_words = "AppLocker looks at the signer only",
                                     .platform = "windows",
                                     .blocks = true};
    write_rules(e, &a);
    text_add(e->out, "<AppLockerPolicy Version=\"1\">\n");
    for (size_t i = 0; i < COLLECTION_COUNT; i++) {
        text_addf(e->out,
                  "  <RuleCollection Type=\"%s\" EnforcementMode=\"Enabled\">\n"
                  "    <FilePathRule Id=\"%s\" Name=\"everything else\" Description=\"\" UserOrGroupSid=\"S-1-1-0\" Action=\"Allow\">\n"
                  "      <Conditions>\n        <FilePathCondition Path=\"*\" />\n      </Conditions>\n    </FilePathRule>\n%s"
                  "  </RuleCollection>\n",
                  collections[i], export_uuid(e, export_printf(e, "applocker all %s", collections[i])), text_c(&a.rules[i]));
        e->out->failed = e->out->failed || !text_ok(&a.rules[i]);
        text_free(&a.rules[i]);
    }
    text_add(e->out, "</AppLockerPolicy>\n");
}

const struct exporter exporter_applocker = {"applocker", "AppLocker policy, XML", write};
