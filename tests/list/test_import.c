/* SPDX-License-Identifier: Apache-2.0 */
/* Importers: what they have in common, from values to the policy that is written. */
#include "import_list.h"

#include "asn1/name.h"
#include "base/hex.h"
#include "list/csv.h"
#include "list/policy_write.h"
#include "list/wide.h"

static void csv_reads_what_rfc_4180_says(void **state) {
    (void)state;
    struct csv csv = csv_make(bytes_text("\xef\xbb\xbf"
                                         "a,\"b,\r\n\"\"c\"\"\", d \r\n\n\r\n,\nx,\"lost\ny,z\n\"q\"t,u\nlast"),
                              ',');
    struct csv_record r;
    assert_true(csv_next(&csv, &r));
    assert_int_equal(r.n, 3);
    assert_true(bytes_is(r.fields[0], "a") && bytes_is(r.fields[1], "b,\r\n\"c\"") && bytes_is(r.fields[2], " d "));
    assert_int_equal(r.line, 1);
    assert_true(csv_next(&csv, &r));
    assert_int_equal(r.line, 5);
    assert_int_equal(r.n, 2);
    assert_true(r.fields[0].n == 0 && r.fields[1].n == 0);
    /* A quote that meets the next one too late costs its own line only. */
    assert_true(csv_next(&csv, &r));
    assert_non_null(r.bad);
    assert_int_equal(r.line, 6);
    assert_true(csv_next(&csv, &r));
    assert_null(r.bad);
    assert_true(r.n == 2 && bytes_is(r.fields[0], "y") && bytes_is(r.fields[1], "z"));
    assert_true(csv_next(&csv, &r));
    assert_non_null(r.bad);
    assert_true(csv_next(&csv, &r));
    assert_true(r.n == 1 && bytes_is(r.fields[0], "last") && r.line == 9);
    assert_false(csv_next(&csv, &r));
    csv_free(&csv);
}

static void values_are_normalised(void **state) {
    (void)state;
    assert_int_equal(import_value(bytes_text(" ??? ")).n, 0);
    assert_int_equal(import_value(bytes_text("not specified")).n, 0);
    assert_int_equal(import_value(bytes_text("N/A")).n, 0);
    assert_int_equal(import_value(bytes_text("\t-\r\n")).n, 0);
    assert_true(bytes_is(import_value(bytes_text(" None of it ")), "None of it"));
    struct outcome o = {.listener = {heard, heard}};
    struct import *import = import_new(ACTION_FLAG, &o.listener);
    assert_null(import_words(import, bytes_text(" \n ")));
    assert_string_equal(import_words(import, bytes_text("a\x01\xff  \n b")), "a\xef\xbf\xbd\xef\xbf\xbd b");
    struct import_row row;
    import_row_begin(import, &row, 1);
    import_set_issuer(&row, bytes_text(" CN=Some CA, O=Some, C=US"));
    assert_true(row.issuer.n != 0);
    import_add_serial(&row, bytes_text("0x00:0A:bc"));
    assert_int_equal(row.n_keys, 1);
    assert_true(bytes_equal(row.keys[0].value, bytes_make("\x0a\xbc", 2)));
    import_add_serial(&row, bytes_text("abc"));
    assert_int_equal(row.n_keys, 1); /* the same without its leading zeros */
    import_set_issuer(&row, bytes_text("Some CA"));
    assert_true(row.issuer.n == 0 && bytes_is(row.issuer_common_name, "Some CA"));
    import_set_issuer(&row, bytes_none());
    import_add_serial(&row, bytes_text("01020304050607"));
    assert_int_equal(row.n_keys, 1);
    assert_non_null(strstr(row.why, "needs an issuer"));
    import_row_end(&row);
    import_free(import);
    outcome_free(&o);
}

static void times_are_read_as_lists_write_them(void **state) {
    (void)state;
    static const char *const times[] = {"2024-01-31",          "2024-01-31 00:00:00", "2024-01-31T00:00:00Z", "2024-01-31T02:00:00+02:00",
                                        "2024-01-31T00:00:00", "1706659200"},
                             *const wrong[] = {"", "2024", "31.01.2024", "2024-01-31 00", "99999999999999", "100000000"};
    int64_t time;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_true(import_time(bytes_text(times[i]), &time));
        assert_int_equal(time, 1706659200);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(import_time(bytes_text(wrong[i]), &time));
    }
}

static void ids_differ_and_hold_nothing_odd(void **state) {
    (void)state;
    struct outcome o = {.listener = {heard, heard}};
    struct import *import = import_new(ACTION_QUARANTINE, &o.listener);
    for (unsigned i = 0; i < 3000; i++) {
        struct import_row row;
        char hex[65];
        snprintf(hex, sizeof hex, "%056x%08x", 1, i);
        import_row_begin(import, &row, i + 1);
        row.id = bytes_text("<a b>\xc3\xa4");
        import_add_hash(&row, KEY_CERT_SHA256, bytes_text(hex));
        import_row_end(&row);
    }
    struct error err = {0};
    assert_true(import_finish(import, &head, &o.xml, &err)); /* reads it back: ids given twice are refused */
    assert_written(&o, "id=\"a-b---\"");
    assert_written(&o, "id=\"a-b----3000\"");
    import_free(import);
    outcome_free(&o);
}

