/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of policies, held against the schema: what one accepts the other does, save for what the reader refuses on top. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "asn1/name.h"
#include "base/hex.h"
#include "list/policy.h"
#include "list/policy_schema.h"
#include "list/policy_value.h"

#define HEAD "<policy xmlns=\"urn:certban:policy:1\" id=\"p\" version=\"1\" issued=\"2024-01-01\"><title>t</title>\n"
#define H16 "00112233445566778899aabbccddeeff"
#define H20 H16 "01234567"
#define H32 H16 "0123456789abcdef0123456789abcdef"
#define H48 H32 H16
#define H64 H32 H32

static struct policy *parse(const char *xml) {
    struct policy *policy = NULL;
    struct error err = {0};
    if (!policy_parse(bytes_text(xml), "test.xml", &policy, &err)) {
        fail_msg("%s\nin %s", err.text, xml);
    }
    if (!policy_validate(bytes_text(xml), "test.xml", &err)) {
        fail_msg("the schema refuses what the reader takes: %s\nin %s", err.text, xml);
    }
    return policy;
}

/* The one rule of a policy with that content. */
static const struct rule *parse_rule(const char *rule, struct policy **policy) {
    char xml[8192];
    snprintf(xml, sizeof xml, HEAD "%s</policy>", rule);
    *policy = parse(xml);
    assert_int_equal((*policy)->n_rules, 1);
    return (*policy)->rules;
}

static void assert_hex(struct bytes b, const char *hex) {
    char text[2 * HASH_SIZE_MAX + 1];
    assert_true(b.n <= HASH_SIZE_MAX);
    hex_encode(b, text);
    assert_string_equal(text, hex);
}

static void reads_all_of_a_rule(void **state) {
    (void)state;
    struct policy *policy;
    const struct rule *rule = parse_rule(
        "<ban id=\"all\" action=\"quarantine\" severity=\"critical\" confidence=\"certain\" expires=\"2030-01-01T00:00:00+01:00\">"
        "<reason> two\n  words </reason><reference>x &amp; y</reference>"
        "<only><signed-after>2022-11-01T00:00:00Z</signed-after><signed-before>2023-11-01T12:30:15.25-02:00</signed-before>"
        "<platform>macos</platform><product>P</product><original-name>o.exe</original-name><company>C</company>"
        "<internal-name>i</internal-name><description>d</description><issued-under>" H48
        "</issued-under><eku>1.3.6.1</eku><no-eku>2.5.29</no-eku>"
        "<version min=\"1.2\" max=\"18.12.416\"/><path>**/x</path>"
        "<except><product>P2</product><original-name>o2</original-name><internal-name>i2</internal-name><description>d2</description>"
        "<company>C2</company><version max=\"3\"/></except><except><authenticode>" H32
        "</authenticode></except></only><file size=\"77\"><sha1>" H20 "</sha1></file></ban>",
        &policy);
    assert_string_equal(policy->id, "p");
    assert_string_equal(policy->title, "t");
    assert_string_equal(policy->version_text, "1");
    assert_string_equal(policy->origin, "test.xml");
    assert_int_equal(policy->version, 1);
    assert_int_equal(policy->issued, 1704067200);
    assert_string_equal(rule->id, "all");
    assert_ptr_equal(rule->policy, policy);
    assert_false(rule->allow);
    assert_int_equal(rule->action, ACTION_QUARANTINE);
    assert_int_equal(rule->severity, SEVERITY_CRITICAL);
    assert_int_equal(rule->confidence, CONFIDENCE_CERTAIN);
    assert_int_equal(rule->expires, 1893452400);
    assert_string_equal(rule->reason, "two words");
    assert_string_equal(rule->reference, "x & y");
    const struct conditions *only = &rule->only;
    assert_true(only->has_after && only->has_before && only->has_min && only->has_max);
    assert_int_equal(only->signed_after, 1667260800);
    assert_int_equal(only->signed_before, 1698849015);
    assert_string_equal(only->platform, "macos");
    assert_string_equal(only->product, "P");
    assert_string_equal(only->original_name, "o.exe");
    assert_string_equal(only->company, "C");
    assert_string_equal(only->internal_name, "i");
    assert_string_equal(only->description, "d");
    assert_hex(only->issued_under, H48);
    assert_hex(only->eku, "2b0601");
    assert_hex(only->eku_except, "551d");
    assert_string_equal(only->path, "**/x");
    assert_int_equal(only->n_except, 2);
    const struct conditions *except = &only->except[0].only;
    assert_string_equal(except->product, "P2");
    assert_string_equal(except->original_name, "o2");
    assert_string_equal(except->internal_name, "i2");
    assert_string_equal(except->description, "d2");
    assert_string_equal(except->company, "C2");
    assert_true(except->has_max && !except->has_min && except->max.part[0] == 3 && only->except[0].authenticode.n == 0);
    assert_hex(only->except[1].authenticode, H32);
    assert_null(only->except[1].only.product);
    assert_int_equal(only->min.part[1], 2);
    assert_int_equal(only->min.part[3], 0);
    assert_int_equal(only->max.part[2], 416);
    assert_int_equal(only->max.part[3], 65535);
    assert_int_equal(rule->n_keys, 1);
    assert_int_equal(rule->keys[0].kind, KEY_FILE_SHA1);
    assert_int_equal(rule->keys[0].file_size, 77);
    assert_ptr_equal(rule->keys[0].rule, rule);
    assert_int_equal(policy_line(policy, 0), 2);
    policy_free(policy);
}

