/* SPDX-License-Identifier: Apache-2.0 */
/* certban scan: walk folders, examine every regular file by content. */
#include "cli/run.h"

static int run(const struct command *command, const struct options *options) {
    static const struct run scan = {.walk = true, .scope = REPORT_FOUND};
    return run_command(&scan, command, options);
}

const struct command command_scan = {
    .name = "scan",
    .args = "PATH…",
    .help = "walk folders and examine every file by its content",
    .more = "Files are told by their content, never by their names. Nothing is changed unless --action says so; what quarantine\n"
            "moved away, \"certban quarantine restore\" brings back. Only what is found is reported: --all shows the rest too.\n"
            "PATH - is standard input.",
    .takes = RUN_TAKES | RUN_ACTS | TAKE(ALL) | TAKE(VERIFY) | TAKE(INCLUDE) | TAKE(EXCLUDE) | TAKE(CROSS_FILESYSTEMS),
    .examples = "  certban scan ~/Downloads\n"
                "  certban scan --action quarantine --dry-run /srv\n"
                "  certban scan --crl /var/lib/crls /srv\n"
                "  certban scan --json --output report.json --exclude node_modules /\n"
                "  certban scan --catalogs CatRoot /mnt/drivers\n"
                "  certban scan --limit members=500K --limit cfb-entries=100K /srv\n"
                "  find /srv -newer stamp -type f -print0 | certban scan --files-from - -0",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
