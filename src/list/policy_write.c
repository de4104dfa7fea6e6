/* SPDX-License-Identifier: Apache-2.0 */
#include "list/policy_write.h"

#include <time.h>

#include "asn1/name.h"

enum { DAY = 86400, NAME_MEMORY = 1 << 20 };

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

static void add_element(struct text *out, const char *indent, const char *name, const char *words) {
    if (words != NULL) {
        text_addf(out, "%s<%s>", indent, name);
        add_escaped(out, bytes_text(words));
        text_addf(out, "</%s>\n", name);
    }
}

static void add_time(struct text *out, int64_t seconds, bool day_too) {
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

/* issuer or issuer-common-name, where the key has one. */
static bool add_issuer(struct text *out, const struct key *key, struct error *err) {
    if (key->issuer.n != 0) {
        struct arena arena = arena_make(NAME_MEMORY);
        const char *words = policy_issuer_text(key->issuer, &arena);
        if (words != NULL) {
            add_attribute(out, "issuer", bytes_text(words));
        }
        arena_free(&arena);
        return words != NULL || error_set(err, ERR_UNSUPPORTED, "an issuer is no name that text can hold");
    }
    if (key->issuer_common_name.n != 0) {
        add_attribute(out, "issuer-common-name", key->issuer_common_name);
    }
    return true;
}

static void add_oid(struct text *out, struct bytes oid) {
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
static bool add_hex_key(struct text *out, const char *indent, const struct key *key, struct error *err) {
    const char *name = element_of(key);
    text_addf(out, "%s<%s", indent, name);
    if (key->kind == KEY_SERIAL && !add_issuer(out, key, err)) {
        return false;
    }
    text_add_char(out, '>');
    text_add_hex(out, key->value);
    text_addf(out, "</%s>\n", name);
    return true;
}

static bool add_subject(struct text *out, const struct key *key, struct error *err) {
    text_addf(out, "    <subject role=\"%s\"", role_name(key->role));
    if (key->value.n != 0) {
        add_attribute(out, "common-name", key->value);
    }
    if (key->organization.n != 0) {
        add_attribute(out, "organization", key->organization);
    }
    if (!add_issuer(out, key, err)) {
        return false;
    }
    text_add(out, "/>\n");
    return true;
}

/* A key that stands alone in its rule. */
static bool add_lone_key(struct text *out, const struct key *key, struct error *err) {
    switch (key->kind) {
    case KEY_SUBJECT:
        return add_subject(out, key, err);
    case KEY_SUBSCRIBER:
        text_addf(out, "    <subscriber role=\"%s\" eku=\"", role_name(key->role));
        add_oid(out, key->value);
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
        return add_hex_key(out, "    ", key, err);
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
static bool add_keys(struct text *out, const struct rule *rule, struct error *err) {
    bool der_due = rule->cert != NULL;
    for (size_t i = 0, next; i < rule->n_keys; i = next) {
        const struct key *key = &rule->keys[i];
        enum group group = group_of(key);
        next = i + 1;
        if (group == GROUP_NONE) {
            if (!add_lone_key(out, key, err)) {
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
            if (!add_hex_key(out, "      ", &rule->keys[next], err)) {
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

static void add_version(struct text *out, const char *name, const struct version *v) {
    text_addf(out, " %s=\"%u.%u.%u.%u\"", name, v->part[0], v->part[1], v->part[2], v->part[3]);
}

static void add_usage(struct text *out, const char *name, struct bytes oid) {
    if (oid.n != 0) {
        text_addf(out, "      <%s>", name);
        add_oid(out, oid);
        text_addf(out, "</%s>\n", name);
    }
}

static void add_hash(struct text *out, const char *indent, const char *name, struct bytes hash) {
    if (hash.n != 0) {
        text_addf(out, "%s<%s>", indent, name);
        text_add_hex(out, hash);
        text_addf(out, "</%s>\n", name);
    }
}

static void add_names(struct text *out, const char *indent, const struct conditions *only) {
    add_element(out, indent, "product", only->product);
    add_element(out, indent, "original-name", only->original_name);
    add_element(out, indent, "internal-name", only->internal_name);
    add_element(out, indent, "description", only->description);
    add_element(out, indent, "company", only->company);
}

static void add_versions(struct text *out, const char *indent, const struct conditions *only) {
    if (only->has_min || only->has_max) {
        text_addf(out, "%s<version", indent);
        if (only->has_min) {
            add_version(out, "min", &only->min);
        }
        if (only->has_max) {
            add_version(out, "max", &only->max);
        }
        text_add(out, "/>\n");
    }
}

/* The children of <only>. */
static void add_each_condition(struct text *out, const struct conditions *only) {
    if (only->has_after) {
        text_add(out, "      <signed-after>");
        add_time(out, only->signed_after, false);
        text_add(out, "</signed-after>\n");
    }
    if (only->has_before) {
        text_add(out, "      <signed-before>");
        add_time(out, only->signed_before, false);
        text_add(out, "</signed-before>\n");
    }
    add_element(out, "      ", "platform", only->platform);
    add_names(out, "      ", only);
    add_hash(out, "      ", "issued-under", only->issued_under);
    add_usage(out, "eku", only->eku);
    add_usage(out, "no-eku", only->eku_except);
    add_versions(out, "      ", only);
    add_element(out, "      ", "path", only->path);
    for (size_t i = 0; i < only->n_except; i++) {
        text_add(out, "      <except>\n");
        add_hash(out, "        ", "authenticode", only->except[i].authenticode);
        add_names(out, "        ", &only->except[i].only);
        add_versions(out, "        ", &only->except[i].only);
        text_add(out, "      </except>\n");
    }
}

static void add_conditions(struct text *out, const struct conditions *only) {
    struct text inside = {0};
    add_each_condition(&inside, only);
    if (inside.n != 0) {
        text_addf(out, "    <only>\n%s    </only>\n", text_c(&inside));
    }
    out->failed = out->failed || inside.failed;
    text_free(&inside);
}

static bool add_rule(struct text *out, const struct rule *rule, struct error *err) {
    const char *name = rule->allow ? "allow" : "ban";
    text_addf(out, "\n  <%s id=\"%s\"", name, rule->id);
    if (!rule->allow) {
        text_addf(out, " action=\"%s\" severity=\"%s\" confidence=\"%s\"%s%s", action_name(rule->action), severity_name(rule->severity),
                  confidence_name(rule->confidence), rule->weak_accepted ? " weak=\"accept\"" : "",
                  rule->never_ban_overridden ? " never-ban=\"override\"" : "");
    }
    if (rule->expires != INT64_MAX) {
        text_add(out, " expires=\"");
        add_time(out, rule->expires, false);
        text_add_char(out, '"');
    }
    text_add(out, ">\n");
    if (!add_keys(out, rule, err)) {
        return error_within(err, "rule %s", rule->id);
    }
    add_conditions(out, &rule->only);
    add_element(out, "    ", "reason", rule->reason);
    add_element(out, "    ", "reference", rule->reference);
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
    add_time(out, policy->issued, true);
    text_add(out, "\">\n");
    add_element(out, "  ", "title", policy->title);
    for (size_t i = 0; i < n_references; i++) {
        add_element(out, "  ", "reference", references[i]);
    }
    return written(out, err);
}

bool policy_write_rules(const struct rule *rules, size_t n, struct text *out, struct error *err) {
    for (size_t i = 0; i < n; i++) {
        if (!add_rule(out, &rules[i], err)) {
            return false;
        }
    }
    return written(out, err);
}

bool policy_write_end(struct text *out, struct error *err) {
    text_add(out, "</policy>\n");
    return written(out, err);
}

bool policy_write(const struct policy *policy, const char *const *references, size_t n_references, struct text *out, struct error *err) {
    return policy_write_begin(policy, references, n_references, out, err) && policy_write_rules(policy->rules, policy->n_rules, out, err) &&
           policy_write_end(out, err);
}