/* Every kind of key and condition is written so that it reads back the same. */
static void what_is_written_reads_back(void **state) {
    (void)state;
    static const char xml[] =
        "<policy xmlns=\"urn:certban:policy:1\" id=\"p\" version=\"3\" issued=\"2024-01-01\"><title>A &amp; B &lt;c&gt;</title>"
        "<ban id=\"all\" action=\"quarantine\" severity=\"critical\" confidence=\"certain\" weak=\"accept\" never-ban=\"override\" "
        "expires=\"2030-01-01T00:00:00Z\">"
        "<certificate role=\"chain\"><sha256>" H32 "</sha256><sha1>" H20 "</sha1><md5>" H16 "</md5><tbs-sha384>" H32 H16 "</tbs-sha384>"
        "<spki-sha256>" H32 "</spki-sha256><serial issuer=\"CN=A\\, B &quot;c&quot;,O=D,C=CY\">0a</serial></certificate>"
        "<certificate role=\"any\"><serial issuer-common-name=\"x &amp; y\">0102</serial></certificate>"
        "<file size=\"77\"><sha256>" H32 "</sha256></file><file><sha1>" H20 "</sha1><md5>" H16 "</md5></file>"
        "<authenticode>" H20 "</authenticode><first-page>" H32 "</first-page><program>A &amp; b</program>"
        "<original-name>o.sys</original-name><cdhash>" H20 "</cdhash><team-id>33CF4654HL</team-id>"
        "<subject role=\"bag\" common-name=\"Ab\" organization=\"Cd\" issuer=\"CN=A,C=CY\"/>"
        "<subscriber eku=\"1.3.6.1.4.1.311.97.990309390\" issuer-organization=\"Microsoft Corporation\"/>"
        "<only><signed-after>2022-11-01T00:00:00Z</signed-after><signed-before>2023-11-01T12:30:15Z</signed-before><platform>macos</"
        "platform>"
        "<product>P</product><original-name>o.exe</original-name><internal-name>i</internal-name><description>&lt;d&gt;</"
        "description><issued-under>" H32 "</issued-under>"
        "<eku>1.3.6.1</eku><no-eku>2.5.29.37</no-eku><company>C</company><version min=\"1.2\" "
        "max=\"18\"/><path>**/x</path></only>"
        "<reason>r</reason><reference>f</reference></ban><allow id=\"ok\"><file><sha256>" H32 "</sha256></file></allow></policy>";
    struct policy *a, *b;
    struct text once = {0}, twice = {0};
    struct error err = {0};
    assert_true(policy_parse(bytes_text(xml), "a.xml", &a, &err));
    assert_true(policy_write(a, NULL, 0, &once, &err));
    if (!policy_parse(bytes_make(once.p, once.n), "b.xml", &b, &err) || !policy_validate(bytes_make(once.p, once.n), "b.xml", &err)) {
        fail_msg("%s in\n%s", err.text, once.p);
    }
    assert_true(policy_write(b, NULL, 0, &twice, &err));
    assert_string_equal(once.p, twice.p);
    assert_int_equal(b->n_rules, 2);
    assert_true(b->rules[0].weak_accepted && b->rules[0].never_ban_overridden);
    assert_int_equal(b->rules[0].n_keys, a->rules[0].n_keys);
    for (size_t i = 0; i < a->rules[0].n_keys; i++) {
        const struct key *x = &a->rules[0].keys[i], *y = &b->rules[0].keys[i];
        assert_true(x->kind == y->kind && x->role == y->role && bytes_equal(x->value, y->value) && x->file_size == y->file_size);
        assert_true(bytes_equal(x->issuer_common_name, y->issuer_common_name) && bytes_equal(x->organization, y->organization));
        assert_true(x->issuer.n == 0 ? y->issuer.n == 0 : name_equal(x->issuer, y->issuer));
    }
    assert_string_equal(b->title, "A & B <c>");
    text_free(&once);
    text_free(&twice);
    policy_free(a);
    policy_free(b);
}

/* Serials without an issuer flag at most, unless who imports insists; what is strong is the same either way. */
static void weak_keys_quarantine_only_for_who_insists(void **state) {
    (void)state;
    static const char list[] = "serial,sha256\n0102030405060708,\n," H32 "\n";
    for (int insists = 0; insists < 2; insists++) {
        struct outcome o = {.listener = {heard, heard}};
        struct import *import = import_new(ACTION_QUARANTINE, &o.listener);
        struct error err = {0};
        if (insists) {
            import_accept_weak(import);
        }
        assert_true(importer_find("csv")->read(bytes_text(list), import, &err));
        assert_int_equal(import_counts(import).weak, 1);
        assert_true(import_finish(import, &head, &o.xml, &err));
        assert_true(policy_parse(bytes_make(o.xml.p, o.xml.n), "made.xml", &o.policy, &err));
        const struct rule *weak = &o.policy->rules[0], *strong = &o.policy->rules[1];
        assert_int_equal(weak->keys[0].kind, KEY_SERIAL);
        assert_int_equal(weak->action, insists ? ACTION_QUARANTINE : ACTION_FLAG);
        assert_int_equal(weak->weak_accepted, insists);
        assert_false(weak->never_ban_overridden);
        assert_int_equal(strong->action, ACTION_QUARANTINE);
        assert_false(strong->weak_accepted);
        import_free(import);
        outcome_free(&o);
    }
}

