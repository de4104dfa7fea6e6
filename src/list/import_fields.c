/* SPDX-License-Identifier: Apache-2.0 */
#include "list/import_fields.h"

#include "asn1/x509.h"
#include "list/exception.h"
#include "list/policy_report.h"
#include "list/policy_value.h"

static uint8_t fold(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c == ' ' || c == '-' ? '_' : c;
}

/* Without the # that may make a comment of the whole header. */
bool import_column_is(struct bytes name, const char *column) {
    while (name.n != 0 && (name.p[0] == '#' || name.p[0] == ' ')) {
        name = bytes_cut(name, 1, name.n);
    }
    while (name.n != 0 && name.p[name.n - 1] == ' ') {
        name.n--;
    }
    size_t n = strlen(column);
    for (size_t i = 0; i < n && i < name.n; i++) {
        if (fold(name.p[i]) != fold((uint8_t)column[i])) {
            return false;
        }
    }
    return name.n == n;
}

/* Several serials in one field: ["aa:bb", "cc:dd"], or with ; or | between. */
static void add_serials(struct import_row *row, struct bytes field) {
    while (field.n != 0) {
        size_t n = 0;
        while (n < field.n && (field.p[n] == '\0' || strchr(",;|[]", field.p[n]) == NULL)) {
            n++;
        }
        import_add_serial(row, bytes_cut(field, 0, n));
        field = bytes_cut(field, n + 1, field.n);
    }
}

static void add_value(struct import_entry *entry, struct bytes value);

/* A condition that can't be read is no reason to ban more than was meant. */
static void refuse_unless(struct import_entry *entry, bool ok, const char *why) {
    entry->why = entry->why != NULL || ok ? entry->why : why;
}

static void set_time(struct import_entry *entry, struct bytes value, bool *has, int64_t *out) {
    *has = value.n != 0 && import_time(value, out);
    refuse_unless(entry, value.n == 0 || *has, "a date in it is none that can be read");
}

static void set_version(struct import_entry *entry, struct bytes value, uint16_t filler, bool *has, struct version *out) {
    *has = value.n != 0 && value_version(value, filler, out);
    refuse_unless(entry, value.n == 0 || *has, "a version in it is none that can be read");
}

static void set_platform(struct import_entry *entry, struct bytes value) {
    struct conditions *only = &entry->row.only;
    only->platform = bytes_is(value, "windows") ? "windows" : bytes_is(value, "macos") ? "macos" : NULL;
    refuse_unless(entry, value.n == 0 || only->platform != NULL, "its platform is neither windows nor macos");
}

/* The place of a word in a list of them; false when it is none. */
static bool find_word(struct bytes value, const char *(*name)(int), int n, int *out) {
    for (int i = 0; i < n; i++) {
        if (bytes_is(value, name(i))) {
            *out = i;
            return true;
        }
    }
    return false;
}

static const char *a_role(int i) {
    return role_name((enum role)i);
}

static const char *an_action(int i) {
    return action_name((enum action)i);
}

static const char *a_severity(int i) {
    return severity_name((enum severity)i);
}

static const char *a_confidence(int i) {
    return confidence_name((enum confidence)i);
}

static void set_role(struct import_entry *entry, struct bytes value) {
    int role = (int)entry->row.role;
    refuse_unless(entry, value.n == 0 || find_word(value, a_role, ROLE_COUNT, &role), "its role is none");
    entry->row.role = (enum role)role;
}

/* What the rule is worth. Other lists have other words for that: they are left alone. */
static void rate(struct import_entry *entry, enum import_field field, struct bytes value) {
    struct import_row *row = &entry->row;
    int i;
    if (field == FIELD_ACTION && find_word(value, an_action, ACTION_COUNT, &i)) {
        row->action = (enum action)i;
    } else if (field == FIELD_SEVERITY && find_word(value, a_severity, SEVERITY_COUNT, &i)) {
        row->severity = (enum severity)i;
    } else if (field == FIELD_CONFIDENCE && find_word(value, a_confidence, CONFIDENCE_COUNT, &i)) {
        row->confidence = row->weak_confidence = (enum confidence)i;
    } else if (field == FIELD_WEAK && value.n != 0 && !import_accepts_weak(row->import)) {
        import_note(row, "weak keys are to quarantine, too: only who uses the list may say so");
    }
}

