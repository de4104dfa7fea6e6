/* SPDX-License-Identifier: Apache-2.0 */
/* Options from the command line and from a configuration file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/config.h"
#include "cli/ui.h"

static const struct command scan = {.name = "scan",
                                    .args = "PATH…",
                                    .takes = TAKE(POLICY) | TAKE(JSON) | TAKE(FORMAT) | TAKE(OUTPUT) | TAKE(JOBS) | TAKE(COLOR) |
                                             TAKE(NULL_SEPARATED) | TAKE(STATE) | TAKE_LIMITS};
static const struct command restore = {.name = "restore", .takes = TAKE(TO_FOLDER)};
static const struct command import = {.name = "import", .takes = TAKE(TO_FORMAT)};
const struct command *const commands[] = {&scan, &restore, &import, NULL};

enum { WORDS = 12 };

/* Parses a NULL-terminated list of words, the program's name first. */
static bool parse(const char *const *words, const struct command *command, struct options *options) {
    char *argv[WORDS + 1] = {NULL};
    int argc = 0;
    for (; words[argc] != NULL && argc < WORDS; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc];
    }
    return options_parse(argc, argv, 1, command, options);
}

static void options_stand_anywhere(void **state) {
    (void)state;
    static const char *const rows[][WORDS] = {
        {"certban", "--policy", "p1", "scan", "--json", "a", "-p", "p2", "b", "-j4", NULL},
        {"certban", "scan", "a", "b", "--json", "--policy=p1", "--policy=p2", "--jobs", "4", NULL},
        {"certban", "-pp1", "scan", "--jso", "a", "--policy", "p2", "-j", "4", "--", "b", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options o;
        assert_true(parse(rows[i], &scan, &o));
        assert_int_equal(o.n_args, 2);
        assert_string_equal(o.args[0], "a");
        assert_string_equal(o.args[1], "b");
        assert_true(o.given[OPTION_JSON]);
        assert_int_equal(o.number[OPTION_JOBS], 4);
        assert_int_equal(o.n_words[OPTION_POLICY], 2);
        assert_string_equal(o.words[OPTION_POLICY][0], "p1");
        assert_string_equal(o.words[OPTION_POLICY][1], "p2");
        options_free(&o);
    }
}

static void options_need_what_they_belong_to(void **state) {
    (void)state;
    static const struct command acts = {.name = "scan", .takes = TAKE(ACTION) | TAKE(KILL) | TAKE(FILES_FROM) | TAKE(NULL_SEPARATED)};
    static const struct {
        const char *words[WORDS];
        bool fine;
    } rows[] = {
        {{"certban", "scan", "--kill", "--action", "quarantine", NULL}, true},
        {{"certban", "scan", "--kill", "--action", "flag", NULL}, false},
        {{"certban", "scan", "a", "--kill", NULL}, false},
        {{"certban", "scan", "--null", "--files-from", "-", NULL}, true},
        {{"certban", "scan", "--null", "-", NULL}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options o;
        struct error err = {0};
        assert_true(parse(rows[i].words, &acts, &o));
        assert_int_equal(options_belong(&o, &acts, &err), rows[i].fine);
        assert_int_equal(err.kind, rows[i].fine ? ERR_NONE : ERR_USAGE);
        options_free(&o);
    }
    struct options o;
    struct error err = {0};
    assert_true(parse((const char *const[]){"certban", "scan", NULL}, &acts, &o));
    assert_true(options_set(&o, OPTION_KILL, "yes", &err)); /* a file may say what matters to some runs only */
    assert_true(options_belong(&o, &acts, &err));
    options_free(&o);
}

static void the_last_format_counts(void **state) {
    (void)state;
    struct options o;
    assert_true(parse((const char *const[]){"certban", "scan", "--json", "--format", "text", NULL}, &scan, &o));
    assert_false(ui_json(&o));
    options_free(&o);
    assert_true(parse((const char *const[]){"certban", "scan", "--format", "text", "--json", NULL}, &scan, &o));
    assert_true(ui_json(&o));
    options_free(&o);
}

static void dashes_end_them(void **state) {
    (void)state;
    struct options o;
    assert_true(parse((const char *const[]){"certban", "scan", "--", "--json", "-", "-0", NULL}, &scan, &o));
    assert_int_equal(o.n_args, 3);
    assert_string_equal(o.args[0], "--json");
    assert_string_equal(o.args[1], "-");
    assert_false(o.given[OPTION_JSON] || o.given[OPTION_NULL_SEPARATED]);
    options_free(&o);
}

static void wrong_ones_are_refused(void **state) {
    (void)state;
    static const char *const rows[][WORDS] = {
        {"certban", "scan", "--jsno", NULL},
        {"certban", "scan", "--policy", NULL},
        {"certban", "scan", "--json=1", NULL},
        {"certban", "scan", "-x", NULL},
        {"certban", "scan", "--color", "red", NULL},
        {"certban", "scan", "--jobs", "-1", NULL},
        {"certban", "scan", "--jobs", "1x", NULL},
        {"certban", "scan", "--to", "d", NULL},
        {"certban", "scan", "--jobs", "99999999999999999999", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options o;
        assert_false(parse(rows[i], &scan, &o));
        options_free(&o);
    }
}

static void limits_have_options(void **state) {
    (void)state;
    struct options o;
    struct limits limits;
    assert_true(parse((const char *const[]){"certban", "scan", NULL}, &scan, &o));
    assert_true(options_limits(&o, &limits, NULL));
    for (enum limit i = 0; i < LIMIT_COUNT; i++) {
        assert_int_equal(limit_most(&limits, i), limit_table[i].usual);
        assert_true(limit_table[i].least <= limit_table[i].usual && limit_table[i].usual <= limit_table[i].greatest);
        assert_int_equal(limit_find(bytes_text(limit_table[i].name)), i);
        if (limit_table[i].option != NULL) {
            assert_string_equal(limit_table[i].option, option_table[OPTION_MAX_DEPTH + i].name);
        }
    }
    options_free(&o);
    assert_true(
        parse((const char *const[]){"certban", "scan", "--max-depth", "3", "--max-unpacked=2G", "--max-time", "9", NULL}, &scan, &o));
    assert_true(options_limits(&o, &limits, NULL));
    assert_int_equal(limit_most(&limits, LIMIT_DEPTH), 3);
    assert_int_equal(limit_most(&limits, LIMIT_UNPACKED), UINT64_C(2) << 30);
    assert_int_equal(limit_most(&limits, LIMIT_RATIO), 200);
    assert_int_equal(limit_seconds(&limits, UINT64_C(1) << 40), 9);
    assert_int_equal(limit_seconds(NULL, UINT64_C(80) << 20), 130);
    assert_int_equal(limit_cpu_seconds(NULL, UINT64_C(80) << 20), 40);
    options_free(&o);
    assert_true(
        parse((const char *const[]){"certban", "scan", "--limit", "entries=4K", "--limit=depth=5", "--max-depth=3", NULL}, &scan, &o));
    assert_true(options_limits(&o, &limits, NULL));
    assert_false(options_ask_limits(&o));
    assert_int_equal(limit_most(&limits, LIMIT_ENTRIES), 4096);
    assert_int_equal(limit_most(&limits, LIMIT_DEPTH), 5);
    options_free(&o);
    assert_true(parse((const char *const[]){"certban", "scan", "--limit", "help", NULL}, &scan, &o));
    assert_true(options_ask_limits(&o));
    options_free(&o);
}

static void wrong_limits_say_what_is_right(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"entries=0", "--limit entries takes 1 to 4096"},
        {"entries=4097", "--limit entries takes 1 to 4096"},
        {"unpacked=2048T", "--limit unpacked takes 1 to 1024T"},
        {"entries", "--limit entries=N takes a number, as 64 or 16M, not \"\""},
        {"entries=1X", "--limit entries=N takes a number, as 64 or 16M, not \"1X\""},
        {"nesetd=1", "there is no limit nesetd; nested was meant? (--limit help lists them)"},
        {"xar=1", "there is no limit xar; parts or xar-table or xar-depth or xar-files or xar-signatures or xar-certificates or xar-shared "
                  "was meant? (--limit "
                  "help lists them)"},
        {"zzzzzzzz=1", "there is no limit zzzzzzzz (--limit help lists them)"},
        {"=1", "there is no limit  (--limit help lists them)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options o;
        struct limits limits;
        struct error err = {0};
        assert_true(parse((const char *const[]){"certban", "scan", "--limit", rows[i][0], NULL}, &scan, &o));
        assert_false(options_limits(&o, &limits, &err));
        assert_int_equal(err.kind, ERR_USAGE);
        assert_string_equal(err.text, rows[i][1]);
        options_free(&o);
    }
}

/* Each limit that is reached says its name, and how to raise it where it can be. */
static void reached_limits_say_their_name(void **state) {
    (void)state;
    for (enum limit i = 0; i < LIMIT_COUNT; i++) {
        struct limits limits = {0};
        struct error err = {0}, copy = {0};
        char option[80];
        assert_false(limit_reached(NULL, i, &err));
        assert_int_equal(err.kind, ERR_LIMIT);
        assert_string_equal(limit_name(&err), limit_table[i].name);
        snprintf(option, sizeof option, limit_table[i].option != NULL ? "(--%s raises it)" : "(--limit %s=N raises it)",
                 limit_table[i].option != NULL ? limit_table[i].option : limit_table[i].name);
        bool highest = limit_table[i].usual == limit_table[i].greatest;
        assert_int_equal(strstr(err.text, option) != NULL, !highest);
        limits.most[i] = limit_table[i].least;
        assert_false(limit_reached(&limits, i, &err));
        assert_non_null(strstr(err.text, option));
        assert_false(error_again(&copy, &err));
        assert_string_equal(limit_name(&copy), limit_table[i].name);
        assert_false(error_set(&copy, ERR_IO, "x"));
        assert_null(limit_name(&copy));
    }
}

static void wrong_limits_are_refused(void **state) {
    (void)state;
    static const char *const words[][2] = {
        {"--max-depth", "0"},     {"--max-depth", "65"},   {"--max-depth", "1K"}, {"--max-unpacked", "0"},
        {"--max-unpacked", "2P"}, {"--max-unpacked", "G"}, {"--max-ratio", "0"},  {"--max-unpacked", "17179869184G"},
        {"--max-time", "86401"},  {"--max-members", "-1"}, {"--max-time", ""},    {"--max-unpacked", "1GB"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct options o;
        struct limits limits;
        struct error err = {0};
        assert_false(parse((const char *const[]){"certban", "scan", words[i][0], words[i][1], NULL}, &scan, &o) &&
                     options_limits(&o, &limits, &err));
        assert_true(err.kind == ERR_NONE || err.kind == ERR_USAGE);
        options_free(&o);
    }
}

static void one_name_may_mean_two_things(void **state) {
    (void)state;
    struct options o;
    assert_true(parse((const char *const[]){"certban", "restore", "--to", "x", NULL}, &restore, &o));
    assert_true(o.given[OPTION_TO_FOLDER] && !o.given[OPTION_TO_FORMAT]);
    options_free(&o);
    assert_true(parse((const char *const[]){"certban", "import", "--to", "x", NULL}, &import, &o));
    assert_true(o.given[OPTION_TO_FORMAT] && !o.given[OPTION_TO_FOLDER]);
    options_free(&o);
}

static void the_command_is_found_among_options(void **state) {
    (void)state;
    char *argv[] = {
        (char[]){"certban"}, (char[]){"--policy"}, (char[]){"scan"}, (char[]){"--json"}, (char[]){"quarantine"}, (char[]){"list"}, NULL};
    const char *words[2];
    assert_int_equal(options_words(6, argv, words, 2), 2);
    assert_string_equal(words[0], "quarantine");
    assert_string_equal(words[1], "list");
}

/* A configuration file with that text, applied to "certban scan --policy line --config FILE". */
static bool configure(const char *text, struct options *o, struct error *err) {
    char path[] = "/tmp/certban-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_true(parse((const char *const[]){"certban", "scan", "--color", "never", "--config", path, NULL}, &scan, o));
    bool ok = config_apply(&scan, o, err);
    unlink(path);
    return ok;
}

static void a_file_fills_in(void **state) {
    (void)state;
    struct options o;
    struct error err = {0};
    assert_true(
        configure("# ours\njson = yes\ncolor = always\npolicy = a.xml\npolicy = b.xml\nto = x\n[scan]\njobs = 3\n[restore]\nstate = /no\n",
                  &o, &err));
    assert_true(o.given[OPTION_JSON]);
    assert_string_equal(o.word[OPTION_COLOR], "never"); /* the command line wins */
    assert_int_equal(o.n_words[OPTION_POLICY], 2);
    assert_string_equal(o.words[OPTION_POLICY][1], "b.xml");
    assert_int_equal(o.number[OPTION_JOBS], 3);
    assert_false(o.given[OPTION_STATE]); /* another command's section */
    options_free(&o);
}

static void a_wrong_file_says_where(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"json = yes\njsno = yes\n", "line 2"}, {"json = perhaps\n", "line 1"}, {"\n\njobs = many\n", "line 3"},
        {"[scna]\njson = yes\n", "scna"},       {"what is this\n", "line 1"},   {"config = other\n", "line 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options o;
        struct error err = {0};
        assert_false(configure(rows[i][0], &o, &err));
        assert_non_null(strstr(err.text, rows[i][1]));
        options_free(&o);
    }
}

/* A report goes to a new file that replaces the old one only when it is whole, and never takes the place of a device. */
static void output_is_whole_or_not_there(void **state) {
    (void)state;
    char folder[] = "/tmp/certban-test-XXXXXX", path[64], pipe[64], text[16] = "";
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/report", folder);
    snprintf(pipe, sizeof pipe, "%s/null", folder);
    struct options o = {.given[OPTION_OUTPUT] = true, .word[OPTION_OUTPUT] = path};
    struct output out;
    struct error err = {0};
    for (int keep = 0; keep <= 1; keep++) {
        assert_true(output_open(&o, &out, &err));
        fputs("report", out.stream);
        assert_int_not_equal(access(path, F_OK), 0);
        assert_true(output_finish(&out, keep == 1, &err));
    }
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text, file), strlen("report"));
    fclose(file);
    assert_int_equal(symlink("/dev/full", pipe), 0);
    o.word[OPTION_OUTPUT] = pipe;
    assert_true(output_open(&o, &out, &err));
    fputs("report", out.stream);
    assert_false(output_finish(&out, true, &err)); /* what can't be written is said */
    struct stat st;
    assert_true(stat(pipe, &st) == 0 && S_ISCHR(st.st_mode));
    unlink(pipe);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* nothing is left beside it */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(options_need_what_they_belong_to),
        cmocka_unit_test(the_last_format_counts),
        cmocka_unit_test(dashes_end_them),
        cmocka_unit_test(wrong_ones_are_refused),
        cmocka_unit_test(limits_have_options),
        cmocka_unit_test(wrong_limits_are_refused),
        cmocka_unit_test(wrong_limits_say_what_is_right),
        cmocka_unit_test(reached_limits_say_their_name),
        cmocka_unit_test(one_name_may_mean_two_things),
        cmocka_unit_test(the_command_is_found_among_options),
        cmocka_unit_test(a_file_fills_in),
        cmocka_unit_test(a_wrong_file_says_where),
        cmocka_unit_test(output_is_whole_or_not_there),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
