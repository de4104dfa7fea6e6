/* SPDX-License-Identifier: Apache-2.0 */
/* Marks: what certban's own importers read back of a rule where the format has a place for words only (list/import_mark.h). */
#include "list/export_inside.h"

#include "asn1/name.h"
#include "list/query.h"

static void add_field(struct text *out, const char *name, const char *value) {
    if (value != NULL && value[0] != '\0') {
        text_addf(out, "&%s=", name);
        query_add(out, bytes_text(value));
    }
}

void export_place(struct export *e, const struct export_thing *thing, const struct key *issued) {
    struct text *places = &e->places;
    text_addf(places, "%s%s.%u", places->n != 0 ? "," : "", role_name(thing->role), thing->keys[0].thing);
    if (issued != NULL && issued->issuer.n != 0) {
        const char *issuer = name_text(issued->issuer, &e->arena);
        text_add(places, ".name:");
        query_add(places, bytes_text(issuer != NULL ? issuer : ""));
    } else if (issued != NULL && issued->issuer_common_name.n != 0) {
        text_add(places, ".cn:");
        query_add(places, issued->issuer_common_name);
    } else if (thing->keys[0].file_size != 0) {
        text_addf(places, ".size:%llu", (unsigned long long)thing->keys[0].file_size);
    }
}

const char *export_mark(struct export *e, const char *reason, const char *reference, const char *more) {
    const struct rule *rule = e->rule;
    struct text mark = {0};
    text_addf(&mark, "[certban:%s/%s?at=%s", e->policy->id, rule->id, text_c(&e->places));
    text_addf(&mark, "&action=%s&severity=%s&confidence=%s", action_name(rule->action), severity_name(rule->severity),
              confidence_name(rule->confidence));
    add_field(&mark, "expires", rule->expires != INT64_MAX && !e->means.expires ? export_time(e, rule->expires) : NULL);
    add_field(&mark, "platform", rule->only.platform);
    if (rule->reason != NULL && (reason == NULL || strcmp(reason, rule->reason) != 0)) {
        add_field(&mark, "reason", rule->reason);
    }
    if (rule->reference != NULL && (reference == NULL || strcmp(reference, rule->reference) != 0)) {
        add_field(&mark, "reference", rule->reference);
    }
    text_add(&mark, more != NULL ? more : "");
    text_add_char(&mark, ']');
    struct bytes copy = bytes_none();
    if (!text_ok(&mark) || !text_ok(&e->places) || !arena_copy(&e->arena, bytes_make(mark.p, mark.n), &copy, NULL)) {
        export_no_room(e);
    }
    text_clear(&e->places);
    text_free(&mark);
    return copy.n != 0 ? (const char *)copy.p : "";
}

const char *export_marked(struct export *e) {
    const char *plain = e->rule->reason != NULL ? export_plain(e, e->rule->reason) : NULL, *mark = export_mark(e, plain, NULL, NULL);
    return plain != NULL ? export_printf(e, "%s %s", plain, mark) : mark;
}
