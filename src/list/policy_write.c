/* SPDX-License-Identifier: Apache-2.0 */
#include "list/policy_write_inside.h"

#include <stdlib.h>
#include <time.h>

#include "asn1/name.h"

enum { DAY = 86400, NAME_MEMORY = 4 << 20, ISSUERS_KEPT = 1024 };

/* Issuers as text. Rules that came from one list share their issuers' names, so that each of them is put into words once. */
struct issuers {
    struct arena arena;
    struct {
        struct bytes name;
        const char *words;
    } kept[ISSUERS_KEPT];
};

void text_add_base64(struct text *out, struct bytes b) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < b.n; i += 3) {
        uint32_t bits = (uint32_t)b.p[i] << 16 | (i + 1 < b.n ? (uint32_t)b.p[i + 1] << 8 : 0) | (i + 2 < b.n ? b.p[i + 2] : 0);
        text_add_char(out, digits[bits >> 18]);
        text_add_char(out, digits[bits >> 12 & 63]);
        text_add_char(out, i + 1 < b.n ? digits[bits >> 6 & 63] : '=');
        text_add_char(out, i + 2 < b.n ? digits[bits & 63] : '=');
    }
}

/* What XML 1.0 2.2 calls a Char. */
static bool is_char(uint32_t c) {
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xfffe) || (c >= 0x10000 && c <= 0x10ffff);
}

