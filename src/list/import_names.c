/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of lists that name somebody or something by words. Refused is what is a pattern, or a platform's own name. */
#include "list/import_inside.h"
#include "list/policy_value.h"

enum { SHOWN = 40 };

/* A name that a rule may ban by: no pattern, no single letter. False when it is none, which is noted. */
static bool read_name(struct import_row *row, const char *what, struct bytes text, struct bytes *out) {
    const char *words = import_words(row->import, text);
    *out = words != NULL ? bytes_text(words) : bytes_none();
    if (words != NULL && (out->n < 2 || strchr(words, '*') != NULL || strspn(words, "?.%-") == out->n)) {
        import_note(row, "the %s \"%.*s\" is a pattern, or too short", what, SHOWN, words);
        return false;
    }
    return true;
}

void import_add_subject(struct import_row *row, struct bytes common_name, struct bytes organization) {
    struct key key = {.kind = KEY_SUBJECT,
                      .role = row->role,
                      .issuer = row->issuer,
                      .issuer_common_name = row->issuer.n == 0 ? row->issuer_common_name : bytes_none(),
                      .issuer_organization = bytes_none()};
    if (!read_name(row, "common name", common_name, &key.value) || !read_name(row, "organization", organization, &key.organization) ||
        key.value.n + key.organization.n == 0) {
        return;
    }
    if (never_ban_subject(key.value, key.organization)) {
        import_note(row, "\"%.*s\" is a name of a platform's own signers", SHOWN,
                    (const char *)(key.value.n != 0 ? key.value.p : key.organization.p));
        return;
    }
    import_add_key(row, key);
}

void import_add_subscriber(struct import_row *row, struct bytes oid, struct bytes issuer_organization) {
    enum { OID_TEXT_MAX = 128 };
    struct key key = {.kind = KEY_SUBSCRIBER,
                      .role = row->role,
                      .issuer = bytes_none(),
                      .issuer_common_name = bytes_none(),
                      .organization = bytes_none()};
    oid = import_value(oid);
    if (oid.n > OID_TEXT_MAX || !value_oid(oid, &row->import->arena, &key.value)) {
        import_note(row, "the subscriber is no object identifier");
        return;
    }
    if (read_name(row, "issuer's organization", issuer_organization, &key.issuer_organization)) {
        if (key.issuer_organization.n != 0) {
            import_add_key(row, key);
        } else {
            import_note(row, "a subscriber needs its issuer's organization");
        }
    }
}

void import_add_name(struct import_row *row, enum key_kind kind, struct bytes text) {
    struct key key = {.kind = kind,
                      .role = ROLE_ANY,
                      .issuer = bytes_none(),
                      .issuer_common_name = bytes_none(),
                      .organization = bytes_none(),
                      .issuer_organization = bytes_none()};
    if (read_name(row, key_name(kind), text, &key.value) && key.value.n != 0) {
        import_add_key(row, key);
    }
}
