/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Santa rules (northpole.dev, "Rules"): the JSON of "santactl rule --export", and StaticRules in property lists and configuration
 * profiles; of a signed profile its content. A certificate is a leaf by its SHA-256, a binary a file by its SHA-256. Names are taken
 * whatever their case. Refused are rules that allow, remove or compute, and signing identifiers, which no rule of certban can name.
 */
#include "asn1/cms.h"
#include "list/import_mark.h"
#include "list/importer.h"
#include "list/json_walk.h"
#include "list/plist_dicts.h"

enum { PROBE_SIZE = 64 << 10 };
static const char rules_key[] = "StaticRules";

static bool same_word(struct bytes text, const char *word) {
    size_t n = strlen(word);
    for (size_t i = 0; i < n && i < text.n; i++) {
        uint8_t c = text.p[i] >= 'a' && text.p[i] <= 'z' ? text.p[i] & 0xdf : text.p[i];
        if (c != (uint8_t)word[i]) {
            return false;
        }
    }
    return text.n == n;
}

static bool is_ban(struct bytes policy) {
    static const char *const bans[] = {"BLOCKLIST", "SILENT_BLOCKLIST", "SILENT_GUI_BLOCKLIST", "SILENT_TTY_BLOCKLIST",
                                       "BLACKLIST", "SILENT_BLACKLIST"};
    for (size_t i = 0; i < sizeof bans / sizeof *bans; i++) {
        if (same_word(policy, bans[i])) {
            return true;
        }
    }
    return false;
}

static struct bytes raw_member(const json_t *rule, const char *name) {
    const json_t *value = json_member_any_case(rule, name);
    return json_is_string(value) ? bytes_make(json_string_value(value), json_string_length(value)) : bytes_none();
}

static struct bytes member(const json_t *rule, const char *name) {
    return import_value(raw_member(rule, name));
}

static void add_key(struct import_row *row, struct bytes type, struct bytes identifier) {
    if (same_word(type, "CERTIFICATE")) {
        import_add_hash(row, KEY_CERT_SHA256, identifier);
    } else if (same_word(type, "BINARY")) {
        import_add_hash(row, KEY_FILE_SHA256, identifier);
    } else if (same_word(type, "CDHASH")) {
        import_add_hash(row, KEY_CDHASH, identifier);
    } else if (same_word(type, "TEAMID")) {
        import_add_team_id(row, identifier);
    } else if (same_word(type, "SIGNINGID")) {
        import_note(row, "names a signing identifier, which no rule can");
    } else {
        import_note(row, "has an unknown type");
    }
}

static void read_rule(const json_t *rule, size_t line, struct import *import) {
    struct import_row row;
    struct bytes identifier = member(rule, "identifier"), comment = member(rule, "comment"), message = member(rule, "custom_msg");
    import_row_begin(import, &row, line);
    if (!is_ban(member(rule, "policy"))) {
        import_row_refuse(&row, "blocks nothing");
        return;
    }
    struct import_mark mark;
    const char *why = NULL;
    if (import_mark_find(comment, &mark)) {
        why = import_mark_take(&mark, &row);
        import_mark_place(&mark, &row);
        row.reason = row.reason == NULL ? import_exact(import, raw_member(rule, "custom_msg")) : row.reason;
    } else {
        row.id = comment;
        row.reason = import_words(import, message.n != 0 ? message : comment);
    }
    if (why != NULL) {
        import_row_refuse(&row, "%s", why);
        return;
    }
    add_key(&row, member(rule, "rule_type"), identifier.n != 0 ? identifier : member(rule, "sha256"));
    import_row_end(&row);
}

struct profile {
    struct plist_listener listener; /* first: it is what the function is given */
    struct import *import;
};

static bool heard_dict(struct plist_listener *listener, const char *key, const json_t *dict, size_t line) {
    struct profile *profile = (struct profile *)(void *)listener;
    if (key[0] == '\0' || same_word(bytes_text(key), "STATICRULES")) {
        read_rule(dict, line, profile->import);
    }
    return !import_failed(profile->import);
}

static bool read_rules(struct json_part list, struct import *import, struct error *err) {
    struct json_walk walk = json_walk_into(list);
    struct json_part part;
    while (!import_failed(import) && json_walk_next(&walk, NULL, &part, err)) {
        struct error why = {0};
        json_t *rule = json_part_load(part, &why);
        if (json_is_object(rule)) {
            read_rule(rule, part.line, import);
        } else {
            struct import_row row;
            import_row_begin(import, &row, part.line);
            import_row_refuse(&row, "%s", rule != NULL ? "is no object" : why.text);
        }
        json_decref(rule);
    }
    return !walk.failed;
}

static bool read_json(struct bytes content, struct import *import, struct error *err) {
    struct json_walk walk = json_walk_text(content), members;
    struct json_part part;
    struct bytes key;
    if (!json_walk_next(&walk, NULL, &part, err)) {
        return walk.failed ? false : error_set(err, ERR_MALFORMED, "holds no rules");
    }
    if (json_part_opens(part) == '[') {
        return read_rules(part, import, err);
    }
    bool ok = true, any = false;
    members = json_walk_into(part);
    while (ok && json_walk_next(&members, &key, &part, err)) {
        if (same_word(key, "RULES") || same_word(key, "STATICRULES")) {
            any = true;
            ok = read_rules(part, import, err);
        }
    }
    return ok && !members.failed && (any || error_set(err, ERR_MALFORMED, "holds no rules"));
}

static bool is_xml(struct bytes content) {
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE);
    return bytes_find(head, bytes_text("<plist"), 0) < head.n;
}

static bool is_binary(struct bytes content) {
    return bytes_starts(content, bytes_text("bplist"));
}

static bool read_plist(struct bytes content, struct import *import, struct error *err) {
    struct profile profile = {.listener = {heard_dict}, .import = import};
    if (is_binary(content)) {
        return error_set(err, ERR_UNSUPPORTED, "is a binary property list; expected XML, as plutil -convert xml1 makes it");
    }
    return plist_dicts(content, &profile.listener, err);
}

/* A profile that is signed: the signature is its sender's, and proves nothing to a reader of lists. */
static bool read_signed(struct bytes content, struct import *import, struct error *err) {
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct signed_data *sd;
    bool ok = cms_parse(content, 0, &arena, NULL, &sd, err) && read_plist(sd->content, import, err);
    arena_free(&arena);
    return ok;
}

static bool is_der(struct bytes content) {
    return content.n > 1 && content.p[0] == DER_SEQUENCE && content.p[1] >= 0x80;
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    if (is_der(content)) {
        return read_signed(content, import, err);
    }
    return is_xml(content) || is_binary(content) ? read_plist(content, import, err) : read_json(content, import, err);
}

static bool probe(struct bytes content) {
    static const char *const types[] = {"rule_type", "RULE_TYPE", "Rule_Type"}; /* the spellings that lists have */
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE);
    bool rules = bytes_find(head, bytes_text(rules_key), 0) < head.n;
    bool typed = false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        typed = typed || bytes_find(head, bytes_text(types[i]), 0) < head.n;
    }
    return ((rules || typed) && (is_xml(content) || is_binary(content) || json_begins(content))) || (rules && is_der(content));
}

const struct importer importer_santa = {"santa", "Santa rules", probe, read};
