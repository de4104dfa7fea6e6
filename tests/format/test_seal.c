/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "../fuzz/hostile.h"
#include "format/pattern.h"
#include "format/seal.h"

#include "../with_arena.h" /* the last: its arena has the name of many parameters */

static void expressions(void **state) {
    (void)state;
    static const struct {
        const char *expression, *text;
        bool fits;
    } rows[] = {
        {"^.*", "", true},
        {"^[^/]+$", "a.dylib", true},
        {"^[^/]+$", "a/b", false},
        {"^(Frameworks|Plug-ins|Library/(Automator|LoginItems))/", "Frameworks/x", true},
        {"^(Frameworks|Plug-ins|Library/(Automator|LoginItems))/", "Library/LoginItems/x", true},
        {"^(Frameworks|Plug-ins|Library/(Automator|LoginItems))/", "Library/x", false},
        {".*\\.dSYM($|/)", "a.dSYM", true},
        {".*\\.dSYM($|/)", "a.dSYM/b", true},
        {".*\\.dSYM($|/)", "a.dSYMs", false},
        {".*\\.dSYM($|/)", "axdSYM", false},
        {"^(.*/)?\\.DS_Store$", ".DS_Store", true},
        {"^(.*/)?\\.DS_Store$", "a/b/.DS_Store", true},
        {"^(.*/)?\\.DS_Store$", "a.DS_Store", false},
        {"^Resources/.*\\.lproj/locversion.plist$", "Resources/en.lproj/locversion.plist", true},
        {"b", "abc", true}, /* a part is enough */
        {"^b", "abc", false},
        {"a+b?c", "aac", true},
        {"^a+b?c$", "abbc", false},
        {"[a-c]+[]x-]$", "abc]", true},
        {"[a-c]+[]x-]$", "abc-", true},
        {"^[^a-c]$", "b", false},
        {"^(?:a|b|)$", "", true},
        {"^(a|b|cd)*$", "acdb", true},
        {"^(a|b|cd)*$", "acb", false},
        {"^(a*)*$", "aaaa", true},
        {"^\\^\\$\\.\\[$", "^$.[", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct pattern *pattern;
        struct error err;
        assert_true(pattern_make(bytes_text(rows[i].expression), arena, &pattern, &err));
        if (pattern_fits(pattern, bytes_text(rows[i].text)) != rows[i].fits) {
            fail_msg("%s on \"%s\"", rows[i].expression, rows[i].text);
        }
    }
}

static void what_is_not_understood(void **state) {
    (void)state;
    static const char *const rows[] = {"*", "a{2,3}", "(a", "a)", "[a", "\\1", "\\w", "a\\", "[[:alpha:]]", "+a", "(?=a)"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct pattern *pattern;
        struct error err = {0};
        if (pattern_make(bytes_text(rows[i]), arena, &pattern, &err) || err.kind != ERR_UNSUPPORTED) {
            fail_msg("%s was taken", rows[i]);
        }
    }
    char deep[200];
    const struct pattern *pattern;
    memset(deep, '(', sizeof deep);
    assert_false(pattern_make(bytes_make(deep, sizeof deep), arena, &pattern, NULL));
}

static void no_expression_is_slow(void **state) {
    (void)state;
    static const char slow[] = "^(a*)*(a|aa)+(.*)*(.*.*.*)*$x";
    const struct pattern *pattern;
    char text[4096];
    memset(text, 'a', sizeof text);
    clock_t start = clock();
    assert_true(pattern_make(bytes_text(slow), arena, &pattern, NULL));
    assert_false(pattern_fits(pattern, bytes_make(text, sizeof text)));
    assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
}

#define DICT(inside) "<dict>" inside "</dict>"
#define KEY(name, value) "<key>" name "</key>" value
static const char sample[] = "<plist version=\"1.0\">" DICT(
    KEY("files", DICT(KEY("old", "<data>AAAAAAAAAAAAAAAAAAAAAAAAAAA=</data>"))) KEY(
        "files2", DICT(KEY("b", DICT(KEY("hash2", "<data>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</data>") KEY("optional", "<true/>")))
                           KEY("a", DICT(KEY("symlink", "<string>b</string>")))
                               KEY("N.app", DICT(KEY("cdhash", "<data>AAAAAAAAAAAAAAAAAAAAAAAAAAA=</data>")
                                                     KEY("requirement", "<string>identifier \"n\"</string>")))))
        KEY("rules2", DICT(KEY("^.*", "<true/>") KEY("^R/", DICT(KEY("weight", "<real>20</real>") KEY("omit", "<true/>")))
                               KEY("^R/x", DICT(KEY("weight", "<integer>21</integer>") KEY("nested", "<true/>")))))) "</plist>";

static void a_seal(void **state) {
    (void)state;
    struct seal seal;
    struct error err;
    assert_true(seal_read(bytes_text(sample), arena, &seal, &err));
    assert_false(seal.old);
    assert_int_equal(seal.n_entries, 3);
    assert_int_equal(seal_find(&seal, "b")->sha256.n, 32);
    assert_true(seal_find(&seal, "b")->optional);
    assert_string_equal(seal_find(&seal, "a")->link, "b");
    assert_int_equal(seal_find(&seal, "N.app")->cdhash.n, 20);
    assert_null(seal_find(&seal, "old"));
    assert_false(seal_rule_for(&seal, "a")->omit);
    assert_true(seal_rule_for(&seal, "R/a")->omit);
    assert_true(seal_rule_for(&seal, "R/x")->nested);
}

static void an_old_seal(void **state) {
    (void)state;
    static const char old[] = "<plist version=\"1.0\">" DICT(KEY("files", DICT(KEY("R/a", "<data>AAAAAAAAAAAAAAAAAAAAAAAAAAA=</data>")))
                                                                 KEY("rules", DICT(KEY("^R/", "<true/>")))) "</plist>";
    struct seal seal;
    assert_true(seal_read(bytes_text(old), arena, &seal, NULL));
    assert_true(seal.old);
    assert_int_equal(seal_find(&seal, "R/a")->sha1.n, 20);
    assert_null(seal_rule_for(&seal, "a"));
    assert_non_null(seal_rule_for(&seal, "R/b"));
}

static void no_seals(void **state) {
    (void)state;
    static const char *const rows[] = {
        "", "<plist version=\"1.0\"><array/></plist>", "<plist version=\"1.0\"><dict/></plist>",
        "<plist version=\"1.0\"><dict><key>files2</key><dict><key>a</key><dict/></dict></dict></plist>",
        "<plist version=\"1.0\"><dict><key>files2</key><dict/><key>rules2</key><dict><key>a{9}</key><true/></dict></dict></plist>"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seal seal;
        assert_false(seal_read(bytes_text(rows[i]), arena, &seal, NULL));
    }
}

static void any(struct bytes b, struct arena *memory, void *context) {
    (void)context;
    struct seal seal;
    struct error err = {0};
    if (seal_read(b, memory, &seal, &err)) {
        (void)seal_rule_for(&seal, "Resources/a");
        (void)seal_find(&seal, "Resources/a");
    } else {
        assert_int_not_equal(err.kind, ERR_NONE);
    }
}

static void hostile(void **state) {
    (void)state;
    hostile_each(bytes_text(sample), any, NULL);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(expressions), T(what_is_not_understood), T(no_expression_is_slow), T(a_seal), T(an_old_seal), T(no_seals), T(hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
