/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Santa rules (northpole.dev, "Rules"): a property list with StaticRules for a configuration profile, and the JSON file of
 * "santactl rule --import". Certificates are leaves by SHA-256, files by SHA-256, code directories by cdhash, teams by their identifier.
 */
#include <jansson.h>
#include <stdlib.h>

#include "list/export_inside.h"

static const char *const names[] = {"identifier", "policy", "rule_type", "custom_msg", "comment"};
enum { NAME_COUNT = sizeof names / sizeof *names };

typedef void put_rule(struct export *e, const char *const *values);

/* The message is for the user who is kept from something, the comment for who looks at the rules. */
static void put(struct export *e, put_rule *to, const struct export_thing *thing, const char *type, const char *identifier) {
    const char *message = e->rule->allow || e->rule->reason == NULL ? "" : export_plain(e, e->rule->reason);
    export_place(e, thing, NULL);
    const char *const values[NAME_COUNT] = {identifier, e->rule->allow ? "ALLOWLIST" : "BLOCKLIST", type, message,
                                            export_mark(e, message, NULL, NULL)};
    to(e, values);
}

/* All values of one kind; false when there is none. */
static bool put_all(struct export *e, put_rule *to, const struct export_thing *thing, enum key_kind kind, const char *type) {
    size_t n;
    const struct bytes *values = export_values(e, thing, kind, 0, &n);
    for (size_t i = 0; i < n; i++) {
        put(e, to, thing, type, export_hex(e, values[i], false));
    }
    return n != 0;
}

static void write_thing(struct export *e, put_rule *to, const struct export_thing *thing) {
    bool said = false;
    const char *why = "Santa names a certificate by its SHA-256, and the certificate itself is not known";
    if (thing->is_cert) {
        said = put_all(e, to, thing, KEY_CERT_SHA256, "CERTIFICATE");
    } else if (thing->is_file) {
        said = put_all(e, to, thing, KEY_FILE_SHA256, "BINARY");
        why = "Santa names a file by its SHA-256";
    } else if (thing->keys[0].kind == KEY_CDHASH) {
        said = put_all(e, to, thing, KEY_CDHASH, "CDHASH");
    } else if (thing->keys[0].kind == KEY_TEAM_ID) {
        put(e, to, thing, "TEAMID", export_printf(e, "%.*s", (int)thing->keys[0].value.n, (const char *)thing->keys[0].value.p));
        said = true;
    } else {
        why = "Santa has no rule for it";
    }
    if (said) {
        export_said_by(e, thing, 1U << KEY_CERT_SHA256 | 1U << KEY_FILE_SHA256 | 1U << KEY_CDHASH | 1U << KEY_TEAM_ID, 0,
                       "Santa knows SHA-256 only");
    } else {
        export_unsaid(e, thing, why);
    }
}

static void write_rules(struct export *e, put_rule *to) {
    struct export_thing thing;
    e->means = (struct export_means){.roles = ROLE_BIT(ROLE_SIGNER),
                                     .near_roles = ROLE_BIT(ROLE_ANY),
                                     .near_words = "Santa looks at the signer's certificate only",
                                     .platform = "macos",
                                     .allows = true,
                                     .blocks = true};
    while (export_rule(e)) {
        while (export_thing(e, &thing)) {
            write_thing(e, to, &thing);
        }
    }
}

static void put_plist(struct export *e, const char *const *values) {
    text_add(e->out, "\t\t<dict>\n");
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (values[i][0] != '\0') {
            text_addf(e->out, "\t\t\t<key>%s</key>\n\t\t\t<string>", names[i]);
            text_add_xml(e->out, bytes_text(values[i]));
            text_add(e->out, "</string>\n");
        }
    }
    text_add(e->out, "\t\t</dict>\n");
}

static void write_plist(struct export *e) {
    text_add(e->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                     "<plist version=\"1.0\">\n<dict>\n\t<key>StaticRules</key>\n\t<array>\n");
    write_rules(e, put_plist);
    text_add(e->out, "\t</array>\n</dict>\n</plist>\n");
}

/* Objects stand one a line, between "[" and "]". */
static void put_json(struct export *e, const char *const *values) {
    json_t *object = json_object();
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (values[i][0] != '\0') {
            json_object_set_new(object, names[i], json_string(values[i]));
        }
    }
    char *line = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
    json_decref(object);
    if (line == NULL) {
        e->out->failed = true;
        return;
    }
    text_add(e->out, e->out->n != 0 && e->out->p[e->out->n - 1] == '}' ? ",\n" : "\n");
    text_add(e->out, line);
    free(line);
}

static void write_json(struct export *e) {
    text_add(e->out, "{\"rules\":[");
    write_rules(e, put_json);
    text_add(e->out, "\n]}\n");
}

const struct exporter exporter_santa_plist = {"santa-plist", "Santa, StaticRules of a configuration profile", write_plist};
const struct exporter exporter_santa_json = {"santa-json", "Santa, rules for santactl rule --import", write_json};
