/* SPDX-License-Identifier: Apache-2.0 */
/* Importers of lists in JSON: the walk that takes them apart, and what small lists become. */
#include "import_list.h"

#include "list/json_walk.h"

/* What is taken apart, and what jansson says to each part. */
static void json_is_taken_apart(void **state) {
    (void)state;
    struct json_walk walk = json_walk_text(bytes_text("\xef\xbb\xbf {\"a\":[1,\"]\\\"\",\n{}],\"b\":tru}\n\"x\"[ ]"));
    struct json_part part, inner;
    struct error err = {0};
    struct bytes key;
    assert_true(json_walk_next(&walk, NULL, &part, &err));
    assert_int_equal(part.line, 1);
    assert_int_equal(json_part_opens(part), '{');
    struct json_walk members = json_walk_into(part);
    assert_true(json_walk_next(&members, &key, &inner, &err));
    assert_true(bytes_is(key, "a"));
    json_t *value = json_part_load(inner, &err);
    assert_int_equal(json_array_size(value), 3);
    json_decref(value);
    assert_true(json_walk_next(&members, &key, &inner, &err));
    assert_int_equal(inner.line, 2);
    assert_null(json_part_load(inner, &err));
    assert_non_null(strstr(err.text, "is no JSON"));
    assert_false(json_walk_next(&members, &key, &inner, &err));
    assert_false(members.failed);
    assert_true(json_walk_next(&walk, NULL, &part, &err));
    assert_true(json_walk_next(&walk, NULL, &part, &err));
    assert_int_equal(part.line, 3);
    members = json_walk_into(part);
    assert_false(json_walk_next(&members, &key, &inner, &err));
    assert_false(json_walk_next(&walk, NULL, &part, &err));
    assert_false(walk.failed);
}

static void json_that_is_none_is_told(void **state) {
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {{"[1", "line 1: the value that begins here does not end"},
                {"\n\"a", "line 2: expected a value"},
                {"{\"a\" 1}", "expected :"},
                {"[1 2]", "expected ,"},
                {"[,]", "expected a value"},
                {"{a:1}", "expected the name"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_walk walk = json_walk_text(bytes_text(rows[i].text));
        struct json_part part;
        struct error err = {0};
        bool ok = json_walk_next(&walk, NULL, &part, &err);
        walk = ok ? json_walk_into(part) : walk;
        while (ok && json_walk_next(&walk, NULL, &part, &err)) {
        }
        assert_true(walk.failed);
        if (strstr(err.text, rows[i].why) == NULL) {
            fail_msg("%s: %s", rows[i].text, err.text);
        }
    }
}

/* Deep nesting and many values are refused before jansson makes anything of them. */
static void json_bombs_are_refused(void **state) {
    (void)state;
    struct text deep = {0}, many = {0};
    struct json_part part;
    struct error err = {0};
    for (size_t i = 0; i < 100000; i++) {
        text_add(&deep, "[");
        text_add(&many, i == 0 ? "[[]" : ",[],[]");
    }
    text_add(&many, "]");
    struct json_walk walk = json_walk_text(bytes_make(deep.p, deep.n));
    assert_false(json_walk_next(&walk, NULL, &part, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    walk = json_walk_text(bytes_make(many.p, many.n));
    assert_true(json_walk_next(&walk, NULL, &part, &err));
    assert_null(json_part_load(part, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    text_free(&deep);
    text_free(&many);
}

static void own_rows_are_read(void **state) {
    (void)state;
    struct bytes content = file_of(SEEDS "import_json/own.json");
    struct outcome o = read_list("json", content);
    assert_counts(&o, 17, 5, 0, 8, 1);
    assert_told(&o, "10: is no ban\n");
    assert_told(&o, "12: is no JSON\n");
    assert_told(&o, "18: a condition of it says nothing\n");
    outcome_free(&o);
    file_forget(content);
    content = file_of(SEEDS "import_json/array.json");
    o = read_list("json", content);
    assert_counts(&o, 3, 3, 0, 0, 1);
    assert_int_equal(o.policy->rules[0].only.signed_after, 1706659200);
    assert_int_equal(o.policy->rules[2].action, ACTION_REPORT);
    assert_int_equal(o.policy->rules[2].severity, SEVERITY_LOW);
    outcome_free(&o);
    file_forget(content);
    reads_any_part("json", SEEDS "import_json/own.json");
    reads_any_part("json", SEEDS "import_json/array.json");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_taken_apart),
        cmocka_unit_test(json_that_is_none_is_told),
        cmocka_unit_test(json_bombs_are_refused),
        cmocka_unit_test(own_rows_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
