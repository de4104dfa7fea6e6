/* SPDX-License-Identifier: Apache-2.0 */
#include "list/export_row.h"

#include "asn1/name.h"
#include "asn1/oid.h"
#include "list/exception.h"
#include "list/policy_report.h"
#include "list/policy_write.h"

const char *const export_columns[EXPORT_COLUMN_COUNT] = {
#define X(id, name) name,
    EXPORT_COLUMNS(X)
#undef X
};

const struct export_means export_row_means = {.conditions = TELLS_ALL, .roles = ROLE_BITS_ALL, .allows = true, .expires = true};

static const char *words(struct export *e, struct bytes b) {
    return export_printf(e, "%.*s", (int)(b.n < 4000 ? b.n : 4000), (const char *)b.p);
}

static const char *version(struct export *e, bool has, const struct version *v) {
    return has ? export_printf(e, "%u.%u.%u.%u", v->part[0], v->part[1], v->part[2], v->part[3]) : "";
}

static const char *or_nothing(const char *text) {
    return text != NULL ? text : "";
}

/* "tbs-sha256", "authentihash-sha1": the kinds of any hash with the hash that it is; the words are those of the importer of CSV. */
static const char *kind(struct export *e, const struct key *key) {
    if (key->kind == KEY_SUBJECT) {
        return key->organization.n == 0 ? "subject-cn" : "subject";
    }
    if (key->kind == KEY_TBS || key->kind == KEY_AUTHENTICODE || key->kind == KEY_FIRST_PAGE) {
        const char *what = key->kind == KEY_TBS ? "tbs" : key->kind == KEY_AUTHENTICODE ? "authentihash" : "first-page";
        return export_printf(e, "%s-%s", what, hash_name(hash_by_size(key->value.n)));
    }
    return key_name(key->kind);
}

static void key_fields(struct export *e, const struct key *key, const char **fields) {
    fields[EXPORT_KEY] = kind(e, key);
    switch (key->kind) {
    case KEY_SUBJECT:
    case KEY_TEAM_ID:
    case KEY_PROGRAM:
    case KEY_ORIGINAL_NAME:
        fields[EXPORT_VALUE] = words(e, key->value);
        fields[EXPORT_ORGANIZATION] = words(e, key->organization);
        break;
    case KEY_SUBSCRIBER:
        fields[EXPORT_VALUE] = or_nothing(oid_dotted(key->value, &e->arena));
        fields[EXPORT_ORGANIZATION] = words(e, key->issuer_organization);
        break;
    default:
        fields[EXPORT_VALUE] = export_hex(e, key->value, false);
    }
    fields[EXPORT_ISSUER] = key->issuer.n != 0 ? or_nothing(name_text(key->issuer, &e->arena)) : words(e, key->issuer_common_name);
    fields[EXPORT_FILE_SIZE] = key->file_size != 0 ? export_printf(e, "%llu", (unsigned long long)key->file_size) : "";
    fields[EXPORT_ROLE] = role_name(key->role);
    fields[EXPORT_THING] = export_printf(e, "%u", key->thing);
}

static const char *exceptions(struct export *e) {
    struct text query = {0};
    exceptions_add_query(&query, &e->rule->only);
    const char *words = export_printf(e, "%s", text_c(&query));
    e->out->failed = e->out->failed || !text_ok(&query);
    text_free(&query);
    return words;
}

/* The certificate that the rule holds, beside the first key that names it. */
static const char *certificate(struct export *e, const struct key *key) {
    const struct rule *rule = e->rule;
    struct text base64 = {0};
    for (size_t i = 0; i < rule->n_keys && rule->cert != NULL; i++) {
        if (key_names_certificate(&rule->keys[i], rule->cert)) {
            if (&rule->keys[i] == key) {
                text_add_base64(&base64, rule->cert->der);
            }
            break;
        }
    }
    const char *words = export_printf(e, "%s", text_c(&base64));
    text_free(&base64);
    return words;
}

void export_row(struct export *e, const struct key *key, const char *fields[EXPORT_COLUMN_COUNT]) {
    const struct rule *rule = e->rule;
    const struct conditions *only = &rule->only;
    for (size_t i = 0; i < EXPORT_COLUMN_COUNT; i++) {
        fields[i] = "";
    }
    fields[EXPORT_ID] = rule->id;
    fields[EXPORT_POLICY] = e->policy->id;
    fields[EXPORT_KIND] = rule->allow ? "allow" : "ban";
    key_fields(e, key, fields);
    if (!rule->allow) {
        fields[EXPORT_ACTION] = action_name(rule->action);
        fields[EXPORT_SEVERITY] = severity_name(rule->severity);
        fields[EXPORT_CONFIDENCE] = confidence_name(rule->confidence);
        fields[EXPORT_WEAK] = rule->weak_accepted ? "accept" : "";
    }
    fields[EXPORT_EXPIRES] = rule->expires != INT64_MAX ? export_time(e, rule->expires) : "";
    fields[EXPORT_AFTER] = only->has_after ? export_time(e, only->signed_after) : "";
    fields[EXPORT_BEFORE] = only->has_before ? export_time(e, only->signed_before) : "";
    fields[EXPORT_PLATFORM] = or_nothing(only->platform);
    fields[EXPORT_PRODUCT] = or_nothing(only->product);
    fields[EXPORT_ORIGINAL_NAME] = or_nothing(only->original_name);
    fields[EXPORT_INTERNAL_NAME] = or_nothing(only->internal_name);
    fields[EXPORT_DESCRIPTION] = or_nothing(only->description);
    fields[EXPORT_COMPANY] = or_nothing(only->company);
    fields[EXPORT_ISSUED_UNDER] = export_hex(e, only->issued_under, false);
    fields[EXPORT_EKU] = only->eku.n != 0 ? or_nothing(oid_dotted(only->eku, &e->arena)) : "";
    fields[EXPORT_NO_EKU] = only->eku_except.n != 0 ? or_nothing(oid_dotted(only->eku_except, &e->arena)) : "";
    fields[EXPORT_EXCEPT] = exceptions(e);
    fields[EXPORT_MIN] = version(e, only->has_min, &only->min);
    fields[EXPORT_MAX] = version(e, only->has_max, &only->max);
    fields[EXPORT_PATH] = or_nothing(only->path);
    fields[EXPORT_REASON] = or_nothing(rule->reason);
    fields[EXPORT_REFERENCE] = or_nothing(rule->reference);
    fields[EXPORT_CERTIFICATE] = certificate(e, key);
}