static void defaults_are_modest(void **state) {
    (void)state;
    struct policy *policy;
    const struct rule *rule = parse_rule("<ban id=\"x\"><cdhash>" H20 "</cdhash></ban>", &policy);
    assert_int_equal(rule->action, ACTION_FLAG);
    assert_int_equal(rule->severity, SEVERITY_MEDIUM);
    assert_int_equal(rule->confidence, CONFIDENCE_MEDIUM);
    assert_int_equal(rule->expires, INT64_MAX);
    assert_false(rule->weak_accepted);
    assert_false(rule->never_ban_overridden);
    assert_null(rule->reason);
    assert_null(rule->cert);
    policy_free(policy);
}

static void reads_each_key(void **state) {
    (void)state;
    static const struct {
        const char *xml;
        enum key_kind kind;
        enum role role;
        const char *value;
        bool weak;
    } rows[] = {
        {"<certificate><sha256>" H32 "</sha256></certificate>", KEY_CERT_SHA256, ROLE_SIGNER, H32, false},
        {"<certificate role=\"chain\"><sha1>" H20 "</sha1></certificate>", KEY_CERT_SHA1, ROLE_CHAIN, H20, false},
        {"<certificate role=\"any\"><md5>" H16 "</md5></certificate>", KEY_CERT_MD5, ROLE_ANY, H16, true},
        {"<certificate role=\"bag\"><tbs-md5>" H16 "</tbs-md5></certificate>", KEY_TBS, ROLE_BAG, H16, true},
        {"<certificate role=\"timestamp\"><tbs-sha1>" H20 "</tbs-sha1></certificate>", KEY_TBS, ROLE_TIMESTAMP, H20, false},
        {"<certificate role=\"signer\"><tbs-sha256>" H32 "</tbs-sha256></certificate>", KEY_TBS, ROLE_SIGNER, H32, false},
        {"<certificate><tbs-sha384>" H48 "</tbs-sha384></certificate>", KEY_TBS, ROLE_SIGNER, H48, false},
        {"<certificate><tbs-sha512>" H64 "</tbs-sha512></certificate>", KEY_TBS, ROLE_SIGNER, H64, false},
        {"<certificate><spki-sha256>" H32 "</spki-sha256></certificate>", KEY_SPKI, ROLE_SIGNER, H32, false},
        {"<certificate><serial>00:F1:e2 d3-c4b5a69788</serial></certificate>", KEY_SERIAL, ROLE_SIGNER, "f1e2d3c4b5a69788", true},
        {"<certificate><serial issuer=\"CN=A,C=CY\">7</serial></certificate>", KEY_SERIAL, ROLE_SIGNER, "07", false},
        {"<certificate><serial issuer=\"CN=A,C=CY\">0000</serial></certificate>", KEY_SERIAL, ROLE_SIGNER, "00", false},
        {"<certificate><serial issuer-common-name=\"A CA\">0102</serial></certificate>", KEY_SERIAL, ROLE_SIGNER, "0102", true},
        {"<certificate><sha1>\xe2\x80\x8e" H20 " </sha1></certificate>", KEY_CERT_SHA1, ROLE_SIGNER, H20, false},
        {"<file><sha256>" H32 "</sha256></file>", KEY_FILE_SHA256, ROLE_ANY, H32, false},
        {"<file><sha1>" H20 "</sha1></file>", KEY_FILE_SHA1, ROLE_ANY, H20, false},
        {"<file><md5>" H16 "</md5></file>", KEY_FILE_MD5, ROLE_ANY, H16, true},
        {"<authenticode>" H16 "</authenticode>", KEY_AUTHENTICODE, ROLE_ANY, H16, true},
        {"<authenticode>" H20 "</authenticode>", KEY_AUTHENTICODE, ROLE_ANY, H20, false},
        {"<authenticode>" H64 "</authenticode>", KEY_AUTHENTICODE, ROLE_ANY, H64, false},
        {"<first-page>" H20 "</first-page>", KEY_FIRST_PAGE, ROLE_ANY, H20, true},
        {"<first-page>" H32 "</first-page>", KEY_FIRST_PAGE, ROLE_ANY, H32, true},
        {"<program> Ab\n c</program>", KEY_PROGRAM, ROLE_ANY, "41622063", true},
        {"<original-name>Ab</original-name>", KEY_ORIGINAL_NAME, ROLE_ANY, "4162", true},
        {"<cdhash>" H20 "</cdhash>", KEY_CDHASH, ROLE_ANY, H20, false},
        {"<team-id> 33cF4654HL\n</team-id>", KEY_TEAM_ID, ROLE_SIGNER,
         "33334346343635344"
         "84c",
         true},
        {"<subject common-name=\"Ab\"/>", KEY_SUBJECT, ROLE_SIGNER, "4162", true},
        {"<subject role=\"any\" organization=\"Ab\" issuer=\"CN=A\"/>", KEY_SUBJECT, ROLE_ANY, "", true},
        {"<subscriber eku=\"1.3.6.1.4.1.311.97.990309390\" issuer-organization=\"Microsoft Corporation\"/>", KEY_SUBSCRIBER, ROLE_SIGNER,
         "2b06010401823761"
         "83d89bd80e",
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char xml[1024];
        struct policy *policy;
        snprintf(xml, sizeof xml, "<ban id=\"k\">%s</ban>", rows[i].xml);
        const struct rule *rule = parse_rule(xml, &policy);
        assert_int_equal(rule->n_keys, 1);
        assert_int_equal(rule->keys[0].kind, rows[i].kind);
        assert_int_equal(rule->keys[0].role, rows[i].role);
        assert_hex(rule->keys[0].value, rows[i].value);
        if (rule->keys[0].weak != rows[i].weak) {
            fail_msg("weak is %d: %s", rule->keys[0].weak, rows[i].xml);
        }
        policy_free(policy);
    }
}

static void issuers_from_either_end(void **state) {
    (void)state;
    struct policy *policy;
    const struct rule *rule = parse_rule("<ban id=\"x\"><certificate><serial issuer=\"CN=some ca,O=Some\\, Ltd,C=CY\">01</serial>"
                                         "<serial issuer=\"C=CY,O=Some\\, Ltd,CN=Some  CA\">01</serial>"
                                         "<serial issuer-common-name=\" Some CA \">0203</serial><sha1>" H20 "</sha1></certificate></ban>",
                                         &policy);
    assert_int_equal(rule->n_keys, 4);
    assert_true(name_equal(rule->keys[0].issuer, rule->keys[1].issuer));
    assert_int_equal(rule->keys[2].issuer.n, 0);
    assert_true(bytes_is(rule->keys[2].issuer_common_name, "Some CA"));
    assert_int_equal(rule->keys[3].issuer.n, 0); /* the issuer of a serial is not the next key's */
    assert_int_equal(rule->keys[3].issuer_common_name.n, 0);
    policy_free(policy);
}

static void allow_rules_by_strong_keys_only(void **state) {
    (void)state;
    static const char *const good[] = {
        "<file><sha256>" H32 "</sha256></file>",
        "<certificate><sha256>" H32 "</sha256></certificate>",
        "<certificate><tbs-sha384>" H48 "</tbs-sha384></certificate>",
        "<certificate><spki-sha256>" H32 "</spki-sha256></certificate>",
        "<authenticode>" H32 "</authenticode>",
    };
    static const char *const bad[] = {
        "<file><sha1>" H20 "</sha1></file>",
        "<file><md5>" H16 "</md5></file>",
        "<certificate><sha1>" H20 "</sha1></certificate>",
        "<certificate><tbs-sha1>" H20 "</tbs-sha1></certificate>",
        "<authenticode>" H20 "</authenticode>",
        "<first-page>" H32 "</first-page>",
        "<program>Ab</program>",
        "<original-name>Ab</original-name>",
        "<cdhash>" H20 "</cdhash>",
        "<team-id>33CF4654HL</team-id>",
        "<subject common-name=\"Ab\"/>",
        "<certificate><serial issuer=\"CN=A\">0102</serial></certificate>",
        "<certificate><sha256>" H32 "</sha256><sha1>" H20 "</sha1></certificate>",
        "<subscriber eku=\"1.3.6\" issuer-organization=\"Ab\"/>",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char xml[1024];
        struct policy *policy;
        snprintf(xml, sizeof xml, "<allow id=\"a\">%s<reason>r</reason></allow>", good[i]);
        assert_true(parse_rule(xml, &policy)->allow);
        policy_free(policy);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char xml[1024];
        struct policy *policy;
        struct error err = {0};
        snprintf(xml, sizeof xml, HEAD "<allow id=\"a\">%s</allow></policy>", bad[i]);
        assert_false(policy_parse(bytes_text(xml), "test.xml", &policy, &err));
        if (strstr(err.text, "no allow rule may name by this; expected sha256") == NULL) {
            fail_msg("%s", err.text);
        }
    }
}

/* What is refused, with the words that must be in the sentence. schema: the schema refuses it too. */
static const struct {
    const char *xml, *words;
    bool schema;
} refusals[] = {
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"1\" issued=\"2024-01-01\">\n<title>x</title>\n<bann/>\n</policy>",
     "test.xml:3: element <bann>: not known here; expected title, reference, ban or allow", true},
    {"<policy id=\"x\" version=\"1\" issued=\"2024-01-01\"><title>x</title></policy>",
     "its namespace is \"\"; expected urn:certban:policy:1", true},
    {"<policy xmlns=\"urn:certban:policy:2\" id=\"x\" version=\"1\" issued=\"2024-01-01\"><title>x</title></policy>",
     "test.xml:1: element <policy>: its namespace", true},
    {"<other xmlns=\"urn:certban:policy:1\"/>", "element <other>: not known here; expected policy", true},
    {HEAD, "test.xml:2: no well-formed XML", true},
    {"nothing", "test.xml:1: no well-formed XML", true},
    {"<!DOCTYPE p [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>" HEAD "</policy>", "test.xml:1: DOCTYPE declarations are refused", true},
    {"<!DOCTYPE policy SYSTEM \"x.dtd\">" HEAD "</policy>", "DOCTYPE declarations are refused", true},
    {HEAD "<ban id=\"a\"><reason>&x;</reason><cdhash>" H20 "</cdhash></ban></policy>", "test.xml:2: no well-formed XML", true},
    {HEAD "</policy><more/>", "no well-formed XML", true},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"1\" issued=\"2024-01-01\"/>", "expected a whole <policy> with a title",
     true},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"1\" issued=\"2024-01-01\"><reference>a</reference></policy>",
     "element <reference>: expected title first", true},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"1\" issued=\"2024-01-01\"><title> </title></policy>",
     "is empty; expected text", false},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"-x\" version=\"1\" issued=\"2024-01-01\"><title>x</title></policy>",
     "its id is none; expected", true},
    {"<policy xmlns=\"urn:certban:policy:1\" version=\"1\" issued=\"2024-01-01\"><title>x</title></policy>", "has no id; expected", true},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"01\" issued=\"2024-01-01\"><title>x</title></policy>",
     "its version is none; expected", true},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" issued=\"2024-01-01\"><title>x</title></policy>", "has no version; expected", true},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"1\"><title>x</title></policy>", "has no issued; expected a day", true},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"1\" issued=\"2023-02-29\"><title>x</title></policy>",
     "issued is \"2023-02-29\"; expected a time", false},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"1\" issued=\"2024-01-01\" expires=\"2025-01-01\"><title>x</title></policy>",
     "expires is \"2025-01-01\"; expected a time", true},
    {"<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"1\" issued=\"2024-01-01\" colour=\"red\"><title>x</title></policy>",
     "attribute colour is not known; expected id version issued expires", true},
    {HEAD "<title>again</title></policy>", "element <title>: given twice; expected one", true},
    {HEAD "<ban id=\"a\"><cdhash>" H20 "</cdhash></ban><reference>r</reference></policy>", "stands behind a rule; expected ban or allow",
     true},
    {HEAD "text</policy>", "element <policy>: holds text; expected title, reference, ban or allow", true},
    {HEAD "<ban id=\"a\"/></policy>", "element <ban>: names nothing; expected certificate, file", true},
    {HEAD "<ban id=\"a\"><cdhash>" H20 "</cdhash></ban>\n<ban id=\"a\"><cdhash>" H20 "</cdhash></ban></policy>",
     "test.xml:3: element <ban>: id \"a\" is given twice", false},
    {HEAD "<ban><cdhash>" H20 "</cdhash></ban></policy>", "has no id", true},
    {HEAD "<ban id=\"a\" action=\"delete\"><cdhash>" H20 "</cdhash></ban></policy>",
     "action is \"delete\"; expected report, flag or quarantine", true},
    {HEAD "<ban id=\"a\" severity=\"bad\"><cdhash>" H20 "</cdhash></ban></policy>", "expected info, low, medium, high or critical", true},
    {HEAD "<ban id=\"a\" confidence=\"bad\"><cdhash>" H20 "</cdhash></ban></policy>", "expected low, medium, high or certain", true},
    {HEAD "<ban id=\"a\" weak=\"yes\"><cdhash>" H20 "</cdhash></ban></policy>", "weak is \"yes\"; expected accept", true},
    {HEAD "<ban id=\"a\" never-ban=\"yes\"><cdhash>" H20 "</cdhash></ban></policy>", "never-ban is \"yes\"; expected override", true},
    {HEAD "<ban id=\"a\" weak=\"accept\"><subject organization=\"Microsoft Corporation\"/></ban></policy>",
     "names a platform's own signers", false},
    {HEAD "<allow id=\"a\" action=\"flag\"><file><sha256>" H32 "</sha256></file></allow></policy>", "attribute action is not known", true},
    {HEAD "<ban id=\"a\"><sha256>" H32 "</sha256></ban></policy>",
     "element <sha256>: not known here; expected certificate, file, authenticode", true},
    {HEAD "<ban id=\"a\"><certificate/></ban></policy>", "names nothing; expected a hash, a serial or a der", true},
    {HEAD "<ban id=\"a\"><file/></ban></policy>", "names nothing; expected sha256, sha1 or md5", true},
    {HEAD "<ban id=\"a\"><certificate role=\"owner\"><sha1>" H20 "</sha1></certificate></ban></policy>",
     "expected signer, chain, timestamp, bag or any", true},
    {HEAD "<ban id=\"a\"><file size=\"0\"><sha1>" H20 "</sha1></file></ban></policy>", "size is \"0\"; expected a number of bytes", true},
    {HEAD "<ban id=\"a\"><cdhash><b/></cdhash></ban></policy>", "element <b>: not known here; expected text only", true},
    {HEAD "<ban id=\"a\"><subject common-name=\"Ab\"><b/></subject></ban></policy>", "element <b>: not known here; expected nothing", true},
    {HEAD "<ban id=\"a\"><reason>1</reason><reason>2</reason><cdhash>" H20 "</cdhash></ban></policy>", "element <reason>: given twice",
     true},
    {HEAD "<ban id=\"a\"><only/><cdhash>" H20 "</cdhash></ban></policy>", "holds no condition; expected at least one", false},
    {HEAD "<ban id=\"a\"><first-page>" H16 "</first-page></ban></policy>", "has 32 hexadecimal digits; expected 40 or 64", true},
    {HEAD "<ban id=\"a\"><program>*</program></ban></policy>", "element <program>: is \"*\"; expected a whole name, no pattern", false},
    {HEAD "<ban id=\"a\"><original-name>a</original-name></ban></policy>", "is \"a\"; expected a whole name, no pattern", false},
    {HEAD "<ban id=\"a\"><only><issued-under>" H16 "00</issued-under></only><cdhash>" H20 "</cdhash></ban></policy>",
     "has 34 hexadecimal digits", true},
    {HEAD "<ban id=\"a\"><only><eku>1.3.</eku></only><cdhash>" H20 "</cdhash></ban></policy>", "expected a dotted object identifier", true},
    {HEAD "<ban id=\"a\"><only><no-eku>1.40.1</no-eku></only><cdhash>" H20 "</cdhash></ban></policy>",
     "expected a dotted object identifier", false},
    {HEAD "<ban id=\"a\"><only><path>a</path><path>b</path></only><cdhash>" H20 "</cdhash></ban></policy>", "element <path>: given twice",
     true},
    {HEAD "<ban id=\"a\"><certificate>\n<sha256>" H20 "</sha256></certificate></ban></policy>",
     "test.xml:3: element <sha256>: has 40 hexadecimal digits; expected 64", true},
    {HEAD "<ban id=\"a\"><certificate><sha1>" H16 "0123456</sha1></certificate></ban></policy>", "has 39 hexadecimal digits; expected 40",
     true},
    {HEAD "<ban id=\"a\"><certificate><sha1>0x" H20 "</sha1></certificate></ban></policy>", "and something else; expected 40", true},
    {HEAD "<ban id=\"a\"><certificate><sha1></sha1></certificate></ban></policy>", "has 0 hexadecimal digits", true},
    {HEAD "<ban id=\"a\"><certificate><sha1>" H16 "0123456g</sha1></certificate></ban></policy>", "something else; expected 40", true},
    {HEAD "<ban id=\"a\"><authenticode>" H16 "0123</authenticode></ban></policy>", "expected 32, 40, 64, 96 or 128", true},
    {HEAD "<ban id=\"a\"><cdhash>" H32 "</cdhash></ban></policy>", "has 64 hexadecimal digits; expected 40", true},
    {HEAD "<ban id=\"a\"><file><sha256>e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855</sha256></file></ban></policy>",
     "is the hash of nothing", false},
    {HEAD "<ban id=\"a\"><file><md5>D41D8CD98F00B204E9800998ECF8427E</md5></file></ban></policy>", "is the hash of nothing", false},
    {HEAD "<ban id=\"a\"><file><sha1>da39a3ee5e6b4b0d3255bfef95601890afd80709</sha1></file></ban></policy>", "is the hash of nothing",
     false},
    {HEAD "<ban id=\"a\"><cdhash>0000000000000000000000000000000000000000</cdhash></ban></policy>", "or filler", false},
    {HEAD "<ban id=\"a\"><cdhash>ffffffffffffffffffffffffffffffffffffffff</cdhash></ban></policy>", "or filler", false},
    {HEAD "<ban id=\"a\"><certificate><serial>01020304050607</serial></certificate></ban></policy>",
     "serial of 7 octets; expected an issuer", false},
    {HEAD "<ban id=\"a\"><certificate><serial>0000000000000000000102</serial></certificate></ban></policy>",
     "serial of 2 octets; expected an issuer", false},
    {HEAD "<ban id=\"a\"><certificate><serial issuer-common-name=\"A CA\">00</serial></certificate></ban></policy>", "serial of 1 octets",
     false},
    {HEAD "<ban id=\"a\"><certificate><serial>" H64 "00</serial></certificate></ban></policy>", "is no serial; expected 1 to 64 octets",
     true},
    {HEAD "<ban id=\"a\"><certificate><serial>*</serial></certificate></ban></policy>", "is no serial", true},
    {HEAD "<ban id=\"a\"><certificate><serial issuer=\"CN=A\" issuer-common-name=\"A\">01</serial></certificate></ban></policy>",
     "expected one of them", true},
    {HEAD "<ban id=\"a\"><certificate><serial issuer=\"Some CA\">01</serial></certificate></ban></policy>", "issuer is no name", false},
    {HEAD "<ban id=\"a\"><certificate><serial issuer=\" \">01</serial></certificate></ban></policy>", "is empty", false},
    {HEAD "<ban id=\"a\"><certificate><der>!</der></certificate></ban></policy>", "element <der>: is no base64", false},
    {HEAD "<ban id=\"a\"><certificate><der>MAMCAQE=</der></certificate></ban></policy>", "element <der>: is no certificate", false},
    {HEAD "<ban id=\"a\"><team-id>33CF4654H</team-id></ban></policy>", "is \"33CF4654H\"; expected ten letters and digits", true},
    {HEAD "<ban id=\"a\"><team-id>33CF4654H*</team-id></ban></policy>", "expected ten letters and digits", true},
    {HEAD "<ban id=\"a\"><subject/></ban></policy>", "names nobody; expected common-name or organization", true},
    {HEAD "<ban id=\"a\"><subject common-name=\"*\"/></ban></policy>", "expected a whole name, no pattern", false},
    {HEAD "<ban id=\"a\"><subject common-name=\"Micro*\"/></ban></policy>", "expected a whole name, no pattern", false},
    {HEAD "<ban id=\"a\"><subject organization=\"A\"/></ban></policy>", "expected a whole name, no pattern", false},
    {HEAD "<ban id=\"a\"><subject organization=\"???\"/></ban></policy>", "expected a whole name, no pattern", false},
    {HEAD "<ban id=\"a\"><subject organization=\"microsoft  corporation\"/></ban></policy>", "names a platform's own signers", false},
    {HEAD "<ban id=\"a\"><subject common-name=\"Microsoft Windows\"/></ban></policy>", "names a platform's own signers", false},
    {HEAD "<ban id=\"a\"><subscriber issuer-organization=\"Ab\"/></ban></policy>", "has no eku", true},
    {HEAD "<ban id=\"a\"><subscriber eku=\"1.3.\" issuer-organization=\"Ab\"/></ban></policy>", "its eku is none", true},
    {HEAD "<ban id=\"a\"><subscriber eku=\"1.40.1\" issuer-organization=\"Ab\"/></ban></policy>", "its eku is none", false},
    {HEAD "<ban id=\"a\"><subscriber eku=\"1.3.6\"/></ban></policy>", "has no issuer-organization", true},
    {HEAD "<ban id=\"a\"><only><signed-after>2024-01-01</signed-after></only><cdhash>" H20 "</cdhash></ban></policy>",
     "expected a time with its zone", true},
    {HEAD "<ban id=\"a\"><only><signed-after>2024-01-01T00:00:00</signed-after></only><cdhash>" H20 "</cdhash></ban></policy>",
     "expected a time with its zone", true},
    {HEAD "<ban id=\"a\"><only><signed-after>9999-01-01T00:00:00Z</signed-after></only><cdhash>" H20 "</cdhash></ban></policy>",
     "of 1990 to 2100", false},
    {HEAD "<ban id=\"a\"><only><signed-before>1989-12-31T00:00:00Z</signed-before></only><cdhash>" H20 "</cdhash></ban></policy>",
     "of 1990 to 2100", false},
    {HEAD "<ban id=\"a\"><only><signed-after>2024-13-01T00:00:00Z</signed-after></only><cdhash>" H20 "</cdhash></ban></policy>",
     "expected a time", false},
    {HEAD "<ban id=\"a\"><only><signed-after>2024-01-01T24:00:00Z</signed-after></only><cdhash>" H20 "</cdhash></ban></policy>",
     "expected a time", false},
    {HEAD "<ban "
          "id=\"a\"><only><signed-after>2024-02-01T00:00:00Z</signed-after><signed-before>2024-01-01T00:00:00Z</signed-before></"
          "only><cdhash>" H20 "</cdhash></ban></policy>",
     "expected a time that can be met", false},
    {HEAD "<ban id=\"a\"><only><platform>amiga</platform></only><cdhash>" H20 "</cdhash></ban></policy>",
     "is \"amiga\"; expected windows or macos", true},
    {HEAD "<ban id=\"a\"><only><version/></only><cdhash>" H20 "</cdhash></ban></policy>", "expected min or max or both", true},
    {HEAD "<ban id=\"a\"><only><version min=\"1.2.3.4.5\"/></only><cdhash>" H20 "</cdhash></ban></policy>", "expected min or max or both",
     true},
    {HEAD "<ban id=\"a\"><only><version min=\"70000\"/></only><cdhash>" H20 "</cdhash></ban></policy>", "expected min or max or both",
     false},
    {HEAD "<ban id=\"a\"><only><version min=\"2\" max=\"1.9\"/></only><cdhash>" H20 "</cdhash></ban></policy>", "min is above max", false},
    {HEAD "<ban id=\"a\"><only><product> </product></only><cdhash>" H20 "</cdhash></ban></policy>", "element <product>: is empty", false},
    {HEAD "<x:include xmlns:x=\"http://www.w3.org/2001/XInclude\" href=\"/etc/passwd\"/></policy>", "element <include>: its namespace",
     true},
};

