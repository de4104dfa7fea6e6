/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes rules of a policy's elements, and refuses what the schema can't: rules that would ban or excuse the world (hashes of
 * nothing, serials too short without an issuer, wildcard subjects, platforms' own names), and allow rules by weak hashes, for
 * which a second file can be made. The order of things: policy_reader.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "asn1/name.h"
#include "asn1/x509.h"
#include "crypto/identity.h"
#include "list/never_ban.h"
#include "list/policy_reader.h"
#include "list/policy_value.h"

enum { WORDS_MAX = 4096, SERIAL_MAX = 64, SERIAL_ALONE_MIN = 8, CDHASH_SIZE = 20 };

static struct arena *arena_of(struct policy_reader *r) {
    return &r->file->arena;
}

static bool no_room(struct policy_reader *r) {
    return policy_refuse(r, "needs too much memory");
}

bool policy_take_words(struct policy_reader *r, struct bytes text, const char **out) {
    if (text.n > WORDS_MAX) {
        return policy_refuse(r, "has %zu bytes of text; expected at most %d", text.n, WORDS_MAX);
    }
    const char *words = value_trim(text, arena_of(r));
    if (words == NULL) {
        return no_room(r);
    }
    if (words[0] == '\0') {
        return policy_refuse(r, "is empty; expected text");
    }
    *out = words;
    return true;
}

static struct bytes text_of(const struct policy_reader *r) {
    return bytes_make(r->text.p, r->text.n);
}

/* A word of a fixed list: action, severity, confidence, role. *out keeps its value when the attribute is not given. */
static bool take_choice(struct policy_reader *r, const char *attribute, const char *const *names, unsigned n, unsigned *out) {
    const struct bytes *value = policy_attribute(r, attribute);
    struct text list = {0};
    if (value == NULL) {
        return true;
    }
    for (unsigned i = 0; i < n; i++) {
        if (bytes_is(*value, names[i])) {
            *out = i;
            text_free(&list);
            return true;
        }
        text_addf(&list, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", names[i]);
    }
    policy_refuse(r, "%s is \"%.*s\"; expected %s", attribute, value->n > 40 ? 40 : (int)value->n, (const char *)value->p, text_c(&list));
    text_free(&list);
    return false;
}

static bool take_id(struct policy_reader *r, const char **out) {
    const struct bytes *id = policy_attribute(r, "id");
    struct bytes copy;
    if (id == NULL || !value_id(*id)) {
        return policy_refuse(r, "%s; expected 1 to 128 letters, digits, '.', '_', '-'", id == NULL ? "has no id" : "its id is none");
    }
    if (!arena_copy(arena_of(r), *id, &copy, NULL)) {
        return no_room(r);
    }
    *out = (const char *)copy.p;
    return true;
}

static bool take_time(struct policy_reader *r, const char *attribute, bool day_too, int64_t *out) {
    const struct bytes *value = policy_attribute(r, attribute);
    if (value != NULL && !value_time(*value, day_too, out)) {
        return policy_refuse(r, "%s is \"%.*s\"; expected a time like 2024-01-31T00:00:00Z%s of 1990 to 2100", attribute,
                             value->n > 40 ? 40 : (int)value->n, (const char *)value->p, day_too ? " or a day" : "");
    }
    return true;
}

bool build_policy(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    struct policy *policy = &r->file->policy;
    const struct bytes *version = policy_attribute(r, "version");
    uint64_t number;
    r->file->expires = INT64_MAX;
    if (!take_id(r, &policy->id)) {
        return false;
    }
    if (version == NULL || !value_number(*version, 999999999, &number) || number == 0) {
        return policy_refuse(r, "%s; expected a whole number from 1", version == NULL ? "has no version" : "its version is none");
    }
    policy->version = (uint32_t)number;
    policy->version_text = arena_printf(arena_of(r), "%u", policy->version);
    if (policy_attribute(r, "issued") == NULL) {
        return policy_refuse(r, "has no issued; expected a day");
    }
    return (policy->version_text != NULL || no_room(r)) && take_time(r, "issued", true, &policy->issued) &&
           take_time(r, "expires", false, &r->file->expires);
}

bool build_title(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    return policy_take_words(r, text_of(r), &r->file->policy.title);
}

bool build_reference(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    const char *words;
    return policy_take_words(r, text_of(r), &words) && (pile_add(&r->mentions, &words, sizeof words) || no_room(r));
}

bool build_rule(struct policy_reader *r, const struct policy_row *row) {
    static const char *const actions[] = {"report", "flag", "quarantine"},
                             *const severities[] = {"info", "low", "medium", "high", "critical"},
                             *const confidences[] = {"low", "medium", "high", "certain"}, *const accept[] = {"accept"},
                             *const override[] = {"override"};
    unsigned action = ACTION_FLAG, severity = SEVERITY_MEDIUM, confidence = CONFIDENCE_MEDIUM, only_word = 0;
    struct rule *rule = &r->rule;
    *rule = (struct rule){.allow = row->makes == IN_ALLOW, .expires = r->file->expires};
    rule->only.issued_under = rule->only.eku = rule->only.eku_except = bytes_none();
    r->rule_line = r->line;
    r->keys.n = 0;
    r->things = 0;
    r->key = (struct key){.role = ROLE_SIGNER};
    int64_t expires = INT64_MAX;
    if (!take_id(r, &rule->id) || !take_choice(r, "action", actions, ACTION_COUNT, &action) ||
        !take_choice(r, "severity", severities, SEVERITY_COUNT, &severity) ||
        !take_choice(r, "confidence", confidences, CONFIDENCE_COUNT, &confidence) || !take_choice(r, "weak", accept, 1, &only_word) ||
        !take_choice(r, "never-ban", override, 1, &only_word) || !take_time(r, "expires", false, &expires)) {
        return false;
    }
    rule->expires = expires < rule->expires ? expires : rule->expires;
    rule->action = (enum action)action;
    rule->severity = (enum severity)severity;
    rule->confidence = (enum confidence)confidence;
    rule->weak_accepted = policy_attribute(r, "weak") != NULL;
    rule->never_ban_overridden = policy_attribute(r, "never-ban") != NULL;
    return true;
}

bool build_rule_end(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    struct rule *rule = &r->rule;
    if (r->keys.n == 0) {
        return policy_refuse(r, "names nothing; expected certificate, file, authenticode, cdhash, team-id, subject or another name");
    }
    if (rule->only.has_after && rule->only.has_before && rule->only.signed_after >= rule->only.signed_before) {
        return policy_refuse(r, "signed-after is not before signed-before; expected a time that can be met");
    }
    rule->keys = arena_array(arena_of(r), r->keys.n, sizeof *rule->keys);
    if (rule->keys == NULL) {
        return no_room(r);
    }
    memcpy(rule->keys, r->keys.p, r->keys.n * sizeof *rule->keys);
    rule->n_keys = r->keys.n;
    return (pile_add(&r->rules, rule, sizeof *rule) && pile_add(&r->lines, &r->rule_line, sizeof r->rule_line)) || no_room(r);
}

/* Whether an allow rule may name by that key: only what nobody can make a second thing for. */
static bool may_allow(const struct key *key) {
    switch (key->kind) {
    case KEY_CERT_SHA256:
    case KEY_FILE_SHA256:
    case KEY_SPKI:
        return true;
    case KEY_TBS:
    case KEY_AUTHENTICODE:
        return key->value.n >= 32;
    default:
        return false;
    }
}

static bool is_weak(const struct key *key) {
    switch (key->kind) {
    case KEY_SERIAL:
        return key->issuer.n == 0;
    case KEY_SUBJECT:
    case KEY_PROGRAM:
    case KEY_ORIGINAL_NAME:
    case KEY_FIRST_PAGE: /* of which programs that differ further on may have the same */
    case KEY_TEAM_ID:
    case KEY_CERT_MD5:
    case KEY_FILE_MD5:
        return true;
    case KEY_TBS:
    case KEY_AUTHENTICODE:
        return key->value.n == 16;
    default:
        return false;
    }
}

static bool add_key(struct policy_reader *r, struct key key) {
    key.weak = is_weak(&key);
    key.role = key.role == ROLE_COUNT ? ROLE_SIGNER : key.role;
    key.thing = key.thing != 0 ? key.thing : ++r->things;
    if (r->rule.allow && !may_allow(&key)) {
        return policy_refuse(r,
                             "no allow rule may name by this; expected sha256, spki-sha256, or authenticode or tbs of SHA-256 or longer");
    }
    return pile_add(&r->keys, &key, sizeof key) || no_room(r);
}

static bool take_role(struct policy_reader *r, enum role *out) {
    static const char *const roles[] = {"signer", "chain", "timestamp", "bag", "any"};
    unsigned role = ROLE_SIGNER;
    if (!take_choice(r, "role", roles, ROLE_COUNT, &role)) {
        return false;
    }
    *out = (enum role)role;
    return true;
}

/* A key that holds nothing yet but what the element around it says. */
static struct key new_key(const struct policy_reader *r, enum key_kind kind) {
    struct key key = r->key;
    key.kind = kind;
    key.value = key.issuer = key.issuer_common_name = key.organization = key.issuer_organization = bytes_none();
    return key;
}

bool build_certificate(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    r->key = (struct key){.thing = ++r->things};
    r->keys_before = r->keys.n;
    r->has_der = false;
    return take_role(r, &r->key.role);
}

/* All strong identities of the rule's certificate become keys, where the policy gives none beside it. */
static bool keys_of_certificate(struct policy_reader *r) {
    static const struct {
        enum key_kind kind;
        enum hash hash;
    } hashes[] = {{KEY_CERT_SHA256, HASH_SHA256}, {KEY_CERT_SHA1, HASH_SHA1}, {KEY_TBS, HASH_SHA256}, {KEY_SPKI, HASH_SHA256}};
    const struct cert *cert = r->rule.cert;
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        struct key key = new_key(r, hashes[i].kind);
        uint8_t hash[HASH_SIZE_MAX];
        struct error err = {0};
        if (r->rule.allow && hashes[i].kind == KEY_CERT_SHA1) {
            continue;
        }
        if (!identity_hash(cert, hashes[i].kind, hashes[i].hash, hash, &err) ||
            !arena_copy(arena_of(r), bytes_make(hash, hash_size(hashes[i].hash)), &key.value, &err)) {
            return policy_refuse(r, "%s", err.text);
        }
        if (!add_key(r, key)) {
            return false;
        }
    }
    struct key serial = new_key(r, KEY_SERIAL);
    serial.value = cert->serial;
    serial.issuer = cert->issuer;
    return r->rule.allow || add_key(r, serial);
}

bool build_certificate_end(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    if (r->has_der && r->keys.n == r->keys_before && !keys_of_certificate(r)) {
        return false;
    }
    if (r->keys.n == r->keys_before) {
        return policy_refuse(r, "names nothing; expected a hash, a serial or a der inside");
    }
    r->key.thing = 0;
    return true;
}

bool build_file(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    const struct bytes *size = policy_attribute(r, "size");
    r->key = (struct key){.role = ROLE_ANY, .thing = ++r->things};
    r->keys_before = r->keys.n;
    if (size != NULL && (!value_number(*size, INT64_MAX, &r->key.file_size) || r->key.file_size == 0)) {
        return policy_refuse(r, "size is \"%.*s\"; expected a number of bytes", size->n > 40 ? 40 : (int)size->n, (const char *)size->p);
    }
    return true;
}

bool build_file_end(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    r->key.thing = 0;
    return r->keys.n != r->keys_before || policy_refuse(r, "names nothing; expected sha256, sha1 or md5 inside");
}

bool policy_take_hash(struct policy_reader *r, size_t size, struct bytes *out) {
    uint8_t hash[HASH_SIZE_MAX];
    size_t n = 0, digits = 0;
    if (!value_hex(text_of(r), hash, sizeof hash, &n, &digits) || digits != 2 * n ||
        (size == 0 ? hash_by_size(n) == HASH_NONE : n != size)) {
        char want[40] = "32, 40, 64, 96 or 128";
        if (size != 0) {
            snprintf(want, sizeof want, "%zu", 2 * size);
        }
        return policy_refuse(r, "has %zu hexadecimal digits%s; expected %s", digits, n == 0 ? " and something else" : "", want);
    }
    struct bytes found = bytes_make(hash, n);
    if (value_is_nothing(found)) {
        return policy_refuse(r, "is the hash of nothing, or filler; expected that of something");
    }
    return arena_copy(arena_of(r), found, out, NULL) || no_room(r);
}

/* SHA-1 or SHA-256 of a page. */
bool build_page(struct policy_reader *r, const struct policy_row *row) {
    struct key key = new_key(r, row->kind);
    key.role = ROLE_ANY;
    key.file_size = 0;
    if (!policy_take_hash(r, 0, &key.value)) {
        return false;
    }
    bool known = key.value.n == hash_size(HASH_SHA1) || key.value.n == hash_size(HASH_SHA256);
    return known ? add_key(r, key) : policy_refuse(r, "has %zu hexadecimal digits; expected 40 or 64", 2 * key.value.n);
}

bool build_hash(struct policy_reader *r, const struct policy_row *row) {
    struct key key = new_key(r, row->kind);
    if (row->kind == KEY_CDHASH) {
        key.role = ROLE_ANY;
        key.file_size = 0;
    }
    return policy_take_hash(r, row->size, &key.value) && add_key(r, key);
}

bool build_any_hash(struct policy_reader *r, const struct policy_row *row) {
    struct key key = new_key(r, row->kind);
    key.role = ROLE_ANY;
    key.file_size = 0;
    return policy_take_hash(r, 0, &key.value) && add_key(r, key);
}

/* issuer (a whole name) or issuer-common-name: at most one of them. */
static bool take_issuer(struct policy_reader *r, struct key *key) {
    const struct bytes *issuer = policy_attribute(r, "issuer"), *common_name = policy_attribute(r, "issuer-common-name");
    const char *words;
    struct error err = {0};
    if (issuer != NULL && common_name != NULL) {
        return policy_refuse(r, "has issuer and issuer-common-name; expected one of them");
    }
    if (issuer != NULL) {
        if (!policy_take_words(r, *issuer, &words)) {
            return false;
        }
        return name_from_text(words, arena_of(r), &key->issuer, &err) ||
               policy_refuse(r, "issuer is no name (%.80s); expected one like CN=…,O=…,C=…", err.text);
    }
    if (common_name != NULL) {
        if (!policy_take_words(r, *common_name, &words)) {
            return false;
        }
        key->issuer_common_name = bytes_text(words);
    }
    return true;
}

bool build_serial(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    struct key issuer = new_key(r, KEY_SERIAL);
    if (!take_issuer(r, &issuer)) {
        return false;
    }
    /* Kept until the text is there. */
    r->key.issuer = issuer.issuer;
    r->key.issuer_common_name = issuer.issuer_common_name;
    return true;
}

bool build_serial_end(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    struct key key = r->key;
    key.kind = KEY_SERIAL;
    key.value = key.organization = key.issuer_organization = bytes_none();
    uint8_t serial[SERIAL_MAX];
    size_t n, digits, zeros = 0;
    if (!value_hex(text_of(r), serial, sizeof serial, &n, &digits)) {
        return policy_refuse(r, "is no serial; expected 1 to %d octets in hexadecimal digits", SERIAL_MAX);
    }
    while (zeros + 1 < n && serial[zeros] == 0) {
        zeros++;
    }
    struct bytes value = bytes_make(serial + zeros, n - zeros);
    if (key.issuer.n == 0 && (value.n == 1 || (key.issuer_common_name.n == 0 && value.n < SERIAL_ALONE_MIN))) {
        return policy_refuse(r, "many certificates have a serial of %zu octets; expected an issuer with it, or %d octets", value.n,
                             SERIAL_ALONE_MIN);
    }
    return (arena_copy(arena_of(r), value, &key.value, NULL) || no_room(r)) && add_key(r, key);
}

bool build_der(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    struct bytes der;
    struct error err = {0};
    struct cert *cert = arena_alloc(arena_of(r), sizeof *cert);
    if (r->rule.cert != NULL) {
        return policy_refuse(r, "given twice in a rule; expected one");
    }
    if (!value_base64(text_of(r), arena_of(r), &der)) {
        return policy_refuse(r, "is no base64; expected the DER of one certificate");
    }
    if (cert == NULL) {
        return no_room(r);
    }
    if (!cert_parse(der, 0, arena_of(r), cert, &err)) {
        return policy_refuse(r, "is no certificate: %.120s", err.text);
    }
    if (cert->der.n != der.n) {
        return policy_refuse(r, "%zu bytes stand behind the certificate; expected nothing", der.n - cert->der.n);
    }
    r->rule.cert = cert;
    r->has_der = true;
    return true;
}

bool build_team_id(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    enum { TEAM_SIZE = 10 };
    struct key key = new_key(r, KEY_TEAM_ID);
    const char *text = value_trim(text_of(r), arena_of(r));
    if (text == NULL) {
        return no_room(r);
    }
    char team[TEAM_SIZE];
    bool ok = strlen(text) == TEAM_SIZE;
    for (size_t i = 0; i < TEAM_SIZE && ok; i++) {
        bool small = text[i] >= 'a' && text[i] <= 'z';
        team[i] = (char)(small ? text[i] - 0x20 : text[i]);
        ok = (team[i] >= '0' && team[i] <= '9') || (team[i] >= 'A' && team[i] <= 'Z');
    }
    if (!ok) {
        return policy_refuse(r, "is \"%.20s\"; expected ten letters and digits", text);
    }
    key.role = ROLE_SIGNER;
    key.file_size = 0;
    return (arena_copy(arena_of(r), bytes_make(team, sizeof team), &key.value, NULL) || no_room(r)) && add_key(r, key);
}

/* A name that may stand in a key: no pattern, no single letter. what is the attribute that it stands in; NULL: the element. */
static bool take_name_of(struct policy_reader *r, const char *what, struct bytes text, struct bytes *out) {
    const char *words;
    if (!policy_take_words(r, text, &words)) {
        return false;
    }
    *out = bytes_text(words);
    if (out->n < 2 || strchr(words, '*') != NULL || strspn(words, "?.%-") == out->n) {
        return policy_refuse(r, "%s%sis \"%.40s\"; expected a whole name, no pattern", what != NULL ? what : "", what != NULL ? " " : "",
                             words);
    }
    return true;
}

static bool take_name(struct policy_reader *r, const char *attribute, struct bytes *out) {
    const struct bytes *value = policy_attribute(r, attribute);
    return value == NULL || take_name_of(r, attribute, *value, out);
}

bool build_name(struct policy_reader *r, const struct policy_row *row) {
    struct key key = new_key(r, row->kind);
    key.role = ROLE_ANY;
    key.file_size = 0;
    return take_name_of(r, NULL, text_of(r), &key.value) && add_key(r, key);
}

bool build_subject(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    r->key = (struct key){0};
    struct key key = new_key(r, KEY_SUBJECT);
    if (!take_role(r, &key.role) || !take_name(r, "common-name", &key.value) || !take_name(r, "organization", &key.organization) ||
        !take_issuer(r, &key)) {
        return false;
    }
    if (key.value.n == 0 && key.organization.n == 0) {
        return policy_refuse(r, "names nobody; expected common-name or organization");
    }
    if (!r->rule.never_ban_overridden && never_ban_subject(key.value, key.organization)) {
        return policy_refuse(r, "names a platform's own signers; expected another name (or never-ban=\"override\" in the rule)");
    }
    return add_key(r, key);
}

bool build_subscriber(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    const struct bytes *eku = policy_attribute(r, "eku");
    r->key = (struct key){0};
    struct key key = new_key(r, KEY_SUBSCRIBER);
    if (eku == NULL || !value_oid(*eku, arena_of(r), &key.value)) {
        return policy_refuse(r, "%s; expected a dotted object identifier", eku == NULL ? "has no eku" : "its eku is none");
    }
    if (!take_role(r, &key.role) || !take_name(r, "issuer-organization", &key.issuer_organization)) {
        return false;
    }
    return key.issuer_organization.n != 0 ? add_key(r, key) : policy_refuse(r, "has no issuer-organization; expected one");
}

bool build_reason(struct policy_reader *r, const struct policy_row *row) {
    return policy_take_words(r, text_of(r), strcmp(row->name, "reason") == 0 ? &r->rule.reason : &r->rule.reference);
}

/* For finding ids given twice: rules by id. */
static int id_order(const void *left, const void *right) {
    const struct rule *const *a = left, *const *b = right;
    int order = strcmp((*a)->id, (*b)->id);
    return order != 0 ? order : (*a < *b ? -1 : *a > *b);
}

static bool ids_unique(struct policy_reader *r) {
    struct policy *policy = &r->file->policy;
    const struct rule **by_id = calloc(policy->n_rules + 1, sizeof(const struct rule *));
    if (by_id == NULL) {
        return no_room(r);
    }
    for (size_t i = 0; i < policy->n_rules; i++) {
        by_id[i] = &policy->rules[i];
    }
    qsort(by_id, policy->n_rules, sizeof(const struct rule *), id_order);
    bool ok = true;
    for (size_t i = 1; i < policy->n_rules && ok; i++) {
        if (strcmp(by_id[i - 1]->id, by_id[i]->id) == 0) {
            r->line = r->file->lines[by_id[i] - policy->rules];
            r->element = by_id[i]->allow ? "allow" : "ban";
            ok = policy_refuse(r, "id \"%.60s\" is given twice; expected ids that differ", by_id[i]->id);
        }
    }
    free(by_id);
    return ok;
}

/* Moves a pile into the arena. */
static bool settle(struct policy_reader *r, const struct pile *pile, size_t size, void **out) {
    *out = arena_array(arena_of(r), pile->n, size);
    if (*out == NULL) {
        return no_room(r);
    }
    if (pile->n != 0) {
        memcpy(*out, pile->p, pile->n * size);
    }
    return true;
}

bool build_finish(struct policy_reader *r) {
    struct policy_file *file = r->file;
    struct policy *policy = &file->policy;
    struct bytes origin;
    void *rules, *lines, *mentions;
    if (!settle(r, &r->rules, sizeof(struct rule), &rules) || !settle(r, &r->lines, sizeof(uint32_t), &lines) ||
        !settle(r, &r->mentions, sizeof(const char *), &mentions)) {
        return false;
    }
    if (!arena_copy(arena_of(r), bytes_text(r->origin), &origin, NULL)) {
        return no_room(r);
    }
    policy->origin = (const char *)origin.p;
    policy->rules = rules;
    policy->n_rules = r->rules.n;
    file->lines = lines;
    file->references = mentions;
    file->n_references = r->mentions.n;
    for (size_t i = 0; i < policy->n_rules; i++) {
        struct rule *rule = &policy->rules[i];
        rule->policy = policy;
        for (size_t k = 0; k < rule->n_keys; k++) {
            rule->keys[k].rule = rule;
        }
    }
    return ids_unique(r);
}
