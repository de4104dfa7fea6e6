/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that the program ships, and where it looks for more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "asn1/x509.h"
#include "base/hex.h"
#include "crypto/identity.h"
#include "list/files.h"
#include "list/never_ban.h"
#include "list/policy_report.h"
#include "list/policy_schema.h"
#include "list/search.h"

enum { NOW = 1800000000 };
#define FACTS TEST_SOURCE_ROOT "/../shared/facts/"

/* What a search said. */
struct heard {
    struct search_listener listener;
    size_t unreadable, odd;
    char last[512];
};

static void on_unreadable(struct search_listener *listener, const struct error *err) {
    struct heard *heard = (struct heard *)listener;
    heard->unreadable++;
    snprintf(heard->last, sizeof heard->last, "%s", err->text);
}

static void on_odd(struct search_listener *listener, const char *words) {
    struct heard *heard = (struct heard *)listener;
    heard->odd++;
    snprintf(heard->last, sizeof heard->last, "%s", words);
}

static struct heard heard_new(void) {
    return (struct heard){.listener = {on_unreadable, on_odd}};
}

static struct blocklist *load(const struct search *search, struct heard *heard) {
    struct blocklist *list = blocklist_new();
    struct error err = {0};
    size_t unreadable;
    *heard = heard_new();
    if (!search_load(search, list, &heard->listener, &unreadable, &err) || !blocklist_seal(list, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(unreadable, heard->unreadable);
    return list;
}

static struct blocklist *load_builtin(void) {
    struct search search = {.builtin = true, .now = NOW};
    struct heard heard;
    struct blocklist *list = load(&search, &heard);
    if (heard.unreadable + heard.odd != 0) {
        fail_msg("%s", heard.last);
    }
    return list;
}

static const struct key *find_hex(const struct blocklist *list, enum key_kind kind, const char *hex) {
    uint8_t value[64];
    size_t n;
    assert_true(hex_decode(bytes_text(hex), value, sizeof value, &n));
    const struct key *const *run = blocklist_find(list, kind, bytes_make(value, n), &n);
    return n != 0 ? run[0] : NULL;
}

static void every_one_fits_the_schema(void **state) {
    (void)state;
    const char *name;
    struct bytes xml;
    struct error err = {0};
    size_t n = 0;
    for (; policy_builtin(n, &name, &xml); n++) {
        if (!policy_validate(xml, name, &err)) {
            fail_msg("%s", err.text);
        }
    }
    assert_true(n >= 2);
}

struct noted {
    struct note_listener listener;
    size_t n[NOTE_COUNT];
};

static void on_note(struct note_listener *listener, const struct policy_note *note) {
    struct noted *noted = (struct noted *)listener;
    noted->n[note->level]++;
    if (note->level == NOTE_ERROR) {
        fail_msg("%s:%u: %s", note->policy->origin, note->line, note->words);
    }
}

static void every_one_is_fit_to_go_live(void **state) {
    (void)state;
    struct blocklist *list = load_builtin();
    struct noted noted = {.listener = {on_note}};
    for (size_t i = 0; i < blocklist_policies(list); i++) {
        const struct policy *policy = blocklist_policy(list, i);
        struct error err;
        assert_true(policy_report(&policy, 1, NOW, &noted.listener, &err));
        for (size_t k = 0; k < policy->n_rules; k++) {
            assert_non_null(policy->rules[k].reason);
            assert_non_null(policy->rules[k].reference);
        }
    }
    blocklist_free(list);
}

static void the_3cx_certificate_is_named_by_all_identities(void **state) {
    (void)state;
    struct blocklist *list = load_builtin();
    const struct key *key = find_hex(list, KEY_SERIAL, "1b6611df9c9a4d6ecc8ed50c9b917873");
    assert_non_null(key);
    const struct rule *rule = key->rule;
    assert_string_equal(rule->id, "3cx-windows");
    assert_string_equal(rule->policy->id, "3cx-2023");
    assert_int_equal(rule->action, ACTION_QUARANTINE);
    assert_non_null(strstr(rule->reason, "18.12.422"));
    /* Every identity that its own certificate has, computed, is a key of the rule. */
    static const struct {
        enum key_kind kind;
        enum hash hash;
    } rows[] = {
        {KEY_CERT_SHA256, HASH_SHA256}, {KEY_CERT_SHA1, HASH_SHA1}, {KEY_TBS, HASH_SHA256}, {KEY_TBS, HASH_SHA1}, {KEY_SPKI, HASH_SHA256}};
    assert_non_null(rule->cert);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t hash[HASH_SIZE_MAX];
        struct error err;
        size_t n;
        assert_true(identity_hash(rule->cert, rows[i].kind, rows[i].hash, hash, &err));
        const struct key *const *run = blocklist_find(list, rows[i].kind, bytes_make(hash, hash_size(rows[i].hash)), &n);
        assert_int_equal(n, 1);
        assert_ptr_equal(run[0]->rule, rule);
        assert_false(run[0]->weak);
    }
    assert_true(bytes_equal(rule->cert->serial, key->value));
    key = find_hex(list, KEY_SERIAL, "4b0aaf622b260469");
    assert_string_equal(key->rule->id, "3cx-macos");
    assert_false(key->weak);
    size_t n;
    assert_non_null(blocklist_find(list, KEY_TEAM_ID, bytes_text("33CF4654HL"), &n));
    assert_int_equal(find_hex(list, KEY_CDHASH, "b3c4ff45732500b6d77e8c289bdaa4d79160b5d2")->rule->action, ACTION_FLAG);
    blocklist_free(list);
}

/* One field of a CSV row; quoted ones may hold commas. */
static struct bytes next_field(struct bytes *row) {
    bool quoted = row->n != 0 && row->p[0] == '"';
    size_t end = bytes_find(*row, bytes_text(quoted ? "\"," : ","), quoted);
    struct bytes field = bytes_cut(*row, quoted, end - quoted);
    *row = bytes_cut(*row, end + (quoted ? 2 : 1), SIZE_MAX);
    return field;
}

static bool read_facts(const char *name, struct bytes *out) {
    char path[4096];
    struct error err;
    snprintf(path, sizeof path, FACTS "%s", name);
    if (!file_read(path, FILE_ANYBODYS, out, &err)) {
        print_message("skipped: no %s beside the tree\n", name);
        return false;
    }
    return true;
}

static void as_the_published_hashes_say(void **state) {
    (void)state;
    static const enum key_kind kinds[] = {KEY_FILE_SHA256, KEY_FILE_SHA1, KEY_FILE_MD5};
    struct bytes csv, rows;
    if (!read_facts("3cx-file-hashes.csv", &csv)) {
        skip();
    }
    struct blocklist *list = load_builtin();
    size_t n_bad = 0, n_clean = 0;
    for (rows = csv; rows.n != 0;) {
        size_t end = bytes_find(rows, bytes_text("\n"), 0);
        struct bytes row = bytes_cut(rows, 0, end);
        rows = bytes_cut(rows, end + 1, SIZE_MAX);
        bool clean = bytes_find(row, bytes_text("CLEAN"), 0) < row.n;
        for (size_t i = 0; i < 3; i++) {
            char hex[65] = "";
            struct bytes field = next_field(&row);
            if (field.n < 32 || field.n >= sizeof hex) {
                continue;
            }
            memcpy(hex, field.p, field.n);
            const struct key *key = find_hex(list, kinds[i], hex);
            if ((key != NULL) == clean) {
                fail_msg("%s is %s", hex, clean ? "clean, and banned" : "missing");
            }
            n_bad += !clean;
            n_clean += clean;
        }
    }
    assert_int_equal(n_bad, 69);
    assert_int_equal(n_clean, 2);
    blocklist_free(list);
    file_forget(csv);
}

static void as_the_catalogue_of_incidents_says(void **state) {
    (void)state;
    enum { ID, PLATFORM, INCIDENT, SERIAL, ISSUER, SHA1, SHA256, TBS_SHA1, TBS_SHA256, COLUMNS };
    static const enum key_kind kinds[COLUMNS] = {
        [SERIAL] = KEY_SERIAL, [SHA1] = KEY_CERT_SHA1, [SHA256] = KEY_CERT_SHA256, [TBS_SHA1] = KEY_TBS, [TBS_SHA256] = KEY_TBS};
    struct bytes csv, rows;
    if (!read_facts("catalogue-incidents.csv", &csv)) {
        skip();
    }
    struct blocklist *list = load_builtin();
    size_t n_rows = 0;
    for (rows = csv; rows.n != 0;) {
        size_t end = bytes_find(rows, bytes_text("\n"), 0);
        struct bytes row = bytes_cut(rows, 0, end), whole = row;
        rows = bytes_cut(rows, end + 1, SIZE_MAX);
        bool sure = bytes_find(whole, bytes_text("medium-high"), 0) == whole.n;
        for (size_t i = 0; i < COLUMNS; i++) {
            char hex[65] = "";
            struct bytes field = next_field(&row);
            uint8_t value[32];
            size_t n;
            if ((i != SERIAL && i < SHA1) || field.n < 16 || field.n >= sizeof hex || !hex_decode(field, value, sizeof value, &n)) {
                continue;
            }
            memcpy(hex, field.p, field.n);
            if ((find_hex(list, kinds[i], hex) != NULL) != sure) {
                fail_msg("%s is %s", hex, sure ? "missing" : "not sure enough to be banned");
            }
            n_rows += i == SERIAL;
        }
    }
    assert_int_equal(n_rows, 17);
    const struct key *adobe = find_hex(list, KEY_CERT_SHA1, "fdf01dd3f37c66ac4c779d92623c77814a07fe4c");
    assert_true(adobe->rule->only.has_after);
    assert_int_equal(adobe->rule->only.signed_after, 1341878400);
    blocklist_free(list);
    file_forget(csv);
}

/* What vendors sign with since, and who vouches for it: no rule may hit any of it. */
static void replacements_are_not_hit(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool banned;
    } files[] = {{"anydesk-new-0a8177fc.der", false},
                 {"anydesk-philandro-0dbf152d.der", true},
                 {"sectigo-rsa-code-signing-ca-1da24830.der", false},
                 {"3cx-ltd-1b6611df.der", true}};
    static const struct {
        enum key_kind kind;
        enum hash hash;
    } rows[] = {{KEY_CERT_SHA256, HASH_SHA256}, {KEY_CERT_SHA1, HASH_SHA1}, {KEY_CERT_MD5, HASH_MD5}, {KEY_TBS, HASH_SHA256},
                {KEY_TBS, HASH_SHA1},           {KEY_TBS, HASH_SHA384},     {KEY_SPKI, HASH_SHA256}};
    struct blocklist *list = load_builtin();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct arena arena = arena_make(1 << 20);
        struct bytes der;
        struct cert cert;
        struct error err = {0};
        size_t hits, n;
        if (!read_facts(files[i].name, &der)) {
            blocklist_free(list);
            skip();
        }
        assert_true(cert_parse(der, 0, &arena, &cert, &err));
        blocklist_find(list, KEY_SERIAL, cert.serial, &hits);
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            uint8_t hash[HASH_SIZE_MAX];
            assert_true(identity_hash(&cert, rows[k].kind, rows[k].hash, hash, &err));
            blocklist_find(list, rows[k].kind, bytes_make(hash, hash_size(rows[k].hash)), &n);
            hits += n;
        }
        if ((hits != 0) != files[i].banned) {
            fail_msg("%s: %zu hits", files[i].name, hits);
        }
        arena_free(&arena);
        file_forget(der);
    }
    assert_false(blocklist_wants(list, KEY_SUBJECT, 0)); /* nobody's new certificates by an old name */
    assert_null(find_hex(list, KEY_FILE_SHA256, "908d6d0119d9a943c123bab1c8de8201868e3ccc9d6df5dbf075d27b0129a09e")); /* 3CX 18.12.425 */
    blocklist_free(list);
}