static void refuses_with_the_line_and_what_was_expected(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct policy *policy = NULL;
        struct error err = {0};
        struct bytes xml = bytes_text(refusals[i].xml);
        if (policy_parse(xml, "test.xml", &policy, &err)) {
            fail_msg("taken: %s", refusals[i].xml);
        }
        assert_null(policy);
        if (strstr(err.text, refusals[i].words) == NULL || strncmp(err.text, "test.xml:", 9) != 0) {
            fail_msg("\"%s\" does not say \"%s\": %s", err.text, refusals[i].words, refusals[i].xml);
        }
        assert_int_equal(err.kind, ERR_MALFORMED);
        bool schema = !policy_validate(xml, "test.xml", &err);
        if (schema != refusals[i].schema) {
            fail_msg("the schema %s this: %s", schema ? "refuses" : "takes", refusals[i].xml);
        }
    }
}

static void only_an_override_names_a_platform(void **state) {
    (void)state;
    struct policy *policy;
    const struct rule *rule =
        parse_rule("<ban id=\"a\" never-ban=\"override\"><subject organization=\"Microsoft Corporation\"/></ban>", &policy);
    assert_true(rule->never_ban_overridden);
    assert_false(rule->weak_accepted);
    policy_free(policy);
}

static void a_policy_expires_with_all_its_rules(void **state) {
    (void)state;
    struct policy *policy = parse("<policy xmlns=\"urn:certban:policy:1\" id=\"x\" version=\"7\" issued=\"2024-01-01T10:00:00Z\" "
                                  "expires=\"2025-01-01T00:00:00Z\"><title>x</title><reference>one</reference><reference>two</reference>"
                                  "<ban id=\"a\" expires=\"2024-06-01T00:00:00Z\"><cdhash>" H20 "</cdhash></ban>"
                                  "<ban id=\"b\" expires=\"2026-06-01T00:00:00Z\"><cdhash>" H20 "</cdhash></ban></policy>");
    assert_int_equal(policy->rules[0].expires, 1717200000);
    assert_int_equal(policy->rules[1].expires, 1735689600);
    assert_int_equal(policy->version, 7);
    assert_string_equal(policy_reference(policy, 1), "two");
    assert_null(policy_reference(policy, 2));
    policy_free(policy);
}