static void what_no_rule_may_ban_is_refused(void **state) {
    (void)state;
    struct bytes never = file_of(TEST_SOURCE_ROOT "/policies/never-ban.csv");
    /* The first certificate of the list, by its SHA-256. */
    size_t at = 0;
    uint8_t hash[32];
    size_t n;
    while (at < never.n && !hex_decode(bytes_cut(never, at, 64), hash, sizeof hash, &n)) {
        at = bytes_find(never, bytes_text("\n"), at) + 1;
    }
    assert_true(at < never.n);
    struct text list = {0};
    text_add(&list, "serial_number,thumbprint,thumbprint_algorithm,subject_cn\n0102030405060708090a,");
    text_add_bytes(&list, bytes_cut(never, at, 64));
    text_add(&list, ",SHA256,x\n");
    struct outcome o = read_text("cscb", list.p);
    assert_counts(&o, 1, 0, 0, 1, 0);
    assert_told(&o, "2: names a certificate of public trust");
    outcome_free(&o);
    text_free(&list);
    file_forget(never);
}

static void wide_text_is_made_narrow(void **state) {
    (void)state;
#define WIDE(text) text, sizeof(text) - 1
    static const struct {
        const char *in;
        size_t n;
        const char *out;
    } rows[] = {
        {WIDE("\xff\xfe"), ""},
        {WIDE("\xff\xfe\x61\0\xe4\0\xac\x20"), "a\xc3\xa4\xe2\x82\xac"},
        {WIDE("\xfe\xff\0\x61\0\xe4\x20\xac"), "a\xc3\xa4\xe2\x82\xac"},
        {WIDE("\xff\xfe\x3d\xd8\0\xde!\0"), "\xf0\x9f\x98\x80!"},
        {WIDE("\xff\xfe\x3d\xd8!\0"), "\xef\xbf\xbd!"},
        {WIDE("\xff\xfe\0\xde!\0"), "\xef\xbf\xbd!"},
        {WIDE("\xff\xfe!\0\x3d\xd8"), "!\xef\xbf\xbd"},
        {WIDE("\xff\xfe!\0x"), "!\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text out = {0};
        uint8_t *exact = malloc(rows[i].n);
        assert_non_null(exact);
        memcpy(exact, rows[i].in, rows[i].n);
        assert_true(wide_is(bytes_make(exact, rows[i].n)));
        assert_true(wide_narrow(bytes_make(exact, rows[i].n), &out, NULL));
        assert_string_equal(text_c(&out), rows[i].out);
        free(exact);
        text_free(&out);
    }
    assert_false(wide_is(bytes_text("\xef\xbb\xbfserial")));
    assert_false(wide_is(bytes_make("\xff", 1)));
}

/* What the text is no longer must not be said of it: libxml would believe it. */
static void a_declared_encoding_goes(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"<?xml version='1.0' encoding='utf-16'?><a/>", "<?xml version='1.0'                  ?><a/>"},
        {"<?xml version=\"1.0\" encoding=\"UTF-16\" standalone=\"yes\"?><a/>",
         "<?xml version=\"1.0\"                   standalone=\"yes\"?><a/>"},
        {"<a encoding='utf-16'/>", "<a encoding='utf-16'/>"},
        {"<?xml version='1.0'?><a encoding='x'/>", "<?xml version='1.0'?><a encoding='x'/>"},
        {"<?xml encoding='utf-16", "<?xml encoding='utf-16"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text wide = {0}, out = {0};
        text_add(&wide, "\xff\xfe");
        for (const char *c = rows[i][0]; *c != '\0'; c++) {
            text_add_char(&wide, *c);
            text_add_char(&wide, '\0');
        }
        assert_true(wide_narrow(bytes_make(wide.p, wide.n), &out, NULL));
        assert_string_equal(text_c(&out), rows[i][1]);
        text_free(&wide);
        text_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_text_is_made_narrow),
        cmocka_unit_test(a_declared_encoding_goes),
        cmocka_unit_test(csv_reads_what_rfc_4180_says),
        cmocka_unit_test(values_are_normalised),
        cmocka_unit_test(times_are_read_as_lists_write_them),
        cmocka_unit_test(ids_differ_and_hold_nothing_odd),
        cmocka_unit_test(weak_keys_quarantine_only_for_who_insists),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(what_no_rule_may_ban_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