/* What starts Debian under Secure Boot: a rule that hit it would leave a machine that does not start. */
static void boot_signers_are_never_banned(void **state) {
    (void)state;
    static const char *const sha256[] = {
        "079646974bce09b1f04da67bd722d1fb0947ae4c4010bccdbba52d5b23cbf1a2", /* Debian Secure Boot CA */
        "bc75dc6b1bf285c2cf2e9c4e10aa24c1e3e152ca3a0e2bd1392c702968121a31", /* its signers 2022: shim */
        "71024100bf7718749440e65f9360f8df6f9a28d0842d3a493dfcbfcbc478991d", /* GRUB */
        "65378fdbd50b85960563bac3923b4cf6e43f60b7c969c1527ce2ca34f82f2dc5", /* Linux */
        "a84a932361ca073ccc186d4cd5a465194e4b38aba08e01f7f5c4624cac361c77", /* fwupd */
        "48e99b991f57fc52f76149599bff0a58c47154229b9f8d603ac40d3500248507", /* Microsoft Corporation UEFI CA 2011 */
        "f6124e34125bee3fe6d79a574eaa7b91c0e7bd9d929c1a321178efd611dad901", /* Microsoft UEFI CA 2023 */
    };
    for (size_t i = 0; i < sizeof sha256 / sizeof *sha256; i++) {
        uint8_t value[32];
        size_t n;
        assert_true(hex_decode(bytes_text(sha256[i]), value, sizeof value, &n));
        assert_true(never_ban_certificate(value, NULL));
    }
    assert_true(never_ban_subject(bytes_text("microsoft windows  UEFI driver publisher"), bytes_none()));
}