/* A condition in words. One that says nothing must not become none: the ban would hit more. */
static const char *condition(struct import_entry *entry, struct bytes raw) {
    struct import *import = entry->row.import;
    const char *words = entry->policy.n != 0 ? import_exact(import, raw) : import_words(import, raw);
    refuse_unless(entry, words != NULL || entry->policy.n == 0 || raw.n == 0, "a condition of it says nothing");
    return words;
}

static void set_usage(struct import_entry *entry, struct bytes value, struct bytes *out) {
    enum { OID_TEXT_MAX = 128 };
    refuse_unless(entry, value.n == 0 || (value.n <= OID_TEXT_MAX && value_oid(value, import_arena(entry->row.import), out)),
                  "its extended key usage is no object identifier");
}

/* Where the words of a condition go; NULL when the field is no condition in words. */
static const char **words_of(struct conditions *only, enum import_field field) {
    switch (field) {
    case FIELD_PRODUCT:
        return &only->product;
    case FIELD_ORIGINAL_NAME:
        return &only->original_name;
    case FIELD_INTERNAL_NAME:
        return &only->internal_name;
    case FIELD_DESCRIPTION:
        return &only->description;
    case FIELD_COMPANY:
        return &only->company;
    case FIELD_PATH:
        return &only->path;
    default:
        return NULL;
    }
}

static void set_when(struct import_entry *entry, enum import_field field, struct bytes value) {
    struct conditions *only = &entry->row.only;
    bool expires;
    if (field == FIELD_EXPIRES) {
        set_time(entry, value, &expires, &entry->row.expires);
    } else if (field == FIELD_SIGNED_AFTER) {
        set_time(entry, value, &only->has_after, &only->signed_after);
    } else {
        set_time(entry, value, &only->has_before, &only->signed_before);
    }
}

/* A condition of the ban. False when the field is none. */
static bool set_condition(struct import_entry *entry, enum import_field field, struct bytes value, struct bytes raw) {
    struct import_row *row = &entry->row;
    struct conditions *only = &row->only;
    const char **words = words_of(only, field);
    if (words != NULL) {
        *words = condition(entry, raw);
        return true;
    }
    switch (field) {
    case FIELD_SIGNED_AFTER:
    case FIELD_SIGNED_BEFORE:
    case FIELD_EXPIRES:
        set_when(entry, field, value);
        return true;
    case FIELD_PLATFORM:
        set_platform(entry, value);
        return true;
    case FIELD_ISSUED_UNDER:
        refuse_unless(entry, value.n == 0 || import_hash_of(row, value, &only->issued_under), "its issued_under is no hash");
        return true;
    case FIELD_EKU:
    case FIELD_NO_EKU:
        set_usage(entry, value, field == FIELD_EKU ? &only->eku : &only->eku_except);
        return true;
    case FIELD_EXCEPT:
        refuse_unless(entry, value.n == 0 || exceptions_of_query(value, import_arena(row->import), only), "its exceptions can't be read");
        return true;
    case FIELD_VERSION_MIN:
        set_version(entry, value, 0, &only->has_min, &only->min);
        return true;
    case FIELD_VERSION_MAX:
        set_version(entry, value, UINT16_MAX, &only->has_max, &only->max);
        return true;
    default:
        return false;
    }
}