static void ten_thousand_rules(void **state) {
    (void)state;
    enum { RULES = 10000 };
    struct text xml = {0};
    struct policy *policy;
    struct error err = {0};
    text_add(&xml, HEAD);
    for (unsigned i = 0; i < RULES; i++) {
        text_addf(&xml, "<ban id=\"r%u\"><file><sha256>%08x%s</sha256></file></ban>\n", i, i * 2654435761u, H16 "0123456789abcdef01234567");
    }
    text_add(&xml, "</policy>");
    assert_true(policy_parse(bytes_make(xml.p, xml.n), "big.xml", &policy, &err));
    assert_int_equal(policy->n_rules, RULES);
    assert_int_equal(policy_line(policy, RULES - 1), RULES + 1);
    policy_free(policy);
    /* Cut anywhere it is refused, and never half of it taken. */
    for (size_t n = xml.n - 1; n > 0; n -= n > 9973 ? 9973 : n) {
        assert_false(policy_parse(bytes_make(xml.p, n), "big.xml", &policy, &err));
    }
    text_free(&xml);
}

/* Every cut and every flipped bit of a small policy: refused or taken, never a crash. */
static void truncated_and_flipped(void **state) {
    (void)state;
    static const char xml[] =
        HEAD "<ban id=\"a\" weak=\"accept\"><certificate role=\"chain\"><serial issuer=\"CN=A\">0102</serial></certificate>"
             "<only><version min=\"1\"/></only><reason>r</reason></ban></policy>";
    char copy[sizeof xml];
    for (size_t n = 0; n < sizeof xml - 1; n++) {
        struct policy *policy = NULL;
        assert_false(policy_parse(bytes_make(xml, n), "cut.xml", &policy, NULL));
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, xml, sizeof xml);
            copy[n] = (char)(copy[n] ^ (1 << bit));
            if (policy_parse(bytes_make(copy, sizeof xml - 1), "flip.xml", &policy, NULL)) {
                policy_free(policy);
            }
        }
    }
}