/* Text and attribute values alike: what means something to XML is escaped, line ends too, since attributes would lose them. */
static void add_escaped(struct text *out, struct bytes s) {
    while (s.n != 0) {
        size_t n;
        uint32_t c = utf8_next(s, &n);
        if (c == '&' || c == '<' || c == '>' || c == '"') {
            text_add(out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&quot;");
        } else if (!is_char(c)) {
            text_add(out, "\xef\xbf\xbd");
        } else if (c < 0x20) {
            text_addf(out, "&#%u;", c);
        } else {
            text_add_bytes(out, bytes_cut(s, 0, n));
        }
        s = bytes_cut(s, n, s.n);
    }
}

static void add_attribute(struct text *out, const char *name, struct bytes value) {
    text_addf(out, " %s=\"", name);
    add_escaped(out, value);
    text_add_char(out, '"');
}

void policy_add_element(struct text *out, const char *indent, const char *name, const char *words) {
    if (words != NULL) {
        text_addf(out, "%s<%s>", indent, name);
        add_escaped(out, bytes_text(words));
        text_addf(out, "</%s>\n", name);
    }
}

void policy_add_time(struct text *out, int64_t seconds, bool day_too) {
    time_t t = (time_t)seconds;
    struct tm tm;
    char words[40] = "";
    if (gmtime_r(&t, &tm) != NULL) {
        strftime(words, sizeof words, day_too && seconds % DAY == 0 ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    text_add(out, words);
}

const char *policy_issuer_text(struct bytes name, struct arena *arena) {
    const char *words = name_text(name, arena);
    struct bytes again;
    return words != NULL && words[0] != '\0' && utf8_valid(bytes_text(words)) && name_from_text(words, arena, &again, NULL) &&
                   name_equal_either_end(name, again)
               ? words
               : NULL;
}

/* The words of an issuer, by where its name stands. */
static const char *issuer_words(struct issuers *issuers, struct bytes name) {
    size_t i = (size_t)((uint64_t)(uintptr_t)name.p * UINT64_C(0x9e3779b97f4a7c15) >> 32) % ISSUERS_KEPT;
    if (issuers->kept[i].words == NULL || issuers->kept[i].name.p != name.p || issuers->kept[i].name.n != name.n) {
        const char *words = policy_issuer_text(name, &issuers->arena);
        if (words == NULL) { /* perhaps there is no room left for it */
            memset(issuers->kept, 0, sizeof issuers->kept);
            arena_reset(&issuers->arena);
            words = policy_issuer_text(name, &issuers->arena);
        }
        issuers->kept[i].name = name;
        issuers->kept[i].words = words;
    }
    return issuers->kept[i].words;
}

/* issuer or issuer-common-name, where the key has one. */
static bool add_issuer(struct text *out, const struct key *key, struct issuers *issuers, struct error *err) {
    if (key->issuer.n != 0) {
        const char *words = issuer_words(issuers, key->issuer);
        if (words != NULL) {
            add_attribute(out, "issuer", bytes_text(words));
        }
        return words != NULL || error_set(err, ERR_UNSUPPORTED, "an issuer is no name that text can hold");
    }
    if (key->issuer_common_name.n != 0) {
        add_attribute(out, "issuer-common-name", key->issuer_common_name);
    }
    return true;
}

void policy_add_oid(struct text *out, struct bytes oid) {
    uint64_t arc = 0;
    bool first = true;
    for (size_t i = 0; i < oid.n; i++) {
        arc = arc << 7 | (oid.p[i] & 0x7f);
        if ((oid.p[i] & 0x80) != 0) {
            continue;
        }
        uint64_t root = arc < 80 ? arc / 40 : 2;
        if (first) {
            text_addf(out, "%llu.%llu", (unsigned long long)root, (unsigned long long)(arc - root * 40));
        } else {
            text_addf(out, ".%llu", (unsigned long long)arc);
        }
        first = false;
        arc = 0;
    }
}

static const char *element_of(const struct key *key) {
    static const char *const plain[KEY_COUNT] = {
        [KEY_CERT_MD5] = "md5",  [KEY_CERT_SHA1] = "sha1", [KEY_CERT_SHA256] = "sha256",    [KEY_SPKI] = "spki-sha256",
        [KEY_FILE_MD5] = "md5",  [KEY_FILE_SHA1] = "sha1", [KEY_FILE_SHA256] = "sha256",    [KEY_AUTHENTICODE] = "authenticode",
        [KEY_CDHASH] = "cdhash", [KEY_SERIAL] = "serial",  [KEY_FIRST_PAGE] = "first-page",
    };
    switch (key->kind == KEY_TBS ? key->value.n : 0) {
    case 0:
        return plain[key->kind];
    case 16:
        return "tbs-md5";
    case 20:
        return "tbs-sha1";
    case 32:
        return "tbs-sha256";
    case 48:
        return "tbs-sha384";
    default:
        return "tbs-sha512";
    }
}

/* A key whose element holds hex. */
static bool add_hex_key(struct text *out, const char *indent, const struct key *key, struct issuers *issuers, struct error *err) {
    const char *name = element_of(key);
    text_add(out, indent);
    text_add_char(out, '<');
    text_add(out, name);
    if (key->kind == KEY_SERIAL && !add_issuer(out, key, issuers, err)) {
        return false;
    }
    text_add_char(out, '>');
    text_add_hex(out, key->value);
    text_add(out, "</");
    text_add(out, name);
    text_add(out, ">\n");
    return true;
}

static bool add_subject(struct text *out, const struct key *key, struct issuers *issuers, struct error *err) {
    text_addf(out, "    <subject role=\"%s\"", role_name(key->role));
    if (key->value.n != 0) {
        add_attribute(out, "common-name", key->value);
    }
    if (key->organization.n != 0) {
        add_attribute(out, "organization", key->organization);
    }
    if (!add_issuer(out, key, issuers, err)) {
        return false;
    }
    text_add(out, "/>\n");
    return true;
}

/* A key that stands alone in its rule. */
static bool add_lone_key(struct text *out, const struct key *key, struct issuers *issuers, struct error *err) {
    switch (key->kind) {
    case KEY_SUBJECT:
        return add_subject(out, key, issuers, err);
    case KEY_SUBSCRIBER:
        text_addf(out, "    <subscriber role=\"%s\" eku=\"", role_name(key->role));
        policy_add_oid(out, key->value);
        text_add_char(out, '"');
        add_attribute(out, "issuer-organization", key->issuer_organization);
        text_add(out, "/>\n");
        return true;
    case KEY_TEAM_ID:
    case KEY_PROGRAM:
    case KEY_ORIGINAL_NAME:
        text_addf(out, "    <%s>", key_name(key->kind));
        add_escaped(out, key->value);
        text_addf(out, "</%s>\n", key_name(key->kind));
        return true;
    default:
        return add_hex_key(out, "    ", key, issuers, err);
    }
}

enum group { GROUP_NONE, GROUP_CERTIFICATE, GROUP_FILE };

static enum group group_of(const struct key *key) {
    switch (key->kind) {
    case KEY_CERT_MD5:
    case KEY_CERT_SHA1:
    case KEY_CERT_SHA256:
    case KEY_TBS:
    case KEY_SPKI:
    case KEY_SERIAL:
        return GROUP_CERTIFICATE;
    case KEY_FILE_MD5:
    case KEY_FILE_SHA1:
    case KEY_FILE_SHA256:
        return GROUP_FILE;
    default:
        return GROUP_NONE;
    }
}

static bool together(const struct key *a, const struct key *b) {
    enum group group = group_of(a);
    return group != GROUP_NONE && group == group_of(b) && a->thing == b->thing &&
           (group == GROUP_CERTIFICATE ? a->role == b->role : a->file_size == b->file_size);
}

static void add_der(struct text *out, const struct cert *cert) {
    text_add(out, "      <der>");
    text_add_base64(out, cert->der);
    text_add(out, "</der>\n");
}

/* Keys that follow one another and belong together share an element; the certificate itself goes into the first one. */
static bool add_keys(struct text *out, const struct rule *rule, struct issuers *issuers, struct error *err) {
    bool der_due = rule->cert != NULL;
    for (size_t i = 0, next; i < rule->n_keys; i = next) {
        const struct key *key = &rule->keys[i];
        enum group group = group_of(key);
        next = i + 1;
        if (group == GROUP_NONE) {
            if (!add_lone_key(out, key, issuers, err)) {
                return false;
            }
            continue;
        }
        if (group == GROUP_CERTIFICATE) {
            text_addf(out, "    <certificate role=\"%s\">\n", role_name(key->role));
        } else if (key->file_size != 0) {
            text_addf(out, "    <file size=\"%llu\">\n", (unsigned long long)key->file_size);
        } else {
            text_add(out, "    <file>\n");
        }
        for (next = i; next < rule->n_keys && together(key, &rule->keys[next]); next++) {
            if (!add_hex_key(out, "      ", &rule->keys[next], issuers, err)) {
                return false;
            }
        }
        if (group == GROUP_CERTIFICATE && der_due) {
            add_der(out, rule->cert);
            der_due = false;
        }
        text_add(out, group == GROUP_CERTIFICATE ? "    </certificate>\n" : "    </file>\n");
    }
    return true;
}

static bool add_rule(struct text *out, const struct rule *rule, struct issuers *issuers, struct error *err) {
    const char *name = rule->allow ? "allow" : "ban";
    text_addf(out, "\n  <%s id=\"%s\"", name, rule->id);
    if (!rule->allow) {
        text_addf(out, " action=\"%s\" severity=\"%s\" confidence=\"%s\"%s%s%s", action_name(rule->action), severity_name(rule->severity),
                  confidence_name(rule->confidence), rule->weak_accepted ? " weak=\"accept\"" : "",
                  rule->takes_archives ? " archives=\"take\"" : "", rule->never_ban_overridden ? " never-ban=\"override\"" : "");
    }
    if (rule->expires != INT64_MAX) {
        text_add(out, " expires=\"");
        policy_add_time(out, rule->expires, false);
        text_add_char(out, '"');
    }
    text_add(out, ">\n");
    if (!add_keys(out, rule, issuers, err)) {
        return error_within(err, "rule %s", rule->id);
    }
    policy_add_only(out, &rule->only);
    policy_add_element(out, "    ", "reason", rule->reason);
    policy_add_element(out, "    ", "reference", rule->reference);
    text_addf(out, "  </%s>\n", name);
    return true;
}

static bool written(const struct text *out, struct error *err) {
    return text_ok(out) || error_set(err, ERR_LIMIT, "no memory to write a policy");
}

bool policy_write_begin(const struct policy *policy, const char *const *references, size_t n_references, struct text *out,
                        struct error *err) {
    text_addf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<policy xmlns=\"urn:certban:policy:1\" id=\"%s\" version=\"%u\" issued=\"",
              policy->id, policy->version);
    policy_add_time(out, policy->issued, true);
    text_add(out, "\">\n");
    policy_add_element(out, "  ", "title", policy->title);
    for (size_t i = 0; i < n_references; i++) {
        policy_add_element(out, "  ", "reference", references[i]);
    }
    return written(out, err);
}

bool policy_write_rules(const struct rule *rules, size_t n, struct text *out, struct error *err) {
    struct issuers *issuers = calloc(1, sizeof *issuers);
    bool ok = issuers != NULL || error_set(err, ERR_LIMIT, "no memory to write a policy");
    if (ok) {
        issuers->arena = arena_make(NAME_MEMORY);
    }
    for (size_t i = 0; i < n && ok; i++) {
        ok = add_rule(out, &rules[i], issuers, err);
    }
    if (issuers != NULL) {
        arena_free(&issuers->arena);
    }
    free(issuers);
    return ok && written(out, err);
}

bool policy_write_end(struct text *out, struct error *err) {
    text_add(out, "</policy>\n");
    return written(out, err);
}

bool policy_write(const struct policy *policy, const char *const *references, size_t n_references, struct text *out, struct error *err) {
    return policy_write_begin(policy, references, n_references, out, err) && policy_write_rules(policy->rules, policy->n_rules, out, err) &&
           policy_write_end(out, err);
}
