/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes keys of the elements that name things, and refuses those that would name the world: hashes of nothing, serials too short without
 * an issuer, wildcard subjects, platforms' own names; in an allow rule what a second thing can be made for.
 */
#include <stdio.h>

#include "asn1/name.h"
#include "asn1/x509.h"
#include "crypto/identity.h"
#include "list/never_ban.h"
#include "list/policy_reader.h"
#include "list/policy_value.h"

enum { SERIAL_MAX = 64, SERIAL_ALONE_MIN = 8, CDHASH_SIZE = 20 };

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
    return pile_add(&r->keys, &key, sizeof key) || policy_no_room(r);
}

static bool take_role(struct policy_reader *r, enum role *out) {
    static const char *const roles[] = {"signer", "chain", "timestamp", "bag", "any"};
    unsigned role = ROLE_SIGNER;
    if (!policy_take_choice(r, "role", roles, ROLE_COUNT, &role)) {
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
            !arena_copy(policy_arena_of(r), bytes_make(hash, hash_size(hashes[i].hash)), &key.value, &err)) {
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
    if (!value_hex(policy_text_of(r), hash, sizeof hash, &n, &digits) || digits != 2 * n ||
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
    return arena_copy(policy_arena_of(r), found, out, NULL) || policy_no_room(r);
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

/* A whole name. */
static bool take_issuer_name(struct policy_reader *r, struct bytes text, struct bytes *out) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < text.n; i++) {
        hash = (hash ^ text.p[i]) * 16777619u;
    }
    struct policy_issuer *kept = &r->issuers[hash % POLICY_ISSUERS_KEPT];
    struct error err = {0};
    const char *words;
    if (kept->words == NULL || !bytes_is(text, kept->words)) {
        if (!policy_take_words(r, text, &words)) {
            return false;
        }
        if (!name_from_text(words, policy_arena_of(r), &kept->name, &err)) {
            kept->words = NULL;
            return policy_refuse(r, "issuer is no name (%.80s); expected one like CN=…,O=…,C=…", err.text);
        }
        kept->words = words;
    }
    *out = kept->name;
    return true;
}

/* issuer (a whole name) or issuer-common-name: at most one of them. */
static bool take_issuer(struct policy_reader *r, struct key *key) {
    const struct bytes *issuer = policy_attribute(r, "issuer"), *common_name = policy_attribute(r, "issuer-common-name");
    const char *words;
    if (issuer != NULL && common_name != NULL) {
        return policy_refuse(r, "has issuer and issuer-common-name; expected one of them");
    }
    if (issuer != NULL) {
        return take_issuer_name(r, *issuer, &key->issuer);
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
    if (!value_hex(policy_text_of(r), serial, sizeof serial, &n, &digits)) {
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
    return (arena_copy(policy_arena_of(r), value, &key.value, NULL) || policy_no_room(r)) && add_key(r, key);
}

bool build_der(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    struct bytes der;
    struct error err = {0};
    struct cert *cert = arena_alloc(policy_arena_of(r), sizeof *cert);
    if (r->rule.cert != NULL) {
        return policy_refuse(r, "given twice in a rule; expected one");
    }
    if (!value_base64(policy_text_of(r), policy_arena_of(r), &der)) {
        return policy_refuse(r, "is no base64; expected the DER of one certificate");
    }
    if (cert == NULL) {
        return policy_no_room(r);
    }
    if (!cert_parse(der, 0, policy_arena_of(r), cert, &err)) {
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
    const char *text = value_trim(policy_text_of(r), policy_arena_of(r));
    if (text == NULL) {
        return policy_no_room(r);
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
    return (arena_copy(policy_arena_of(r), bytes_make(team, sizeof team), &key.value, NULL) || policy_no_room(r)) && add_key(r, key);
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
    return take_name_of(r, NULL, policy_text_of(r), &key.value) && add_key(r, key);
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
    if (eku == NULL || !value_oid(*eku, policy_arena_of(r), &key.value)) {
        return policy_refuse(r, "%s; expected a dotted object identifier", eku == NULL ? "has no eku" : "its eku is none");
    }
    if (!take_role(r, &key.role) || !take_name(r, "issuer-organization", &key.issuer_organization)) {
        return false;
    }
    return key.issuer_organization.n != 0 ? add_key(r, key) : policy_refuse(r, "has no issuer-organization; expected one");
}
