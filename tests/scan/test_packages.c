/* SPDX-License-Identifier: Apache-2.0 */
/* Which package owns a file: dpkg's lists, with diversions and merged folders, and a program in rpm's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "scan/packages.h"

static char folder[] = "/tmp/certban-packages-XXXXXX";

static void write_file(const char *name, const char *text) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    fclose(f);
}

static void dpkg_lists_own(void **state) {
    (void)state;
    struct package_ask asks[] = {
        {.path = "/usr/bin/tool"},       /* as listed */
        {.path = "/usr/lib/old"},        /* listed before /usr was merged */
        {.path = "/bin/late"},           /* listed with /usr, asked without */
        {.path = "/usr/bin/sh.distrib"}, /* where a diversion moved it */
        {.path = "/usr/bin/unknown"},
    };
    static const char *const owners[] = {"tools", "old", "tools", "dash", ""};
    packages_find(folder, asks, sizeof asks / sizeof *asks);
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        assert_string_equal(asks[i].package, owners[i]);
    }
}

static void rpm_is_asked_about_the_rest(void **state) {
    (void)state;
    char program[200];
    struct package_ask asks[] = {{.path = "/usr/bin/a"}, {.path = "/usr/bin/b", .package = "known"}, {.path = "/nowhere"}};
    snprintf(program, sizeof program, "%s/rpm", folder);
    packages_rpm(program, asks, 3);
    assert_string_equal(asks[0].package, "owner-of-a");
    assert_string_equal(asks[1].package, "known");
    assert_string_equal(asks[2].package, "");
    packages_rpm("/nonexistent/rpm", asks + 2, 1);
    assert_string_equal(asks[2].package, "");
}

/* The program alone, as a tool on a system of another kind, is not asked about every file. */
static void rpm_rules_where_it_has_a_database(void **state) {
    char path[200];
    (void)state;
    assert_false(packages_rpm_rules(folder));
    static const char *const parts[] = {"usr", "usr/lib", "usr/lib/sysimage", "usr/lib/sysimage/rpm"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    assert_false(packages_rpm_rules(folder));
    write_file("usr/lib/sysimage/rpm/rpmdb.sqlite", "");
    assert_false(packages_rpm_rules(folder));
    write_file("usr/lib/sysimage/rpm/rpmdb.sqlite", "SQLite format 3");
    assert_true(packages_rpm_rules(folder));
}

static int make(void **state) {
    char path[200];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/info", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    write_file("info/tools.list", "/.\n/usr\n/usr/bin\n/usr/bin/tool\n/usr/bin/late\n");
    write_file("info/old.list", "/lib/old\n");
    write_file("info/dash.list", "/bin/sh\n");
    write_file("diversions", "/bin/sh\n/bin/sh.distrib\nother\n");
    write_file("rpm", "#!/bin/sh\n[ \"$1 $2 $4\" = '-qf --qf --' ] && [ \"$5\" = /usr/bin/a ] && echo owner-of-a && exit 0\n"
                      "echo \"file $5 is not owned\"; exit 1\n");
    snprintf(path, sizeof path, "%s/rpm", folder);
    return chmod(path, 0755);
}

static int drop(void **state) {
    char command[200];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command); /* NOLINT(cert-env33-c): a folder of our own making */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dpkg_lists_own),
        cmocka_unit_test(rpm_is_asked_about_the_rest),
        cmocka_unit_test(rpm_rules_where_it_has_a_database),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