/* What stands beside the keys. False when the field is one of those. */
static bool set_field(struct import_entry *entry, enum import_field field, struct bytes value, struct bytes raw) {
    struct import_row *row = &entry->row;
    uint64_t thing;
    switch (field) {
    case FIELD_KIND:
        refuse_unless(entry, value.n == 0 || bytes_is(value, "ban"), "is no ban");
        return true;
    case FIELD_POLICY:
        entry->policy = row->group = value;
        return true;
    case FIELD_THING:
        if (value_number(value, UINT32_MAX, &thing)) {
            row->thing = (uint32_t)thing;
        }
        return true;
    case FIELD_ACTION:
    case FIELD_SEVERITY:
    case FIELD_CONFIDENCE:
    case FIELD_WEAK:
        rate(entry, field, value);
        return true;
    case FIELD_ROLE:
        set_role(entry, value);
        return true;
    case FIELD_ORGANIZATION:
        entry->organization = value;
        return true;
    case FIELD_FILE_SIZE:
        refuse_unless(entry, value.n == 0 || value_number(value, INT64_MAX, &row->file_size), "its file size is no number");
        return true;
    default:
        return set_condition(entry, field, value, raw);
    }
}

/* What a field with a hash in it names. */
static const enum key_kind hash_kinds[FIELD_COUNT] = {
    [FIELD_SHA256] = KEY_CERT_SHA256,
    [FIELD_TBS] = KEY_TBS,
    [FIELD_SHA1] = KEY_CERT_SHA1,
    [FIELD_SPKI] = KEY_SPKI,
    [FIELD_MD5] = KEY_CERT_MD5,
    [FIELD_FILE_SHA256] = KEY_FILE_SHA256,
    [FIELD_FILE_SHA1] = KEY_FILE_SHA1,
    [FIELD_FILE_MD5] = KEY_FILE_MD5,
    [FIELD_AUTHENTICODE] = KEY_AUTHENTICODE,
    [FIELD_CDHASH] = KEY_CDHASH,
    [FIELD_FIRST_PAGE] = KEY_FIRST_PAGE,
};

/* The certificate itself. It is kept where one of the entry's keys names it: a rule may not hold another one's. */
static void set_certificate(struct import_row *row, struct bytes base64) {
    struct arena *arena = import_arena(row->import);
    struct cert *cert = base64.n != 0 ? arena_alloc(arena, sizeof *cert) : NULL;
    struct bytes der;
    if (cert == NULL) {
        return;
    }
    if (!value_base64(base64, arena, &der) || !cert_parse(der, 0, arena, cert, NULL)) {
        import_note(row, "the certificate is none in base64");
        return;
    }
    for (size_t i = 0; i < row->n_keys && row->cert == NULL; i++) {
        row->cert = key_names_certificate(&row->keys[i], cert) ? cert : NULL;
    }
    if (row->cert == NULL) {
        import_note(row, "the certificate is not the one that is named");
    }
}

void import_entry_put(struct import_entry *entry, enum import_field field, struct bytes value) {
    struct import_row *row = &entry->row;
    struct bytes raw = value;
    value = import_value(value);
    if (set_field(entry, field, value, raw)) {
        return;
    }
    switch (field) {
    case FIELD_ID:
        row->id = entry->policy.n != 0 ? raw : value;
        break;
    case FIELD_CERTIFICATE:
        set_certificate(row, value);
        break;
    case FIELD_ISSUER:
        import_set_issuer(row, value);
        break;
    case FIELD_THUMBPRINT:
        import_add_thumbprint(row, value);
        break;
    case FIELD_SERIAL:
        add_serials(row, value);
        break;
    case FIELD_SUBJECT:
        if (row->n_keys == 0) {
            import_add_subject(row, value, entry->organization);
        }
        break;
    case FIELD_TEAM_ID:
        import_add_team_id(row, value);
        break;
    case FIELD_PROGRAM:
    case FIELD_NAMED:
        import_add_name(row, field == FIELD_PROGRAM ? KEY_PROGRAM : KEY_ORIGINAL_NAME, value);
        break;
    case FIELD_SUBSCRIBER:
        import_add_subscriber(row, value, entry->organization);
        break;
    case FIELD_KEY:
        entry->key = value;
        break;
    case FIELD_VALUE:
        add_value(entry, value);
        break;
    case FIELD_REFERENCE:
        row->reference = entry->policy.n != 0 ? import_exact(row->import, raw) : import_words(row->import, value);
        break;
    case FIELD_REASON:
        break;
    default:
        import_add_hash(row, hash_kinds[field], value);
    }
}

