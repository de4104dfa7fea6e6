/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of the main process fails once: those of the walk, of the queues, of what goes to the readers and comes back from them.
 * Then the run says that it failed or that it is not complete, or tells of an error; what it says is well has been looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "failing.h"
#include "list/policy.h"
#include "scan/scan.h"

enum { TRIES_MAX = 400, COPIES = 6, SEED_MAX = 64 << 10 };

static char folder[] = "/tmp/certban-walk-XXXXXX";

static void write_file(const char *name, const void *p, size_t n) {
    char path[200];
    snprintf(path, sizeof path, "%s/%.100s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

/* A few folders, in them a signed program by several names, a script, and text. */
static int make_tree(void **state) {
    static uint8_t seed[SEED_MAX];
    char path[600], other[600];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/tests/fuzz/seeds/pe/nested", TEST_SOURCE_ROOT);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    size_t n = fread(seed, 1, sizeof seed, f);
    fclose(f);
    for (unsigned i = 0; i < COPIES; i++) {
        snprintf(path, sizeof path, "%s/%u", folder, i);
        assert_int_equal(mkdir(path, 0755), 0);
        snprintf(path, sizeof path, "%u/program.exe", i);
        write_file(path, seed, n);
        snprintf(path, sizeof path, "%u/notes.txt", i);
        write_file(path, "nothing\n", 8);
        snprintf(path, sizeof path, "%s/%u/program.exe", folder, i);
        snprintf(other, sizeof other, "%s/%u/link.exe", folder, i);
        assert_int_equal(link(path, other), 0);
    }
    return 0;
}

static int drop_tree(void **state) {
    static const char *const names[] = {"program.exe", "notes.txt", "link.exe", ""};
    char path[200];
    (void)state;
    for (unsigned i = 0; i < COPIES; i++) {
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            snprintf(path, sizeof path, "%s/%u/%s", folder, i, names[k]);
            (void)(names[k][0] != '\0' ? unlink(path) : rmdir(path));
        }
    }
    return rmdir(folder);
}

struct seen {
    struct scan_events events;
    struct scan_options *options;
    unsigned signed_files, errors, told_short; /* the last: of a file, that it could not be read to its end */
};

static void on_file(struct scan_events *events, const struct scan_file *file) {
    struct seen *seen = (struct seen *)(void *)events;
    seen->signed_files += file->verdict->is_signed;
    seen->told_short += file->verdict->unreadable.kind != ERR_NONE;
}

static void on_error(struct scan_events *events, struct bytes path, const struct error *error) {
    (void)path;
    assert_int_not_equal(error->kind, ERR_NONE);
    ((struct seen *)(void *)events)->errors++;
}

static void scan_tree(void *context, bool is_short) {
    struct seen *seen = context;
    struct scan_summary summary = {0};
    struct error err = {0};
    seen->signed_files = seen->errors = seen->told_short = 0;
    bool ran = scan_run(seen->options, &seen->events, &summary, &err);
    if (!is_short) {
        assert_true(ran && summary.complete);
        assert_int_equal(seen->signed_files, COPIES);
        assert_int_equal(seen->errors + seen->told_short, 0);
    } else if (!ran) {
        assert_int_not_equal(err.kind, ERR_NONE);
        assert_true(err.text[0] != '\0');
    } else if (summary.complete && seen->errors == 0 && seen->told_short == 0) {
        assert_true(seen->signed_files >= COPIES); /* without memory to remember a file by, it is looked at by each of its names */
    }
}

static void nothing_is_left_out_untold(void **state) {
    const char *const paths[] = {folder};
    struct blocklist *list = blocklist_new();
    (void)state;
    assert_non_null(list);
    assert_true(blocklist_seal(list, NULL));
    struct scan_options options = {.examiner = {.list = list, .members = true, .verify = true, .describe = true},
                                   .paths = paths,
                                   .n_paths = 1,
                                   .walk = true,
                                   .jobs = 2,
                                   .action = ACTION_REPORT};
    struct seen seen = {.events = {.file = on_file, .error = on_error}, .options = &options};
    only = getpid();
    each_allocation(scan_tree, &seen, TRIES_MAX);
    assert_true(asked > 0);
    only = 0;
    blocklist_free(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left_out_untold)};
    return cmocka_run_group_tests(tests, make_tree, drop_tree);
}
