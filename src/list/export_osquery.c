/* SPDX-License-Identifier: Apache-2.0 */
/*
 * osquery SQL, a statement for each table that is asked: authenticode (Windows: serial of the signer, common name of its issuer),
 * signature (macOS: team, cdhash) and hash (all). The tables want a path: programs that run are asked about; for others, put
 * "SELECT path FROM file WHERE path LIKE 'C:\Program Files\%%'" in the place of "SELECT path FROM processes".
 */
#include "list/export_inside.h"

/* The rows of VALUES that each statement asks for. */
struct osquery {
    struct text serials, teams, cdhashes, sha256, sha1, md5;
};

static void add_string(struct text *out, const char *s) {
    text_add_char(out, '\'');
    for (; *s != '\0'; s++) {
        text_add(out, *s == '\'' ? "'" : "");
        text_add_char(out, (unsigned char)*s < ' ' ? ' ' : *s);
    }
    text_add_char(out, '\'');
}

static void add_row(struct export *e, struct text *rows, const char *a, const char *b) {
    text_addf(rows, "%s\n  ('%s/%s', ", rows->n != 0 ? "," : "", e->policy->id, e->rule->id);
    add_string(rows, a);
    if (b != NULL) {
        text_add(rows, ", ");
        add_string(rows, b);
    }
    text_add_char(rows, ')');
}

/* Serials are compared without leading zeros. */
static void write_cert(struct export *e, struct osquery *o, const struct export_thing *thing) {
    bool said = false;
    for (size_t i = 0; i < thing->n; i++) {
        const struct key *key = &thing->keys[i];
        if (key->kind == KEY_SERIAL) {
            const char *issuer = key->issuer.n != 0
                                     ? export_common_name(e, key->issuer)
                                     : export_printf(e, "%.*s", (int)key->issuer_common_name.n, (const char *)key->issuer_common_name.p);
            add_row(e, &o->serials, export_hex(e, key->value, false), issuer);
            said = true;
        }
    }
    if (!said && thing->cert != NULL) {
        add_row(e, &o->serials, export_hex(e, thing->cert->serial, false), export_common_name(e, thing->cert->issuer));
        said = true;
    }
    if (said) {
        export_said(e);
    } else {
        export_unsaid(e, thing, "osquery names a signer by serial and issuer, and the certificate itself is not known");
    }
}

static void write_thing(struct export *e, struct osquery *o, const struct export_thing *thing) {
    if (thing->is_cert) {
        write_cert(e, o, thing);
        return;
    }
    for (size_t i = 0; i < thing->n; i++) {
        const struct key *key = &thing->keys[i];
        struct text *rows = key->kind == KEY_FILE_SHA256 ? &o->sha256
                            : key->kind == KEY_FILE_SHA1 ? &o->sha1
                            : key->kind == KEY_FILE_MD5  ? &o->md5
                            : key->kind == KEY_CDHASH    ? &o->cdhashes
                            : key->kind == KEY_TEAM_ID   ? &o->teams
                                                         : NULL;
        if (rows == NULL) {
            export_unsaid(e, thing, "osquery has no table for it");
            return;
        }
        add_row(e, rows,
                key->kind == KEY_TEAM_ID ? export_printf(e, "%.*s", (int)key->value.n, (const char *)key->value.p)
                                         : export_hex(e, key->value, false),
                NULL);
    }
    export_said(e);
}

static void write_query(struct export *e, const char *comment, const char *columns, const struct text *rows, const char *rest) {
    if (rows->n != 0) {
        text_addf(e->out, "-- %s\nWITH banned(%s) AS (VALUES%s\n)\n%s;\n", comment, columns, text_c(rows), rest);
    }
}

static void write_hash_query(struct export *e, const char *hash, const struct text *rows) {
    write_query(e, export_printf(e, "Running files by %s", hash), export_printf(e, "rule, %s", hash), rows,
                export_printf(e,
                              "SELECT DISTINCT b.rule, h.path, h.%s\n"
                              "FROM (SELECT DISTINCT path FROM processes WHERE path <> '') p\n"
                              "CROSS JOIN hash h ON h.path = p.path\nJOIN banned b ON h.%s = b.%s",
                              hash, hash, hash));
}

static void write_queries(struct export *e, const struct osquery *o) {
    text_add(e->out, "-- Banned signers and files, by certban. Run each statement on the systems that it is for.\n");
    write_query(e, "Windows: signers of running programs by serial and issuer", "rule, serial, issuer", &o->serials,
                "SELECT DISTINCT b.rule, a.path, a.subject_name, a.issuer_name, a.serial_number, a.result\n"
                "FROM (SELECT DISTINCT path FROM processes WHERE path <> '') p\n"
                "CROSS JOIN authenticode a ON a.path = p.path\n"
                "JOIN banned b ON ltrim(lower(a.serial_number), '0') = ltrim(b.serial, '0')\n"
                "  AND (b.issuer = '' OR lower(a.issuer_name) = lower(b.issuer))");
    write_query(e, "macOS: signers of running programs by team", "rule, team", &o->teams,
                "SELECT DISTINCT b.rule, s.path, s.identifier, s.team_identifier, s.authority\n"
                "FROM (SELECT DISTINCT path FROM processes WHERE path <> '') p\n"
                "CROSS JOIN signature s ON s.path = p.path\nJOIN banned b ON s.team_identifier = b.team");
    write_query(e, "macOS: running programs by cdhash", "rule, cdhash", &o->cdhashes,
                "SELECT DISTINCT b.rule, s.path, s.identifier, s.cdhash\n"
                "FROM (SELECT DISTINCT path FROM processes WHERE path <> '') p\n"
                "CROSS JOIN signature s ON s.path = p.path\nJOIN banned b ON lower(s.cdhash) = b.cdhash");
    write_hash_query(e, "sha256", &o->sha256);
    write_hash_query(e, "sha1", &o->sha1);
    write_hash_query(e, "md5", &o->md5);
}

static void write(struct export *e) {
    struct osquery o = {0};
    struct export_thing thing;
    e->means = (struct export_means){.conditions = TELLS_PLATFORM,
                                     .roles = ROLE_BIT(ROLE_SIGNER),
                                     .near_roles = ROLE_BIT(ROLE_ANY),
                                     .near_words = "osquery shows the signer's certificate only"};
    while (export_rule(e)) {
        while (export_thing(e, &thing)) {
            write_thing(e, &o, &thing);
        }
    }
    write_queries(e, &o);
    struct text *const parts[] = {&o.serials, &o.teams, &o.cdhashes, &o.sha256, &o.sha1, &o.md5};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        e->out->failed = e->out->failed || !text_ok(parts[i]);
        text_free(parts[i]);
    }
}

const struct exporter exporter_osquery = {"osquery", "osquery, SQL", write};