static void a_long_origin_keeps_the_line(void **state) {
    (void)state;
    char origin[4096];
    struct policy *policy;
    struct error err = {0};
    memset(origin, 'd', sizeof origin);
    memcpy(origin + sizeof origin - 6, "/x.xml", 6);
    origin[sizeof origin - 1] = '\0';
    assert_false(policy_parse(bytes_text(HEAD "<bann/></policy>"), origin, &policy, &err));
    assert_non_null(strstr(err.text, "/x.xm:2: element <bann>: not known here; expected title"));
}

static void values(void **state) {
    (void)state;
    struct arena arena = arena_make(1 << 16);
    struct bytes out;
    int64_t t;
    assert_true(value_time(bytes_text("2000-02-29t12:00:00.5z"), false, &t));
    assert_int_equal(t, 951825600);
    assert_false(value_time(bytes_text("2100-02-29T00:00:00Z"), false, &t));
    assert_true(value_base64(bytes_text("Zm9v YmE="), &arena, &out));
    assert_true(bytes_is(out, "fooba"));
    assert_true(value_base64(bytes_text("Zg=="), &arena, &out));
    assert_true(bytes_is(out, "f"));
    assert_false(value_base64(bytes_text("Zg="), &arena, &out));
    assert_false(value_base64(bytes_text("Zm9v="), &arena, &out));
    assert_false(value_base64(bytes_text("Z=g="), &arena, &out));
    assert_false(value_base64(bytes_text(""), &arena, &out));
    assert_true(value_oid(bytes_text("2.999.3"), &arena, &out));
    assert_hex(out, "883703");
    assert_true(value_oid(bytes_text("1.2.9223372036854775807"), &arena, &out));
    assert_false(value_oid(bytes_text("1"), &arena, &out));
    assert_false(value_oid(bytes_text(""), &arena, &out));
    assert_false(value_oid(bytes_text("1..2"), &arena, &out));
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_of_a_rule),
        cmocka_unit_test(defaults_are_modest),
        cmocka_unit_test(reads_each_key),
        cmocka_unit_test(issuers_from_either_end),
        cmocka_unit_test(allow_rules_by_strong_keys_only),
        cmocka_unit_test(refuses_with_the_line_and_what_was_expected),
        cmocka_unit_test(only_an_override_names_a_platform),
        cmocka_unit_test(a_policy_expires_with_all_its_rules),
        cmocka_unit_test(ten_thousand_rules),
        cmocka_unit_test(truncated_and_flipped),
        cmocka_unit_test(a_long_origin_keeps_the_line),
        cmocka_unit_test(values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