/* The value of an entry whose kind stands beside it. */
static void add_value(struct import_entry *entry, struct bytes value) {
    static const struct {
        const char *name;
        enum import_field field;
    } kinds[] = {{"sha256", FIELD_SHA256},
                 {"sha1", FIELD_SHA1},
                 {"md5", FIELD_MD5},
                 {"tbs", FIELD_TBS},
                 {"tbs_md5", FIELD_TBS},
                 {"tbs_sha1", FIELD_TBS},
                 {"tbs_sha256", FIELD_TBS},
                 {"tbs_sha384", FIELD_TBS},
                 {"tbs_sha512", FIELD_TBS},
                 {"sighash", FIELD_TBS},
                 {"spki_sha256", FIELD_SPKI},
                 {"serial", FIELD_SERIAL},
                 {"serial+issuer", FIELD_SERIAL},
                 {"subject", FIELD_SUBJECT},
                 {"subject_cn", FIELD_SUBJECT},
                 {"subscriber", FIELD_SUBSCRIBER},
                 {"cdhash", FIELD_CDHASH},
                 {"team_id", FIELD_TEAM_ID},
                 {"program", FIELD_PROGRAM},
                 {"original_name", FIELD_NAMED},
                 {"first_page_sha1", FIELD_FIRST_PAGE},
                 {"first_page_sha256", FIELD_FIRST_PAGE},
                 {"authenticode_md5", FIELD_AUTHENTICODE},
                 {"authenticode_sha1", FIELD_AUTHENTICODE},
                 {"authenticode_sha256", FIELD_AUTHENTICODE},
                 {"authenticode_sha384", FIELD_AUTHENTICODE},
                 {"authenticode_sha512", FIELD_AUTHENTICODE},
                 {"authentihash_sha256", FIELD_AUTHENTICODE},
                 {"authentihash_sha1", FIELD_AUTHENTICODE},
                 {"file_sha256", FIELD_FILE_SHA256},
                 {"file_sha1", FIELD_FILE_SHA1},
                 {"file_md5", FIELD_FILE_MD5}};
    struct bytes key = entry->key;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (import_column_is(key, kinds[i].name)) {
            import_entry_put(entry, kinds[i].field, value);
            return;
        }
    }
    import_note(&entry->row, "\"%.*s\" is no kind of key that a list may have", key.n > 40 ? 40 : (int)key.n, (const char *)key.p);
}

/* "NetSupport RAT; certificate of CYNC LIMITED" */
void import_entry_tell(struct import_entry *entry, const char *before, struct bytes value) {
    bool own = entry->policy.n != 0; /* such a row has its reason in words */
    value = own ? value : import_value(value);
    if (value.n != 0 && (!own || before[0] == '\0')) {
        text_add(&entry->reason, entry->reason.n != 0 ? "; " : "");
        text_add(&entry->reason, before);
        text_add_bytes(&entry->reason, value);
    }
}

void import_entry_begin(struct import_entry *entry, struct import *import, size_t line) {
    *entry = (struct import_entry){.policy = bytes_none(), .key = bytes_none(), .organization = bytes_none()};
    import_row_begin(import, &entry->row, line);
}

void import_entry_end(struct import_entry *entry) {
    const struct conditions *only = &entry->row.only;
    bool window = !only->has_after || !only->has_before || only->signed_after < only->signed_before;
    refuse_unless(entry, window, "no time of signing can be as it asks");
    refuse_unless(entry, !only->has_min || !only->has_max || !version_above(&only->min, &only->max), "no version can be as it asks");
    if (entry->why != NULL) {
        import_row_refuse(&entry->row, "%s", entry->why);
    } else {
        struct bytes reason = bytes_make(entry->reason.p, entry->reason.n);
        entry->row.reason = entry->policy.n != 0 ? import_exact(entry->row.import, reason) : import_words(entry->row.import, reason);
        import_row_end(&entry->row);
    }
    text_free(&entry->reason);
}
