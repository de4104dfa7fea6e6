/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "../fuzz/hostile.h"
#include "asn1/name.h"
#include "build.h"

#include "../with_arena.h" /* the last: its arena has the name of many parameters */

static struct bytes pair(const char *dotted, uint8_t tag, struct bytes value) {
    return SEQ(build_dotted(arena, dotted), PRIM(tag, value));
}

static struct bytes rdn(const char *dotted, uint8_t tag, struct bytes value) {
    return SET(pair(dotted, tag, value));
}

#define COUNTRY "2.5.4.6"
#define ORGANIZATION "2.5.4.10"
#define COMMON_NAME "2.5.4.3"

static struct bytes usual(const char *organization) {
    return SEQ(rdn(COUNTRY, DER_PRINTABLE, B("CY")), rdn(ORGANIZATION, DER_UTF8, bytes_text(organization)),
               rdn(COMMON_NAME, DER_UTF8, bytes_text(organization)));
}

/* What OpenSSL prints for the same name. */
static const char *openssl_text(struct bytes name) {
    const unsigned char *p = name.p;
    X509_NAME *x = d2i_X509_NAME(NULL, &p, (long)name.n);
    if (x == NULL) {
        return NULL; /* surrogates in a BMPString and values that are no strings, which are met all the same */
    }
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(bio, x, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    char *text;
    long n = BIO_get_mem_data(bio, &text);
    const char *copy = arena_printf(arena, "%.*s", (int)n, text);
    BIO_free(bio);
    X509_NAME_free(x);
    return copy;
}

static void printed_as_openssl_does(void **state) {
    (void)state;
    const struct {
        struct bytes name;
        const char *text;
    } rows[] = {
        {usual("3CX Ltd"), "CN=3CX Ltd,O=3CX Ltd,C=CY"},
        {usual(" #a,b+c\"d\\e<f>g;h "), NULL},
        {usual("#tag\x01\x7f"), NULL},
        {usual("J\xc3\xbcrgen"), NULL},
        {SEQ(bytes_none()), ""},
        {SEQ(SET(pair(COMMON_NAME, DER_UTF8, B("a")), pair("2.5.4.5", DER_PRINTABLE, B("7"))), rdn(COUNTRY, DER_PRINTABLE, B("CY"))),
         "C=CY,serialNumber=7+CN=a"},
        {SEQ(rdn(COMMON_NAME, DER_BMP, B("\0J\0\xfc\x20\xac\xd8\x3d\xde\x00"))), "CN=J\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
        {SEQ(rdn(COMMON_NAME, DER_UNIVERSAL, B("\0\0\0J\0\x01\xf6\0"))), NULL},
        {SEQ(rdn(COMMON_NAME, DER_T61, B("J\xfcrgen"))), NULL},
        {SEQ(rdn("1.2.3.4", DER_UTF8, B("x"))), "1.2.3.4=#0C0178"},
        {SEQ(rdn(COMMON_NAME, DER_OCTET_STRING, B("x"))), "CN=#040178"},
        {SEQ(rdn("0.9.2342.19200300.100.1.25", DER_IA5, B("org")), rdn("0.9.2342.19200300.100.1.1", DER_UTF8, B("7")),
             rdn("1.2.840.113549.1.9.1", DER_IA5, B("a@b")), rdn("2.5.4.8", DER_UTF8, B("s")), rdn("2.5.4.7", DER_UTF8, B("l")),
             rdn("2.5.4.9", DER_UTF8, B("s")), rdn("2.5.4.17", DER_UTF8, B("p")), rdn("2.5.4.12", DER_UTF8, B("t")),
             rdn("2.5.4.42", DER_UTF8, B("g")), rdn("2.5.4.4", DER_UTF8, B("s")), rdn("2.5.4.15", DER_UTF8, B("b")),
             rdn("1.3.6.1.4.1.311.60.2.1.1", DER_UTF8, B("l")), rdn("1.3.6.1.4.1.311.60.2.1.2", DER_UTF8, B("s")),
             rdn("1.3.6.1.4.1.311.60.2.1.3", DER_UTF8, B("c")), rdn("2.5.4.11", DER_UTF8, B("u")), rdn("2.5.4.97", DER_UTF8, B("o")),
             rdn("2.5.4.13", DER_UTF8, B("d")), rdn("2.5.4.46", DER_PRINTABLE, B("q")), rdn("2.5.4.41", DER_UTF8, B("n")),
             rdn("2.5.4.43", DER_UTF8, B("i")), rdn("2.5.4.65", DER_UTF8, B("p")), rdn("2.5.4.44", DER_UTF8, B("g")),
             rdn("2.5.4.45", DER_UTF8, B("u")), rdn("2.5.4.18", DER_UTF8, B("b")), rdn("2.5.4.16", DER_UTF8, B("a")),
             rdn("2.5.4.20", DER_PRINTABLE, B("1")), rdn("1.2.840.113549.1.9.2", DER_UTF8, B("u")),
             rdn("1.2.840.113549.1.9.8", DER_UTF8, B("u"))),
         NULL},
    };
    size_t compared = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = name_text(rows[i].name, arena);
        assert_non_null(text);
        if (rows[i].text != NULL) {
            assert_string_equal(text, rows[i].text);
        }
        const char *theirs = openssl_text(rows[i].name);
        assert_true(theirs != NULL || rows[i].text != NULL);
        assert_string_equal(text, theirs != NULL ? theirs : rows[i].text);
        compared += theirs != NULL;
    }
    assert_int_equal(compared, sizeof rows / sizeof *rows - 2);
    assert_string_equal(name_text(bytes_none(), arena), "");
    assert_string_equal(name_text(B("\x04\x01x"), arena), "");
    assert_string_equal(name_text(SEQ(rdn(COMMON_NAME, DER_UTF8, B("good.example\0.evil"))), arena), "CN=good.example\\00.evil");
}

static void attributes_in_utf8(void **state) {
    (void)state;
    struct bytes name = SEQ(rdn(COMMON_NAME, DER_UTF8, B("first")), rdn(COMMON_NAME, DER_BMP, B("\0l\0\xe4\0s\0t")));
    assert_string_equal(name_attribute(name, OID_AT_COMMON_NAME, arena), "l\xc3\xa4st");
    assert_string_equal(name_attribute(name, OID_AT_ORGANIZATION, arena), "");
    assert_string_equal(name_attribute(SEQ(rdn(COMMON_NAME, DER_UTF8, B("a\0b\xff\0"))), OID_AT_COMMON_NAME, arena), "a\xef\xbf\xbd"
                                                                                                                     "b\xef\xbf\xbd");
}

static void compared_by_attribute(void **state) {
    (void)state;
    struct bytes base = usual("3CX Ltd");
    const struct {
        struct bytes other;
        bool equal;
    } rows[] = {
        {base, true},
        {usual("3cx  LTD"), true},
        {usual(" 3CX\tLtd  "), true},
        {usual("3CXLtd"), false},
        {usual("3CX Ltd."), false},
        {usual(""), false},
        {SEQ(rdn(COUNTRY, DER_UTF8, B("cy")), rdn(ORGANIZATION, DER_PRINTABLE, B("3CX Ltd")),
             rdn(COMMON_NAME, DER_BMP,
                 B("\0"
                   "3\0C\0X\0 \0L\0t\0d"))),
         true},
        {SEQ(rdn(ORGANIZATION, DER_UTF8, B("3CX Ltd")), rdn(COUNTRY, DER_PRINTABLE, B("CY")), rdn(COMMON_NAME, DER_UTF8, B("3CX Ltd"))),
         false},
        {SEQ(rdn(COUNTRY, DER_PRINTABLE, B("CY")), rdn(ORGANIZATION, DER_UTF8, B("3CX Ltd"))), false},
        {SEQ(rdn(COUNTRY, DER_PRINTABLE, B("CY")),
             SET(pair(ORGANIZATION, DER_UTF8, B("3CX Ltd")), pair(COMMON_NAME, DER_UTF8, B("3CX Ltd")))),
         false},
        {bytes_none(), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(name_equal(base, rows[i].other), rows[i].equal);
        assert_int_equal(name_equal(rows[i].other, base), rows[i].equal);
        if (rows[i].equal) {
            assert_true(name_hash(base) == name_hash(rows[i].other));
        }
    }
    assert_true(name_hash(base) != name_hash(usual("3CX Ltd.")));
    assert_true(name_hash(base) != name_hash(SEQ(bytes_none())));
    assert_true(name_equal(usual("\xc3\x84\xd0\x96\xce\xa3"), usual("\xc3\xa4\xd0\xb6\xcf\x82"))); /* ÄЖΣ, äжς */
    assert_false(name_equal(bytes_none(), bytes_none()));
    assert_true(name_equal(SEQ(bytes_none()), SEQ(bytes_none())));
    /* An RDN is a set. */
    struct bytes a = pair(ORGANIZATION, DER_UTF8, B("a")), b = pair(COMMON_NAME, DER_UTF8, B("b")), c = pair(COMMON_NAME, DER_UTF8, B("c"));
    assert_true(name_equal(SEQ(SET(a, b)), SEQ(SET(b, a))));
    assert_false(name_equal(SEQ(SET(b, b)), SEQ(SET(b, c))));
    assert_false(name_equal(SEQ(SET(b, c)), SEQ(SET(b, b))));
}

static void matched_with_text(void **state) {
    (void)state;
    struct bytes name = usual("3CX, Ltd");
    static const struct {
        const char *text;
        bool equal;
    } rows[] = {
        {"CN=3CX\\, Ltd,O=3CX\\, Ltd,C=CY", true},
        {"C=CY, O=\"3CX, Ltd\", CN=\"3CX, Ltd\"", true},
        {"c = cy ; o = 3cx\\2C ltd ; cn = 3CX\\,  LTD", true},
        {"C=CY,O=3CX, Ltd,CN=3CX, Ltd", true},
        {"/C=CY/O=3CX, Ltd/CN=3CX, Ltd", true},
        {"2.5.4.6=CY,OID.2.5.4.10=3CX\\, Ltd,CN=3CX\\, Ltd", true},
        {"CN=#0C083343582C204C7464,O=3CX\\, Ltd,C=CY", true},
        {"O=3CX\\, Ltd,CN=3CX\\, Ltd,C=CY", false},
        {"CN=3CX\\, Ltd,O=3CX\\, Ltd", false},
        {"CN=3CX\\, Ltd,O=3CX\\, Ltd,C=CZ", false},
        {"CN=3CX\\, Ltd+O=3CX\\, Ltd,C=CY", false},
        {"", false},
        {"3CX", false},
        {"CN=\"3CX", false},
        {"CN=3CX\\", false},
        {"X9=3CX", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(name_matches_text(name, rows[i].text), rows[i].equal);
    }
    struct bytes several =
        SEQ(SET(pair(COMMON_NAME, DER_UTF8, B("a")), pair("2.5.4.5", DER_PRINTABLE, B("7"))), rdn(COUNTRY, DER_PRINTABLE, B("CY")));
    assert_true(name_matches_text(several, "serialNumber=7+CN=a,C=CY"));
    assert_true(name_matches_text(several, "C=CY,CN=a+serialNumber=7"));
    assert_true(name_matches_text(SEQ(rdn(COMMON_NAME, DER_UTF8, B("a\"b "))), "CN=\"a\"\"b \""));
}

/* What is printed can be read again, and is the same name. */
static void text_and_back(void **state) {
    (void)state;
    struct bytes name, names[] = {usual(" #a,b+c\"d\\e<f>g;h "), usual("J\xc3\xbcrgen"), usual("x\x01"), usual("a, CN=b"),
                                  SEQ(rdn(COUNTRY, DER_PRINTABLE, B("CY")), rdn("1.2.3.4", DER_UTF8, B("x")))};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(name_from_text(name_text(names[i], arena), arena, &name, NULL));
        assert_true(name_equal(names[i], name));
    }
    assert_true(name_from_text("C=US,O=x,CN=y", arena, &name, NULL));
    assert_string_equal(name_text(name, arena), "CN=y,O=x,C=US");
    assert_true(name_from_text("O=x,C=US", arena, &name, NULL));
    assert_string_equal(name_text(name, arena), "O=x,C=US");
    struct error err = {0};
    assert_false(name_from_text("nothing", arena, &name, &err));
    assert_int_equal(err.kind, ERR_USAGE);
}

static void odd_names(void **state) {
    (void)state;
    static const struct {
        const char *value;
        bool odd;
    } rows[] = {
        {"3CX Ltd", false},
        {"J\xc3\xbcrgen M\xc3\xbcller GmbH", false},
        {"\xd0\x9e\xd0\x9e\xd0\x9e Software", false}, /* ООО Software: two scripts, but not in one word */
        {"3C\xd0\xa5 Ltd", true},                     /* a Cyrillic Х */
        {"Micr\xce\xbfsoft", true},                   /* a Greek ο */
        {"a\nb", true},
        {"a\xe2\x80\xae", true},    /* U+202E */
        {"a\xe2\x80\x8b", true},    /* U+200B */
        {"a\xc2\x9b", true},        /* C1 */
        {"a\xff", true},            /* no UTF-8 */
        {"\xf0\x9d\x90\x80", true}, /* a mathematical A */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(name_odd(usual(rows[i].value)), rows[i].odd);
    }
    assert_true(name_odd(SEQ(rdn(COMMON_NAME, DER_UTF8, B("a\0b")))));
    assert_true(name_odd(B("\x30\x02\x31")));
}

static void any(struct bytes b, struct arena *its, void *context) {
    (void)context;
    struct bytes name;
    const char *text = name_text(b, its);
    if (text != NULL) {
        name_matches_text(b, text);
        if (name_from_text(text, its, &name, NULL)) {
            name_equal(b, name);
        }
    }
    name_attribute(b, OID_AT_COMMON_NAME, its);
    name_hash(b);
    name_odd(b);
}

static void hostile(void **state) {
    (void)state;
    struct bytes name = SEQ(rdn(COUNTRY, DER_PRINTABLE, B("CY")),
                            SET(pair(COMMON_NAME, DER_BMP, B("\0a\xd8\x3d\xde\x00")), pair("1.2.3", DER_UTF8, B(" x\\,"))));
    hostile_cuts(name, 1, any, NULL);
    hostile_flips(name, 1, any, NULL);
    hostile_caps(name, 128 << 10, 1021, any, NULL);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(printed_as_openssl_does),
        T(attributes_in_utf8),
        T(compared_by_attribute),
        T(matched_with_text),
        T(text_and_back),
        T(odd_names),
        T(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
