/* SPDX-License-Identifier: Apache-2.0 */
#include "list/import_mark.h"

#include "list/import_fields.h"
#include "list/import_inside.h"
#include "list/policy_value.h"
#include "list/query.h"

static const char begins[] = "[certban:";

static struct bytes trim(struct bytes text) {
    while (text.n != 0 && text.p[0] == ' ') {
        text = bytes_cut(text, 1, text.n);
    }
    while (text.n != 0 && text.p[text.n - 1] == ' ') {
        text.n--;
    }
    return text;
}

bool import_mark_find(struct bytes text, struct import_mark *out) {
    size_t at = text.n;
    *out = (struct import_mark){text, bytes_none(), bytes_none(), bytes_none(), bytes_none(), bytes_none()};
    for (size_t i = bytes_find(text, bytes_text(begins), 0); i < text.n; i = bytes_find(text, bytes_text(begins), i + 1)) {
        at = i;
    }
    struct bytes rest = bytes_cut(text, at + sizeof begins - 1, text.n);
    struct bytes inside = query_take(&rest, ']');
    struct bytes policy = query_take(&inside, '/'), rule = query_take(&inside, '?');
    if (at == text.n || !value_id(policy) || !value_id(rule)) {
        return false;
    }
    *out = (struct import_mark){trim(bytes_cut(text, 0, at)), trim(rest), policy, rule, inside, bytes_none()};
    while (inside.n != 0 && out->places.n == 0) {
        struct bytes field = query_take(&inside, '&');
        out->places = bytes_is(query_take(&field, '='), "at") ? field : bytes_none();
    }
    return true;
}

bool import_mark_is(const struct import_mark *mark) {
    return mark->policy.n != 0;
}

/* A value without its escapes. */
static struct bytes decode(struct import *import, struct bytes value) {
    struct bytes words = bytes_none();
    if (!query_words(value, import_arena(import), &words)) {
        import_no_room(import);
    }
    return words;
}

struct bytes import_mark_field(const struct import_mark *mark, struct import *import, const char *name) {
    struct bytes left = mark->fields;
    while (left.n != 0) {
        struct bytes value = query_take(&left, '&');
        if (bytes_is(query_take(&value, '='), name)) {
            return decode(import, value);
        }
    }
    return bytes_none();
}

/* Fields that a mark may have: what is a key, or where a key stands, is none of them. */
static bool may_have(enum import_field field) {
    return field == FIELD_ACTION || field == FIELD_SEVERITY || field == FIELD_CONFIDENCE || field == FIELD_EXPIRES ||
           field == FIELD_PLATFORM;
}

const char *import_mark_take(const struct import_mark *mark, struct import_row *row) {
    struct import_entry entry = {.row = *row, .policy = mark->policy, .key = bytes_none(), .organization = bytes_none()};
    struct import *import = row->import;
    for (size_t i = 0; i < import_own_n_columns; i++) {
        if (may_have(import_own_columns[i].field)) {
            struct bytes value = import_mark_field(mark, import, import_own_columns[i].name);
            if (value.n != 0) {
                import_entry_put(&entry, import_own_columns[i].field, value);
            }
        }
    }
    *row = entry.row;
    row->group = mark->policy;
    row->id = mark->rule;
    struct bytes reason = import_mark_field(mark, import, "reason"), reference = import_mark_field(mark, import, "reference");
    row->reason = import_exact(import, reason.n != 0 ? reason : mark->before);
    row->reference = reference.n != 0 ? import_exact(import, reference) : row->reference;
    return entry.why;
}

bool import_mark_issued(const struct import_mark *mark) {
    struct bytes places = mark->places, place = query_take(&places, ',');
    (void)query_take(&place, '.');
    (void)query_take(&place, '.');
    return bytes_starts(place, bytes_text("name:")) || bytes_starts(place, bytes_text("cn:"));
}

void import_mark_place(struct import_mark *mark, struct import_row *row) {
    struct bytes place = query_take(&mark->places, ','), role = query_take(&place, '.'), thing = query_take(&place, '.');
    uint64_t number;
    for (int i = 0; i < ROLE_COUNT; i++) {
        row->role = bytes_is(role, role_name((enum role)i)) ? (enum role)i : row->role;
    }
    if (value_number(thing, UINT32_MAX, &number)) {
        row->thing = (uint32_t)number;
    }
    if (bytes_starts(place, bytes_text("name:"))) {
        import_set_issuer(row, decode(row->import, bytes_cut(place, 5, place.n)));
    } else if (bytes_starts(place, bytes_text("cn:"))) {
        const char *name = import_exact(row->import, decode(row->import, bytes_cut(place, 3, place.n)));
        row->issuer = bytes_none();
        row->issuer_common_name = name != NULL ? bytes_text(name) : bytes_none();
    }
    bool sized = bytes_starts(place, bytes_text("size:")) && value_number(bytes_cut(place, 5, place.n), INT64_MAX, &row->file_size);
    row->file_size = sized ? row->file_size : 0;
}