/* A folder for files that the tests write. */
static char folder[] = "/tmp/certban-list-XXXXXX";

static const char *in_folder(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put_file(const char *name, const char *content, mode_t mode) {
    FILE *f = fopen(in_folder(name), "w");
    assert_non_null(f);
    fputs(content, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(in_folder(name), mode), 0);
}

#define RULE(kind, id)                                                                                                                     \
    "<" kind " id=\"" id "\"><file><sha256>00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef</sha256></file></" kind ">"
#define POLICY(id, version, rules)                                                                                                         \
    "<policy xmlns=\"urn:certban:policy:1\" id=\"" id "\" version=\"" version "\" issued=\"2024-01-01\"><title>t</title>" rules "</"       \
    "policy>"

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void the_higher_version_holds(void **state) {
    (void)state;
    struct heard heard;
    struct error err;
    size_t unreadable;
    assert_int_equal(mkdir(in_folder("etc"), 0755), 0);
    put_file("etc/a.xml", POLICY("one", "3", RULE("ban", "new")), 0644);
    put_file("etc/b.xml", POLICY("one", "2", RULE("ban", "old")), 0644);
    put_file("etc/c.xml", POLICY("incidents", "99", RULE("ban", "newer-than-built-in")), 0600);
    put_file("etc/d.txt", "no policy", 0644);
    put_file("etc/.e.xml", "hidden", 0644);
    char etc[300];
    snprintf(etc, sizeof etc, "%s/etc", folder);
    struct search search = {.builtin = true, .etc = etc, .now = NOW};
    struct blocklist *list = load(&search, &heard);
    assert_int_equal(heard.unreadable, 0);
    assert_int_equal(heard.odd, 1);
    assert_non_null(strstr(heard.last, "b.xml: version 2 of policy one is older than version 3"));
    size_t incidents = 0;
    for (size_t i = 0; i < blocklist_policies(list); i++) {
        const struct policy *policy = blocklist_policy(list, i);
        if (strcmp(policy->id, "incidents") == 0) {
            incidents++;
            assert_int_equal(policy->version, 99);
        }
    }
    assert_int_equal(incidents, 1);
    blocklist_free(list);

    /* What others may write to is not believed, and the rest is loaded all the same. */
    assert_int_equal(chmod(in_folder("etc/a.xml"), 0664), 0);
    list = load(&search, &heard);
    assert_int_equal(heard.unreadable, 1);
    assert_non_null(strstr(heard.last, "a.xml: may be written by others than its owner (mode 0664)"));
    assert_int_equal(heard.odd, 0);
    blocklist_free(list);
    assert_int_equal(chmod(in_folder("etc"), 0777), 0);
    list = load(&search, &heard);
    assert_int_equal(heard.unreadable, 1);
    blocklist_free(list);
    assert_int_equal(chmod(in_folder("etc"), 0755), 0);

    /* Without a builtin one of two by name: both are loaded, whatever their id. */
    char a[300], b[300];
    snprintf(a, sizeof a, "%s/etc/a.xml", folder);
    snprintf(b, sizeof b, "%s/etc/b.xml", folder);
    const char *files[] = {a, b, "/nowhere/x.xml"};
    search = (struct search){.files = files, .n_files = 3, .now = NOW};
    list = blocklist_new();
    heard = heard_new();
    assert_true(search_load(&search, list, &heard.listener, &unreadable, &err));
    assert_int_equal(unreadable, 1);
    assert_non_null(strstr(heard.last, "/nowhere/x.xml: can't open"));
    assert_int_equal(blocklist_policies(list), 2);
    blocklist_free(list);
}

static void only_allow_rules_in_the_state(void **state) {
    (void)state;
    struct heard heard;
    struct search search = {.state = folder, .now = NOW};
    struct blocklist *list = load(&search, &heard);
    assert_int_equal(heard.unreadable + blocklist_policies(list), 0); /* none is there */
    blocklist_free(list);
    put_file("allow.xml", POLICY("restored", "1", RULE("allow", "a")), 0600);
    list = load(&search, &heard);
    assert_int_equal(heard.unreadable, 0);
    assert_true(blocklist_rule(list, 0)->allow);
    blocklist_free(list);
    put_file("allow.xml", POLICY("restored", "1", RULE("allow", "a") "\n" RULE("ban", "b")), 0600);
    list = load(&search, &heard);
    assert_int_equal(heard.unreadable, 1);
    assert_non_null(strstr(heard.last, "allow.xml:2: element <ban>: expected allow rules only"));
    blocklist_free(list);
}

static void a_certificate_is_a_ban_by_itself(void **state) {
    (void)state;
    struct blocklist *list = load_builtin();
    const struct cert *cert = find_hex(list, KEY_SERIAL, "1b6611df9c9a4d6ecc8ed50c9b917873")->rule->cert;
    struct policy *policy;
    struct error err = {0};
    if (!search_certificates(cert->der, "/certs/3cx.der", &policy, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(policy->n_rules, 1);
    const struct rule *rule = policy->rules;
    assert_int_equal(rule->action, ACTION_QUARANTINE);
    assert_int_equal(rule->n_keys, 5);
    size_t by_kind[KEY_COUNT] = {0};
    for (size_t i = 0; i < rule->n_keys; i++) {
        assert_int_equal(rule->keys[i].role, ROLE_SIGNER);
        assert_false(rule->keys[i].weak);
        by_kind[rule->keys[i].kind]++;
    }
    assert_int_equal(by_kind[KEY_CERT_SHA256] + by_kind[KEY_CERT_SHA1] + by_kind[KEY_TBS] + by_kind[KEY_SPKI] + by_kind[KEY_SERIAL], 5);
    assert_true(bytes_equal(rule->cert->der, cert->der));
    policy_free(policy);
    assert_false(search_certificates(bytes_text("no certificate"), "/certs/x.pem", &policy, &err));
    assert_non_null(strstr(err.text, "/certs/x.pem:2: element <der>: is no certificate"));
    assert_false(search_certificates(bytes_none(), "/certs/x.pem", &policy, &err));
    assert_false(
        search_certificates(bytes_text("-----BEGIN CERTIFICATE-----</der>-----END CERTIFICATE-----"), "/certs/x.pem", &policy, &err));
    blocklist_free(list);
}

static void a_ca_is_not_dropped_in(void **state) {
    (void)state;
    struct bytes der;
    struct policy *policy;
    struct error err = {0};
    if (!read_facts("sectigo-rsa-code-signing-ca-1da24830.der", &der)) {
        skip();
    }
    assert_false(search_certificates(der, "ca.der", &policy, &err));
    assert_non_null(strstr(err.text, "ca.der: holds a CA's certificate"));
    file_forget(der);
}

/* Counts notes by a word in them. */
struct hunting {
    struct note_listener listener;
    const char *word;
    size_t n;
    enum note_level level;
};

static void on_hunted(struct note_listener *listener, const struct policy_note *note) {
    struct hunting *hunting = (struct hunting *)listener;
    if (strstr(note->words, hunting->word) != NULL) {
        hunting->n++;
        hunting->level = note->level;
    }
}

static void policy_check_says_what_is_odd(void **state) {
    (void)state;
#define MICROSOFT_ROOT "df545bf919a2439c36983b54cdfc903dfa4f37d3996d8d84b4c31eec6f3c163e"
#define SOME "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef"
#define SHORT "00112233445566778899aabbccddeeff01234567"
#define BAN_OF(things) "<ban id=\"a\">" things "</ban>"
    static const struct {
        const char *rules, *word;
        enum note_level level;
    } rows[] = {
        {"<ban id=\"a\"><certificate role=\"any\"><sha256>" MICROSOFT_ROOT "</sha256></certificate></ban>", "never-ban list", NOTE_ERROR},
        {"<ban id=\"a\" weak=\"accept\"><team-id>33CF4654HL</team-id></ban>", "anybody can imitate", NOTE_WARNING},
        {"<ban id=\"a\" never-ban=\"override\"><certificate role=\"any\"><sha256>" MICROSOFT_ROOT "</sha256></certificate></ban>",
         "the operating system's own signers", NOTE_WARNING},
        {"<ban id=\"a\" action=\"quarantine\"><team-id>33CF4654HL</team-id></ban>", "(team-id) is weak", NOTE_WARNING},
        {"<ban id=\"a\" expires=\"2020-01-01T00:00:00Z\"><team-id>33CF4654HL</team-id></ban>", "it has expired", NOTE_WARNING},
        {"<ban id=\"a\"><only><signed-after>2090-01-01T00:00:00Z</signed-after></only><team-id>33CF4654HL</team-id></ban>", "in the future",
         NOTE_WARNING},
        {"<ban id=\"a\"><file><sha256>" SOME "</sha256></file></ban><allow id=\"b\"><file><sha256>" SOME "</sha256></file></allow>",
         "is also in p/b, which excuses it", NOTE_WARNING},
        {"<ban id=\"a\"><file><sha256>" SOME "</sha256></file></ban><ban id=\"b\"><file><sha256>" SOME "</sha256></file></ban>",
         "is also in p/b", NOTE_ADVICE},
        {"<ban id=\"a\"><file><sha256>" SOME "</sha256></file></ban>", "authenticode digest", NOTE_ADVICE},
        {"<ban id=\"a\"><file><sha256>" SOME "</sha256></file></ban>", "no size", NOTE_ADVICE},
        {"<ban id=\"a\"><team-id>33CF4654HL</team-id></ban>", "gives no reason", NOTE_ADVICE},
        {BAN_OF("<certificate><sha256>" SOME "</sha256></certificate>"), "tbs-sha256", NOTE_ADVICE},
        {BAN_OF("<certificate><sha1>" SHORT "</sha1><serial>0102030405060708</serial></certificate>"), "tbs-sha256", NOTE_ADVICE},
        {BAN_OF("<certificate><sha256>" SOME "</sha256></certificate><certificate><tbs-sha256>" SOME "</tbs-sha256></certificate>"),
         "tbs-sha256", NOTE_ADVICE},
        {BAN_OF("<certificate><tbs-sha256>" SOME "</tbs-sha256></certificate><certificate><sha256>" SOME "</sha256></certificate>"),
         "tbs-sha256", NOTE_ADVICE},
        {BAN_OF("<certificate><sha1>" SHORT "</sha1></certificate>") "<ban id=\"b\"><certificate><sha256>" SOME
                                                                     "</sha256></certificate></ban>",
         "2 rules name a certificate by its thumbprint alone", NOTE_ADVICE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text xml = {0};
        struct policy *policy;
        struct error err = {0};
        struct hunting hunting = {.listener = {on_hunted}, .word = rows[i].word};
        text_addf(&xml, POLICY("p", "1", "%s"), rows[i].rules);
        if (!policy_parse(bytes_make(xml.p, xml.n), "p.xml", &policy, &err)) {
            fail_msg("%s", err.text);
        }
        assert_true(policy_report((const struct policy *const *)&policy, 1, NOW, &hunting.listener, &err));
        if (hunting.n != 1 || hunting.level != rows[i].level) {
            fail_msg("%zu notes \"%s\": %s", hunting.n, rows[i].word, rows[i].rules);
        }
        policy_free(policy);
        text_free(&xml);
    }
}

/* A certificate that is named by what its own signature does not change needs no such advice. */
static void tbs_and_key_and_issuer_need_no_advice(void **state) {
    (void)state;
    static const char *const rules[] = {
        BAN_OF("<certificate><sha256>" SOME "</sha256><tbs-sha256>" SOME "</tbs-sha256></certificate>"),
        BAN_OF("<certificate><tbs-sha256>" SOME "</tbs-sha256><sha256>" SOME "</sha256></certificate>"),
        BAN_OF("<certificate><sha256>" SOME "</sha256><spki-sha256>" SOME "</spki-sha256></certificate>"),
        BAN_OF("<certificate><sha1>" SHORT "</sha1><serial issuer=\"CN=A\">01</serial></certificate>"),
        BAN_OF("<file><sha256>" SOME "</sha256></file>"),
        "<allow id=\"a\"><certificate><sha256>" SOME "</sha256></certificate></allow>",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct text xml = {0};
        struct policy *policy;
        struct error err = {0};
        struct hunting hunting = {.listener = {on_hunted}, .word = "thumbprint alone"};
        text_addf(&xml, POLICY("p", "1", "%s"), rules[i]);
        assert_true(policy_parse(bytes_make(xml.p, xml.n), "p.xml", &policy, &err));
        assert_true(policy_report((const struct policy *const *)&policy, 1, NOW, &hunting.listener, &err));
        if (hunting.n != 0) {
            fail_msg("advice on %s", rules[i]);
        }
        policy_free(policy);
        text_free(&xml);
    }
}

/* A der that is none of the certificates named, and a key on the never-ban list, which the index leaves out. */
static void what_must_not_go_live(void **state) {
    (void)state;
    struct blocklist *list = load_builtin();
    const struct cert *cert = find_hex(list, KEY_SERIAL, "1b6611df9c9a4d6ecc8ed50c9b917873")->rule->cert;
    struct policy *policy;
    struct error err = {0};
    struct hunting hunting = {.listener = {on_hunted}, .word = "none of the certificates"};
    assert_true(search_certificates(cert->der, "x", &policy, &err));
    assert_true(policy_report((const struct policy *const *)&policy, 1, NOW, &hunting.listener, &err));
    assert_int_equal(hunting.n, 0);
    for (size_t i = 0; i < policy->rules[0].n_keys; i++) {
        policy->rules[0].keys[i].value = bytes_text("another one");
    }
    assert_true(policy_report((const struct policy *const *)&policy, 1, NOW, &hunting.listener, &err));
    assert_int_equal(hunting.n, 1);
    policy_free(policy);
    blocklist_free(list);

    list = blocklist_new();
    assert_true(policy_parse(
        bytes_text(POLICY("p", "1", "<ban id=\"a\"><certificate role=\"any\"><sha256>" MICROSOFT_ROOT "</sha256></certificate></ban>")),
        "p.xml", &policy, &err));
    assert_true(blocklist_keep(list, policy, NOW, &err));
    assert_true(blocklist_seal(list, &err));
    assert_null(find_hex(list, KEY_CERT_SHA256, MICROSOFT_ROOT));
    assert_false(blocklist_wants(list, KEY_CERT_SHA256, 32));
    blocklist_free(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_one_fits_the_schema),
        cmocka_unit_test(every_one_is_fit_to_go_live),
        cmocka_unit_test(the_3cx_certificate_is_named_by_all_identities),
        cmocka_unit_test(as_the_published_hashes_say),
        cmocka_unit_test(as_the_catalogue_of_incidents_says),
        cmocka_unit_test(replacements_are_not_hit),
        cmocka_unit_test(boot_signers_are_never_banned),
        cmocka_unit_test(the_higher_version_holds),
        cmocka_unit_test(only_allow_rules_in_the_state),
        cmocka_unit_test(a_certificate_is_a_ban_by_itself),
        cmocka_unit_test(a_ca_is_not_dropped_in),
        cmocka_unit_test(policy_check_says_what_is_odd),
        cmocka_unit_test(tbs_and_key_and_issuer_need_no_advice),
        cmocka_unit_test(what_must_not_go_live),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
